import { holdAccount } from "#core/scheduling/account-use.ts";
import { type Holder, isShared, needIn, type PoolRecord } from "#core/scheduling/centres.ts";
import { isKeptFrom, lineIn, shareUsed } from "#core/scheduling/fit.ts";
import { keepNodes } from "#core/scheduling/ground.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import type { Ask, Group } from "#core/scheduling/queue.ts";
import type { GivenPlace, Scene } from "#core/scheduling/scene.ts";
import { goesByDeadline } from "#core/scheduling/strands.ts";
import { reserveAt, withoutPlaces } from "#core/scheduling/twin.ts";
import { holdVisit } from "#core/scheduling/visits.ts";
import { earliestStart } from "#core/scheduling/walk/earliest-start.ts";
import { metOf, openPools } from "#core/scheduling/walk/failures.ts";
import {
  waitsForAccount,
  waitsForLicence,
  waitsForMore,
  waitsForShare,
  waitsToVisit,
} from "#core/scheduling/walk/waits-for.ts";
import { changed, type Met, mostPlaces, type Walk } from "#core/scheduling/walk/walk.ts";

/** What one that must wait keeps from those behind it. Answers whether those that ask for the same may be reserved for too. */
export function wait(scene: Scene, walk: Walk, ask: Ask, holder: Holder, starving: boolean): boolean {
  const { group } = ask;
  if (ask.demands || ask.who || ask.bounds?.isRuled)
    for (const pool of group.pools)
      if (waitsForMore(ask, pool)) {
        hold(walk, pool, ask, holder);
        changed(walk, pool);
      }
  const everyone = scene.backfill === "conservative";
  // Each of those near the longest wait has a place of its own, as long as there is a pool where nobody else has one.
  const isFull = starving && walk.places.length >= mostPlaces;
  const pools = starving && !everyone ? (isFull ? [] : withoutPlaces(group.pools)) : group.pools;
  const isCovered = () => !holdsPlace(scene, holder.job) && keepsRoom(scene, walk, group);
  const isServed = starving
    ? isFull || pools.length === 0
    : isCovered() || isReservedIn(walk, metOf(scene, walk, group), group);
  if (!everyone && isServed) {
    // Nobody else of it is reserved for; where none of its pools has room, there is no more to look for.
    if (openPools(walk, group).length === 0) walk.closed.add(group);
    return false;
  }
  if (walk.vain < mostVain && reserve(scene, walk, ask, holder, pools, starving && !everyone))
    return everyone || starving;
  walk.vain += 1;
  if (starving || waitsForShare(ask)) holdAll(walk, ask, holder, pools);
  else if (walk.vain >= mostVain && openPools(walk, group).length === 0) walk.closed.add(group);
  return false;
}

/** No more than so many places are sought in vain in one walk. */
const mostVain = 200;

/** Without backfill: whoever waits holds all that it could ever use, a shared pool against its own line alone. */
export function holdAll(walk: Walk, ask: Ask, holder: Holder, pools: readonly PoolRecord[] = ask.group.pools): void {
  const { group } = ask;
  for (const pool of pools) {
    hold(walk, pool, ask, holder);
    changed(walk, pool);
  }
  if (pools.length === group.pools.length) walk.closed.add(group);
}

/** What goes ahead of the class of most, and what is due, is not left to what is foretold: the first of them holds a reservation. */
function holdsPlace({ queue }: Scene, job: JobRecord): boolean {
  return queue.ranking.classes.isUrgent(job.priority) || goesByDeadline(queue, job);
}

/** Under a plan of one of its pools, that is what keeps room there for those who come first. */
function keepsRoom({ looking }: Scene, { ahead }: Walk, { pools }: Group): boolean {
  return ahead !== null && looking?.settings.head === "planned" && pools.some((pool) => ahead.covers.has(pool));
}

function isReservedIn({ reserved }: Walk, met: Met, group: Group): boolean {
  while (!met.isReserved && met.reservedSeen < reserved.length) {
    const pool = reserved[met.reservedSeen];
    met.reservedSeen += 1;
    if (pool && group.among.has(pool)) met.isReserved = true;
  }
  return met.isReserved;
}

/** At the pool where it can start earliest; ties: the one met first. `isKept`: from then on it is never later. */
export function reserve(
  scene: Scene,
  walk: Walk,
  ask: Ask,
  holder: Holder,
  pools: readonly PoolRecord[] = ask.group.pools,
  isKept = false,
): boolean {
  const best = earliestStart(ask, pools, walk.nowMs, scene.placing);
  if (!best) return false;
  if (isKept) givePlace(walk, { ...holder, ...best });
  else {
    reserveHere(walk, best.pool, holder, best.device, best.atMs);
    walk.reserved.push(best.pool);
  }
  return true;
}

/** It has that place in this walk, and in those that follow until it starts. */
export function givePlace(walk: Walk, place: GivenPlace): void {
  reserveHere(walk, place.pool, place, place.device, place.atMs);
  walk.reserved.push(place.pool);
  walk.places.push(place);
}

export function keepAt(walk: Walk, pool: PoolRecord, holder: Holder, device: number, atMs: number): void {
  reserveHere(walk, pool, holder, device, atMs);
  walk.keptAt.push(pool);
}

function reserveHere(walk: Walk, pool: PoolRecord, { job, position }: Holder, device: number, atMs: number): void {
  const { shape, timeLimitS, graceS } = job.ask;
  const need = needIn(shape, pool, device);
  reserveAt(pool, { job, position }, need, atMs, (timeLimitS + graceS) * 1000, walk.nowMs);
  changed(walk, pool);
}

function hold(walk: Walk, pool: PoolRecord, ask: Ask, holder: Holder): void {
  // Nobody else is kept away by that, and when it is over is noted (core/scheduling/lending.ts).
  if (isKeptFrom(ask, pool) && !(ask.bounds?.isRuled && waitsToVisit(ask.bounds, ask, pool))) return;
  walk.holds = true;
  const { shape, demands, bounds, who } = ask;
  if (bounds?.isRuled && waitsToVisit(bounds, ask, pool)) {
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
  const isForShare = shareUsed(shape, pool) !== null;
  const line = isShared(pool) && !isForShare ? lineIn(ask, pool) : null;
  if (!isShared(pool) || isForShare) pool.heldBy ??= holder;
  else if (line !== null && !pool.heldLines.has(line)) pool.heldLines.set(line, holder);
  if (!isShared(pool) && !isForShare) keepNodes(pool);
}
