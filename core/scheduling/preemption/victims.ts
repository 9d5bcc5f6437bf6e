import { devicesFor, leftOf, needIn, type PoolRecord } from "#core/scheduling/centres.ts";
import type { Asked } from "#core/scheduling/fit.ts";
import type { JobRecord, LiveRun } from "#core/scheduling/job-record.ts";
import type { Preemption } from "#core/scheduling/policy.ts";
import {
  type AskedRun,
  canMakeRoom,
  endsWithinS,
  isOneNode,
  leftToAsk,
  overBy,
  type PreemptionRecord,
  without,
  type Yielding,
} from "#core/scheduling/preemption/record.ts";
import { roomWithout, type SureNodes, sureNodes } from "#core/scheduling/preemption/sure-nodes.ts";
import { hasRoom, type Need, needOf, type Room } from "#core/scheduling/room.ts";
import { delayedBy, reserveAt } from "#core/scheduling/twin.ts";

/** Which runs of which pool are to end, so that the task starts there when they have. */
export type Preempted = {
  readonly kind: "ends";
  readonly pool: PoolRecord;
  readonly device: number;
  readonly runs: readonly Yielding[];
  /** When they are over at the latest. */
  readonly endsMs: number;
};

/** Why nobody ends for it; of several pools what is said of the one that came furthest, in this order. */
export type NobodyEnds = { readonly kind: "nobody-ends"; readonly why: WhyNobodyEnds };
export type WhyNobodyEnds = (typeof whys)[number];

const whys = [
  /** Others work in the pool, or it is not the network's own alone. */
  "not-own",
  /** Nobody there is of a lower class, said so, has started, and is within what the policy allows of one task. */
  "nobody-may",
  /** As many as may be asked within the hour were, in the pool, of the projects or of the tenants. */
  "as-many-as-may",
  /** It would not fit, were all of them over. */
  "too-little",
  /** By the sums it would; but on which nodes they are the centre alone knows, and it might not fit on those. */
  "not-surely",
  /** It would delay one who has a place reserved there. */
  "delays-another",
  /** It starts as soon without. */
  "no-sooner",
] as const;

/**
 * The fewest runs whose end lets a task start that cannot start now. Of as many those that save their work, then the
 * youngest. Nobody who has a place reserved there is delayed, and nobody makes room in vain: it is looked whether the task
 * would start in just that room, on several nodes wherever the centre has put its runs.
 */
export function chooseVictims(
  preemption: PreemptionRecord,
  policy: Preemption,
  wish: Wish,
): Preempted | NobodyEnds | null {
  let best: Preempted | null = null;
  let nearest: WhyNobodyEnds | null = null;
  for (const pool of wish.pools) {
    if (pool.yielding.size === 0) continue;
    const found = canMakeRoom(pool) ? victimsIn(preemption, policy, pool, wish) : nobodyEnds("not-own");
    if (found.kind === "ends") {
      if (best === null || isBetter(found, best)) best = found;
    } else if (nearest === null || whys.indexOf(found.why) > whys.indexOf(nearest)) nearest = found.why;
  }
  return best ?? (nearest && nobodyEnds(nearest));
}

function nobodyEnds(why: WhyNobodyEnds): NobodyEnds {
  return { kind: "nobody-ends", why };
}

export type Wish = {
  readonly asked: Asked;
  readonly job: JobRecord;
  /** Those that take work now and where nothing but room is missing. */
  readonly pools: readonly PoolRecord[];
  readonly nowMs: number;
  /** When expected ends let it start anyway; null: that is not known. */
  readonly anywayMs: number | null;
  /** Whether runs of jobs of a class may be ended for it. */
  readonly mayEnd: (priority: string) => boolean;
  /** Who is asked for others in the same moment. */
  readonly asking: readonly Omit<AskedRun, "atMs">[];
};

/** More runs than these are not looked at in one pool: the first of them in the order of preference. */
const mostLooked = 200;
/** Of these, pairs are looked at before more than two are taken. */
const mostPaired = 24;

