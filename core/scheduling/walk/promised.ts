import type { Offer } from "#core/scheduling/fit.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import { chooseAmong } from "#core/scheduling/placing/choose.ts";
import { promisesInOrder } from "#core/scheduling/placing/moves.ts";
import { nextReady, room } from "#core/scheduling/queue.ts";
import { choiceOf, type Scene } from "#core/scheduling/scene.ts";
import { take } from "#core/scheduling/walk/take.ts";
import { type Errand, isHeldBack, keep, type Walk } from "#core/scheduling/walk/walk.ts";

/** Those come first, each where room was kept for it. Answers whether the queue follows: not where the end is one of them. */
export function servePromised(scene: Scene, walk: Walk, { end, most, placed, nowMs }: Errand): boolean {
  for (const { job, position } of promisesInOrder(scene.promised)) {
    if (walk.taken.length >= most) return true;
    const offer = promisedOffer(scene, job, position, nowMs);
    if (!offer) continue;
    if (job === end.job && position === end.position) return false;
    placed(job, position, offer, walk);
    take(scene, walk, offer, job.ask, job);
    keep(walk, job, position);
  }
  return true;
}

/** Whether a task that was taken back may go now where room was kept for it. */
export function promisedOffer(scene: Scene, job: JobRecord, position: number, nowMs: number): Offer | null {
  const pool = scene.promised.get(job)?.get(position);
  if (!pool || room(job) === 0 || nextReady(job, position) !== position) return null;
  if (isHeldBack(scene, job, nowMs)) return null;
  return job.ask.group.pools.includes(pool) ? chooseAmong(job.ask, [pool], nowMs, choiceOf(scene)) : null;
}
