import { holdAccount } from "#core/scheduling/account-use.ts";
import { type Holder, isShared, needIn, type PoolRecord } from "#core/scheduling/centres.ts";
import { lineIn, shareUsed } from "#core/scheduling/fit.ts";
import { keepNodes } from "#core/scheduling/ground.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import type { Ask, Group } from "#core/scheduling/queue.ts";
import { isByDeadline } from "#core/scheduling/ranking.ts";
import type { Scene } from "#core/scheduling/scene.ts";
import { rankOfJob } from "#core/scheduling/strands.ts";
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
import { changed, type Met, type Walk } from "#core/scheduling/walk/walk.ts";

/** What one that must wait keeps from those behind it. Answers whether those that ask for the same may be reserved for too. */
export function wait(scene: Scene, walk: Walk, ask: Ask, holder: Holder, starving: boolean): boolean {
  const { group } = ask;
  if (ask.demands || ask.who || ask.bounds)
    for (const pool of group.pools)
      if (waitsForMore(ask, pool)) {
        hold(walk, pool, ask, holder);
        changed(walk, pool);
      }
  const everyone = scene.backfill === "conservative";
  // Each of those near the longest wait has a place of its own, as long as there is a pool where nobody else has one.
  const pools = starving && !everyone ? withoutPlaces(group.pools) : group.pools;
  const isCovered = !holdsPlace(scene, holder.job) && keepsRoom(scene, walk, group);
  const isServed = starving
    ? pools.length === 0 || walk.reserved.length >= mostPlaces
    : isCovered || isReservedIn(walk, metOf(scene, walk, group), group);
  if (!everyone && isServed) {
    // Nobody else of it is reserved for; where none of its pools has room, there is no more to look for.
    if (openPools(walk, group).length === 0) walk.closed.add(group);
    return false;
  }
  if (walk.vain < mostVain && reserve(scene, walk, ask, holder, pools)) return everyone || starving;
  walk.vain += 1;
  if (starving || waitsForShare(ask)) holdAll(walk, ask, holder, pools);
  else if (walk.vain >= mostVain && openPools(walk, group).length === 0) walk.closed.add(group);
  return false;
}

/** Of those near the longest wait no more than so many hold one: a decision must not cost more the more pools there are. */
const mostPlaces = 64;
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
export function reserve(
  scene: Scene,
  walk: Walk,
  ask: Ask,
  holder: Holder,
  pools: readonly PoolRecord[] = ask.group.pools,
): boolean {
  const { shape, timeLimitS, graceS } = ask;
  const lastsMs = (timeLimitS + graceS) * 1000;
  const best = earliestStart(ask, pools, walk.nowMs, scene.placing);
  if (!best) return false;
  const { pool, device, atMs } = best;
  reserveAt(pool, holder, needIn(shape, pool, device), atMs, lastsMs, walk.nowMs);
  walk.reserved.push(pool);
  changed(walk, pool);
  return true;
}

export function keepAt(walk: Walk, pool: PoolRecord, holder: Holder, device: number, atMs: number): void {
  const { shape, timeLimitS, graceS } = holder.job.ask;
  reserveAt(pool, holder, needIn(shape, pool, device), atMs, (timeLimitS + graceS) * 1000, walk.nowMs);
  walk.keptAt.push(pool);
  changed(walk, pool);
}

function hold(walk: Walk, pool: PoolRecord, ask: Ask, holder: Holder): void {
  walk.holds = true;
  const { shape, demands, bounds, who } = ask;
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
  const isForShare = shareUsed(shape, pool) !== null;
  const line = isShared(pool) && !isForShare ? lineIn(ask, pool) : null;
  if (!isShared(pool) || isForShare) pool.heldBy ??= holder;
  else if (line !== null && !pool.heldLines.has(line)) pool.heldLines.set(line, holder);
  if (!isShared(pool) && !isForShare) keepNodes(pool);
}
