import type { CentreId } from "#core/ids.ts";
import { lookAhead, tasksToServe } from "#core/scheduling/ahead.ts";
import type { Holder } from "#core/scheduling/centres.ts";
import type { Group } from "#core/scheduling/queue.ts";
import type { Scene } from "#core/scheduling/scene.ts";
import { goesByDeadline } from "#core/scheduling/strands.ts";
import { awaited, awaitFaster } from "#core/scheduling/walk/awaited.ts";
import { chooseBeside } from "#core/scheduling/walk/beside.ts";
import { noteFailure, openPools } from "#core/scheduling/walk/failures.ts";
import { serveHolders } from "#core/scheduling/walk/holders.ts";
import { preempt } from "#core/scheduling/walk/make-way.ts";
import { afterOwn } from "#core/scheduling/walk/own-first.ts";
import { start } from "#core/scheduling/walk/take.ts";
import { wait } from "#core/scheduling/walk/wait.ts";
import { type Errand, isHeldBack, keep, type Walk } from "#core/scheduling/walk/walk.ts";

/**
 * Plans the first of the queue, and serves them in the order that was kept. Answers whether the queue follows: not where the
 * end is one of them, nor where as many were placed as may be.
 */
export function servePlanned(scene: Scene, walk: Walk, errand: Errand): boolean {
  walk.ahead = lookAhead(scene, walk.kept, (job) => isHeldBack(scene, job, walk.nowMs), walk.nowMs);
  for (const task of walk.ahead ? tasksToServe(walk.ahead) : []) {
    if (walk.taken.length >= errand.most) return false;
    if (walk.kept.get(task.job)?.has(task.position)) continue;
    if (goesByDeadline(scene.queue, task.job) && !serveHolders(scene, walk, task.job, errand)) return false;
    if (task.job === errand.end.job && task.position === errand.end.position) return false;
    if (walk.kept.get(task.job)?.has(task.position) || isHeldBack(scene, task.job, walk.nowMs)) continue;
    servePlannedTask(scene, walk, task, errand);
    if (walk.found) return false;
  }
  return true;
}

function servePlannedTask(scene: Scene, walk: Walk, task: Holder, errand: Errand): void {
  const { job, position } = task;
  const { ask } = job;
  const pools = openPools(walk, ask.group);
  const choice = { isKeptBack: false };
  const visits = (centre: CentreId) => scene.homes.of.get(job.submitter.tenant) !== centre;
  const offer = afterOwn(scene, walk, errand, visits, () => chooseBeside(scene, walk, task, pools, choice));
  if (!offer && (walk.found || walk.taken.length >= errand.most)) return;
  const faster = offer && awaited(scene, walk, ask, job, offer);
  if (faster) {
    awaitFaster(walk, task, faster);
    return;
  }
  if (offer) {
    keep(walk, job, position);
    start(scene, walk, task, offer, errand.placed);
    return;
  }
  if (choice.isKeptBack) {
    keepBack(walk, ask.group);
    return;
  }
  noteFailure(scene, walk, ask, errand);
  if (!preempt(scene, walk, ask, task)) wait(scene, walk, ask, task, false);
}

export function keepBack(walk: Walk, group: Group): void {
  walk.keptBack += Math.max(1, walk.ahead?.covers.size ?? 1);
  walk.spared.add(group);
}
