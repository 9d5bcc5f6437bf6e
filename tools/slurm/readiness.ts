import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type Daemon, lastLines } from "./daemon.ts";

/** Far more than a busy machine takes. */
const patienceMs = 180_000;

/** Waits until the daemon takes connections at a port of loopback or at a socket's path. */
export async function answers(place: number | string, daemon: Daemon, log: string): Promise<void> {
  const what = typeof place === "number" ? `port ${place}` : place;
  await until(`${daemon.name} to answer at ${what}`, log, async () => {
    if (!daemon.alive()) throw new Error(`${daemon.name} ended; its log ends with:\n${lastLines(log)}`);
    return connects(place);
  });
}

/** Asks until it is so; throws, with the end of the log, after three minutes. */
export async function until(words: string, log: string, isSo: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!(await isSo())) {
    if (performance.now() > endMs)
      throw new Error(`waited ${patienceMs / 1000} s for ${words}; the log ends with:\n${lastLines(log)}`);
    await delay(20);
  }
}

function connects(place: number | string): Promise<boolean> {
  return new Promise((settle) => {
    const socket = typeof place === "number" ? connect({ port: place, host: "127.0.0.1" }) : connect({ path: place });
    socket.once("connect", () => {
      socket.destroy();
      settle(true);
    });
    socket.once("error", () => settle(false));
  });
}
