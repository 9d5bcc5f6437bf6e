import type { CentreId } from "#core/ids.ts";
import type { Holder, PoolRecord } from "#core/scheduling/centres.ts";
import type { Offer } from "#core/scheduling/fit.ts";
import {
  type Front,
  frontOf,
  leave,
  meetAgain,
  meetBelow,
  nextOf,
  orderBy,
  type Step,
  standsBefore,
} from "#core/scheduling/front.ts";
import { keepNoNodes } from "#core/scheduling/ground.ts";
import { expectEndAt } from "#core/scheduling/preemption/record.ts";
import { type Group, nextReady, putBack, room } from "#core/scheduling/queue.ts";
import { isByDeadline, isStarving } from "#core/scheduling/ranking.ts";
import type { Scene } from "#core/scheduling/scene.ts";
import { firstOf, putStrandBack, setAside, takeFirst } from "#core/scheduling/strands.ts";
import { dropReservations } from "#core/scheduling/twin.ts";
import { dropHolds } from "#core/scheduling/visits.ts";
import { awaited, awaitFaster } from "#core/scheduling/walk/awaited.ts";
import { chooseBeside } from "#core/scheduling/walk/beside.ts";
import { metOf, noteFailure, rememberFailures, skipKnown } from "#core/scheduling/walk/failures.ts";
import { serveHolders } from "#core/scheduling/walk/holders.ts";
import { likelyPools, nowhere } from "#core/scheduling/walk/likely.ts";
import { preempt, serveClaims } from "#core/scheduling/walk/make-way.ts";
import { afterOwn } from "#core/scheduling/walk/own-first.ts";
import { keepPlaces, servePlaces } from "#core/scheduling/walk/places.ts";
import { keepBack, servePlanned } from "#core/scheduling/walk/planned.ts";
import { servePromised } from "#core/scheduling/walk/promised.ts";
import { giveBack, start } from "#core/scheduling/walk/take.ts";
import { holdAll, wait } from "#core/scheduling/walk/wait.ts";
import { beginWalk, type Errand, isHeldBack, keep, type Walk } from "#core/scheduling/walk/walk.ts";

/** Serves the queue up to a place or to `most` placements, lets one look, and undoes it all. */
export function served<Seen>(scene: Scene, errand: Errand, look: (walk: Walk) => Seen): Seen {
  const walk = beginWalk(errand.nowMs);
  const front = frontOf(scene.queue);
  try {
    if (serveClaims(scene, walk, errand) && servePromised(scene, walk, errand)) {
      keepPlaces(scene, walk);
      serve(scene, walk, front, errand);
    }
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
    for (const pool of [...walk.reserved, ...walk.keptAt]) dropReservations(pool);
    dropHolds(scene.rules);
    for (const centre of scene.centres) {
      if (centre.heldLicences.size > 0) centre.heldLicences.clear();
      if (centre.heldAccounts.size > 0) centre.heldAccounts.clear();
      for (const pool of centre.pools) {
        pool.heldBy = null;
        if (pool.ground) keepNoNodes(pool.ground);
        if (pool.heldLines.size > 0) pool.heldLines.clear();
      }
    }
  }
}

/** Beyond the first that must wait, no more than so many that cannot start are looked at. */
const mostFailing = 2_000;

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
    if (!servePlaces(scene, walk, step, errand) || walk.taken.length >= most) return;
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
  if (!walk.found) servePlaces(scene, walk, null, errand);
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
  const untilMs = nowMs + (ask.timeLimitS + ask.graceS) * 1000;
  let left = room(job) - (kept?.size ?? 0) - waitingOf(first, kept);
  for (let at = nextReady(job, 0); at !== -1 && at < before && left > 0; at = nextReady(job, at + 1)) {
    if (walk.taken.length >= most) return false;
    if (kept?.has(at) || first?.has(at)) continue;
    if (isHeldBack(scene, job, nowMs)) return true;
    const isKnown = walk.failed.has(ask) || (remembers && ask.failed > metOf(scene, walk, group).grown);
    const pools = isKnown ? nowhere : likelyPools(walk, group, untilMs);
    const holder = { job, position: at };
    const offer = pools.length === 0 ? null : chooseFor(scene, walk, holder, isStarving(rank), pools, errand);
    if (!offer && (walk.found || walk.taken.length >= most)) return false;
    if (offer === "kept-back") {
      keepBack(walk, group);
      return "kept-back";
    }
    left -= 1;
    const faster = offer && !isStarving(rank) ? awaited(scene, walk, ask, job, offer) : null;
    if (faster) {
      awaitFaster(walk, holder, faster);
      continue;
    }
    if (offer) {
      if (job.home) keep(walk, job, at);
      start(scene, walk, holder, offer, placed);
      continue;
    }
    noteFailure(scene, walk, ask, errand);
    if (preempt(scene, walk, ask, holder)) continue;
    if (scene.backfill === "none") {
      holdAll(walk, ask, holder);
      return false;
    }
    if (!wait(scene, walk, ask, holder, isStarving(rank))) return false;
  }
  return true;
}

/** `kept-back`: it would fit, but for the plan. */
function chooseFor(
  scene: Scene,
  walk: Walk,
  holder: Holder,
  starving: boolean,
  pools: readonly PoolRecord[],
  errand: Errand,
): Offer | "kept-back" | null {
  const choice = { isKeptBack: false };
  const choose = () => chooseBeside(scene, walk, holder, pools, choice);
  const visits = (centre: CentreId) => !starving && scene.homes.of.get(holder.job.submitter.tenant) !== centre;
  const offer = afterOwn(scene, walk, errand, visits, choose);
  return !offer && choice.isKeptBack ? "kept-back" : offer;
}

/** Of those that were served first, how many wait: they are to start before the others of their array. */
function waitingOf(first: ReadonlySet<number> | undefined, kept: ReadonlySet<number> | undefined): number {
  let waiting = 0;
  for (const position of first ?? []) if (!kept?.has(position)) waiting += 1;
  return waiting;
}
