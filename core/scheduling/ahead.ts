import { withinShare } from "#core/scheduling/agreed.ts";
import { devicesFor, isShared, leftOf, needIn, type PoolRecord, type Sort } from "#core/scheduling/centres.ts";
import { isDataThere } from "#core/scheduling/data-at.ts";
import { type Failing, mayTake, type Offer, offerOf } from "#core/scheduling/fit.ts";
import { type Ground, groundLeft } from "#core/scheduling/ground.ts";
import { type JobRecord, type LiveRun, nameAt } from "#core/scheduling/job-record.ts";
import { createGenerator } from "#core/scheduling/kernel/generator.ts";
import { type Doubt, mindedBy } from "#core/scheduling/order/doubt.ts";
import { Lookahead } from "#core/scheduling/order/lookahead.ts";
import { raisedS } from "#core/scheduling/order/predict.ts";
import { costS } from "#core/scheduling/placing/score.ts";
import { saysNothing } from "#core/scheduling/placing/scored.ts";
import type { Lookahead as LookaheadPolicy, Placing } from "#core/scheduling/policy.ts";
import { type Ask, isReady, nextReady, type Queue, room } from "#core/scheduling/queue.ts";
import { jobsInOrder } from "#core/scheduling/queue-order.ts";
import { isStarving } from "#core/scheduling/ranking.ts";
import { hasNodesFor, type Need } from "#core/scheduling/room.ts";
import { expectedRunS } from "#core/scheduling/submitters.ts";
import { waitsForMore } from "#core/scheduling/walk/waits-for.ts";

/**
 * The first tasks of the queue, planned over all pools where they may go, under several orders, of which the best is kept
 * (docs/decisions/0048): who starts now, and who is kept back for others. Made anew in each decision from the state alone,
 * and only once somebody has room.
 */
export type Ahead = {
  readonly nowMs: number;
  readonly first: readonly Task[];
  readonly firstByJob: ReadonlyMap<JobRecord, ReadonlySet<number>>;
  /** All of them ask for the same and come from one submitter: each goes where it would by itself. */
  readonly areAlike: boolean;
  /** Where each may go, of the pools that are planned for. */
  readonly pools: ReadonlyMap<Ask, readonly PoolRecord[]>;
  /** All of these. */
  readonly covers: ReadonlySet<PoolRecord>;
  readonly seen: Pick<Seen, "placing"> & { readonly looking: Looking };
  made: Made | null;
};

type Made = {
  /** In the order that was kept. */
  readonly tasks: readonly PlannedTask[];
  readonly byJob: ReadonlyMap<JobRecord, ReadonlyMap<number, PlannedTask>>;
  /** null: all of them start now, so that nobody is in another's way. */
  readonly binding: { readonly places: ReadonlyMap<PoolRecord, number>; readonly plan: Lookahead } | null;
};

export type PlannedTask = {
  readonly job: JobRecord;
  readonly position: number;
  /** Where it is planned; null: wherever it may start. */
  readonly pool: PoolRecord | null;
  /** Now, or later: then it is kept back where it would fit. */
  readonly startsMs: number;
};

export type Looking = {
  readonly settings: LookaheadPolicy;
  readonly doubt: Doubt;
  readonly planner: Lookahead;
};

export function lookingBy(settings: LookaheadPolicy, doubt: Doubt): Looking {
  return { settings, doubt, planner: new Lookahead(settings.jobs) };
}

type Seen = {
  readonly queue: Queue;
  readonly placing: Placing | null;
  readonly looking: Looking | null;
};

/** Over more pools a plan takes longer than a decision may. */
const mostPools = 32;

/** null: there are no two that could be put in another order. `kept`: tasks that are served apart; `isHeldBack`: whatever room there is. */
export function lookAhead(
  { queue, placing, looking }: Seen,
  kept: ReadonlyMap<JobRecord, ReadonlySet<number>>,
  isHeldBack: (job: JobRecord) => boolean,
  nowMs: number,
): Ahead | null {
  if (!looking) return null;
  const known = new Map<Ask, readonly PoolRecord[]>();
  const poolsOf = (ask: Ask) => {
    const pools = known.get(ask) ?? plannable(ask, nowMs);
    known.set(ask, pools);
    return pools;
  };
  const first = firstTasks(queue, kept, isHeldBack, looking.settings.jobs, poolsOf);
  if (first.length < 2) return null;
  const all = new Map(first.map(({ job: { ask } }) => [ask, poolsOf(ask)]));
  const covers = coveredOf(all, nowMs);
  const pools = new Map([...all].map(([ask, each]) => [ask, each.filter((pool) => covers.has(pool))]));
  const firstByJob = new Map<JobRecord, Set<number>>();
  for (const { job, position } of first) firstByJob.set(job, (firstByJob.get(job) ?? new Set()).add(position));
  const areAlike = first.every(({ job }) => isAlike(job, first[0]?.job));
  return { nowMs, first, firstByJob, areAlike, pools, covers, seen: { placing, looking }, made: null };
}

