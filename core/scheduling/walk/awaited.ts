import type { Holder } from "#core/scheduling/centres.ts";
import { type Asked, mayEverUse, type Offer } from "#core/scheduling/fit.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import { type FasterPool, fasterPool, type Pools } from "#core/scheduling/placing/patience.ts";
import type { Scene } from "#core/scheduling/scene.ts";
import { expectedRunS } from "#core/scheduling/submitters.ts";
import { keepAt } from "#core/scheduling/walk/wait.ts";
import { waitsForMore } from "#core/scheduling/walk/waits-for.ts";
import { keep, type Walk } from "#core/scheduling/walk/walk.ts";

/** No more than so many in one walk wait for a faster pool; the others start where they may. */
const mostPatient = 32;

/** The faster pool that is waited for rather than to take the offer; null: the offer is taken. `job` null: who it is is not known. */
export function awaited(
  scene: Scene,
  walk: Walk,
  asked: Asked,
  job: JobRecord | null,
  offer: Offer,
): FasterPool | null {
  const { placing, queue } = scene;
  if (!placing || !offer.now || walk.patient >= mostPatient) return null;
  const pools: Pools = {
    all: job ? job.ask.group.pools : scene.centres.flatMap((centre) => centre.pools),
    isOpen: (pool) => (job !== null || mayEverUse(asked, pool)) && !waitsForMore(asked, pool),
    runS: () => (job ? expectedRunS(queue.submitters, job.submitter, asked) : asked.timeLimitS),
  };
  const faster = fasterPool(placing, asked, offer, pools, walk.nowMs);
  // It would be too late there.
  return faster && job?.deadline && faster.startsMs > job.deadline.latestStartMs ? null : faster;
}

/** It has its place there from then on, and is served no further. Of what failed meanwhile nothing is remembered: with time it may be otherwise. */
export function awaitFaster(walk: Walk, holder: Holder, { pool, device, startsMs }: FasterPool): void {
  walk.patient += 1;
  walk.holds = true;
  keep(walk, holder.job, holder.position);
  keepAt(walk, pool, holder, device, startsMs);
}
