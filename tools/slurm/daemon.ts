// One daemon under its keeper (see `keeper`), and the end of everything that came of it.

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { Socket } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { haveEnded, isAlive, type ProcessIdentity, signal } from "#local/process.ts";
import { faketimeLibrary } from "../requirement.ts";

export type Daemon = {
  readonly name: string;
  readonly pid: number;
  readonly alive: () => boolean;
  /** To the daemon alone; what it started lives on. */
  readonly kill: (name: NodeJS.Signals) => void;
  /** True once it has ended. */
  readonly ended: (timeoutMs: number) => Promise<boolean>;
};

export type DaemonOptions = {
  /** The instance's folder: its `processes/` gets a record, its `log` what the daemon prints. */
  readonly top: string;
  readonly name: string;
  readonly log: string;
  readonly command: readonly string[];
  /** A name of a system user; root where there is none. */
  readonly user?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** Whether it ends when this process does, however that ends. */
  readonly owned: boolean;
  /** Seconds by which its clock is off. */
  readonly clockOffsetS?: number;
};

const keeper = resolve(import.meta.dirname, "keeper");

export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const record = join(options.top, "processes", freeName(options.top, options.name));
  const log = openSync(options.log, "a");
  const child = spawn("/usr/bin/perl", [keeper, record, ...dropRights(options.user), ...options.command], {
    cwd: options.folder ?? "/",
    detached: true,
    stdio: ["ignore", log, log, options.owned ? "pipe" : "ignore"],
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      LC_ALL: "C.UTF-8",
      ...(options.owned ? { WEIR_SLURM_OWNED: "1" } : {}),
      ...wrongClock(options.clockOffsetS ?? 0),
      ...options.environment,
    },
  });
  closeSync(log);
  child.unref();
  const line = child.stdio[3];
  if (line instanceof Socket) line.on("error", () => {}).unref();
  let failure: Error | undefined;
  child.on("error", (error) => {
    failure = error;
  });
  while (!existsSync(record)) {
    if (failure !== undefined || child.exitCode !== null) throw startFailure(options, failure);
    await delay(5);
  }
  const identity = readRecord(record)?.daemon;
  if (identity === undefined) throw startFailure(options, undefined);
  return {
    name: options.name,
    pid: identity.pid,
    alive: () => isAlive(identity),
    kill: (name) => signal(identity, name),
    ended: (timeoutMs) => haveEnded([identity], timeoutMs),
  };
}

/** Ends all daemons of the instance whose names match, with everything that ever came of them. */
export async function endTrees(top: string, matches: (name: string) => boolean = () => true): Promise<void> {
  const records = recordsOf(top).filter(({ name }) => matches(name));
  for (const { keeper } of records) signal(keeper, "SIGTERM");
  const all = records.flatMap(({ keeper, daemon }) => [keeper, daemon]);
  if (await haveEnded(all, 10_000)) return;
  for (const identity of all) signal(identity, "SIGKILL");
  const left = records.filter(({ keeper, daemon }) => isAlive(keeper) || isAlive(daemon)).map(({ name }) => name);
  if (!(await haveEnded(all, 5_000))) throw new Error(`these do not end: ${left.join(", ")}`);
}

/** The daemons of an instance that are alive: name and pid. */
export function aliveDaemons(top: string): readonly { readonly name: string; readonly pid: number }[] {
  return recordsOf(top)
    .filter(({ daemon }) => isAlive(daemon))
    .map(({ name, daemon }) => ({ name, pid: daemon.pid }));
}

/** The last lines of a daemon's log, for an error's words. */
export function lastLines(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n").slice(-15).join("\n") : "(no log)";
}

function startFailure({ name, log }: DaemonOptions, cause: Error | undefined): Error {
  return new Error(`${name} did not start; its log ends with:\n${lastLines(log)}`, { cause });
}

function dropRights(user: string | undefined): readonly string[] {
  return user === undefined ? [] : ["/usr/bin/setpriv", `--reuid=${user}`, `--regid=${groupOf(user)}`, "--init-groups"];
}

function groupOf(user: string): string {
  return user === "nobody" ? "nogroup" : user;
}

function wrongClock(offsetS: number): Readonly<Record<string, string>> {
  if (offsetS === 0) return {};
  const library = faketimeLibrary();
  if (library === undefined) throw new Error("libfaketime is not installed: apt-get install libfaketime");
  // The monotonic clock stays right, as it does on a machine whose clock is set wrong.
  const sign = offsetS > 0 ? "+" : "";
  return {
    LD_PRELOAD: library,
    FAKETIME: `${sign}${offsetS}s`,
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    DONT_FAKE_MONOTONIC: "1",
  };
}

// ---- records: `boot-id keeper-pid its-start-ticks daemon-pid its-start-ticks`

type Recorded = { readonly name: string; readonly keeper: ProcessIdentity; readonly daemon: ProcessIdentity };

function recordsOf(top: string): readonly Recorded[] {
  const folder = join(top, "processes");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => !file.endsWith(".new"))
    .flatMap((file) => {
      const identities = readRecord(join(folder, file));
      return identities === undefined ? [] : [{ name: file.replace(/\.\d+$/, ""), ...identities }];
    });
}

function readRecord(path: string): Omit<Recorded, "name"> | undefined {
  const [boot, keeper, keeperTicks, daemon, daemonTicks] = readFileSync(path, "utf8").trim().split(" ");
  if (boot === undefined || keeperTicks === undefined || daemonTicks === undefined) return undefined;
  return {
    keeper: { pid: Number(keeper), startTicks: keeperTicks, bootId: boot },
    daemon: { pid: Number(daemon), startTicks: daemonTicks, bootId: boot },
  };
}

function freeName(top: string, name: string): string {
  for (let number = 1; ; number++) {
    const candidate = `${name}.${number}`;
    if (!existsSync(join(top, "processes", candidate))) return candidate;
  }
}

// ---- commands

export type Answer = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

/** What a command that is under way prints, once it has ended; rejects where it could not be started. */
export function answerOf(child: ChildProcess): Promise<Answer> {
  return new Promise((settle, reject) => {
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (status) => settle({ status, stdout, stderr }));
  });
}
