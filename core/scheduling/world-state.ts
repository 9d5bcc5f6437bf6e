import type { JobId, TaskRef } from "#core/ids.ts";
import type { DataWaits } from "#core/scheduling/data-waits.ts";
import type { Deadlines } from "#core/scheduling/deadlines.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import type { Doubt } from "#core/scheduling/order/doubt.ts";
import type { DemandRecord } from "#core/scheduling/packing/demand.ts";
import type { Backfill, Policy } from "#core/scheduling/policy.ts";
import { hasPosition, positionOf } from "#core/scheduling/positions.ts";
import type { WantedAccount } from "#core/scheduling/queue.ts";
import type { Scene } from "#core/scheduling/scene.ts";
import { assert } from "#core/unreachable.ts";

/** All that the world holds. */
export type State = Scene & {
  readonly jobs: Map<JobId, JobRecord>;
  readonly deadlines: Deadlines;
  readonly dataWaits: DataWaits;
  queued: number;
  live: number;
  policy: Policy;
  backfill: Backfill;
  demand: DemandRecord | null;
  readonly doubt: Doubt;
  /** Runs that ended in one instant, of which nothing is learnt yet. */
  readonly untaught: Untaught;
  /** Whoever is reserved for stays so: nobody who comes later ranks before it. */
  keepsPlaces: boolean;
  /** When a pool's hours begin, as it was told last. */
  againMs: number | null;
  /**
   * Jobs that a centre would not take, as long as a task of them is not over, each with the description by which some other
   * centre could; null: it is to be looked at.
   */
  readonly refused: Map<JobRecord, object | null>;
  /** null: to be worked out again. */
  wanted: readonly WantedAccount[] | null;
  /** Another object once a centre describes itself otherwise. */
  description: object;
  /** The newest jobs of which no task was told when it may start. */
  readonly untold: JobId[];
};

export type Untaught = {
  atMs: number;
  readonly runs: {
    readonly job: JobRecord;
    readonly position: number;
    readonly expectedS: number;
    readonly ranS: number;
  }[];
};

/** The job and position of a task that has not ended; null where it has, or was never told of. */
export function openTask(state: State, task: TaskRef): { readonly job: JobRecord; readonly position: number } | null {
  const job = state.jobs.get(task.job);
  if (!job) return null;
  const position = positionOf(job.indices, task.index);
  assert(position !== -1, `job ${task.job} has index ${task.index}`);
  return job.ended && hasPosition(job.ended, position) ? null : { job, position };
}
