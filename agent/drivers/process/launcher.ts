import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { encodeFrame, type Field, type Frame, frameReader, text } from "./frame.ts";

/**
 * A lasting connection to the launcher's socket. It comes back by itself when the launcher is restarted; requests that
 * were on their way then fail with `LauncherGone`, and what they did is found by listing the runs.
 */
export type Launcher = {
  /** The answer's frame. A refusal is an answer: `ok` is "0" and `error` and `words` say why. Throws `LauncherGone`. */
  readonly ask: (verb: string, fields: readonly Field[]) => Promise<Frame>;
  readonly close: () => void;
};

export class LauncherGone extends Error {}

/** Resolves once connected. `onConnected` runs at the first and at each later connection, before anything else is asked. */
export async function openLauncher(
  socketPath: string,
  onEvent: (frame: Frame) => void,
  onConnected: (ask: Launcher["ask"]) => Promise<void>,
  note: (words: string, facts: object) => void,
): Promise<Launcher> {
  const waiting = new Map<string, { resolve: (frame: Frame) => void; reject: (error: Error) => void }>();
  let socket: Socket | null = null;
  let asked = 0;
  let closed = false;
  let wait: AbortController | null = null;

  const ask: Launcher["ask"] = (verb, fields) =>
    new Promise((resolve, reject) => {
      if (!socket) throw new LauncherGone(`the launcher does not answer at ${socketPath}`);
      const re = String(++asked);
      waiting.set(re, { resolve, reject });
      socket.write(encodeFrame([["verb", verb], ["re", re], ...fields]));
    });

  function receive(frame: Frame): void {
    const re = text(frame, "re");
    if (re === null) {
      onEvent(frame);
      return;
    }
    waiting.get(re)?.resolve(frame);
    waiting.delete(re);
  }

  function attach(fresh: Socket): void {
    const read = frameReader();
    socket = fresh;
    fresh.on("data", (bytes: Buffer) => {
      try {
        for (const frame of read(bytes)) receive(frame);
      } catch (error) {
        fresh.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    fresh.on("close", () => {
      socket = null;
      for (const request of waiting.values()) request.reject(new LauncherGone("the launcher went away"));
      waiting.clear();
      if (!closed) void keepConnected();
    });
  }

  async function keepConnected(): Promise<void> {
    for (let backOffMs = 20; !closed; backOffMs = Math.min(1_000, backOffMs * 2)) {
      try {
        const fresh = await connected(socketPath, (error) => note("launcher connection", { error: error.message }));
        attach(fresh);
        // Should this fail, the connection's `close` starts the next attempt.
        await onConnected(ask).catch((error) => fresh.destroy(error));
        return;
      } catch (error) {
        if (backOffMs === 1_000) note("the launcher does not answer", { socketPath, error: String(error) });
      }
      wait = new AbortController();
      await delay(backOffMs, undefined, { signal: wait.signal }).catch(() => {});
    }
  }

  await keepConnected();
  return {
    ask,
    close() {
      closed = true;
      wait?.abort();
      socket?.destroy();
    },
  };
}

function connected(socketPath: string, onError: (error: Error) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      socket.on("error", onError);
      resolve(socket);
    });
  });
}
