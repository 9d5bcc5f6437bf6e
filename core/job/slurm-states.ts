import type { Outcome, StateKind } from "./state.ts";

/** What squeue and sacct call a job's state, in full and in short, is a state here or an outcome. */
const slurmWords: Readonly<Record<string, Meant>> = {
  PENDING: { state: "queued" },
  PD: { state: "queued" },
  CONFIGURING: { state: "starting" },
  CF: { state: "starting" },
  RUNNING: { state: "running" },
  R: { state: "running" },
  COMPLETED: { outcome: "succeeded" },
  CD: { outcome: "succeeded" },
  FAILED: { outcome: "failed" },
  F: { outcome: "failed" },
  CANCELLED: { outcome: "cancelled" },
  CA: { outcome: "cancelled" },
  TIMEOUT: { outcome: "timed-out" },
  TO: { outcome: "timed-out" },
  OUT_OF_MEMORY: { outcome: "out-of-memory" },
  OOM: { outcome: "out-of-memory" },
  PREEMPTED: { outcome: "preempted" },
  PR: { outcome: "preempted" },
  NODE_FAIL: { outcome: "node-failed" },
  NF: { outcome: "node-failed" },
};

type Meant = { readonly state: StateKind } | { readonly outcome: Outcome["kind"] };

export const slurmStates: readonly string[] = Object.keys(slurmWords);

/** null: no word of Slurm's. */
export function slurmState(word: string): Meant | null {
  const known = word.toUpperCase();
  return Object.hasOwn(slurmWords, known) ? (slurmWords[known] ?? null) : null;
}
