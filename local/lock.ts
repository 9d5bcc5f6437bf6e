import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  bootId,
  haveEnded,
  isAlive,
  type ProcessIdentity,
  parentAndCommand,
  processIdentity,
  signal,
} from "./process.ts";

/**
 * Takes a home for as long as this process lives. The kernel keeps the lock (flock on the folder of `path`, opened by no
 * child), so after a SIGKILL it is free at once. The file `path` only says who has it: replaced by rename, so that whoever
 * reads it finds it whole.
 *
 * An instance that was started by npm and whose npm is gone is stopped first: nobody holds its terminal any more. Any
 * other is left alone and returned.
 */
export async function takeHome(path: string, onTakeOver: (holder: Holder) => void): Promise<Taken> {
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  for (let triedMs = 0; !tryLock(folder); triedMs += 50) {
    const holder = readHolder(path);
    if (holder !== null && isOrphaned(holder)) {
      onTakeOver(holder);
      signal(holder, "SIGTERM");
      if (!(await haveEnded([holder], 45_000))) signal(holder, "SIGKILL");
      await haveEnded([holder], 5_000);
    } else if ((holder !== null && isAlive(holder)) || triedMs >= 2000) {
      closeSync(folder);
      return { kind: "busy", holder };
    }
    await delay(50);
  }
  const before = readHolder(path);
  const self = processIdentity(process.pid);
  if (self === null) throw new Error("/proc does not show this process: Weir needs a mounted /proc.");
  const npm = npmAbove();
  const write = (facts: { readonly url: string | null; readonly programs: readonly ProgramIdentity[] }) => {
    const holder: Holder = { ...self, npmPid: npm?.pid ?? null, npmStartTicks: npm?.startTicks ?? null, ...facts };
    replace(path, `${JSON.stringify(holder)}\n`);
  };
  write({ url: null, programs: [] });
  return {
    kind: "taken",
    left: before?.bootId === bootId() ? before.programs : [],
    write,
    release: () => {
      rmSync(path, { force: true });
      closeSync(folder);
    },
  };
}

export type Taken =
  /** `holder` is null when it cannot be known: it has only just started, or lives where we cannot see it. */
  | { readonly kind: "busy"; readonly holder: Holder | null }
  | {
      readonly kind: "taken";
      /** The programs of an instance that could not end in order. Some may be alive. */
      readonly left: readonly ProgramIdentity[];
      readonly write: (facts: { readonly url: string | null; readonly programs: readonly ProgramIdentity[] }) => void;
      readonly release: () => void;
    };

/** What the lock file of a home says. `url` is null until the server answers. */
export type Holder = ProcessIdentity & {
  readonly npmPid: number | null;
  readonly npmStartTicks: string | null;
  readonly url: string | null;
  readonly programs: readonly ProgramIdentity[];
};

export type ProgramIdentity = ProcessIdentity & { readonly name: string };

/** Null where nobody has the home. */
export function readHolder(path: string): Holder | null {
  try {
    return parseHolder(readFileSync(path, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

export function parseHolder(text: string): Holder | null {
  const value = parseJson(text);
  const self = parseIdentity(value);
  if (self === null || typeof value !== "object" || value === null) return null;
  const read = (key: string): unknown => Object.entries(value).find(([name]) => name === key)?.[1];
  const [npmPid, npmStartTicks, url, programs] = ["npmPid", "npmStartTicks", "url", "programs"].map(read);
  return {
    ...self,
    npmPid: typeof npmPid === "number" ? npmPid : null,
    npmStartTicks: typeof npmStartTicks === "string" ? npmStartTicks : null,
    url: typeof url === "string" ? url : null,
    programs: (Array.isArray(programs) ? programs : []).flatMap((program: unknown) => {
      const identity = parseIdentity(program);
      const name = typeof program === "object" && program !== null && "name" in program ? program.name : null;
      return identity === null || typeof name !== "string" ? [] : [{ ...identity, name }];
    }),
  };
}

/** It runs, npm started it, and that npm is no more. */
export function isOrphaned(holder: Holder, alive: (identity: ProcessIdentity) => boolean = isAlive): boolean {
  if (holder.npmPid === null || holder.npmStartTicks === null) return false;
  return alive(holder) && !alive({ pid: holder.npmPid, startTicks: holder.npmStartTicks, bootId: holder.bootId });
}

/**
 * The npm that runs this script, or null where it was started otherwise. npm's own title is "npm start", and the shell
 * between has replaced itself by us or is one more step up.
 */
function npmAbove(): ProcessIdentity | null {
  if (process.env.npm_lifecycle_event === undefined) return null;
  let pid = process.ppid;
  for (let steps = 0; steps < 3 && pid > 1; steps++) {
    const found = parentAndCommand(pid);
    if (found === null) break;
    if (isNpm(found.command)) return processIdentity(pid);
    pid = found.parent;
  }
  return null;
}

/** Told by the first two words of its command line, which npm replaces by a title such as "npm start". */
export function isNpm(command: readonly string[]): boolean {
  return command
    .join(" ")
    .split(" ")
    .slice(0, 2)
    .some((word) => /(^|\/)(npm|pnpm|yarn)(-cli)?(\.c?js)?$/.test(word));
}

/** Runs `act` while no other start on this machine is in its own such part. */
export function underLock<Value>(path: string, act: () => Value): Value {
  const file = openSync(path, "a", 0o644);
  try {
    const done = spawnSync("flock", ["-w", "120", "3"], { stdio: ["ignore", "ignore", "inherit", file] });
    if (done.status !== 0)
      throw new Error(`Another start holds ${path} for more than two minutes.`, { cause: done.error });
    return act();
  } finally {
    closeSync(file);
  }
}

function tryLock(folder: number): boolean {
  // The lock belongs to the open folder, which flock(1) shares with us, and so outlives flock(1).
  const done = spawnSync("flock", ["-n", "3"], { stdio: ["ignore", "ignore", "inherit", folder] });
  if (done.error !== undefined)
    throw new Error("flock is missing: install the package util-linux.", { cause: done.error });
  return done.status === 0;
}

function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o644 });
  renameSync(`${path}.new`, path);
}

function parseIdentity(value: unknown): ProcessIdentity | null {
  if (typeof value !== "object" || value === null) return null;
  if (!("pid" in value && "startTicks" in value && "bootId" in value)) return null;
  const { pid, startTicks, bootId: boot } = value;
  if (typeof pid !== "number" || typeof startTicks !== "string" || typeof boot !== "string") return null;
  return { pid, startTicks, bootId: boot };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
