import type { Holder } from "#core/scheduling/centres.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import { chooseElsewhere } from "#core/scheduling/placing/choose.ts";
import { nextReady, room } from "#core/scheduling/queue.ts";
import { isByDeadline, isStarving } from "#core/scheduling/ranking.ts";
import { choiceOf, type Memory, type Scene } from "#core/scheduling/scene.ts";
import { rankOfJob } from "#core/scheduling/strands.ts";
import { openPools } from "#core/scheduling/walk/failures.ts";
import { start } from "#core/scheduling/walk/take.ts";
import { reserve } from "#core/scheduling/walk/wait.ts";
import { type Errand, isHeldBack, keep, type Walk } from "#core/scheduling/walk/walk.ts";

/**
 * Before one that goes ahead of its class by its deadline come those of the class, and of higher ones, that hold a place
 * already: each starts or holds it again. Answers whether the walk goes on: not where it ends with one of them.
 */
export function serveHolders(
  scene: Scene,
  walk: Walk,
  first: JobRecord,
  { end, most, placed, nowMs }: Errand,
): boolean {
  const { queue, memory } = scene;
  const lastTier = Math.ceil(rankOfJob(queue, first).tier);
  if (lastTier <= walk.heldUpTo) return true;
  walk.heldUpTo = lastTier;
  for (const { job, position } of standingHolders(memory)) {
    if (walk.taken.length >= most) return true;
    const rank = rankOfJob(queue, job);
    const kept = walk.kept.get(job);
    if (isStarving(rank) || isByDeadline(rank) || rank.tier > lastTier || kept?.has(position)) continue;
    if (nextReady(job, position) !== position || room(job) <= (kept?.size ?? 0) || isHeldBack(scene, job, nowMs))
      continue;
    const gone = job.moves?.get(position)?.left;
    const offer = chooseElsewhere(gone, job.ask, openPools(walk, job.ask.group), nowMs, choiceOf(scene));
    if (job === end.job && position === end.position) {
      // Whatever is planned of the queue: it comes before that.
      walk.found = offer;
      return false;
    }
    keep(walk, job, position);
    if (offer) start(scene, walk, { job, position }, offer, placed);
    else reserve(scene, walk, job.ask, { job, position });
  }
  return true;
}

/** Those who held a place before, wait for it still, and were not given another. */
export function stillHeld({ holders, holdersBefore }: Memory): readonly Holder[] {
  const again = new Set(holders.map(({ job }) => job));
  return holdersBefore.filter(({ job, position }) => !again.has(job) && nextReady(job, position) === position);
}

export function standingHolders({ told, decidedAt, holders, holdersBefore }: Memory): readonly Holder[] {
  return told === decidedAt ? holdersBefore : holders;
}
