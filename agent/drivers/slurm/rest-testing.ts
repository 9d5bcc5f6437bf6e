import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** For tests: stands before a slurmrestd, and does to requests whose method and path match what a test asks for. */
export type RestProxy = {
  readonly url: string;
  /** Until the next call; `times`: only to so many requests. */
  readonly spoil: (trouble: Trouble) => void;
  /** `METHOD path`, of all that came. */
  readonly heard: readonly string[];
  /** How many answers were spoilt. */
  readonly spoilt: () => number;
  readonly connections: () => number;
  readonly close: () => Promise<void>;
};

export type Trouble = {
  readonly kind:
    | "none"
    /** Answers 500 and passes nothing on. */
    | "500"
    /** Passes it on, and of the answer half the body back. */
    | "half-body"
    /** Passes it on, and hangs up without an answer. */
    | "hang-up"
    /** Passes nothing on, and never answers. */
    | "hang"
    /** Passes it on, and never answers. */
    | "hang-after"
    /** In all requests with the token that the first one brings, this one takes its place; others pass. */
    | "token";
  readonly method?: "GET" | "POST" | "DELETE";
  readonly times?: number;
  readonly token?: string;
};

export async function startRestProxy(target: string): Promise<RestProxy> {
  const { hostname, port } = new URL(target);
  const heard: string[] = [];
  let trouble: Trouble = { kind: "none" };
  let left = 0;
  let bad: unknown = null;
  let spoilt = 0;
  let open = 0;
  let most = 0;

  const server = createServer((asked, answer) => {
    void serve(asked, answer).catch(() => answer.destroy());
  });
  server.on("connection", (socket) => {
    open += 1;
    most = Math.max(most, open);
    socket.on("close", () => (open -= 1));
  });

  async function serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    heard.push(`${asked.method} ${asked.url}`);
    const body = await bytesOf(asked);
    const theirToken = asked.headers["x-slurm-user-token"];
    if (trouble.kind === "token") bad ??= theirToken;
    const isMeant =
      trouble.kind !== "none" &&
      left > 0 &&
      (trouble.method ?? asked.method) === asked.method &&
      (trouble.kind !== "token" || theirToken === bad);
    const { kind, token } = isMeant ? trouble : ({ kind: "none" } as Trouble);
    if (isMeant) {
      left -= 1;
      spoilt += 1;
    }
    if (kind === "500") {
      answer.writeHead(500, { "content-type": "text/plain" }).end("Internal Server Error");
      return;
    }
    if (kind === "hang") return;
    const headers = { ...asked.headers, ...(token === undefined ? {} : { "x-slurm-user-token": token }) };
    const passed = request({
      host: hostname,
      port: Number(port),
      method: asked.method ?? "GET",
      path: asked.url ?? "/",
      headers,
    });
    passed.end(body);
    const [theirs]: [IncomingMessage] = (await once(passed, "response")) as [IncomingMessage];
    const theirBody = await bytesOf(theirs);
    if (kind === "hang-after") return;
    if (kind === "hang-up") {
      asked.socket.destroy();
      return;
    }
    answer.writeHead(theirs.statusCode ?? 500, {
      "content-type": "application/json",
      "content-length": theirBody.length,
    });
    if (kind === "half-body") {
      answer.write(theirBody.subarray(0, Math.floor(theirBody.length / 2)), () => asked.socket.destroy());
      return;
    }
    answer.end(theirBody);
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spoil(next) {
      trouble = next;
      bad = null;
      left = next.times ?? Number.POSITIVE_INFINITY;
    },
    heard,
    spoilt: () => spoilt,
    connections: () => most,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part);
  return Buffer.concat(parts);
}