function isAlike({ ask, submitter, priority }: JobRecord, other: JobRecord | undefined): boolean {
  return ask === other?.ask && submitter === other.submitter && priority === other.priority;
}

/** In the order in which they are served: as they stand in the queue where none of them has room now. */
export function tasksToServe(ahead: Ahead): readonly Pick<PlannedTask, "job" | "position">[] {
  const hasRoom = [...ahead.pools].some(([ask, pools]) => pools.some((pool) => startsIn(ask, pool, ahead.nowMs)));
  if (!hasRoom) return ahead.first;
  const { tasks } = madeOf(ahead);
  if (tasks.length === ahead.first.length) return tasks;
  return [...tasks, ...ahead.first.filter(({ job, position }) => !plannedFor(ahead, job, position))];
}

/** What the plan says of a task; null: it does not hold it. */
export function plannedFor(ahead: Ahead | null, job: JobRecord, position: number): PlannedTask | null {
  return (ahead && madeOf(ahead).byJob.get(job)?.get(position)) ?? null;
}

export function isInPlan(ahead: Ahead, pool: PoolRecord): boolean {
  return madeOf(ahead).binding?.places.has(pool) ?? false;
}

export function startsNow({ nowMs }: Ahead, { startsMs }: PlannedTask): boolean {
  return startsMs <= nowMs;
}

/** Whether another may start there now: it delays none of those that are planned, as far as run times come as foretold. */
export function mayStartBeside(ahead: Ahead, who: Who, pool: PoolRecord): boolean {
  const { binding } = madeOf(ahead);
  const place = binding?.places.get(pool);
  if (!binding || place === undefined) return true;
  return binding.plan.fitsBeside(place, needsAt(who.ask, pool), lastsS(pool, who.expectedS));
}

/** It starts there, and was not planned to. */
export function takeBeside(ahead: Ahead, who: Who, pool: PoolRecord): void {
  const { binding } = madeOf(ahead);
  const place = binding?.places.get(pool);
  if (place !== undefined) binding?.plan.takeBeside(place, needsAt(who.ask, pool), lastsS(pool, who.expectedS));
}

/** What is asked of a pool, and how long that is expected to run. */
export type Who = { readonly ask: Pick<Ask, "shape">; readonly expectedS: number };

/** For people: why a task that fits there is kept back; `task` null: it is not among those that are planned. */
export function keptBack(ahead: Ahead, pool: PoolRecord, task: PlannedTask | null): Failing {
  const { tasks } = madeOf(ahead);
  const first = tasks.length;
  const others = tasks.slice(0, task ? tasks.indexOf(task) : first);
  const there = others.filter((other) => other.pool === pool);
  const before = there.find((other) => !startsNow(ahead, other)) ?? there[0] ?? others[0];
  const forWhom = before ? nameAt(before.job, before.position) : "";
  if (!task) return { rule: "would-delay-planned", facts: { first, ahead: forWhom, pool: pool.name } };
  const inS = Math.max(1, Math.ceil((task.startsMs - ahead.nowMs) / 1000));
  return { rule: "another-order", facts: { first, ahead: forWhom, inS, pool: pool.name } };
}

type Task = {
  readonly job: JobRecord;
  readonly position: number;
  readonly tier: number;
  readonly expectedS: number;
};
/** `needs`: sums of cores, memory and cards of each kind. */
type PlaceOfTask = { readonly pool: PoolRecord; readonly needs: readonly number[]; readonly isNow: boolean };

/** Where so many come first whose place nothing may delay, nobody else is planned. */
const mostStarving = 200;

/** Nor behind so many rows, and strands, of which none can be planned. */
const mostOut = 2_000;

