import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import { type ProcessIdentity, processIdentity } from "./process.ts";
import { tell } from "./words.ts";

/**
 * Keeps one program running: starts it, hands on what it says on its control channel (the contract is at the top of
 * local/start.ts), and starts it again when it ends, after 0.2 s, doubling up to 10 s; half a minute of life makes it
 * 0.2 s again.
 */
export function keepRunning(order: ProgramOrder, events: ProgramEvents): Program {
  let child: ChildProcess | null = null;
  let identity: ProcessIdentity | null = null;
  let again: NodeJS.Timeout | null = null;
  let stopping = false;
  let delayMs = firstDelayMs;
  let onStopped: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    onStopped = resolve;
  });

  const begin = () => {
    again = null;
    const startedMs = performance.now();
    const started = start(order, events.onLine);
    child = started;
    identity = started.pid === undefined ? null : processIdentity(started.pid);
    events.onChange();
    let over = false;
    const end = (how: string) => {
      if (over) return;
      over = true;
      child = null;
      identity = null;
      if (stopping) return onStopped();
      if (performance.now() - startedMs > 30_000) delayMs = firstDelayMs;
      events.onEnd(how, delayMs);
      // Whoever heard of the end may have decided to stop.
      if (stopping) return onStopped();
      again = setTimeout(begin, delayMs);
      delayMs = Math.min(longestDelayMs, delayMs * 2);
    };
    started.once("exit", (status, signal) =>
      end(signal === null ? tell("endedStatus", { status: `${status}` }) : tell("endedSignal", { signal })),
    );
    started.once("error", (error) => end(tell("endedBefore", { words: error.message })));
  };
  begin();

  return {
    identity: () => identity,
    send: (line) => {
      const control = child?.stdio[3];
      if (control instanceof Socket && control.writable) control.write(`${JSON.stringify(line)}\n`);
    },
    stop: async (how) => {
      stopping = true;
      if (again !== null) clearTimeout(again);
      if (child === null) return;
      child.kill(how === "cleanly" ? "SIGTERM" : "SIGKILL");
      const late = setTimeout(() => child?.kill("SIGKILL"), 10_000);
      await stopped;
      clearTimeout(late);
    },
  };
}

export type ProgramOrder = {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment, asked for at each start. */
  readonly environment: () => Readonly<Record<string, string>>;
  /** Null: as the caller. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
  /** Takes its stdout and stderr. */
  readonly log: string;
};

export type ProgramEvents = {
  readonly onLine: (line: ControlLine) => void;
  /** It ended unasked, and is started again after `delayMs`, unless it is stopped before. */
  readonly onEnd: (how: string, delayMs: number) => void;
  /** There is a new process. */
  readonly onChange: () => void;
};

export type Program = {
  /** Null between an end and the next start. */
  readonly identity: () => ProcessIdentity | null;
  /** Into its control channel; lost when it does not run, so whatever must arrive is sent again when it is ready. */
  readonly send: (line: Readonly<Record<string, string>>) => void;
  /** Resolves when it has ended for good: after SIGTERM, or SIGKILL where "now" is asked or ten seconds have passed. */
  readonly stop: (how: "cleanly" | "now") => Promise<void>;
};

/** What a program may say; keys that are absent or of another type were not said. */
export type ControlLine = {
  readonly ready: boolean;
  readonly url: string | null;
  readonly signInUrl: string | null;
  readonly token: string | null;
  readonly enrolment: string | null;
  readonly want: string | null;
  readonly refused: string | null;
};

export function parseControlLine(text: string): ControlLine | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const said = new Map<string, unknown>(Object.entries(value));
  const words = (key: string): string | null => {
    const found = said.get(key);
    return typeof found === "string" ? found : null;
  };
  return {
    ready: said.get("ready") === true,
    url: words("url"),
    signInUrl: words("signInUrl"),
    token: words("token"),
    enrolment: words("enrolment"),
    want: words("want"),
    refused: words("refused"),
  };
}

const firstDelayMs = 200;
const longestDelayMs = 10_000;

function start(order: ProgramOrder, onLine: (line: ControlLine) => void): ChildProcess {
  const log = openSync(order.log, "a", 0o640);
  const child = spawn(order.command, order.args, {
    cwd: "/",
    // A session of its own: Ctrl-C reaches the supervisor alone, which ends its programs in order.
    detached: true,
    env: order.environment(),
    // libuv's pipes are connected sockets, so fd 3 goes both ways.
    stdio: ["ignore", log, log, "pipe"],
    ...(order.user === null ? {} : { uid: order.user.uid, gid: order.user.gid }),
  });
  closeSync(log);
  const control = child.stdio[3];
  if (control instanceof Socket) {
    control.on("error", () => undefined);
    createInterface({ input: control }).on("line", (text) => {
      const line = parseControlLine(text);
      if (line !== null) onLine(line);
    });
  }
  return child;
}
