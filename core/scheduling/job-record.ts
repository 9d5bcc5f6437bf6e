import { type JobId, type PersonId, type ProjectId, type TaskRef, taskName } from "#core/ids.ts";
import type { Preemptible } from "#core/job/spec.ts";
import type { PoolRecord, Sort } from "#core/scheduling/centres.ts";
import type { Waits } from "#core/scheduling/dependencies.ts";
import type { ToldStart } from "#core/scheduling/estimate/starts.ts";
import type { Home } from "#core/scheduling/homes.ts";
import type { MovesMade } from "#core/scheduling/placing/moves.ts";
import { type Indices, indexAt, type Positions } from "#core/scheduling/positions.ts";
import type { Ask } from "#core/scheduling/queue.ts";
import type { Charge, Submitter } from "#core/scheduling/submitters.ts";
import type { RunPhase } from "#core/scheduling/world-event.ts";

/** A job of which some task has not ended. Changed in place by `createWorld` alone. */
export type JobRecord = {
  readonly id: JobId;
  readonly submittedMs: number;
  readonly project: ProjectId;
  readonly person: PersonId;
  readonly name: string;
  /** Its class, as it was submitted: the policy in force may not have it. */
  readonly priority: string;
  readonly submitter: Submitter;
  readonly preemptible: Preemptible;
  /** Its program is told so long before SIGTERM where it makes room. */
  readonly warnS: number;
  readonly indices: Indices;
  readonly ofArray: boolean;
  readonly throttle: number | null;
  readonly deadline: Deadline | null;
  /** null: it says nothing of where its input is. */
  data: JobData | null;
  /** Another where what it may use changes. */
  ask: Ask;
  readonly queued: Positions;
  ended: Positions | null;
  endedCount: number;
  /** The part of `ended` that did not succeed. */
  failed: Positions | null;
  /** Attempts made, of queued tasks that had some. */
  attempts: Map<number, number> | null;
  live: Map<number, LiveRun> | null;
  /** When queued tasks were estimated to start, as it was told first; and how often tasks were moved for gain. */
  told: Map<number, ToldStart> | null;
  moves: Map<number, MovesMade> | null;
  /** Of each position, the attempts that were asked to make room for others. */
  madeWay: Map<number, Set<number>> | null;
  waits: Waits | null;
  /** In whose virtual schedule it stands. */
  home: Home | null;
  complete: boolean;
  /** Whether it stands in its line; it may stand there a while after it ceased to be ready. */
  inQueue: boolean;
};

/**
 * `dueMs`: when it was submitted and its input at some centre, from when on its wait counts. `awaited`: it is at none yet, so
 * the job does not stand in the queue.
 */
export type JobData = { readonly dueMs: number; readonly awaited: boolean };

/** It ends by then or not at all, and so starts by `latestStartMs`, its time limit before. */
export type Deadline = { readonly endsMs: number; readonly latestStartMs: number };

export type LiveRun = {
  readonly attempt: number;
  readonly pool: PoolRecord;
  /** Of a tenant whose home is not there. */
  visits: boolean;
  /** Another where its centre tells that it is of another line. */
  sort: Sort;
  phase: RunPhase;
  /** When it is expected to end at the latest: its limit and grace after its start, or after its placement until then. */
  endsMs: number;
  readonly placedMs: number;
  /** What it asked for, and what was expected of it when it was placed. */
  readonly timeLimitS: number;
  readonly expectedS: number;
  /** While it waits in a centre's own queue: when its engine thinks it will start; and what it thought first. */
  startsMs: number | null;
  firstTold: { readonly madeMs: number; readonly startsMs: number } | null;
  /** Its user holds it there. */
  held: boolean;
  /** It is to be taken back if it has not started; `keeps`: what is kept for it where it would go. */
  askedBack: boolean;
  keeps: LiveRun | null;
  /** Where it runs, as far as its centre told and somebody may ask for nodes in a row there; null: not known. */
  nodes: readonly string[] | null;
  /** A failing node ended it. */
  lost: boolean;
  /** null: it has not started. */
  startedMs: number | null;
  /** null: nobody's usage counts. */
  readonly charged: Charge | null;
  /** For whom it was asked to end; null: for nobody. */
  makesWay: TaskRef | null;
};

/** Of a run of which nothing was told since it was placed. */
export const untold = {
  startsMs: null,
  firstTold: null,
  held: false,
  askedBack: false,
  keeps: null,
  nodes: null,
  lost: false,
  makesWay: null,
} as const;

/** First come first served: by the time from which their waits count, then by job id; within an array by position. */
export function comesBefore(one: JobRecord, other: JobRecord): boolean {
  const [ones, others] = [dueMs(one), dueMs(other)];
  return ones === others ? one.id < other.id : ones < others;
}

/** From when on its wait counts: since it was submitted, and its input was at some centre. */
export function dueMs({ data, submittedMs }: JobRecord): number {
  return data === null ? submittedMs : data.dueMs;
}

/** By submission alone. */
export function submittedBefore(one: JobRecord, other: JobRecord): boolean {
  return one.submittedMs === other.submittedMs ? one.id < other.id : one.submittedMs < other.submittedMs;
}

/** `12`, or `12_3` for a task of an array. */
export function nameAt(job: JobRecord, position: number): string {
  return taskName({ job: job.id, index: indexAt(job.indices, position) }, job.ofArray);
}

/** Puts a job into a binary heap whose first is the job that comes before all others. */
export function pushJob(heap: JobRecord[], job: JobRecord, isBefore = comesBefore): void {
  let child = heap.length;
  heap.push(job);
  while (child > 0) {
    const parent = (child - 1) >>> 1;
    const above = heap[parent];
    if (!above || isBefore(above, job)) break;
    heap[child] = above;
    child = parent;
  }
  heap[child] = job;
}

/** Takes the first out, or null. */
export function popJob(heap: JobRecord[], isBefore = comesBefore): JobRecord | null {
  const first = heap[0] ?? null;
  const last = heap.pop();
  if (!last || heap.length === 0) return first;
  let hole = 0;
  for (;;) {
    let child = 2 * hole + 1;
    const left = heap[child];
    if (!left) break;
    const right = heap[child + 1];
    let smaller = left;
    if (right && isBefore(right, left)) {
      smaller = right;
      child += 1;
    }
    if (isBefore(last, smaller)) break;
    heap[hole] = smaller;
    hole = child;
  }
  heap[hole] = last;
  return first;
}
