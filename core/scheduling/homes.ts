import { eachOnce } from "#core/centre/shared-nodes.ts";
import type { CentreId, TenantId } from "#core/ids.ts";
import { dataFromMs } from "#core/job/data-places.ts";
import { type CentreRecord, isShared } from "#core/scheduling/centres.ts";
import { isReleased } from "#core/scheduling/dependencies.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import { amountsIn } from "#core/scheduling/lending.ts";
import { HomeAccount, type RememberedAccount, type Visitor } from "#core/scheduling/order/account.ts";
import type { Amounts } from "#core/scheduling/order/amounts.ts";
import { type RememberedHome, VirtualHome } from "#core/scheduling/order/home.ts";
import { gapsOf, hasPosition } from "#core/scheduling/positions.ts";
import type { Queue } from "#core/scheduling/queue.ts";
import { isAhead, type Rank } from "#core/scheduling/ranking.ts";
import { rankOfJob } from "#core/scheduling/strands.ts";

/**
 * Centres that are the home of tenants: what would have become of these tenants' work there alone, kept as time passes, so
 * that nobody fares worse for sharing (docs/decisions/0041). It follows from what the world was told and when it decided.
 */
export type Homes = {
  readonly of: Map<TenantId, CentreId>;
  readonly at: Map<CentreId, Home>;
};

export type Home = {
  readonly centre: CentreId;
  readonly schedule: VirtualHome;
  /** What its own work has of sharing, and so what visitors may cost it. */
  readonly account: HomeAccount;
  /** null: not described yet. */
  place: CentreRecord | null;
  /** Tasks that are not over, by the number they go by in the schedule. */
  readonly tasks: Map<number, HomeTask>;
  /** Those that have started virtually, in that order; some of them may not wait any more. */
  started: StartedAtHome[];
  /** The late ones as they were looked up last: at this step of the ranks, out of so many that had started by then. */
  late: { readonly rankedMs: number; readonly of: number; readonly tasks: readonly HomeTask[] };
  readonly delays: Delays;
};

export type HomeTask = { readonly job: JobRecord; readonly position: number };
type StartedAtHome = { readonly number: number; readonly atS: number };

/** How much later than virtually tasks started; of those that did, how many by at most 2^(step ÷ 8) seconds. */
type Delays = { started: number; late: number; steps: (number | null)[] };

/** What a home's tenants have of sharing. Times in seconds, within a tenth. */
export type HomeRecord = {
  readonly centre: CentreId;
  readonly tenants: readonly TenantId[];
  /** Tasks that started and are over; of many the newest weigh most. */
  readonly started: number;
  /** The share of them that started later than virtually, and by how much at most 99 in 100. */
  readonly lateShare: number;
  readonly lateByP99S: number;
};

/** What of them outlives a restart. */
export type RememberedHomes = readonly {
  readonly centre: CentreId;
  readonly schedule: RememberedHome;
  /** Left out by worlds of before there were any. */
  readonly account?: RememberedAccount;
  readonly delays: Delays;
}[];

export function noHomes(): Homes {
  return { of: new Map(), at: new Map() };
}

/** These and no others have a home from then on. Answers whether anybody's is another. */
export function setHomes(
  homes: Homes,
  pairs: readonly (readonly [tenant: TenantId, centre: CentreId])[],
  centres: readonly CentreRecord[],
  atMs: number,
): boolean {
  const isSame = pairs.length === homes.of.size && pairs.every(([tenant, centre]) => homes.of.get(tenant) === centre);
  if (isSame) return false;
  homes.of.clear();
  for (const [tenant, centre] of pairs) homes.of.set(tenant, centre);
  const wanted = new Set(homes.of.values());
  for (const id of homes.at.keys()) if (!wanted.has(id)) homes.at.delete(id);
  for (const id of wanted)
    if (!homes.at.has(id)) homes.at.set(id, newHome(id, centres.find((centre) => centre.id === id) ?? null, atMs));
  return true;
}

