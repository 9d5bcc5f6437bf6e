import type { PriorityClass } from "#core/job/spec.ts";
import { devicesFor, leftOf, needIn, type PoolRecord } from "#core/scheduling/centres.ts";
import type { Asked } from "#core/scheduling/fit.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import type { Preemption } from "#core/scheduling/policy.ts";
import {
  type AskedRun,
  canMakeRoom,
  leftToAsk,
  overBy,
  type PreemptionRecord,
  without,
  type Yielding,
} from "#core/scheduling/preemption/record.ts";
import { hasRoom, type Need, needOf, type Room } from "#core/scheduling/room.ts";
import { delayedBy, reserveAt } from "#core/scheduling/twin.ts";

/** Which runs of which pool are to end, so that the task starts there when they have. */
export type Preempted = {
  readonly pool: PoolRecord;
  readonly device: number;
  readonly runs: readonly Yielding[];
  /** When they are over at the latest. */
  readonly endsMs: number;
};

/**
 * The fewest runs whose end lets a task start that cannot start now; null: none may, none would, or it starts as soon
 * without. Of as many those that save their work, then the youngest. Nobody who has a place reserved there is delayed, and
 * nobody makes room in vain: it is looked whether the task would start in just that room.
 */
export function chooseVictims(preemption: PreemptionRecord, policy: Preemption, wish: Wish): Preempted | null {
  let best: Preempted | null = null;
  for (const pool of wish.pools) {
    if (pool.yielding.size === 0 || !canMakeRoom(pool)) continue;
    const found = victimsIn(preemption, policy, pool, wish);
    if (found && (best === null || isBetter(found, best))) best = found;
  }
  return best;
}

export type Wish = {
  readonly asked: Asked;
  readonly job: JobRecord;
  /** Those that take work now and where nothing but room is missing. */
  readonly pools: readonly PoolRecord[];
  readonly nowMs: number;
  /** When expected ends let it start anyway; null: that is not known. */
  readonly anywayMs: number | null;
  /** Who is asked for others in the same moment. */
  readonly asking: readonly Omit<AskedRun, "atMs">[];
};

/** More runs than these are not looked at in one pool: the first of them in the order of preference. */
const mostLooked = 200;
/** Of these, pairs are looked at before more than two are taken. */
const mostPaired = 24;

function victimsIn(preemption: PreemptionRecord, policy: Preemption, pool: PoolRecord, wish: Wish): Preempted | null {
  const { asked, job, nowMs, anywayMs, asking } = wish;
  const left = leftToAsk(preemption, policy, pool, nowMs, asking);
  if (left.ofPool <= 0) return null;
  const candidates = [...pool.yielding.values()]
    .filter((each) => mayYield(policy, each, job) && left.ofProject(each.job.project) > 0)
    .sort(byPreference)
    .slice(0, mostLooked);
  if (candidates.length === 0) return null;
  const isAllowed = (runs: readonly Yielding[]) =>
    runs.length <= left.ofPool && runs.every(({ job: { project } }) => count(runs, project) <= left.ofProject(project));
  for (const device of asked.shape.accelerators ? devicesFor(asked.shape, pool.devices) : [-1]) {
    const starts = (runs: readonly Yielding[]) => startsWithout(pool, runs, wish, device);
    if (!starts(candidates)) continue;
    const runs = fewest(candidates, starts, isAllowed, device);
    if (!runs) continue;
    const endsMs = endOf(runs, nowMs);
    if (anywayMs === null || anywayMs > endsMs) return { pool, device, runs, endsMs };
  }
  return null;
}

function mayYield(policy: Preemption, { job, position, run }: Yielding, other: JobRecord): boolean {
  if (job === other || run.phase !== "running" || run.makesWay || job.preemptible === "no") return false;
  if (!yieldsTo(policy, job.priority, other.priority) || job.ask.graceS > policy.mostGraceS) return false;
  return (job.madeWay?.get(position)?.size ?? 0) < policy.mostTimes;
}

function yieldsTo({ of }: Preemption, one: PriorityClass, other: PriorityClass): boolean {
  const classes: readonly PriorityClass[] = other === "low" ? [] : of[other];
  return classes.includes(one);
}

/** Who saves its work first, then who runs for the shortest time; alike: who came last. */
function byPreference(one: Yielding, other: Yielding): number {
  return (
    Number(other.job.preemptible === "checkpoints") - Number(one.job.preemptible === "checkpoints") ||
    startedMs(other) - startedMs(one) ||
    other.job.id - one.job.id ||
    other.position - one.position
  );
}

