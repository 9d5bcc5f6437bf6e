import type { CentreId, TaskRef } from "#core/ids.ts";
import type { Demands } from "#core/job/demands.ts";
import { accountHolder, amountsOf, holdAccount, takeAccount } from "#core/scheduling/account-use.ts";
import { leaseMsOf, withMore } from "#core/scheduling/agreed.ts";
import {
  type Ahead,
  isInPlan,
  keptBack,
  type Looking,
  lookAhead,
  mayStartBeside,
  plannedFor,
  startsNow,
  takeBeside,
  tasksToServe,
} from "#core/scheduling/ahead.ts";
import type { Bounds, Rules } from "#core/scheduling/bounds.ts";
import {
  addTo,
  allocationOf,
  type CentreRecord,
  devicesFor,
  type Holder,
  isShared,
  type Left,
  leftOf,
  needIn,
  type PoolRecord,
} from "#core/scheduling/centres.ts";
import { beyondCores, type CoreLimits, holdCores } from "#core/scheduling/core-limits.ts";
import { isOverdue } from "#core/scheduling/deadlines.ts";
import { type Dependencies, doomedPositions, doomFacts } from "#core/scheduling/dependencies.ts";
import type { LearntStarts } from "#core/scheduling/estimate/starts.ts";
import {
  type Asked,
  accountShort,
  type Failing,
  judge,
  mayEverUse,
  mayTake,
  type Offer,
  shareUsed,
  visitShort,
} from "#core/scheduling/fit.ts";
import {
  type Front,
  frontOf,
  leave,
  meetAgain,
  meetAlone,
  meetBelow,
  nextOf,
  orderBy,
  type Step,
  standsBefore,
} from "#core/scheduling/front.ts";
import { beyondGrant, type Grants, holdGrant } from "#core/scheduling/grants.ts";
import { type Home, type Homes, type HomeTask, lateAt } from "#core/scheduling/homes.ts";
import { comesBefore, type JobRecord, type LiveRun, nameAt, untold } from "#core/scheduling/job-record.ts";
import { lacksLicences, licenceHolder, takeLicences } from "#core/scheduling/offered.ts";
import type { DemandRecord } from "#core/scheduling/packing/demand.ts";
import { type Choice, chooseAmong, chooseElsewhere } from "#core/scheduling/placing/choose.ts";
import {
  movesDue,
  type Promised,
  promisesInOrder,
  type Waiting,
  type Withdrawal,
} from "#core/scheduling/placing/moves.ts";
import { type FasterPool, fasterPool, type Pools } from "#core/scheduling/placing/patience.ts";
import { costS } from "#core/scheduling/placing/score.ts";
import { scored } from "#core/scheduling/placing/scored.ts";
import type { Backfill, HomePriority, Placing } from "#core/scheduling/policy.ts";
import { indexAt, rangesOf } from "#core/scheduling/positions.ts";
import {
  type AskedRun,
  expectEndAt,
  type HeldClaim,
  hasClaim,
  heldClaims,
  overBy,
  type PreemptionRecord,
} from "#core/scheduling/preemption/record.ts";
import { chooseVictims, roomWith, type WhyNobodyEnds } from "#core/scheduling/preemption/victims.ts";
import {
  type Ask,
  forgetFailures,
  type Group,
  nextReady,
  putBack,
  type Queue,
  type Row,
  room,
} from "#core/scheduling/queue.ts";
import { isByDeadline, isStarving } from "#core/scheduling/ranking.ts";
import type { Candidate } from "#core/scheduling/reasons.ts";
import { hasRoom, nodesFitting, pack } from "#core/scheduling/room.ts";
import { firstOf, putStrandBack, rankOfJob, type Strand, setAside, takeFirst } from "#core/scheduling/strands.ts";
import { expectedRunS, type Submitter } from "#core/scheduling/submitters.ts";
import { earliestFit, expectEnd, expectNoEnd, reserveAt, startBeside, type Twin } from "#core/scheduling/twin.ts";
import { amountsNeeded, dropHolds, holdVisit, visit, visitHolder, visitLeaseMs } from "#core/scheduling/visits.ts";
import type { Placement, PreemptedRun, TaskEnd } from "#core/scheduling/world-plan.ts";

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

type Started = {
  readonly job: JobRecord;
  readonly position: number;
  readonly attempt: number;
  readonly pool: PoolRecord;
};

/** A place in the queue; `job` null: behind everybody. */
export type Place = { readonly job: JobRecord | null; readonly position: number };

export type Due = {
  readonly place: readonly Placement[];
  readonly takeBack: readonly Withdrawal[];
  readonly preempt: readonly PreemptedRun[];
  /** Somebody waits who could start, because another order is better. */
  readonly keepsBack: boolean;
};

/**
 * The placements that are due, in the order of the queue, at most `most`; and where all that can start does, what is to be
 * taken back from the queues of centres for the room that is left. The scene is left as it was.
 */
export function placementsDue(scene: Scene, nowMs: number, most: number): Due {
  const placements: Placement[] = [];
  const started: Started[] = [];
  const { memory } = scene;
  if (!memory.started.every((each) => hasCome(each, memory.changes))) forgetFailures(scene.queue);
  const judgements: Judgements = new Map();
  const collect: Placed = (job, position, offer, walk) => {
    const attempt = (job.attempts?.get(position) ?? 0) + 1;
    started.push({ job, position, attempt, pool: offer.pool });
    placements.push({
      job: job.id,
      index: indexAt(job.indices, position),
      attempt,
      centre: offer.pool.centre.id,
      pool: offer.pool.name,
      allocation: allocationOf(job.ask.shape, offer.pool, offer.device),
      starts: offer.now ? "now" : "in-turn",
      leaseMs: visitLeaseMs(job.ask.bounds, offer.pool, leaseMsOf(offer.pool)),
      candidates: judgedAgain(scene, judgements, job.ask, walk),
      ...movedBefore(job, position),
    });
  };
  const remembers = scene.backfill === "easy" || scene.backfill === "easy-sjbf";
  const errand = { nowMs, most, end: { job: null, position: 0 }, placed: collect, remembers };
  return served(scene, errand, (walk) => {
    memory.holdersBefore = standingHolders(memory);
    memory.holders = [...new Set(walk.reserved)].flatMap((pool) => pool.reservations.map(({ holder }) => holder));
    // A walk that ended early has not come to all who hold one.
    if (placements.length >= most) memory.holders = [...stillHeld(memory), ...memory.holders];
    memory.decidedAt = memory.told;
    memory.started = started;
    memory.changes = scene.queue.changes;
    memory.reserved = new Map(
      walk.reserved.flatMap((pool) =>
        pool.reservations.map(({ holder, atMs }) => [pool, { ...holder, atMs }] as const),
      ),
    );
    const mostMoves = Math.max(0, most - placements.length);
    const takeBack = movesDue({ ...scene, nowMs }, mostMoves, (offer, ask) => take(scene, walk, offer, ask, null));
    const preempt = walk.asking.map(({ order }) => order);
    return { place: placements, takeBack, preempt, keepsBack: walk.keptBack > 0 };
  });
}