/** A job whose tenant's home is another, or that may run there only now (its input is there), stands in its schedule from then on; 0: from now on. */
export function comeHome({ of, at }: Homes, job: JobRecord, atMs: number): void {
  const centre = of.get(job.submitter.tenant);
  const home = centre === undefined ? null : (at.get(centre) ?? null);
  if (job.home !== null && job.home !== home) {
    for (const position of openPositions(job)) leaveHome(job, position, null, 0);
    job.home = null;
  }
  const needs =
    home && job.home === null && isReleased(job) && dataFromMs(job.ask.demands?.data, home.centre) === 0
      ? needsAt(job, home.centre)
      : null;
  if (home === null || needs === null) return;
  job.home = home;
  const { timeLimitS, graceS } = job.ask;
  const fromS = wholeS(Math.max(atMs, job.submittedMs));
  const most = job.throttle ?? Number.POSITIVE_INFINITY;
  for (const [at, position] of openPositions(job).entries()) {
    const number = job.id + position;
    if (!home.schedule.submit(number, needs, timeLimitS + graceS, fromS)) return;
    if (at < most) home.account.submit(number, needs, timeLimitS + graceS, fromS);
    home.tasks.set(number, { job, position });
    const startedMs = job.live?.get(position)?.startedMs ?? null;
    if (startedMs !== null) beginAway(job, position, startedMs);
  }
}

/** The account knows as many of an array as that lets run at once: what it keeps back waits for nobody else. One is over. */
function joinNext(home: Home, job: JobRecord, most: number, atS: number): void {
  const needs = needsAt(job, home.centre);
  if (needs === null) return;
  const { timeLimitS, graceS } = job.ask;
  for (const position of openPositions(job, most).toReversed()) {
    const number = job.id + position;
    if (home.tasks.has(number) && !home.account.submit(number, needs, timeLimitS + graceS, atS)) return;
  }
}

/** It runs from then on, wherever that is. */
export function beginAway({ id, home }: JobRecord, position: number, startedMs: number): void {
  home?.account.began(id + position, wholeS(startedMs));
}

/** It is over, at `endedMs` (0: nobody said when); `startedMs` null: it never started. */
export function leaveHome(job: JobRecord, position: number, startedMs: number | null, endedMs: number): void {
  const { id, home, throttle, ended } = job;
  const number = id + position;
  if (!home?.tasks.delete(number)) return;
  // What its own array keeps back is nobody else's doing.
  if (startedMs !== null && throttle === null) noteDelay(home, number, wholeS(startedMs));
  const ranS = startedMs === null ? -1 : Math.max(0, wholeS(endedMs) - wholeS(startedMs));
  home.schedule.ended(number, ranS, wholeS(endedMs));
  home.account.ended(number, ranS, wholeS(endedMs));
  if (throttle !== null && ended && hasPosition(ended, position)) joinNext(home, job, throttle, wholeS(endedMs));
}

/** One that was over before the world was told of its job. */
export function leftHome({ of, at }: Homes, tenant: TenantId, number: number, ranS: number, endedMs: number): void {
  const centre = of.get(tenant);
  const home = centre === undefined ? undefined : at.get(centre);
  home?.schedule.ended(number, ranS, wholeS(endedMs));
  home?.account.ended(number, ranS, wholeS(endedMs));
}

/** Lets all happen that does before this second: of this second itself more may be told. */
export function passTime({ at }: Homes, nowMs: number): void {
  for (const { schedule, account } of at.values()) {
    schedule.advance(wholeS(nowMs) - 1);
    account.advance(wholeS(nowMs) - 1);
  }
}

/** The centre is there, is another, or is gone. Answers whether its home's own work may fit otherwise. */
export function changeHome({ at }: Homes, centre: CentreRecord): boolean {
  const home = at.get(centre.id);
  if (!home) return false;
  home.place = centre;
  home.account.changed();
  const size = sizeOf(centre);
  const isOther = home.schedule.resize(size);
  if (isOther) home.account.resize(size);
  return isOther;
}