/** The first tasks after those that nothing may delay, of those whose place a plan can tell; `poolsOf`: where. */
function firstTasks(
  queue: Queue,
  kept: ReadonlyMap<JobRecord, ReadonlySet<number>>,
  isHeldBack: (job: JobRecord) => boolean,
  most: number,
  poolsOf: (ask: Ask) => readonly PoolRecord[],
): readonly Task[] {
  const tasks: Task[] = [];
  let starving = 0;
  const isOut = { ask: (ask: Ask) => poolsOf(ask).length === 0, job: isHeldBack, most: mostOut };
  for (const { job, rank } of jobsInOrder(queue, isOut)) {
    if (isStarving(rank)) {
      starving += 1;
      if (starving > mostStarving) return [];
      continue;
    }
    if (!isReady(job) || isHeldBack(job)) continue;
    const apart = kept.get(job);
    const expectedS = expectedRunS(queue.submitters, job.submitter, job.ask);
    let left = room(job) - (apart?.size ?? 0);
    for (let at = nextReady(job, 0); at !== -1 && left > 0; at = nextReady(job, at + 1)) {
      if (apart?.has(at)) continue;
      if (tasks.length === most) return tasks;
      tasks.push({ job, position: at, tier: rank.tier, expectedS });
      left -= 1;
    }
    if (tasks.length === most) return tasks;
  }
  return tasks;
}

/**
 * Of pools whose own users queue there too nobody can tell when they have room; nor when a licence, an account or a share of
 * an agreement is free that is asked for; nor what a share leaves of nodes that pools share. What nodes that are up could never
 * hold has no place in a plan either, nor has work where its input is not yet.
 */
function plannable(ask: Ask, nowMs: number): readonly PoolRecord[] {
  const { pools, size } = ask.group;
  const fits = ({ upSize }: PoolRecord) => hasNodesFor(upSize, size);
  return pools.filter(
    (pool) =>
      !isShared(pool) &&
      !isByShare(pool) &&
      mayTake(pool) &&
      fits(pool) &&
      !waitsForMore(ask, pool) &&
      isDataThere(ask, pool, nowMs),
  );
}

function isByShare({ ground }: PoolRecord): boolean {
  return ground?.pools.some(({ state }) => typeof state?.sharePercent === "number") ?? false;
}

/**
 * The pools that are planned for: all where some of the first may go, or of too many those where one has room now, about which
 * is decided, and those where somebody's limit is over first.
 */
function coveredOf(pools: Ahead["pools"], nowMs: number): ReadonlySet<PoolRecord> {
  const all = new Set([...pools.values()].flat());
  if (all.size <= mostPools) return all;
  const open = new Set<PoolRecord>();
  for (const [ask, each] of pools)
    for (const pool of each) {
      if (open.size === mostPools) return open;
      if (!open.has(pool) && startsIn(ask, pool, nowMs)) open.add(pool);
    }
  const endMs = ({ runs: [first] }: PoolRecord) => first?.endsMs ?? Number.MAX_SAFE_INTEGER;
  const soon = [...all].filter((pool) => !open.has(pool)).sort((a, b) => endMs(a) - endMs(b));
  return new Set([...open, ...soon.slice(0, mostPools - open.size)]);
}

function startsIn(ask: Ask, pool: PoolRecord, nowMs: number): Offer | null {
  const { nodes, cores } = ask.group.size;
  if (leftOf(pool).room.cores < nodes * cores) return null;
  const offer = offerOf(ask, pool, nowMs);
  return offer?.now ? offer : null;
}

function madeOf(ahead: Ahead): Made {
  ahead.made ??= makePlan(ahead);
  return ahead.made;
}

function makePlan({ first, pools: where, nowMs, seen }: Ahead): Made {
  const pools = new Map([...where].map(([ask, each]) => [ask, placesIn(ask, each, nowMs)]));
  const of = ({ job }: Task) => pools.get(job.ask) ?? [];
  if (allStartNow(first, of)) {
    const tasks = first.map(({ job, position }) => ({ job, position, pool: null, startsMs: nowMs }));
    return { tasks, byJob: byJobOf(tasks), binding: null };
  }
  const places = placesOf(pools.values());
  const tasks = search(seen, first, of, places, nowMs);
  return { tasks, byJob: byJobOf(tasks), binding: { places, plan: seen.looking.planner } };
}

function placesIn(ask: Ask, pools: readonly PoolRecord[], nowMs: number): readonly PlaceOfTask[] {
  return pools.map((pool) => {
    const offer = startsIn(ask, pool, nowMs);
    return { pool, needs: needsAt(ask, pool, offer?.device), isNow: offer !== null };
  });
}

