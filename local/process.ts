import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** One process, told apart from a later one that was given the same pid, on this boot or another. */
export type ProcessIdentity = { readonly pid: number; readonly startTicks: string; readonly bootId: string };

/** Null when there is no such process, or only its zombie: nothing of it runs any more. */
export function processIdentity(pid: number): ProcessIdentity | null {
  const stat = processStat(pid);
  return stat === null || stat.state === "Z" || stat.state === "X"
    ? null
    : { pid, startTicks: stat.startTicks, bootId: bootId() };
}

export function isAlive(identity: ProcessIdentity): boolean {
  const now = processIdentity(identity.pid);
  return now !== null && now.startTicks === identity.startTicks && now.bootId === identity.bootId;
}

/** True once none of them is alive, false when some still are after `timeoutMs`. */
export async function haveEnded(identities: readonly ProcessIdentity[], timeoutMs: number): Promise<boolean> {
  const untilMs = performance.now() + timeoutMs;
  while (identities.some(isAlive)) {
    if (performance.now() >= untilMs) return false;
    await delay(10);
  }
  return true;
}

/** Sends the signal unless the process is gone, or is another one by now. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, name);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** The parent's pid and the command line, arguments apart; null when there is no such process. */
export function parentAndCommand(pid: number): { readonly parent: number; readonly command: readonly string[] } | null {
  const stat = processStat(pid);
  const command = readIfThere(`/proc/${pid}/cmdline`);
  if (stat === null || command === null) return null;
  return { parent: stat.parent, command: command.split("\0").filter((part) => part !== "") };
}

export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** proc(5): the name in parentheses may itself hold spaces and parentheses, so fields are counted from the last one. */
function processStat(
  pid: number,
): { readonly state: string; readonly parent: number; readonly startTicks: string } | null {
  const text = readIfThere(`/proc/${pid}/stat`);
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, parent] = fields;
  const startTicks = fields[19];
  if (state === undefined || parent === undefined || startTicks === undefined) return null;
  return { state, parent: Number(parent), startTicks };
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    // ESRCH: it ended between open and read.
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")) return null;
    throw error;
  }
}
