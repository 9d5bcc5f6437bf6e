import type { Ahead } from "#core/scheduling/ahead.ts";
import type { CentreRecord, Left, PoolRecord } from "#core/scheduling/centres.ts";
import { beyondCores } from "#core/scheduling/core-limits.ts";
import { awaitsData } from "#core/scheduling/data-at.ts";
import { isOverdue } from "#core/scheduling/deadlines.ts";
import type { Offer } from "#core/scheduling/fit.ts";
import { beyondGrant } from "#core/scheduling/grants.ts";
import type { GroundLeft } from "#core/scheduling/ground.ts";
import type { Home } from "#core/scheduling/homes.ts";
import type { JobRecord, LiveRun } from "#core/scheduling/job-record.ts";
import type { AskedRun } from "#core/scheduling/preemption/record.ts";
import type { Ask, Group, Row } from "#core/scheduling/queue.ts";
import type { GivenPlace, Scene } from "#core/scheduling/scene.ts";
import type { Strand } from "#core/scheduling/strands.ts";
import type { Twin } from "#core/scheduling/twin.ts";
import type { Likely } from "#core/scheduling/walk/likely.ts";
import type { PreemptedRun } from "#core/scheduling/world-plan.ts";

/** A place in the queue; `job` null: behind everybody. */
export type Place = { readonly job: JobRecord | null; readonly position: number };

export type Placed = (job: JobRecord, position: number, offer: Offer, walk: Walk) => void;

export type Errand = {
  readonly nowMs: number;
  readonly most: number;
  readonly end: Place;
  readonly placed: Placed;
  /** Skips what is known to fail, and remembers what failed. */
  readonly remembers: boolean;
};

/** What a walk did to the records, to be undone, and what it found. */
export type Walk = {
  readonly nowMs: number;
  readonly taken: Taken[];
  /** Jobs that started all they may, out of their row until the walk is undone. */
  readonly served: JobRecord[];
  /** Each centre that something was taken of, or that was held, in turn. */
  readonly changed: CentreRecord[];
  /** What did not fit once does not fit later in the same walk: there is only less room. */
  readonly failed: Set<Ask>;
  /** Of those that were found to fail, what was remembered before. */
  readonly before: {
    readonly asks: Map<Ask, Pick<Ask, "failed">>;
    readonly groups: Map<Group, Pick<Group, "failed" | "untried">>;
  };
  readonly closed: Set<Group>;
  /** Of each group met, the pools that had room for its size when it was met. */
  readonly open: Map<Group, readonly PoolRecord[]>;
  /** Of groups that were asked for: where one of it may start still. */
  readonly likely: Map<Group, Likely>;
  readonly reserved: PoolRecord[];
  /** What those near their longest wait have in this walk; and of these, who had theirs before and were not served yet, by turn. */
  readonly places: GivenPlace[];
  readonly waiting: GivenPlace[];
  /** What was given up for another pool: who failed there before its holder was served is met again. */
  readonly left: GivenPlace[];
  readonly met: Map<Group, Met>;
  /** Tasks that went to what was kept for them. */
  readonly kept: Map<JobRecord, Set<number>>;
  /** Somebody keeps others away for this walk alone. */
  holds: boolean;
  /** Reservations that were tried and found no time. */
  vain: number;
  /** Where a place is kept for one that runs make room for, or that waits for it though it could start elsewhere. */
  readonly keptAt: PoolRecord[];
  /** Runs that are asked to end in this walk, and when they were expected to end before. */
  readonly asking: Asking[];
  /** How often it was looked whose end would let one start, and for jobs of which groups. */
  looked: number;
  readonly lookedFor: Set<Group>;
  /** Of classes up to this, those that held a place before have come already. */
  heldUpTo: number;
  /** How many wait for a faster pool. */
  patient: number;
  /** Whose jobs may hold no more cores, out of their rows until the walk is undone. */
  readonly aside: { readonly row: Row; readonly strand: Strand }[];
  /** Of each home that a visitor was about to start at, how many of its late ones are started or cannot be. */
  readonly late: Map<Home, { at: number; readonly failed: Set<Ask> }>;
  /** The walk goes up to one of these late ones, or to one that holds a place, and this is where it starts. */
  found: Offer | null;
  /** What is planned of the queue, once those are served that nothing may delay. */
  ahead: Ahead | null;
  /** Those who wait though they would fit, because of what is planned, × places; nothing is remembered of their groups. */
  keptBack: number;
  readonly spared: Set<Group>;
};

/** What is known of a group that was met. */
export type Met = {
  /** When one of its pools last grew, by the queue's count of changes. */
  readonly grown: number;
  /** All that it had then failed since. */
  isKnown: boolean;
  /** How many of its rows failed or were used up. */
  rows: number;
  /** Whether one of its pools is among the first so many that are reserved. */
  isReserved: boolean;
  reservedSeen: number;
};

type Asking = Omit<AskedRun, "atMs"> & {
  readonly order: PreemptedRun;
  readonly run: LiveRun;
  readonly endedMs: number;
};

export type Taken = {
  readonly offer: Offer;
  readonly ask: Ask;
  /** null: one that holds its cores already. */
  readonly job: JobRecord | null;
  readonly left: Left;
  readonly twin: Twin | null;
  /** The same of all pools that share its nodes; null: none does. */
  readonly shared: { readonly left: GroundLeft; readonly twin: Twin | null } | null;
  /** null: it joined the pool's own queue. */
  readonly run: LiveRun | null;
};

export function beginWalk(nowMs: number): Walk {
  return {
    nowMs,
    taken: [],
    served: [],
    changed: [],
    failed: new Set(),
    before: { asks: new Map(), groups: new Map() },
    closed: new Set(),
    open: new Map(),
    likely: new Map(),
    reserved: [],
    places: [],
    waiting: [],
    left: [],
    met: new Map(),
    kept: new Map(),
    holds: false,
    vain: 0,
    keptAt: [],
    asking: [],
    looked: 0,
    lookedFor: new Set(),
    heldUpTo: Number.NEGATIVE_INFINITY,
    patient: 0,
    aside: [],
    late: new Map(),
    found: null,
    ahead: null,
    keptBack: 0,
    spared: new Set(),
  };
}

/** It is served before the queue: there it is passed over. */
export function keep({ kept }: Walk, job: JobRecord, position: number): void {
  kept.set(job, (kept.get(job) ?? new Set()).add(position));
}

export function changed(walk: Walk, { centre }: PoolRecord): void {
  walk.changed.push(centre);
}

/** Wherever there is room, nothing more of it may start for now, or ever. */
export function isHeldBack({ coreLimits, grants }: Scene, job: JobRecord, nowMs: number): boolean {
  if (isOverdue(job, nowMs) || beyondCores(coreLimits, job) !== null) return true;
  if (awaitsData(job.ask, job.ask.group.pools, nowMs)) return true;
  return beyondGrant(grants, job.submitter, job.ask) !== null;
}

/** No more than so many times in one walk it is looked whose end would let somebody start. */
export const mostLooked = 20;

/** Of those near the longest wait no more than so many hold a place: a decision must not cost more the more pools there are. */
export const mostPlaces = 64;