/** In the order of the queue, each where least is left of those that have room. Then no other order starts anybody earlier. */
function allStartNow(first: readonly Task[], of: (task: Task) => readonly PlaceOfTask[]): boolean {
  const free = new Map<PoolRecord | Ground, number[]>();
  const freeAt = (where: PoolRecord | Ground, amounts: () => readonly number[]) => {
    const left = free.get(where) ?? [...amounts()];
    free.set(where, left);
    return left;
  };
  for (const task of first) {
    let best: { readonly left: number[]; readonly all: number[] | null; readonly needs: readonly number[] } | null =
      null;
    for (const { pool, needs, isNow } of of(task)) {
      if (!isNow) continue;
      const { ground } = pool;
      const left = freeAt(pool, () => freeIn(pool));
      // What starts in another pool on the same nodes takes of them too.
      const all = ground && freeAt(ground, () => freeAtAll(pool));
      const fits = needs.every(
        (need, kind) => need <= Math.min(left[kind] ?? 0, all?.[kind] ?? Number.POSITIVE_INFINITY),
      );
      if (fits && (!best || (left[0] ?? 0) - (needs[0] ?? 0) < (best.left[0] ?? 0) - (best.needs[0] ?? 0)))
        best = { left, all, needs };
    }
    if (!best) return false;
    for (const each of [best.left, best.all ?? []])
      for (const [kind, need] of best.needs.entries()) each[kind] = (each[kind] ?? 0) - need;
  }
  return true;
}

/** Pools that share nodes are one place, so that whoever would take of these is minded too. */
function placesOf(all: Iterable<readonly PlaceOfTask[]>): ReadonlyMap<PoolRecord, number> {
  const places = new Map<PoolRecord, number>();
  let count = 0;
  for (const pools of all)
    for (const { pool } of pools) {
      if (places.has(pool)) continue;
      for (const each of pool.ground?.pools ?? [pool]) places.set(each, count);
      count += 1;
    }
  return places;
}

/** One for each place: of pools that share nodes the first where it may start now, else the first. */
function optionsOf(pools: readonly PlaceOfTask[], places: ReadonlyMap<PoolRecord, number>): readonly PlaceOfTask[] {
  const options = new Map<number, PlaceOfTask>();
  for (const each of pools) {
    const place = places.get(each.pool) ?? 0;
    const known = options.get(place);
    if (!known || (each.isNow && !known.isNow)) options.set(place, each);
  }
  return [...options.values()];
}

function search(
  { placing, looking: { settings, doubt, planner } }: Ahead["seen"],
  first: readonly Task[],
  of: (task: Task) => readonly PlaceOfTask[],
  places: ReadonlyMap<PoolRecord, number>,
  nowMs: number,
): readonly PlannedTask[] {
  const kinds = Math.max(...[...places.keys()].map(({ devices }) => 2 + devices.length));
  const told = new Map([...places].map(([pool, place]) => [place, pool]));
  planner.begin(Math.floor(nowMs / 1000), told.size, kinds);
  for (const [place, pool] of told) tellPool(planner, pool, place, nowMs);
  const { slowdownWeightS, holdBackCost } = mindedBy(settings, doubt.share);
  const held: Task[] = [];
  for (const task of first) {
    const { job, position, tier, expectedS } = task;
    const weight = (1 + slowdownWeightS / Math.max(10, expectedS)) / job.submitter.factor ** settings.fairnessPower;
    if (!planner.job(weight, job.id + position, tier)) break;
    const options = optionsOf(of(task), places);
    const more = moreOf(placing, task, options);
    for (const [at, { pool, needs, isNow }] of options.entries())
      planner.mayGo(places.get(pool) ?? 0, needs, lastsS(pool, expectedS), isNow, more[at]);
    if (planner.isHeld()) held.push(task);
  }
  planner.search(settings.moves, createGenerator(planner.seed(0)).below, holdBackCost);
  const poolOf = (task: Task, place: number) =>
    optionsOf(of(task), places).find(({ pool }) => places.get(pool) === place)?.pool ?? null;
  return planned(planner, held, poolOf, nowMs);
}

/** So many ends of one pool are told apart; those after them count as one, with the last. */
const mostEnds = 256;

function tellPool(planner: Lookahead, pool: PoolRecord, place: number, nowMs: number): void {
  planner.free(place, freeAtAll(pool));
  const runs = pool.ground?.runs ?? pool.runs;
  const ends = Float64Array.from(runs, (run) => expectedEndS(run, nowMs));
  // In their order, which costs least to tell.
  const order = Int32Array.from(ends.keys()).sort((a, b) => (ends[a] ?? 0) - (ends[b] ?? 0));
  const lastS = ends[order.at(-1) ?? 0] ?? 0;
  const given = new Map<Sort, readonly number[]>();
  for (const [at, number] of order.entries()) {
    const run = runs[number];
    if (!run) continue;
    const amounts = given.get(run.sort) ?? givenBy(run.sort, pool);
    given.set(run.sort, amounts);
    planner.ends(place, at < mostEnds ? (ends[number] ?? 0) : lastS, amounts);
  }
}