/**
 * The centre's own tasks that still wait more than `afterS` after their virtual start, in the order of the queue: those that
 * have been late for longest, where they are many.
 */
export function lateAt(home: Home, afterS: number, nowMs: number, queue: Queue): readonly HomeTask[] {
  const latestS = wholeS(nowMs) - afterS;
  const { started } = home;
  let of = 0;
  while (of < started.length && (started[of]?.atS ?? 0) < latestS) of += 1;
  if (home.late.rankedMs === queue.rankedMs && home.late.of === of) return home.late.tasks;
  const late: (HomeTask & { readonly rank: Rank })[] = [];
  const kept: StartedAtHome[] = [];
  for (const one of started.slice(0, of)) {
    const task = home.tasks.get(one.number);
    if (!task) continue;
    // One that runs may wait again.
    kept.push(one);
    if (late.length < mostLate && hasPosition(task.job.queued, task.position))
      late.push({ ...task, rank: rankOfJob(queue, task.job) });
  }
  home.started = [...kept, ...started.slice(of)];
  late.sort((a, b) => (a.job === b.job ? a.position - b.position : isAhead(a.rank, a.job, b.rank, b.job) ? -1 : 1));
  home.late = { rankedMs: queue.rankedMs, of: kept.length, tasks: late };
  return late;
}

/** When a waiting task would have started on its home alone; null: not yet, or nobody can tell. */
export function startAtHome(
  { id, home }: JobRecord,
  position: number,
): { readonly centre: CentreId; readonly atS: number } | null {
  const atS = home?.schedule.startOf(id + position) ?? null;
  return home === null || atS === null ? null : { centre: home.centre, atS };
}

/** In the order of the centres' ids. */
export function homeRecords({ of, at }: Homes): readonly HomeRecord[] {
  return [...at.values()]
    .map(({ centre, delays }) => ({
      centre,
      tenants: [...of].flatMap(([tenant, its]) => (its === centre ? [tenant] : [])).sort((a, b) => a - b),
      started: Math.round(delays.started),
      lateShare: delays.started === 0 ? 0 : delays.late / delays.started,
      lateByP99S: delayOf99(delays),
    }))
    .sort((a, b) => (a.centre < b.centre ? -1 : 1));
}

export function rememberHomes({ at }: Homes): RememberedHomes {
  const most = Math.floor(mostRemembered / Math.max(1, at.size));
  return [...at.values()].map(({ centre, schedule, account, delays }) => ({
    centre,
    schedule: schedule.remembered(most),
    account: account.remembered(),
    delays,
  }));
}

/** Before anybody's job was told. */
export function recallHomes({ at }: Homes, remembered: RememberedHomes): void {
  for (const { centre, schedule, account, delays } of remembered) {
    const home = at.get(centre);
    if (!home) continue;
    home.schedule.recall(schedule);
    if (account) home.account.recall(account);
    Object.assign(home.delays, delays);
  }
}

/** Of so many that wait at a home at once it is known which of them are late. */
const mostLate = 500;
const mostRemembered = 50_000;

function newHome(centre: CentreId, place: CentreRecord | null, atMs: number): Home {
  const size = sizeOf(place);
  const home: Home = {
    centre,
    schedule: new VirtualHome(size, (number, atS) => startAt(home, number, atS), wholeS(atMs)),
    // Of this second itself more may be told.
    account: new HomeAccount(
      size,
      { all: () => visitorsOf(home.place), untilS: () => untilS(home.place) },
      wholeS(atMs) - 1,
    ),
    place,
    tasks: new Map(),
    started: [],
    late: neverLooked,
    delays: { started: 0, late: 0, steps: [] },
  };
  return home;
}

const neverLooked: Home["late"] = { rankedMs: -1, of: 0, tasks: [] };

