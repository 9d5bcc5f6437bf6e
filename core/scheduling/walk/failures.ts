import { isShared, leftOf, type PoolRecord } from "#core/scheduling/centres.ts";
import { mayTake } from "#core/scheduling/fit.ts";
import { type Front, meetAlone, meetBelow, type Step } from "#core/scheduling/front.ts";
import type { Ask, Group } from "#core/scheduling/queue.ts";
import { isStarving } from "#core/scheduling/ranking.ts";
import { hasNodesFor } from "#core/scheduling/room.ts";
import type { Memory, Scene } from "#core/scheduling/scene.ts";
import { withoutPlaces } from "#core/scheduling/twin.ts";
import { type Errand, type Met, mostLooked, mostPlaces, type Walk } from "#core/scheduling/walk/walk.ts";

/** The pools that a job of the group's size could start at as far as cores and nodes go, when it was first asked for. */
export function openPools(walk: Walk, group: Group): readonly PoolRecord[] {
  const known = walk.open.get(group);
  if (known) return known;
  const open = group.pools.filter(
    (pool) => mayTake(pool) && (isShared(pool) || hasNodesFor(leftOf(pool).room, group.size)),
  );
  walk.open.set(group, open);
  return open;
}

/**
 * Where all rows of a group failed before and none of its pools grew since, only those that came since are met. The first
 * of it is met all the same: a place may have to be reserved for it.
 */
export function skipKnown(scene: Scene, walk: Walk, front: Front, step: Step): void {
  const { group } = step.row.ask;
  const isFirst = !walk.met.has(group);
  const met = metOf(scene, walk, group);
  // Behind one near its longest wait there may be others, each of which is to have a place.
  if (isFirst && isStarving(step.rank) && walk.places.length < mostPlaces && withoutPlaces(group.pools).length > 0)
    met.isKnown = false;
  const { isKnown } = met;
  if (isFirst && isKnown) for (const row of group.untried) if (row !== step.row) meetAlone(front, row);
  if (!isKnown) meetBelow(front, step);
}

export function metOf(scene: Scene, walk: Walk, group: Group): Met {
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
    if (!same && concerns(group, pool)) return Number.POSITIVE_INFINITY;
  }
  return grown;
}

/** Whether what is kept there is kept from the group: in one of its pools, or of nodes that one of them has too. */
function concerns({ pools, among }: Group, pool: PoolRecord): boolean {
  return among.has(pool) || (pool.ground !== null && pools.some(({ ground }) => ground === pool.ground));
}

export function noteFailure({ queue }: Scene, walk: Walk, ask: Ask, { remembers }: Errand): void {
  walk.failed.add(ask);
  if (!remembers || walk.holds) return;
  const { asks } = walk.before;
  if (!asks.has(ask)) asks.set(ask, { failed: ask.failed });
  ask.failed = queue.changes + 1;
}

export function rememberFailures({ queue }: Scene, { met, spared, looked, lookedFor, before }: Walk): void {
  // Were those not met again for whom it was looked, others would be looked for in their stead.
  const isAgain = (group: Group) => spared.has(group) || (looked >= mostLooked && lookedFor.has(group));
  for (const [group, { isKnown, rows }] of met)
    if (!isAgain(group) && (isKnown || rows >= group.rows.length)) {
      before.groups.set(group, { failed: group.failed, untried: group.untried });
      group.failed = queue.changes + 1;
      group.untried = [];
    }
}

/** As it was before the last decision, of which nothing has come yet. */
export function rememberAsBefore(memory: Memory): void {
  const { reserved, asks, groups } = memory.before;
  memory.reserved = reserved;
  for (const [ask, was] of asks) Object.assign(ask, was);
  for (const [group, was] of groups) Object.assign(group, was);
}