function freeIn(pool: PoolRecord): readonly number[] {
  const { room: left, ours } = leftOf(pool);
  const { cores, memoryMib, cards } = withinShare(pool, left, ours);
  return [cores, memoryMib, ...cards];
}

/** Of all nodes of its place: those of pools that share its nodes too. */
function freeAtAll(pool: PoolRecord): readonly number[] {
  if (!pool.ground) return freeIn(pool);
  const { cores, memoryMib, cards } = groundLeft(pool.ground).room;
  return [cores, memoryMib, ...cards];
}

/** Later than now, and not after it must end. */
function expectedEndS({ startedMs, placedMs, endsMs, expectedS, timeLimitS }: LiveRun, nowMs: number): number {
  const nowS = Math.floor(nowMs / 1000);
  const startS = Math.floor((startedMs ?? placedMs) / 1000);
  const foretoldS = startS + raisedS(expectedS, nowS - startS, timeLimitS);
  const endS = Math.min(foretoldS, Math.ceil(endsMs / 1000));
  return endS > nowS ? endS : nowS + 1;
}

function givenBy({ allocation }: Sort, { devices }: PoolRecord): readonly number[] {
  const { nodes, coresPerNode, memoryMibPerNode, acceleratorsPerNode, acceleratorShareMilli = 1000 } = allocation;
  const sums = [nodes * coresPerNode, nodes * memoryMibPerNode];
  if (acceleratorsPerNode === 0) return sums;
  const { acceleratorVendor, acceleratorModel } = allocation;
  const cards = (nodes * acceleratorsPerNode * acceleratorShareMilli) / 1000;
  for (const { vendor, model } of devices)
    sums.push(vendor === acceleratorVendor && model === acceleratorModel ? cards : 0);
  return sums;
}

function needsAt({ shape }: Pick<Ask, "shape">, pool: PoolRecord, offered?: number): readonly number[] {
  const device = offered ?? (shape.accelerators ? (devicesFor(shape, pool.devices)[0] ?? -1) : -1);
  return sumsOf(needIn(shape, pool, device), pool);
}

function sumsOf({ nodes, cores, memoryMib, cards, device, shareMilli = 1000 }: Need, pool: PoolRecord) {
  const sums = [nodes * cores, nodes * memoryMib];
  if (cards > 0)
    for (const at of pool.devices.keys()) sums.push(at === device ? (nodes * cards * shareMilli) / 1000 : 0);
  return sums;
}

function lastsS({ state }: PoolRecord, expectedS: number): number {
  return Math.max(1, expectedS / (state?.speed ?? 1));
}

/** What each place costs beside the wait, above the cheapest of them, in steps in which places are alike. */
function moreOf(placing: Placing | null, { job, expectedS }: Task, pools: readonly PlaceOfTask[]): readonly number[] {
  const list = pools[0]?.pool.state?.priceList;
  if (!placing || pools.every(({ pool }) => saysNothing(pool) && pool.state?.priceList === list)) return [];
  const costs = pools.map(({ pool }) => costS(placing, { ...job.ask, timeLimitS: expectedS }, pool));
  const least = Math.min(...costs);
  return costs.map((cost) => Math.round((cost - least) / placing.alikeS) * placing.alikeS);
}

function planned(
  planner: Lookahead,
  held: readonly Task[],
  poolOf: (task: Task, place: number) => PoolRecord | null,
  nowMs: number,
): readonly PlannedTask[] {
  return Array.from({ length: planner.jobs }, (_, at) => planner.order[at] ?? 0).flatMap((number) => {
    const task = held[number];
    if (!task) return [];
    const pool = poolOf(task, planner.placeOf(number));
    const isNow = planner.startsNowAt(number) >= 0;
    const startsMs = isNow ? nowMs : Math.max(nowMs + 1, planner.plannedS(number) * 1000);
    return [{ job: task.job, position: task.position, pool, startsMs }];
  });
}

function byJobOf(tasks: readonly PlannedTask[]): Made["byJob"] {
  const byJob = new Map<JobRecord, Map<number, PlannedTask>>();
  for (const task of tasks) byJob.set(task.job, (byJob.get(task.job) ?? new Map()).set(task.position, task));
  return byJob;
}