/** Those that are over are dropped now and then: where nobody visits, nobody asks who is late. */
function startAt(home: Home, number: number, atS: number): void {
  const { started, tasks } = home;
  started.push({ number, atS });
  if (started.length < 1000 + 2 * tasks.size) return;
  home.started = started.filter((one) => tasks.has(one.number));
  home.late = neverLooked;
}

/** Cores, MiB and cards of the pools of the network's own: of one that is shared others have what they take. */
function sizeOf(centre: CentreRecord | null): Amounts {
  let [cores, memoryMib, cards] = [0, 0, 0];
  const own = centre?.pools.filter((pool) => !isShared(pool)) ?? [];
  for (const node of eachOnce(own.map(({ state }) => ({ nodes: state?.nodes ?? [] })))) {
    cores += node.count * node.cores;
    memoryMib += node.count * node.memoryMib;
    for (const { count } of node.accelerators) cards += node.count * count;
  }
  return [cores, memoryMib, cards];
}

/** By when all that runs in its own pools is expected to be over. */
function untilS(centre: CentreRecord | null): number {
  let endsMs = 0;
  for (const { runs } of centre?.known.values() ?? []) endsMs = Math.max(endsMs, runs.at(-1)?.endsMs ?? 0);
  return endsMs / 1000;
}

/** By their expected ends. */
function visitorsOf(centre: CentreRecord | null): readonly Visitor[] {
  const pools = [...(centre?.known.values() ?? [])].filter((pool) => !isShared(pool));
  const runs = pools.flatMap((pool) => pool.runs.filter(({ visits }) => visits));
  if (pools.length > 1) runs.sort((a, b) => a.endsMs - b.endsMs);
  return runs.map(({ endsMs, sort: { allocation } }) => {
    const { nodes, coresPerNode, memoryMibPerNode, acceleratorsPerNode } = allocation;
    return {
      dueS: endsMs / 1000,
      needs: [nodes * coresPerNode, nodes * memoryMibPerNode, nodes * acceleratorsPerNode],
    };
  });
}

/** null: none of these pools could ever take it. */
function needsAt({ ask: { shape, group } }: JobRecord, centre: CentreId): Amounts | null {
  const pool = group.pools.find((each) => each.centre.id === centre && !isShared(each));
  if (!pool) return null;
  return amountsIn(shape, pool);
}

/** The first so many that are not over. */
function openPositions({ ended, indices }: JobRecord, most = Number.POSITIVE_INFINITY): readonly number[] {
  const open = gapsOf(ended ?? [], 0, indices.count);
  const positions: number[] = [];
  for (let pair = 0; pair + 1 < open.length && positions.length < most; pair += 2) {
    const [from = 0, to = 0] = open.slice(pair, pair + 2);
    for (let position = from; position < Math.min(to, from + most); position += 1) positions.push(position);
  }
  return positions.slice(0, most);
}

function noteDelay({ schedule, delays }: Home, number: number, startedS: number): void {
  const virtualS = schedule.startOf(number);
  const lateS = virtualS === null ? 0 : Math.max(0, startedS - virtualS);
  delays.started += 1;
  if (lateS > 0) {
    delays.late += 1;
    const step = Math.ceil(Math.log2(lateS) * stepsTwice);
    delays.steps[step] = (delays.steps[step] ?? 0) + 1;
  }
  if (delays.started < mostCounted) return;
  delays.started /= 2;
  delays.late /= 2;
  delays.steps = Array.from(delays.steps, (count) => (count ?? 0) / 2);
}

/** Of those that are not late none is counted in a step: they are not late by any time. */
function delayOf99({ started, late, steps }: Delays): number {
  let above = started / 100;
  if (late <= above) return 0;
  for (let step = steps.length - 1; step >= 0; step -= 1) {
    above -= steps[step] ?? 0;
    if (above < 0) return Math.round(2 ** (step / stepsTwice));
  }
  return 0;
}

const stepsTwice = 8;
/** From so many on all count half. */
const mostCounted = 20_000;

function wholeS(ms: number): number {
  return Math.floor(ms / 1000);
}
