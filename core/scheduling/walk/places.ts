import { isShared, leftOf, needIn, type PoolRecord } from "#core/scheduling/centres.ts";
import { dataReadyMs, isDataThere } from "#core/scheduling/data-at.ts";
import { type Asked, mayTake } from "#core/scheduling/fit.ts";
import type { Step } from "#core/scheduling/front.ts";
import { heldBeside } from "#core/scheduling/ground.ts";
import { comesBefore } from "#core/scheduling/job-record.ts";
import { letIn } from "#core/scheduling/lending.ts";
import { chooseElsewhere } from "#core/scheduling/placing/choose.ts";
import { type Ask, nextReady, room } from "#core/scheduling/queue.ts";
import { isStarving } from "#core/scheduling/ranking.ts";
import { hasRoom } from "#core/scheduling/room.ts";
import { choiceOf, type GivenPlace, type Memory, type Scene } from "#core/scheduling/scene.ts";
import { rankOfJob } from "#core/scheduling/strands.ts";
import {
  delayedBy,
  fitsAt,
  fitsBefore,
  mayFitBefore,
  mayHaveCores,
  withdraw,
  withoutPlaces,
} from "#core/scheduling/twin.ts";
import { devicesWanted, type EarliestStart, earliestStart } from "#core/scheduling/walk/earliest-start.ts";
import { noteFailure } from "#core/scheduling/walk/failures.ts";
import { likelyPools, nowhere } from "#core/scheduling/walk/likely.ts";
import { preempt } from "#core/scheduling/walk/make-way.ts";
import { start } from "#core/scheduling/walk/take.ts";
import { givePlace } from "#core/scheduling/walk/wait.ts";
import { waitsForMore } from "#core/scheduling/walk/waits-for.ts";
import { changed, type Errand, isHeldBack, keep, type Place, type Walk } from "#core/scheduling/walk/walk.ts";

/**
 * Before anybody is served, each near its longest wait who was given a place has it again, as early as it can be there by
 * now; since nothing starts that delays it, that is never later than it was, but for what nobody here decides: nodes that
 * fail, terms that change, a run that outlasts its limit. Then, in order of submission, each takes what is earlier: the
 * place of one behind it who may have its own in exchange and is not later than it was, or a pool where nobody has one.
 */
export function keepPlaces(scene: Scene, walk: Walk): void {
  const all: Kept[] = [];
  for (const place of standingPlaces(scene.memory).toSorted(byTurn)) {
    const { job, position, pool } = place;
    const again = mayKeep(scene, walk, place) ? soonestAt(letIn(job.ask), pool, walk.nowMs) : null;
    if (!again) continue;
    keep(walk, job, position);
    // On several nodes less that runs may be put together worse: it is not sought anew where it still fits.
    const now = again.atMs <= place.atMs || !fitsStill(place, walk.nowMs) ? { ...place, ...again } : place;
    givePlace(walk, now);
    all.push({ place: now, byMs: Math.max(now.atMs, place.atMs) });
  }
  // Who moves makes room for others to move.
  for (let moved = true; moved; ) {
    moved = false;
    for (const [at, one] of all.entries())
      if (all.some((other, behind) => behind > at && exchange(walk, one, other)) || moveEarlier(scene, walk, one))
        moved = true;
  }
  walk.waiting.push(...all.map(({ place }) => place));
}

/** `byMs`: by when it was to start at the last decision. */
type Kept = { place: GivenPlace; readonly byMs: number };

function exchange(walk: Walk, one: Kept, other: Kept): boolean {
  const [mine, its] = [one.place, other.place];
  if (its.atMs >= mine.atMs) return false;
  if (!mayTakeBefore(mine, its.pool, mine.atMs) || !mayTakeBefore(its, mine.pool, other.byMs + 1)) return false;
  takeBack(walk, mine);
  takeBack(walk, its);
  const there = soonestAt(mine.job.ask, its.pool, walk.nowMs);
  if (there && there.atMs < mine.atMs) {
    const now = { ...mine, ...there };
    givePlace(walk, now);
    const back = soonestAt(its.job.ask, mine.pool, walk.nowMs);
    if (back && back.atMs <= other.byMs) {
      one.place = now;
      other.place = { ...its, ...back };
      givePlace(walk, other.place);
      return true;
    }
    takeBack(walk, now);
  }
  givePlace(walk, its);
  givePlace(walk, mine);
  return false;
}

/** Whether room is enough for it there by then, if nobody else had a place: few of those who might exchange have that. */
function mayTakeBefore({ job: { ask } }: GivenPlace, pool: PoolRecord, beforeMs: number): boolean {
  const { among, size } = ask.group;
  if (!among.has(pool) || !mayHaveCores(pool, size.cores, beforeMs)) return false;
  return devicesWanted(ask, pool).some((device) => mayFitBefore(pool, needIn(ask.shape, pool, device), beforeMs));
}

