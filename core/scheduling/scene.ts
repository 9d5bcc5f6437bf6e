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
import type { Ask, Group, Queue } from "#core/scheduling/queue.ts";

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
  /** Of those near their longest wait: they are kept from decision to decision. */
  places: readonly GivenPlace[];
  /** How often the world was told anything, and how often it had been by then: until it is told more, the same is decided. */
  told: number;
  decidedAt: number;
  decidedMs: number;
  /** It starts somebody, or asks runs to end. */
  acts: boolean;
  /** What was remembered before it: what it decides anew goes by the same. */
  before: Remembered;
  /** What it started; if that did not come about, there was more room than it thought. */
  started: readonly Started[];
  /** When that was, by the queue's count of changes. */
  changes: number;
};

/** Where and when one near its longest wait is to start, of all its tasks the one at this position. */
export type GivenPlace = Holder & { readonly pool: PoolRecord; readonly device: number; readonly atMs: number };

export function nothingDecided(): Memory {
  const before = { reserved: new Map(), places: [], asks: new Map(), groups: new Map() };
  const never = { told: 0, decidedAt: -1, decidedMs: -1, acts: false, before };
  return { reserved: new Map(), holders: [], holdersBefore: [], places: [], ...never, started: [], changes: 0 };
}

/** Of what the last decision found to fail, and of whom it reserved for, what was known until then. */
export type Remembered = {
  readonly reserved: Memory["reserved"];
  readonly places: Memory["places"];
  readonly asks: ReadonlyMap<Ask, Pick<Ask, "failed">>;
  readonly groups: ReadonlyMap<Group, Pick<Group, "failed" | "untried">>;
};

export type Started = {
  readonly job: JobRecord;
  readonly position: number;
  readonly attempt: number;
  readonly pool: PoolRecord;
};

export function choiceOf({ demand, placing, starts }: Scene): Choice {
  return { demand: demand?.known() ?? [], placing, starts };
}
