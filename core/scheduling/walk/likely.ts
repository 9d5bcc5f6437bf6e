import { isShared, leftOf, type PoolRecord } from "#core/scheduling/centres.ts";
import { mayTake } from "#core/scheduling/fit.ts";
import type { Group, Size } from "#core/scheduling/queue.ts";
import { hasNodesFor } from "#core/scheduling/room.ts";
import { reservedBeside } from "#core/scheduling/twin.ts";
import { openPools } from "#core/scheduling/walk/failures.ts";
import type { Walk } from "#core/scheduling/walk/walk.ts";

/**
 * Of the open pools of a group, up to when a run of it may last there: what can be told of all its jobs, by what is free of
 * cores and nodes and by the places that nothing may delay.
 */
export type Likely = {
  readonly pools: readonly PoolRecord[];
  /** In the order of the pools. */
  readonly latestMs: number[];
  /** Of all of these the latest. */
  mostMs: number;
  /** How many changes of the walk it counts. */
  seen: number;
};

/**
 * Where one of the group that would last until then may start: in all others it cannot. Of most that fail it is known so
 * that nowhere is, without a look at any pool.
 */
export function likelyPools(walk: Walk, group: Group, untilMs: number): readonly PoolRecord[] {
  const { pools, latestMs, mostMs } = likelyOf(walk, group);
  if (mostMs < untilMs) return nowhere;
  return pools.filter((_, at) => (latestMs[at] ?? 0) >= untilMs);
}

export const nowhere: readonly PoolRecord[] = [];

function likelyOf(walk: Walk, group: Group): Likely {
  const known = walk.likely.get(group);
  if (known) {
    if (known.seen < walk.changed.length) tellAgain(walk, group, known);

    return known;
  }
  const pools = openPools(walk, group);
  const latestMs = pools.map((pool) => latestIn(pool, group.size));
  const likely: Likely = { pools, latestMs, mostMs: latestOf(latestMs), seen: walk.changed.length };
  walk.likely.set(group, likely);
  return likely;
}

function tellAgain({ changed }: Walk, { size }: Group, likely: Likely): void {
  const { pools, latestMs } = likely;
  for (let each = likely.seen; each < changed.length; each++) {
    const centre = changed[each];
    if (centre === changed[each + 1]) continue;
    for (let at = 0; at < pools.length; at++) {
      const pool = pools[at];
      if (pool && pool.centre === centre) latestMs[at] = latestIn(pool, size);
    }
  }
  likely.mostMs = latestOf(latestMs);
  likely.seen = changed.length;
}

/** The queue of a shared pool is open, whatever is free. */
function latestIn(pool: PoolRecord, size: Size): number {
  if (isShared(pool)) return Number.POSITIVE_INFINITY;
  if (!mayTake(pool) || !hasNodesFor(leftOf(pool).room, size)) return Number.NEGATIVE_INFINITY;
  let latestMs = Number.POSITIVE_INFINITY;
  for (const { atMs, room } of reservedBeside(pool)) if (atMs < latestMs && !hasNodesFor(room, size)) latestMs = atMs;
  return latestMs;
}

function latestOf(all: readonly number[]): number {
  let latest = Number.NEGATIVE_INFINITY;
  for (const one of all) if (one > latest) latest = one;
  return latest;
}
