import { once } from "node:events";
import { connect as connectTo, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/**
 * A network that fails on demand, between an agent and its server: a TCP proxy on loopback. What it does wrong holds for
 * connections under way and new ones alike.
 */
export type TestProxy = {
  readonly url: string;
  readonly set: (trouble: Trouble) => void;
  /** Answers that were withheld so far. */
  readonly cut: () => number;
  readonly close: () => Promise<void>;
};

export type Trouble =
  | { readonly kind: "none" }
  /** Nothing passes and nobody is told. What was open then stays silent for good, as behind a router that forgot it. */
  | { readonly kind: "silent" }
  /** Every connection is reset, old and new. */
  | { readonly kind: "refusing" }
  /** What one side sends reaches the other so much later, and so slowly. */
  | { readonly kind: "slow"; readonly latencyMs: number; readonly bytesPerS: number }
  /** Requests pass; of the answers the first `whole` pass too, then one is cut, by turns before its first byte and in its middle. */
  | { readonly kind: "cut-answers"; readonly whole: number };

export async function startProxy(target: string): Promise<TestProxy> {
  const { hostname, port } = new URL(target);
  const pairs = new Set<Pair>();
  let trouble: Trouble = { kind: "none" };
  let answers = 0;
  let cut = 0;

  const server = createServer((client) => {
    if (trouble.kind === "refusing") {
      client.on("error", () => {});
      client.resetAndDestroy();
      return;
    }
    const upstream = connectTo(Number(port), hostname);
    const pair: Pair = { client, upstream, isDead: trouble.kind === "silent" };
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on("error", end);
      // A side that hangs up in the silence is not heard by the other one.
      socket.on("close", () => (pair.isDead ? void silence(pair, socket) : end()));
    }
    carry(client, upstream, pair, false);
    carry(upstream, client, pair, true);
  });

  /** Pieces in their order, each as the trouble of its moment demands. */
  function carry(from: Socket, to: Socket, pair: Pair, isAnswer: boolean): void {
    let before = Promise.resolve();
    from.on("data", (piece) => {
      before = before.then(() => pass(piece, to, pair, isAnswer));
    });
  }

  async function pass(piece: Buffer, to: Socket, pair: Pair, isAnswer: boolean): Promise<void> {
    const now = trouble;
    if (pair.isDead || to.destroyed) return;
    if (now.kind === "slow") {
      await delay(now.latencyMs);
      const step = Math.max(1, Math.ceil(now.bytesPerS / 20));
      for (let at = 0; at < piece.length && !to.destroyed && !pair.isDead; at += step) {
        to.write(piece.subarray(at, at + step));
        await delay(50);
      }
      return;
    }
    if (now.kind === "cut-answers" && isAnswer && ++answers % (now.whole + 1) === 0) {
      cut += 1;
      if (cut % 2 === 0) await new Promise((written) => to.write(piece.subarray(0, piece.length / 2), written));
      pair.client.destroy();
      pair.upstream.destroy();
      return;
    }
    to.write(piece);
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    set(next) {
      trouble = next;
      for (const pair of pairs) {
        if (next.kind === "silent") pair.isDead = true;
        if (next.kind === "refusing") pair.client.resetAndDestroy();
      }
    },
    cut: () => cut,
    async close() {
      for (const { client, upstream } of pairs) {
        client.destroy();
        upstream.destroy();
      }
      server.close();
    },
  };
}

type Pair = {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Silent for good. */
  isDead: boolean;
};

/** Only once both sides have hung up is there nothing left to keep open. */
function silence(pair: Pair, closed: Socket): void {
  const other = closed === pair.client ? pair.upstream : pair.client;
  // The server would hear nothing of an agent that gives up; it is let go after the longest call.
  setTimeout(() => other.destroy(), 60_000).unref();
}
