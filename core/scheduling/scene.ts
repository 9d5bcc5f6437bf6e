import type { TaskRef } from "#core/ids.ts";
import type { Looking } from "#core/scheduling/ahead.ts";
import type { Rules } from "#core/scheduling/bounds.ts";
import type { CentreRecord, Holder, PoolRecord } from "#core/scheduling/centres.ts";
import type { CoreLimits } from "#core/scheduling/core-limits.ts";
import type { Dependencies } from "#core/scheduling/dependencies.ts";
import type { LearntStarts } from "#core/scheduling/estimate/starts.ts";
import type { Grants } from "#core/scheduling/grants.ts";
import type { Homes } from "#core/scheduling/homes.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import type { DemandRecord } from "#core/scheduling/packing/demand.ts";
import type { Choice } from "#core/scheduling/placing/choose.ts";
import type { Promised, Waiting } from "#core/scheduling/placing/moves.ts";
import type { Backfill, HomePriority, Placing } from "#core/scheduling/policy.ts";
import type { PreemptionRecord } from "#core/scheduling/preemption/record.ts";
import type { Queue } from "#core/scheduling/queue.ts";

/** Everything the scheduler knows. `centres` stands in the order of their ids. */
export type Scene = {
  readonly centres: CentreRecord[];
  readonly queue: Queue;
  readonly dependencies: Dependencies;
  readonly backfill: Backfill;
  /** What is asked of accelerators, as far as it was seen; null: they are not packed by it. */
  readonly demand: DemandRecord | null;
  /** null: work goes where most is free. */
  readonly placing: Placing | null;
  readonly starts: LearntStarts;
  readonly waiting: Waiting;
  readonly promised: Promised;
  readonly memory: Memory;
  readonly preemption: PreemptionRecord;
  readonly coreLimits: CoreLimits;
  readonly grants: Grants;
  readonly rules: Rules;
  readonly homes: Homes;
  /** null: a centre's own users go ahead of nobody. */
  readonly homePriority: HomePriority | null;
  /** null: the order is taken as it is. */
  readonly looking: Looking | null;
  readonly findTask: (task: TaskRef) => { readonly job: JobRecord; readonly position: number } | null;
};

/** What one decision leaves for the next: why most of the queue need not be looked at again. */
export type Memory = {
  /** Those that it reserved for, and what it was in each pool. */
  reserved: ReadonlyMap<PoolRecord, Holder & { readonly atMs: number }>;
  /** The same in turn, and who had held a place before: nobody goes ahead of those by a deadline. */
  holders: readonly Holder[];
  holdersBefore: readonly Holder[];
  /** How often the world was told anything, and how often it had been by then: until it is told more, the same is decided. */
  told: number;
  decidedAt: number;
  /** What it started; if that did not come about, there was more room than it thought. */
  started: readonly Started[];
  /** When that was, by the queue's count of changes. */
  changes: number;
};

export function nothingDecided(): Memory {
  return { reserved: new Map(), holders: [], holdersBefore: [], told: 0, decidedAt: -1, started: [], changes: 0 };
}

export type Started = {
  readonly job: JobRecord;
  readonly position: number;
  readonly attempt: number;
  readonly pool: PoolRecord;
};

export function choiceOf({ demand, placing, starts }: Scene): Choice {
  return { demand: demand?.known() ?? [], placing, starts };
}