/** What runs is expected to end its limit and grace after its start. */
function startedMs({ job: { ask }, run }: Yielding): number {
  return run.endsMs - (ask.timeLimitS + ask.graceS) * 1000;
}

function endOf(runs: readonly Yielding[], nowMs: number): number {
  return Math.max(...runs.map(({ job }) => overBy(job, nowMs)));
}

function count(runs: readonly Yielding[], project: JobRecord["project"]): number {
  return runs.filter(({ job }) => job.project === project).length;
}

/** One if one is enough, else two; else the largest, without those that turn out not to be needed. */
function fewest(
  candidates: readonly Yielding[],
  starts: (runs: readonly Yielding[]) => boolean,
  isAllowed: (runs: readonly Yielding[]) => boolean,
  device: number,
): readonly Yielding[] | null {
  for (const one of candidates) if (starts([one])) return [one];
  const first = candidates.slice(0, mostPaired);
  for (const [at, other] of first.entries())
    for (const one of first.slice(0, at)) if (isAllowed([one, other]) && starts([one, other])) return [one, other];
  let taken: Yielding[] = [];
  for (const each of [...candidates].sort(bySize(device))) {
    if (!isAllowed([...taken, each])) continue;
    taken.push(each);
    if (!starts(taken)) continue;
    for (const spared of [...taken].sort(byPreference).reverse()) {
      const others = taken.filter((one) => one !== spared);
      if (starts(others)) taken = others;
    }
    return taken.sort(byPreference);
  }
  return null;
}

function bySize(device: number): (one: Yielding, other: Yielding) => number {
  const size = ({ run: { pool, sort } }: Yielding) => {
    const { nodes, cores, memoryMib, cards, device: own } = needOf(sort.allocation, pool.devices);
    return [device !== -1 && own === device ? nodes * cards : 0, nodes * cores, nodes * memoryMib];
  };
  return (one, other) => {
    const [a, b] = [size(one), size(other)];
    const at = a.findIndex((amount, place) => amount !== b[place]);
    return at === -1 ? byPreference(one, other) : (b[at] ?? 0) - (a[at] ?? 0);
  };
}

/** Fewer first, then where more of them save their work, then those that have run for less time in all. */
function isBetter(one: Preempted, other: Preempted): boolean {
  const kept = ({ runs }: Preempted) => runs.filter(({ job }) => job.preemptible === "checkpoints").length;
  const ran = ({ runs }: Preempted) => runs.reduce((sum, each) => sum - startedMs(each), 0);
  const more = one.runs.length - other.runs.length || kept(other) - kept(one) || ran(one) - ran(other);
  return more < 0;
}

/** Whether it fits where they end, and delays nobody who has a place there. */
function startsWithout(pool: PoolRecord, runs: readonly Yielding[], { asked, nowMs }: Wish, device: number): boolean {
  const need = needIn(asked.shape, pool, device);
  const { room, pending, ours } = leftOf(pool);
  const freed = roomWith(room, runs, pool);
  if (!hasRoom(freed, need)) return false;
  if (pool.reservations.length === 0) return true;
  const untilMs = endOf(runs, nowMs) + (asked.timeLimitS + asked.graceS) * 1000;
  const over = runs.map(({ run }) => run);
  return without(pool, over, { room: freed, pending, ours }, () => keepsReserved(pool, need, untilMs, nowMs));
}

/** The same times are reserved anew beside what is left, since what is free beside them is more now. */
function keepsReserved(pool: PoolRecord, need: Need, untilMs: number, nowMs: number): boolean {
  const reserved = pool.reservations.splice(0);
  try {
    for (const { holder, need: own, atMs, untilMs: until } of reserved)
      reserveAt(pool, holder, own, atMs, until - atMs, nowMs);
    return delayedBy(pool, need, untilMs) === null;
  } finally {
    pool.reservations.splice(0, pool.reservations.length, ...reserved);
  }
}

/** What is free on the one node when they have ended. */
export function roomWith(room: Room, runs: readonly Yielding[], pool: PoolRecord): Room {
  const sum = { cores: room.cores, memoryMib: room.memoryMib, cards: [...room.cards] };
  for (const { run } of runs) {
    const { cores, memoryMib, cards, device } = needOf(run.sort.allocation, pool.devices);
    sum.cores += cores;
    sum.memoryMib += memoryMib;
    if (device !== -1) sum.cards[device] = (sum.cards[device] ?? 0) + cards;
  }
  return { cells: [{ count: 1, ...sum }], ...sum };
}
