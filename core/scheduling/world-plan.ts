import type { CentreId, JobId, RunRef, TaskRef } from "#core/ids.ts";
import type { IndexRange } from "#core/job/spec.ts";
import type { Allocation } from "#core/run-order.ts";
import type { MovesMade, Withdrawal } from "#core/scheduling/placing/moves.ts";
import type { Candidate, Facts } from "#core/scheduling/reasons.ts";

export type Plan = {
  readonly decidedMs: number;
  readonly place: readonly Placement[];
  readonly end: readonly QueuedEnd[];
  /** Runs that wait in a centre's own queue and would be done earlier elsewhere. */
  readonly takeBack: readonly Withdrawal[];
  /** Runs to be asked to end, so that others start where they are. Absent: none. */
  readonly preempt?: readonly PreemptedRun[];
  /** When to decide again though nothing happens: a pool's hours begin, or what waits is looked at again; null: never. */
  readonly againMs: number | null;
};

export type Placement = {
  readonly job: JobId;
  readonly index: number;
  /** From 1: the run's id is `<job>.<index>.<attempt>`. */
  readonly attempt: number;
  readonly centre: CentreId;
  readonly pool: string;
  readonly allocation: Allocation;
  /** `in-turn`: it joins the pool's own queue. */
  readonly starts: "now" | "in-turn";
  readonly leaseMs: number | null;
  /** All centres in the order of their ids, each with its first failing rule; kept with the run. */
  readonly candidates: readonly Candidate[];
  /** Where its task was moved for gain before. */
  readonly moved?: MovesMade;
};

/** A run that is to end for a task of a higher class, which waits for its place and for those of the others named with it. */
export type PreemptedRun = RunRef & {
  readonly centre: CentreId;
  readonly pool: string;
  readonly claimant: TaskRef;
  /** `12` or `12_3`. */
  readonly claimantName: string;
};

/** Tasks that wait and are to end without having started. */
export type QueuedEnd = TaskEnd | RefusedEnd;

/** A centre refused their job, and no other could ever take it: the outcome is {refused, reason: words}. */
export type RefusedEnd = {
  readonly job: JobId;
  readonly indices: readonly IndexRange[];
  readonly refusedBy: CentreId;
  readonly words: string;
};

/** These tasks can never start: they end cancelled by the network, by this rule. */
export type TaskEnd = {
  readonly job: JobId;
  readonly indices: readonly IndexRange[];
  readonly rule: "dependency-never-satisfied" | "deadline-cannot-be-met";
  /** What can never be met, for the cause: e.g. {dependency: "afterok", on: "12_3"}. */
  readonly facts: Facts;
};