function movedBefore(job: JobRecord, position: number): Pick<Placement, "moved"> {
  const moved = job.moves?.get(position);
  return moved ? { moved } : {};
}

/** Whether what was to start did, or its pool has grown since, as it does when such a run is over: who failed there is tried again then. */
function hasCome({ job, position, attempt, pool }: Started, changes: number): boolean {
  const run = job.live?.get(position);
  return (run !== undefined && run.attempt >= attempt) || pool.grown > changes;
}

/** Looks at the scene as it would be when the queue had been served up to a place, and leaves it as it was. */
export function seenFrom<Seen>(scene: Scene, nowMs: number, place: Place, look: (walk: Walk) => Seen): Seen {
  const all = { nowMs, most: Number.POSITIVE_INFINITY, end: place, placed: () => {}, remembers: false };
  return served(scene, all, look);
}

/** The tasks that can never start, first come first. */
export function endsDue(dependencies: Dependencies): readonly TaskEnd[] {
  const ends: TaskEnd[] = [];
  for (const job of [...dependencies.doomed].sort((a, b) => (comesBefore(a, b) ? -1 : 1))) {
    const indices = rangesOf(job.indices, doomedPositions(job));
    if (indices.length > 0)
      ends.push({ job: job.id, indices, rule: "dependency-never-satisfied", facts: doomFacts(job) });
  }
  return ends;
}

/** Every centre of the network with the first rule the shape fails there, and what a place there would cost. */
export function judgeAll(
  scene: Scene,
  asked: Asked,
  nowMs: number,
  isKeptBack?: (pool: PoolRecord) => Failing | null,
): readonly Candidate[] {
  const choice = choiceOf(scene);
  const startsInMs = (pool: PoolRecord) => {
    const earliest = earliestStart(asked, [pool], nowMs, null);
    return earliest && earliest.atMs - nowMs;
  };
  return scene.centres
    .filter((centre) => centre.state)
    .map((centre) => scored(judge(asked, centre, nowMs, isKeptBack), asked, centre, nowMs, choice, startsInMs));
}

export function choiceOf({ demand, placing, starts }: Scene): Choice {
  return { demand: demand?.known() ?? [], placing, starts };
}

/** What was said of each ask in this walk, and how many changes of it were seen by then. */
type Judgements = Map<Ask, { candidates: readonly Candidate[]; seen: number }>;

/** As `judgeAll`, but within one walk only those centres are judged again that changed since the ask was last judged. */
function judgedAgain(scene: Scene, all: Judgements, ask: Ask, { changed, nowMs }: Walk): readonly Candidate[] {
  const known = all.get(ask);
  if (known?.seen === changed.length) return known.candidates;
  const candidates = known ? [...known.candidates] : [];
  const described = scene.centres.filter((centre) => centre.state);
  const again = known ? new Set(changed.slice(known.seen)) : described;
  const choice = choiceOf(scene);
  for (const centre of again)
    candidates[described.indexOf(centre)] = scored(judge(ask, centre, nowMs), ask, centre, nowMs, choice, null);
  all.set(ask, { candidates, seen: changed.length });
  return candidates;
}

type Placed = (job: JobRecord, position: number, offer: Offer, walk: Walk) => void;

type Errand = {
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
  readonly closed: Set<Group>;
  /** Of each group met, the pools that had room for its size when it was met. */
  readonly open: Map<Group, readonly PoolRecord[]>;
  readonly reserved: PoolRecord[];
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
  /** The walk goes up to one of these late ones, and this is where it starts. */
  found: Offer | null;
  /** What is planned of the queue, once those are served that nothing may delay. */
  ahead: Ahead | null;
  /** Those who wait though they would fit, because of what is planned, × places; nothing is remembered of their groups. */
  keptBack: number;
  readonly spared: Set<Group>;
};