function moveEarlier(scene: Scene, walk: Walk, one: Kept): boolean {
  const { place } = one;
  const { job, pool, atMs } = place;
  if (atMs <= walk.nowMs) return false;
  const isEarlierAt = (other: PoolRecord) =>
    mayHaveCores(other, job.ask.group.size.cores, atMs) &&
    devicesWanted(job.ask, other).some((device) => fitsBefore(other, needIn(job.ask.shape, other, device), atMs));
  const others = withoutPlaces(job.ask.group.pools).filter(isEarlierAt);
  if (others.length === 0) return false;
  takeBack(walk, place);
  const best = earliestStart(job.ask, [pool, ...others], walk.nowMs, scene.placing);
  const isEarlier = best !== null && best.pool !== pool && best.atMs < atMs;
  if (isEarlier) one.place = { ...place, ...best };
  givePlace(walk, one.place);
  return isEarlier;
}

/** Until what the last decision started has come about, those that it went by. */
export function standingPlaces({ acts, told, decidedAt, places, before }: Memory): readonly GivenPlace[] {
  return acts && told === decidedAt ? before.places : places;
}

/** Where there is room already, as when more is to start than one decision may, from now on; null: it may not go there. */
function soonestAt(ask: Ask, pool: PoolRecord, nowMs: number): EarliestStart | null {
  if (!ask.group.among.has(pool)) return null;
  const isOpen =
    mayTake(pool) && !isShared(pool) && !heldBeside(pool) && !waitsForMore(ask, pool) && isDataThere(ask, pool, nowMs);
  const untilMs = nowMs + (ask.timeLimitS + ask.graceS) * 1000;
  const device = (isOpen ? devicesWanted(ask, pool) : []).find((one) => {
    const need = needIn(ask.shape, pool, one);
    return hasRoom(leftOf(pool).room, need) && !delayedBy(pool, need, untilMs);
  });
  return device === undefined ? earliestStart(ask, [pool], nowMs, null) : { pool, device, atMs: nowMs };
}

function fitsStill({ job: { ask }, pool, device, atMs }: GivenPlace, nowMs: number): boolean {
  const lastsMs = (ask.timeLimitS + ask.graceS) * 1000;
  if (atMs < dataReadyMs(ask, pool, nowMs)) return false;
  return atMs > nowMs && fitsAt(pool, needIn(ask.shape, pool, device), lastsMs, atMs, nowMs);
}

function mayKeep(scene: Scene, walk: Walk, { job, position }: GivenPlace): boolean {
  const kept = walk.kept.get(job);
  return (
    nextReady(job, position) === position &&
    room(job) > (kept?.size ?? 0) &&
    !kept?.has(position) &&
    !isHeldBack(scene, job, walk.nowMs)
  );
}

/**
 * Those of them whose turn it is before the step, null: all that are left. Answers whether the walk goes on: not where it
 * ends with one of them.
 */
export function servePlaces(scene: Scene, walk: Walk, step: Step | null, errand: Errand): boolean {
  for (let next = walk.waiting[0]; next && isBefore(scene, next, step, errand.end); next = walk.waiting[0]) {
    if (walk.taken.length >= errand.most) return true;
    walk.waiting.shift();
    if (!servePlace(scene, walk, next, errand)) return false;
  }
  return true;
}

/** They stand with those near their longest wait, in order of submission. */
function isBefore({ queue }: Scene, { job }: GivenPlace, step: Step | null, end: Place): boolean {
  if (step && isStarving(step.rank) && comesBefore(step.first, job)) return false;
  // Of the job itself all that have one come before those that have none, and they in turn.
  if (!end.job || end.job === job) return true;
  return !isStarving(rankOfJob(queue, end.job)) || comesBefore(job, end.job);
}

/** It starts where it can, else has its place again. Answers false where it is the place up to which is served. */
function servePlace(scene: Scene, walk: Walk, place: GivenPlace, errand: Errand): boolean {
  const { job, position, pool } = place;
  const { ask } = job;
  takeBack(walk, place);
  if (job === errand.end.job && position === errand.end.position) return false;
  const gone = job.moves?.get(position)?.left;
  const untilMs = walk.nowMs + (ask.timeLimitS + ask.graceS) * 1000;
  const pools = walk.failed.has(ask) ? nowhere : likelyPools(walk, ask.group, untilMs);
  const choose = (asked: Asked, among: readonly PoolRecord[]) =>
    among.length === 0 ? null : chooseElsewhere(gone, asked, among, walk.nowMs, choiceOf(scene));
  const offer =
    choose(ask, pools) ??
    choose(
      letIn(ask),
      pools.filter((each) => each === pool),
    );
  if (offer) start(scene, walk, { job, position }, offer, errand.placed);
  else noteFailure(scene, walk, ask, errand);
  if (!offer && !preempt(scene, walk, ask, { job, position })) givePlace(walk, place);
  else if (offer?.pool !== pool) walk.left.push(place);
  return true;
}

function takeBack(walk: Walk, place: GivenPlace): void {
  const { pool, job, position } = place;
  withdraw(pool, { job, position });
  walk.places.splice(walk.places.indexOf(place), 1);
  walk.reserved.splice(walk.reserved.indexOf(pool), 1);
  changed(walk, pool);
}

function byTurn(one: GivenPlace, other: GivenPlace): number {
  if (one.job === other.job) return one.position - other.position;
  return comesBefore(one.job, other.job) ? -1 : 1;
}
