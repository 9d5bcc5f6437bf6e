import { readdirSync, readFileSync } from "node:fs";
import type { Network } from "../test/network.ts";

/**
 * Processor time that the parts of a network have used so far, in microseconds: by /proc/PID/task/TID/schedstat, which
 * counts nanoseconds where /proc/PID/stat counts ticks of ten milliseconds. A thread that has ended since is not counted.
 * What else the machine does changes what a request costs in it far less than how many come through in a second.
 */
export type ProcessorTime = {
  /** The thread of the server that runs its program. */
  readonly serverMainUs: number;
  /** Its other threads: V8 collects garbage and compiles there. */
  readonly serverOtherUs: number;
  /** All processes of PostgreSQL. */
  readonly postgresUs: number;
};

export function processorTime(network: Pick<Network, "pids">): ProcessorTime {
  const [server = 0] = network.pids("server");
  const serverMainUs = threadUs(server, server);
  const postgres = network.pids("postgres").flatMap((pid) => [pid, ...childrenOf(pid)]);
  return {
    serverMainUs,
    serverOtherUs: processUs(server) - serverMainUs,
    postgresUs: [...new Set(postgres)].reduce((sum, pid) => sum + processUs(pid), 0),
  };
}

/** What each of so many requests cost between two looks. */
export function costOfEach(before: ProcessorTime, after: ProcessorTime, requests: number): ProcessorTime {
  return {
    serverMainUs: (after.serverMainUs - before.serverMainUs) / requests,
    serverOtherUs: (after.serverOtherUs - before.serverOtherUs) / requests,
    postgresUs: (after.postgresUs - before.postgresUs) / requests,
  };
}

function processUs(pid: number): number {
  return threadsOf(pid).reduce((sum, thread) => sum + threadUs(pid, thread), 0);
}

function threadUs(pid: number, thread: number): number {
  const [spentNs = "0"] = (read(`/proc/${pid}/task/${thread}/schedstat`) ?? "").split(" ");
  return Number(spentNs) / 1000;
}

function threadsOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

function childrenOf(pid: number): readonly number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`) ?? "";
  return text.split(" ").filter(Boolean).map(Number);
}

/** null: it has ended. */
function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