function victimsIn(
  preemption: PreemptionRecord,
  policy: Preemption,
  pool: PoolRecord,
  wish: Wish,
): Preempted | NobodyEnds {
  const { asked, job, nowMs, anywayMs, asking } = wish;
  const left = leftToAsk(preemption, policy, pool, nowMs, asking);
  const may = [...pool.yielding.values()].filter(
    (each) => wish.mayEnd(each.job.priority) && mayYield(policy, each, job),
  );
  if (may.length === 0) return nobodyEnds("nobody-may");
  const candidates = (left.ofPool <= 0 ? [] : may.filter((each) => left.of(each.job.submitter) > 0))
    .sort(byPreference)
    .slice(0, mostLooked);
  if (candidates.length === 0) return nobodyEnds("as-many-as-may");
  let nearest: WhyNobodyEnds | null = null;
  const nearer = (why: WhyNobodyEnds) => {
    if (nearest === null || whys.indexOf(why) > whys.indexOf(nearest)) nearest = why;
  };
  for (const device of asked.shape.accelerators ? devicesFor(asked.shape, pool.devices) : [-1]) {
    const sought = soughtIn(pool, wish, device, candidates);
    const all = startsWithout(sought, candidates);
    if (all !== "starts") {
      const isRoom = all !== "not-surely" || hasRoom(roomWith(pool, runsOf(candidates)), sought.need);
      nearer(isRoom ? all : "too-little");
      continue;
    }
    const starts = (runs: readonly Yielding[]) => startsWithout(sought, runs) === "starts";
    const runs = fewest(candidates, starts, left.allows, device);
    if (!runs) {
      nearer("as-many-as-may");
      continue;
    }
    const endsMs = endOf(runs, nowMs);
    if (anywayMs === null || anywayMs > endsMs) return { kind: "ends", pool, device, runs, endsMs };
    nearer("no-sooner");
  }
  return nobodyEnds(nearest ?? "too-little");
}

function mayYield(policy: Preemption, { job, position, run }: Yielding, other: JobRecord): boolean {
  if (job === other || run.phase !== "running" || run.makesWay || job.preemptible === "no") return false;
  if (endsWithinS(job) > policy.mostGraceS) return false;
  return (job.madeWay?.get(position)?.size ?? 0) < policy.mostTimes;
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

/** What is looked at for each choice of runs: where, for what, and on several nodes how many of them would surely do. */
type Sought = {
  readonly pool: PoolRecord;
  readonly need: Need;
  readonly wish: Wish;
  /** null: one node, and what ends there is free there. */
  readonly sure: SureNodes | null;
};

function soughtIn(pool: PoolRecord, wish: Wish, device: number, candidates: readonly Yielding[]): Sought {
  const need = needIn(wish.asked.shape, pool, device);
  const sure = isOneNode(pool) ? null : sureNodes(pool, need, endOf(candidates, wish.nowMs));
  return { pool, need, wish, sure };
}

/** Whether it fits where they end, and delays nobody who has a place there. */
function startsWithout(
  { pool, need, wish: { asked, nowMs }, sure }: Sought,
  runs: readonly Yielding[],
): "starts" | Extract<WhyNobodyEnds, "too-little" | "not-surely" | "delays-another"> {
  const { pending, ours } = leftOf(pool);
  const over = runsOf(runs);
  // First, as it costs least and most choices fail by it.
  if (sure !== null && sure(over) < need.nodes) return "not-surely";
  const room = roomWith(pool, over);
  if (!hasRoom(room, need)) return "too-little";
  if (pool.reservations.length === 0) return "starts";
  const untilMs = endOf(runs, nowMs) + (asked.timeLimitS + asked.graceS) * 1000;
  const keeps = without(pool, over, { room, pending, ours }, () => keepsReserved(pool, need, untilMs, nowMs));
  return keeps ? "starts" : "delays-another";
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

function runsOf(yielding: readonly Yielding[]): readonly LiveRun[] {
  return yielding.map(({ run }) => run);
}

/** What is free when they have ended. */
export function roomWith(pool: PoolRecord, over: readonly LiveRun[]): Room {
  // Of cards in shares the sums do not say all.
  if (!isOneNode(pool) || pool.taken.shares > 0) return roomWithout(pool, over);
  const { room } = leftOf(pool);
  const sum = { cores: room.cores, memoryMib: room.memoryMib, cards: [...room.cards] };
  for (const { sort } of over) {
    const { cores, memoryMib, cards, device } = needOf(sort.allocation, pool.devices);
    sum.cores += cores;
    sum.memoryMib += memoryMib;
    if (device !== -1) sum.cards[device] = (sum.cards[device] ?? 0) + cards;
  }
  const node = room.cells[0]?.node ?? { order: 0, cores: sum.cores, group: null, shared: null };
  return { cells: [{ count: 1, ...sum, shared: null, node }], ...sum };
}