/** What is known of a group that was met. */
type Met = {
  /** When one of its pools last grew, by the queue's count of changes. */
  readonly grown: number;
  /** All that it had then failed since. */
  readonly isKnown: boolean;
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

type Taken = {
  readonly offer: Offer;
  readonly ask: Ask;
  /** null: one that holds its cores already. */
  readonly job: JobRecord | null;
  readonly left: Left;
  readonly twin: Twin | null;
  /** null: it joined the pool's own queue. */
  readonly run: LiveRun | null;
};

/** Serves the queue up to a place or to `most` placements, lets one look, and undoes it all. */
function served<Seen>(scene: Scene, errand: Errand, look: (walk: Walk) => Seen): Seen {
  const { nowMs } = errand;
  const walk: Walk = {
    nowMs,
    taken: [],
    served: [],
    changed: [],
    failed: new Set(),
    closed: new Set(),
    open: new Map(),
    reserved: [],
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
  const front = frontOf(scene.queue);
  try {
    if (serveClaims(scene, walk, errand) && servePromised(scene, walk, errand)) serve(scene, walk, front, errand);
    return look(walk);
  } finally {
    for (const each of walk.taken.reverse()) giveBack(scene, each);
    for (const { row, strand } of walk.aside.reverse()) putStrandBack(row, strand);
    for (const job of walk.served) putBack(scene.queue, job);
    leave(front);
    for (const { run, endedMs } of walk.asking) {
      run.makesWay = null;
      expectEndAt(run, endedMs);
    }
    for (const pool of [...walk.reserved, ...walk.keptAt]) pool.reservations.length = 0;
    dropHolds(scene.rules);
    for (const centre of scene.centres) {
      if (centre.heldLicences.size > 0) centre.heldLicences.clear();
      if (centre.heldAccounts.size > 0) centre.heldAccounts.clear();
      for (const pool of centre.pools) {
        pool.heldBy = null;
        if (pool.heldLines.size > 0) pool.heldLines.clear();
      }
    }
  }
}

/**
 * Those that runs make room for come before the queue: each starts where the room is made once it is, and keeps its place
 * until then. Answers false where one of them is the place up to which is served.
 */
function serveClaims(scene: Scene, walk: Walk, { end, placed, nowMs, most }: Errand): boolean {
  if (scene.preemption.claims.size === 0) return true;
  for (const claim of heldClaims(scene.preemption, scene.findTask)) {
    const { job, position, pool, runs } = claim;
    if (walk.taken.length >= most) return true;
    if (!mayTake(pool)) continue;
    if (end.job === job && end.position === position) return false;
    keep(walk, job, position);
    const mayStart = runs.size === 0 && !isHeldBack(scene, job, nowMs);
    const offer = mayStart ? chooseAmong(job.ask, [pool], nowMs, choiceOf(scene)) : null;
    if (offer?.now) {
      placed(job, position, offer, walk);
      take(scene, walk, offer, job.ask, job);
    } else keepPlace(walk, claim);
  }
  return true;
}

function keepPlace(walk: Walk, { job, position, pool, runs, endsMs }: HeldClaim): void {
  const { shape } = job.ask;
  const room = roomWith(pool, [...runs]);
  const devices = shape.accelerators ? devicesFor(shape, pool.devices) : [-1];
  const device = devices.find((one) => hasRoom(room, needIn(shape, pool, one))) ?? devices[0] ?? -1;
  keepAt(walk, pool, { job, position }, device, Math.max(walk.nowMs + 1, endsMs));
}

function keepAt(walk: Walk, pool: PoolRecord, holder: Holder, device: number, atMs: number): void {
  const { shape, timeLimitS, graceS } = holder.job.ask;
  reserveAt(pool, holder, needIn(shape, pool, device), atMs, (timeLimitS + graceS) * 1000, walk.nowMs);
  walk.keptAt.push(pool);
  changed(walk, pool);
}

/** No more than so many times in one walk it is looked whose end would let somebody start. */
const mostLooked = 20;

/** Whether runs are asked to end for it: then its place is kept, and it waits for nothing else. */
function preempt(scene: Scene, walk: Walk, ask: Ask, { job, position }: Holder): boolean {
  if (walk.looked >= mostLooked || walk.asking.some(({ order }) => order.claimant.job === job.id)) return false;
  const pools = poolsToClear(scene, ask, job);
  if (pools.length === 0) return false;
  walk.looked += 1;
  walk.lookedFor.add(ask.group);
  const found = victimsFor(scene, walk, ask, job, pools);
  if (found?.kind !== "ends") return false;
  // Until they are told of it, they are asked again, and the place is kept for this walk alone.
  walk.holds = true;
  const { nowMs } = walk;
  const { pool, device, runs, endsMs } = found;
  const claimant = { job: job.id, index: indexAt(job.indices, position) };
  for (const { job: other, position: at, run } of runs) {
    const { attempt, endsMs: endedMs } = run;
    const ref = { job: other.id, index: indexAt(other.indices, at), attempt };
    const order = { ...ref, centre: pool.centre.id, pool: pool.name, claimant, claimantName: nameAt(job, position) };
    const { project, tenant } = other.submitter;
    walk.asking.push({ order, run, endedMs, pool, project, tenant });
    run.makesWay = claimant;
    expectEndAt(run, Math.min(endedMs, overBy(other, nowMs)));
  }
  keep(walk, job, position);
  keepAt(walk, pool, { job, position }, device, endsMs);
  return true;
}

/** Where runs might end for the job: what takes work, and where nothing but room is missing. */
function poolsToClear({ preemption }: Scene, ask: Ask, job: JobRecord): readonly PoolRecord[] {
  const { policy } = preemption;
  if (!policy || job.priority === "low" || policy.of[job.priority].length === 0) return [];
  if (hasClaim(preemption, job.id)) return [];
  return ask.group.pools.filter(
    (pool) => pool.yielding.size > 0 && mayTake(pool) && !isShared(pool) && !waitsForMore(ask, pool),
  );
}

function victimsFor(
  { preemption }: Scene,
  { nowMs, asking }: Walk,
  ask: Ask,
  job: JobRecord,
  pools: readonly PoolRecord[],
): ReturnType<typeof chooseVictims> {
  const { policy } = preemption;
  if (!policy) return null;
  const anywayMs = earliestStart(ask, ask.group.pools, nowMs, null)?.atMs ?? null;
  return chooseVictims(preemption, policy, { asked: ask, job, pools, nowMs, anywayMs, asking });
}

/** Of a task that waits, in a scene served up to it: why no run ends for it; null: its class may end none, or some are to end. */
export function whyNobodyEnds(scene: Scene, walk: Walk, job: JobRecord): WhyNobodyEnds | null {
  const found = victimsFor(scene, walk, job.ask, job, poolsToClear(scene, job.ask, job));
  return found?.kind === "nobody-ends" ? found.why : null;
}

/** Whether a task that was taken back may go now where room was kept for it. */
export function promisedOffer(scene: Scene, job: JobRecord, position: number, nowMs: number): Offer | null {
  const pool = scene.promised.get(job)?.get(position);
  if (!pool || room(job) === 0 || nextReady(job, position) !== position) return null;
  if (isHeldBack(scene, job, nowMs)) return null;
  return job.ask.group.pools.includes(pool) ? chooseAmong(job.ask, [pool], nowMs, choiceOf(scene)) : null;
}

/** Those come first, each where room was kept for it. Answers whether the queue follows: not where the end is one of them. */
function servePromised(scene: Scene, walk: Walk, { end, most, placed, nowMs }: Errand): boolean {
  for (const { job, position } of promisesInOrder(scene.promised)) {
    if (walk.taken.length >= most) return true;
    const offer = promisedOffer(scene, job, position, nowMs);
    if (!offer) continue;
    if (job === end.job && position === end.position) return false;
    placed(job, position, offer, walk);
    take(scene, walk, offer, job.ask, job);
    keep(walk, job, position);
  }
  return true;
}

/** It is served before the queue: there it is passed over. */
function keep({ kept }: Walk, job: JobRecord, position: number): void {
  kept.set(job, (kept.get(job) ?? new Set()).add(position));
}

/** Beyond the first that must wait, no more than so many that cannot start are looked at, nor so many places sought. */
const mostFailing = 2_000;
const mostVain = 200;
/** Nor so many strands that are kept back × places of the plan, at each of which each is tried. */
const mostKeptBack = 1_000;

/**
 * Each turn takes the job that comes first. What fits starts where it is best. Of those that do not fit, the first has a
 * place reserved where it can start earliest, and those behind it start where they do not delay it.
 */
function serve(scene: Scene, walk: Walk, front: Front, errand: Errand): void {
  const isClosed = (group: Group) => walk.closed.has(group);
  const { end, most, remembers } = errand;
  let failing = 0;
  let shortestFirst = scene.backfill === "easy-sjbf";
  let isPlanned = scene.looking === null;
  while (walk.taken.length < most && failing < mostFailing && walk.keptBack < mostKeptBack && !walk.found) {
    const step = nextOf(front, isClosed);
    if (!step) {
      if (remembers && !walk.holds) rememberFailures(scene, walk);
      return;
    }
    if (end.job && end.job !== step.first && standsBefore(front, end.job, step)) return;
    if (!isPlanned && !isStarving(step.rank)) {
      isPlanned = true;
      if (!servePlanned(scene, walk, errand)) return;
    }
    if (remembers) skipKnown(scene, walk, front, step);
    else meetBelow(front, step);
    if (isByDeadline(step.rank) && !serveHolders(scene, walk, step.first, errand)) return;
    if (isHeldBack(scene, step.first, walk.nowMs)) {
      if (step.first === end.job) return;
      passOver(walk, front, step);
      continue;
    }
    const served = serveJob(scene, walk, step, errand);
    if (step.first === end.job) return;
    if (served === "kept-back") passOver(walk, front, step);
    else if (!goOn(walk, front, step, served)) failing += 1;
    if (!shortestFirst || walk.reserved.length === 0) continue;
    shortestFirst = false;
    orderBy(front, isClosed, ({ timeLimitS }) => timeLimitS);
  }
}

/** Wherever there is room, nothing more of it may start for now, or ever. */
function isHeldBack({ coreLimits, grants }: Scene, job: JobRecord, nowMs: number): boolean {
  if (isOverdue(job, nowMs) || beyondCores(coreLimits, job) !== null) return true;
  return beyondGrant(grants, job.submitter, job.ask) !== null;
}

/**
 * Before one that goes ahead of its class by its deadline come those of the class, and of higher ones, that hold a place
 * already: each starts or holds it again. Answers whether the walk goes on: not where it ends with one of them.
 */
function serveHolders(scene: Scene, walk: Walk, first: JobRecord, { end, most, placed, nowMs }: Errand): boolean {
  const { queue, memory } = scene;
  const lastTier = Math.ceil(rankOfJob(queue, first).tier);
  if (lastTier <= walk.heldUpTo) return true;
  walk.heldUpTo = lastTier;
  for (const { job, position } of standingHolders(memory)) {
    if (walk.taken.length >= most) return true;
    const rank = rankOfJob(queue, job);
    const kept = walk.kept.get(job);
    if (isStarving(rank) || isByDeadline(rank) || rank.tier > lastTier || kept?.has(position)) continue;
    if (nextReady(job, position) !== position || room(job) <= (kept?.size ?? 0) || isHeldBack(scene, job, nowMs))
      continue;
    if (job === end.job && position === end.position) return false;
    keep(walk, job, position);
    const gone = job.moves?.get(position)?.left;
    const offer = chooseElsewhere(gone, job.ask, openPools(walk, job.ask.group), nowMs, choiceOf(scene));
    if (offer) start(scene, walk, { job, position }, offer, placed);
    else reserve(scene, walk, job.ask, { job, position });
  }
  return true;
}

/** Those who held a place before, wait for it still, and were not given another. */
function stillHeld({ holders, holdersBefore }: Memory): readonly Holder[] {
  const again = new Set(holders.map(({ job }) => job));
  return holdersBefore.filter(({ job, position }) => !again.has(job) && nextReady(job, position) === position);
}

function standingHolders({ told, decidedAt, holders, holdersBefore }: Memory): readonly Holder[] {
  return told === decidedAt ? holdersBefore : holders;
}

/** All of the same submitter that ask for the same: nothing of it may start, and it keeps nobody else away. */
function passOver(walk: Walk, front: Front, { row }: Step): void {
  const strand = setAside(row);
  if (strand) walk.aside.push({ row, strand });
  const next = firstOf(row);
  const met = walk.met.get(row.ask.group);
  if (next) meetAgain(front, row, next);
  else if (met) met.rows += 1;
}

/** The next of the row, where the first is done with; answers whether it is. */
function goOn(walk: Walk, front: Front, { row, first }: Step, isServed: boolean): boolean {
  const [strand] = row.strands;
  if (isServed && strand?.jobs.length === 1) {
    // As it is, so that its rank is not told anew.
    setAside(row);
    walk.aside.push({ row, strand });
  } else if (isServed) {
    takeFirst(front.queue, row);
    walk.served.push(first);
  }
  const next = isServed ? firstOf(row) : null;
  const met = walk.met.get(row.ask.group);
  if (next) meetAgain(front, row, next);
  else if (met) met.rows += 1;
  return isServed;
}

/**
 * Where all rows of a group failed before and none of its pools grew since, only those that came since are met. The first
 * of it is met all the same: a place may have to be reserved for it.
 */
function skipKnown(scene: Scene, walk: Walk, front: Front, step: Step): void {
  const { group } = step.row.ask;
  const isFirst = !walk.met.has(group);
  const { isKnown } = metOf(scene, walk, group);
  if (isFirst && isKnown) for (const row of group.untried) if (row !== step.row) meetAlone(front, row);
  if (!isKnown) meetBelow(front, step);
}

function metOf(scene: Scene, walk: Walk, group: Group): Met {
  const known = walk.met.get(group);
  if (known) return known;
  const grown = grownSince(scene, walk, group);
  const met = { grown, isKnown: group.failed > grown, rows: 0, isReserved: false, reservedSeen: 0 };
  walk.met.set(group, met);
  return met;
}

function grownSince({ memory, queue }: Scene, walk: Walk, group: Group): number {
  let grown = queue.forgotten;
  for (const pool of openPools(walk, group)) grown = Math.max(grown, pool.grown);
  for (const [pool, before] of memory.reserved) {
    const [now] = pool.reservations;
    const same = now?.atMs === before.atMs && now.holder.job === before.job && now.holder.position === before.position;
    if (!same && group.pools.includes(pool)) return Number.POSITIVE_INFINITY;
  }
  return grown;
}

function rememberFailures({ queue }: Scene, { met, spared, looked, lookedFor }: Walk): void {
  // Were those not met again for whom it was looked, others would be looked for in their stead.
  const isAgain = (group: Group) => spared.has(group) || (looked >= mostLooked && lookedFor.has(group));
  for (const [group, { isKnown, rows }] of met)
    if (!isAgain(group) && (isKnown || rows >= group.rows.length)) {
      group.failed = queue.changes + 1;
      group.untried = [];
    }
}

/**
 * Starts the job's tasks in order; answers whether it is done with: no more of it may start, and none was left waiting. Kept
 * back: no more of it nor of its strand may start beside what is planned.
 */
function serveJob(scene: Scene, walk: Walk, { row, first: job, rank }: Step, errand: Errand): boolean | "kept-back" {
  const { ask } = row;
  const { group } = ask;
  const { end, most, placed, nowMs, remembers } = errand;
  const before = job === end.job ? end.position : Number.POSITIVE_INFINITY;
  const kept = walk.kept.get(job);
  const first = walk.ahead?.firstByJob.get(job);
  let left = room(job) - (kept?.size ?? 0) - waitingOf(first, kept);
  for (let at = nextReady(job, 0); at !== -1 && at < before && left > 0; at = nextReady(job, at + 1)) {
    if (walk.taken.length >= most) return false;
    if (kept?.has(at) || first?.has(at)) continue;
    if (isHeldBack(scene, job, nowMs)) return true;
    const isKnown = walk.failed.has(ask) || (remembers && ask.failed > metOf(scene, walk, group).grown);
    const choice = { isKeptBack: false };
    const choose = () => chooseBeside(scene, walk, { job, position: at }, openPools(walk, group), choice);
    const visits = (centre: CentreId) => !isStarving(rank) && scene.homes.of.get(job.submitter.tenant) !== centre;
    const offer = isKnown ? null : afterOwn(scene, walk, errand, visits, choose);
    if (!offer && (walk.found || walk.taken.length >= most)) return false;
    if (!offer && choice.isKeptBack) {
      keepBack(walk, group);
      return "kept-back";
    }
    left -= 1;
    const faster = offer && !isStarving(rank) ? awaited(scene, walk, ask, job, offer) : null;
    if (faster) {
      awaitFaster(walk, { job, position: at }, faster);
      continue;
    }
    if (offer) {
      if (job.home) keep(walk, job, at);
      start(scene, walk, { job, position: at }, offer, placed);
      continue;
    }
    noteFailure(scene, walk, ask, errand);
    const holder = { job, position: at };
    if (preempt(scene, walk, ask, holder)) continue;
    if (scene.backfill === "none") {
      holdAll(walk, ask, holder);
      return false;
    }
    if (!wait(scene, walk, ask, holder, isStarving(rank))) return false;
  }
  return true;
}

/**
 * Plans the first of the queue, and serves them in the order that was kept. Answers whether the queue follows: not where the
 * end is one of them, nor where as many were placed as may be.
 */
function servePlanned(scene: Scene, walk: Walk, errand: Errand): boolean {
  walk.ahead = lookAhead(scene, walk.kept, (job) => isHeldBack(scene, job, walk.nowMs), walk.nowMs);
  for (const task of walk.ahead ? tasksToServe(walk.ahead) : []) {
    if (walk.taken.length >= errand.most) return false;
    if (walk.kept.get(task.job)?.has(task.position)) continue;
    if (task.job === errand.end.job && task.position === errand.end.position) return false;
    if (isByDeadline(rankOfJob(scene.queue, task.job)) && !serveHolders(scene, walk, task.job, errand)) return false;
    if (walk.kept.get(task.job)?.has(task.position) || isHeldBack(scene, task.job, walk.nowMs)) continue;
    servePlannedTask(scene, walk, task, errand);
    if (walk.found) return false;
  }
  return true;
}

function servePlannedTask(scene: Scene, walk: Walk, task: Holder, errand: Errand): void {
  const { job, position } = task;
  const { ask } = job;
  const pools = openPools(walk, ask.group);
  const choice = { isKeptBack: false };
  const visits = (centre: CentreId) => scene.homes.of.get(job.submitter.tenant) !== centre;
  const offer = afterOwn(scene, walk, errand, visits, () => chooseBeside(scene, walk, task, pools, choice));
  if (!offer && (walk.found || walk.taken.length >= errand.most)) return;
  const faster = offer && awaited(scene, walk, ask, job, offer);
  if (faster) {
    awaitFaster(walk, task, faster);
    return;
  }
  if (offer) {
    keep(walk, job, position);
    start(scene, walk, task, offer, errand.placed);
    return;
  }
  if (choice.isKeptBack) {
    keepBack(walk, ask.group);
    return;
  }
  noteFailure(scene, walk, ask, errand);
  if (!preempt(scene, walk, ask, task)) wait(scene, walk, ask, task, false);
}

function keepBack(walk: Walk, group: Group): void {
  walk.keptBack += Math.max(1, walk.ahead?.covers.size ?? 1);
  walk.spared.add(group);
}

/**
 * Where a task goes of these pools: where the plan starts it now, else where it delays nobody who is planned. `isKeptBack`:
 * it would fit, but for the plan.
 */
export function chooseBeside(
  scene: Scene,
  { ahead, nowMs }: Walk,
  { job, position }: Holder,
  pools: readonly PoolRecord[],
  choice: { isKeptBack: boolean },
): Offer | null {
  const gone = job.moves?.get(position)?.left;
  const choose = (among: readonly PoolRecord[]) => chooseElsewhere(gone, job.ask, among, nowMs, choiceOf(scene));
  choice.isKeptBack = false;
  const offer = choose(pools);
  if (!ahead || !offer?.now) return offer;
  const planned = plannedFor(ahead, job, position);
  const isOwnWay = ahead.areAlike || job.ask.wishes.prefer.length > 0 || job.ask.shape.accelerators !== null;
  if (planned?.pool && !isOwnWay && startsNow(ahead, planned) && pools.includes(planned.pool)) {
    const there = choose([planned.pool]);
    if (there?.now) return there;
  }
  if (isAllowed(scene, ahead, { job, position }, offer.pool)) return offer;
  const { nodes, cores } = job.ask.group.size;
  const mayHave = (pool: PoolRecord) => isShared(pool) || leftOf(pool).room.cores >= nodes * cores;
  const others = choose(pools.filter((pool) => mayHave(pool) && isAllowed(scene, ahead, { job, position }, pool)));
  choice.isKeptBack = others === null;
  return others;
}

/** As far as the plan goes: one that it keeps back starts at none of its pools, others beside it. */
function isAllowed(scene: Scene, ahead: Ahead, { job, position }: Holder, pool: PoolRecord): boolean {
  // What is due is not kept back for what is foretold.
  if (!isInPlan(ahead, pool) || isByDeadline(rankOfJob(scene.queue, job))) return true;
  const planned = plannedFor(ahead, job, position);
  if (planned && ahead.areAlike) return true;
  if (planned && !startsNow(ahead, planned)) return false;
  return planned?.pool === pool || mayStartBeside(ahead, whoIs(scene, job), pool);
}

/** Why a task that would fit there is kept back; null: it is not. */
export function keptBackAt(scene: Scene, { ahead }: Walk, { job, position }: Holder, pool: PoolRecord): Failing | null {
  if (!ahead || isAllowed(scene, ahead, { job, position }, pool)) return null;
  return keptBack(ahead, pool, plannedFor(ahead, job, position));
}

/** The same of work that stands behind all that wait; `by` undefined: nobody knows whose it is. */
export function keptBackLast(
  { queue }: Scene,
  { ahead }: Walk,
  asked: Asked,
  by: Submitter | undefined,
  pool: PoolRecord,
): Failing | null {
  const expectedS = by ? expectedRunS(queue.submitters, by, asked) : asked.timeLimitS;
  return !ahead || mayStartBeside(ahead, { ask: asked, expectedS }, pool) ? null : keptBack(ahead, pool, null);
}

function whoIs({ queue }: Scene, { submitter, ask }: JobRecord) {
  return { ask, expectedS: expectedRunS(queue.submitters, submitter, ask) };
}

/** It starts there, also for those who come behind it. */
function start(scene: Scene, walk: Walk, { job, position }: Holder, offer: Offer, placed: Placed): void {
  placed(job, position, offer, walk);
  take(scene, walk, offer, job.ask, job);
  const { ahead } = walk;
  if (!ahead || !offer.now) return;
  const planned = plannedFor(ahead, job, position);
  if (!planned || planned.pool !== offer.pool || !startsNow(ahead, planned))
    takeBeside(ahead, whoIs(scene, job), offer.pool);
}

function noteFailure({ queue }: Scene, walk: Walk, ask: Ask, { remembers }: Errand): void {
  walk.failed.add(ask);
  if (remembers && !walk.holds) ask.failed = queue.changes + 1;
}

/** Of those that were served first, how many wait: they are to start before the others of their array. */
function waitingOf(first: ReadonlySet<number> | undefined, kept: ReadonlySet<number> | undefined): number {
  let waiting = 0;
  for (const position of first ?? []) if (!kept?.has(position)) waiting += 1;
  return waiting;
}

/** No more than so many in one walk wait for a faster pool; the others start where they may. */
const mostPatient = 32;

/** The faster pool that is waited for rather than to take the offer; null: the offer is taken. `job` null: who it is is not known. */
export function awaited(
  scene: Scene,
  walk: Walk,
  asked: Asked,
  job: JobRecord | null,
  offer: Offer,
): FasterPool | null {
  const { placing, queue } = scene;
  if (!placing || !offer.now || walk.patient >= mostPatient) return null;
  const pools: Pools = {
    all: job ? job.ask.group.pools : scene.centres.flatMap((centre) => centre.pools),
    isOpen: (pool) => (job !== null || mayEverUse(asked, pool)) && !waitsForMore(asked, pool),
    runS: () => (job ? expectedRunS(queue.submitters, job.submitter, asked) : asked.timeLimitS),
  };
  const faster = fasterPool(placing, asked, offer, pools, walk.nowMs);
  // It would be too late there.
  return faster && job?.deadline && faster.startsMs > job.deadline.latestStartMs ? null : faster;
}

/** It has its place there from then on, and is served no further. Of what failed meanwhile nothing is remembered: with time it may be otherwise. */
function awaitFaster(walk: Walk, holder: Holder, { pool, device, startsMs }: FasterPool): void {
  walk.patient += 1;
  walk.holds = true;
  keep(walk, holder.job, holder.position);
  keepAt(walk, pool, holder, device, startsMs);
}

/**
 * Where one goes who is asked for with `choose`, once those of the centre's own users that are late have gone before it: each
 * of them that can start there does. `visits`: the centres whose own go before it.
 */
export function afterOwn(
  scene: Scene,
  walk: Walk,
  { end, most, placed }: Pick<Errand, "end" | "most" | "placed">,
  visits: (centre: CentreId) => boolean,
  choose: () => Offer | null,
): Offer | null {
  for (;;) {
    const offer = choose();
    const own = offer?.now && visits(offer.pool.centre.id) ? firstOwn(scene, walk, offer.pool.centre.id) : null;
    if (!own) return offer;
    if (own.job === end.job && own.position === end.position) walk.found = own.offer;
    if (walk.found || walk.taken.length >= most) return null;
    start(scene, walk, own, own.offer, placed);
    keep(walk, own.job, own.position);
  }
}

/** In one walk there is only less room: who could not start at a time cannot later. */
function firstOwn(scene: Scene, walk: Walk, id: CentreId): (HomeTask & { readonly offer: Offer }) | null {
  const { homes, homePriority, queue } = scene;
  const home = homes.at.get(id);
  if (!home || !homePriority) return null;
  const late = lateAt(home, homePriority.afterS, walk.nowMs, queue);
  const looked = walk.late.get(home) ?? { at: 0, failed: new Set() };
  walk.late.set(home, looked);
  for (let task = late[looked.at]; task; task = late[++looked.at]) {
    const { job, position } = task;
    const kept = walk.kept.get(job);
    if (kept?.has(position) || nextReady(job, position) !== position || room(job) <= (kept?.size ?? 0)) continue;
    if (looked.failed.has(job.ask) || isHeldBack(scene, job, walk.nowMs)) continue;
    const there = openPools(walk, job.ask.group).filter(({ centre }) => centre.id === id);
    const offer = chooseAmong(job.ask, there, walk.nowMs, choiceOf(scene));
    if (offer?.now) return { job, position, offer };
    looked.failed.add(job.ask);
  }
  return null;
}

/** The pools that a job of the group's size could start at as far as cores and nodes go, when it was first asked for. */
function openPools(walk: Walk, group: Group): readonly PoolRecord[] {
  const known = walk.open.get(group);
  if (known) return known;
  const open = group.pools.filter((pool) => mayTake(pool) && (isShared(pool) || hasNodesFor(pool, group)));
  walk.open.set(group, open);
  return open;
}

function hasNodesFor(pool: PoolRecord, { size: { nodes, cores, cards } }: Group): boolean {
  const { room: free } = leftOf(pool);
  if (nodes * cores > free.cores || (cards > 0 && Math.max(0, ...free.cards) < nodes * cards)) return false;
  return nodesFitting(free, { nodes, cores, memoryMib: 0, cards: 0, device: -1 }) === nodes;
}

/** Without backfill: whoever waits holds all that it could ever use, a shared pool against its own line alone. */
function holdAll(walk: Walk, ask: Ask, holder: Holder): void {
  const { group } = ask;
  for (const pool of group.pools) {
    hold(walk, pool, ask, holder);
    changed(walk, pool);
  }
  walk.closed.add(group);
}

/** What one that must wait keeps from those behind it. Answers whether those that ask for the same may be reserved for too. */
function wait(scene: Scene, walk: Walk, ask: Ask, holder: Holder, starving: boolean): boolean {
  const { group } = ask;
  if (ask.demands || ask.who || ask.bounds)
    for (const pool of group.pools)
      if (waitsForMore(ask, pool)) {
        hold(walk, pool, ask, holder);
        changed(walk, pool);
      }
  const everyone = scene.backfill === "conservative";
  const isCovered = !holdsPlace(scene, holder.job) && keepsRoom(scene, walk, group);
  if (!everyone && (isCovered || isReservedIn(walk, metOf(scene, walk, group), group))) {
    // Nobody else of it is reserved for; where none of its pools has room, there is no more to look for.
    if (openPools(walk, group).length === 0) walk.closed.add(group);
    return false;
  }
  if (walk.vain < mostVain && reserve(scene, walk, ask, holder)) return everyone;
  walk.vain += 1;
  if (starving || waitsForShare(ask)) holdAll(walk, ask, holder);
  else if (walk.vain >= mostVain && openPools(walk, group).length === 0) walk.closed.add(group);
  return false;
}

export type EarliestStart = { readonly pool: PoolRecord; readonly device: number; readonly atMs: number };

/**
 * Where and when expected ends make room first, beside what is reserved: first by the score, where the policy has one; null:
 * nothing that is known makes any.
 */
export function earliestStart(
  asked: Asked,
  pools: readonly PoolRecord[],
  nowMs: number,
  placing: Placing | null,
): EarliestStart | null {
  const { shape, timeLimitS, graceS } = asked;
  let best: EarliestStart | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const pool of pools) {
    if (!mayTake(pool) || isShared(pool) || waitsForMore(asked, pool)) continue;
    for (const device of shape.accelerators ? devicesFor(shape, pool.devices) : [-1]) {
      const atMs = earliestFit(pool, needIn(shape, pool, device), (timeLimitS + graceS) * 1000, nowMs);
      const score = atMs === null ? least : atMs + (placing ? Math.round(1000 * costS(placing, asked, pool)) : 0);
      if (atMs === null || score >= least) continue;
      best = { pool, device, atMs };
      least = score;
    }
  }
  return best;
}

/** Who may have others' runs ended, and what is due, is not left to what is foretold: the first of them holds a reservation. */
function holdsPlace({ queue }: Scene, job: JobRecord): boolean {
  return job.priority === "high" || isByDeadline(rankOfJob(queue, job));
}

/** Under a plan of one of its pools, that is what keeps room there for those who come first. */
function keepsRoom({ looking }: Scene, { ahead }: Walk, { pools }: Group): boolean {
  return ahead !== null && looking?.settings.head === "planned" && pools.some((pool) => ahead.covers.has(pool));
}

function isReservedIn({ reserved }: Walk, met: Met, group: Group): boolean {
  while (!met.isReserved && met.reservedSeen < reserved.length) {
    const pool = reserved[met.reservedSeen];
    met.reservedSeen += 1;
    if (pool && group.pools.includes(pool)) met.isReserved = true;
  }
  return met.isReserved;
}

/** At the pool where it can start earliest; ties: the one met first. */
function reserve(scene: Scene, walk: Walk, ask: Ask, holder: Holder): boolean {
  const { shape, timeLimitS, graceS, group } = ask;
  const lastsMs = (timeLimitS + graceS) * 1000;
  const best = earliestStart(ask, group.pools, walk.nowMs, scene.placing);
  if (!best) return false;
  const { pool, device, atMs } = best;
  reserveAt(pool, holder, needIn(shape, pool, device), atMs, lastsMs, walk.nowMs);
  walk.reserved.push(pool);
  changed(walk, pool);
  return true;
}

/** What it waits for there is not room alone, and its ends are not known. */
function waitsForMore(ask: Asked, pool: PoolRecord): boolean {
  if (ask.bounds && waitsToVisit(ask.bounds, ask, pool)) return true;
  if (isShared(pool)) return false;
  return (ask.demands !== null && waitsForLicence(ask.demands, pool.centre)) || waitsForAccount(ask, pool);
}

function waitsToVisit(bounds: Bounds, { shape }: Asked, pool: PoolRecord): boolean {
  return visitHolder(bounds, pool) !== null || visitShort(bounds, shape, pool) !== null;
}

function waitsForAccount(ask: Asked, pool: PoolRecord): boolean {
  return accountHolder(ask.who, pool.centre) !== null || accountShort(ask, pool) !== null;
}

/** The agreed share of a shared pool is the network's own: whoever waits for it keeps its turn. */
function waitsForShare({ shape, group }: Ask): boolean {
  return group.pools.some((pool) => isShared(pool) && shareUsed(shape, pool));
}

function changed(walk: Walk, { centre }: PoolRecord): void {
  walk.changed.push(centre);
}

function hold(walk: Walk, pool: PoolRecord, ask: Ask, holder: Holder): void {
  walk.holds = true;
  const { shape, line, demands, bounds, who } = ask;
  if (bounds && waitsToVisit(bounds, ask, pool)) {
    holdVisit(bounds, pool, holder);
    return;
  }
  if (demands && !isShared(pool) && waitsForLicence(demands, pool.centre)) {
    // It waits for a licence, and keeps away those alone that ask for the same.
    for (const { name } of demands.licences)
      if (!pool.centre.heldLicences.has(name)) pool.centre.heldLicences.set(name, holder);
    return;
  }
  if (!isShared(pool) && waitsForAccount(ask, pool)) {
    holdAccount(who, pool.centre, holder);
    return;
  }
  // The agreed share of a shared pool is the network's own: whoever waits for it keeps its turn.
  if (!isShared(pool) || shareUsed(shape, pool)) pool.heldBy ??= holder;
  else if (line !== null && !pool.heldLines.has(line)) pool.heldLines.set(line, holder);
}

function waitsForLicence(demands: Demands, centre: CentreRecord): boolean {
  return licenceHolder(demands, centre) !== null || lacksLicences(demands, centre) !== null;
}

/** What is left when the offer is taken: less room and one more end, or one more that waits. */
function take(scene: Scene, walk: Walk, offer: Offer, ask: Ask, job: JobRecord | null): void {
  const { coreLimits, grants } = scene;
  const { pool, device, now } = offer;
  const { shape, line } = ask;
  const { left, twin } = { left: leftOf(pool), twin: pool.twin };
  takeCounted(offer, ask, 1);
  if (job) {
    holdCores(coreLimits, job, 1);
    holdGrant(grants, job.submitter, ask, () => allocationOf(shape, pool, device), 1n);
  }
  const { room: free, pending, ours: before } = left;
  const need = needIn(shape, pool, device);
  const ours = withMore(before, need);
  const expectedS = job ? whoIs(scene, job).expectedS : ask.timeLimitS;
  const run = now ? begin(walk, offer, ask, expectedS) : null;
  if (now) pool.left = { room: pack(free, need, 1).room, pending, ours };
  else if (line !== null)
    pool.left = { room: free, pending: new Map(pending).set(line, (pending.get(line) ?? 0) + 1), ours };
  walk.taken.push({ offer, ask, job, left, twin, run });
  changed(walk, pool);
}

function giveBack({ coreLimits, grants }: Scene, { offer, ask, job, left, twin, run }: Taken): void {
  const { pool } = offer;
  if (run) {
    addTo(pool.taken, run.sort.allocation, -1);
    expectNoEnd(pool, run);
  }
  pool.left = left;
  pool.twin = twin;
  if (job) {
    holdCores(coreLimits, job, -1);
    holdGrant(grants, job.submitter, ask, () => allocationOf(ask.shape, pool, offer.device), -1n);
  }
  takeCounted(offer, ask, -1);
}

/** A run that starts now, for the length of the walk. */
function begin(
  { nowMs }: Walk,
  { pool, device }: Offer,
  { shape, timeLimitS, graceS }: Ask,
  expectedS: number,
): LiveRun {
  const endsMs = nowMs + (timeLimitS + graceS) * 1000;
  const sort = { line: "", allocation: allocationOf(shape, pool, device), phases: { sent: 1, waiting: 0, running: 0 } };
  const fresh = { attempt: 0, phase: "sent", startedMs: null, charged: null, placedMs: nowMs } as const;
  const run: LiveRun = { ...fresh, ...untold, timeLimitS, expectedS, pool, sort, endsMs };
  addTo(pool.taken, sort.allocation, 1);
  expectEnd(pool, run);
  startBeside(pool, needIn(shape, pool, device), endsMs);
  return run;
}

/** Licences and what the local account may hold, of the whole centre; and what work under an agreement holds of the pool. */
function takeCounted({ pool, device }: Offer, { shape, demands, bounds, who }: Ask, sign: 1 | -1): void {
  if (bounds) visit(bounds, pool, amountsNeeded(needIn(shape, pool, device), pool), sign);
  takeLicences(pool.centre, demands, sign);
  if (who) takeAccount(pool.centre, who, amountsOf(needIn(shape, pool, device), pool.devices[device]), sign);
}
