import type { CentreId } from "#core/ids.ts";
import type { Offer } from "#core/scheduling/fit.ts";
import { type HomeTask, lateAt } from "#core/scheduling/homes.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import { chooseAmong } from "#core/scheduling/placing/choose.ts";
import { nextReady, room } from "#core/scheduling/queue.ts";
import { choiceOf, type Scene } from "#core/scheduling/scene.ts";
import { openPools } from "#core/scheduling/walk/failures.ts";
import { start } from "#core/scheduling/walk/take.ts";
import { type Errand, isHeldBack, keep, type Walk } from "#core/scheduling/walk/walk.ts";

/**
 * Where one goes who is asked for with `choose`, once those of the centre's own users that are late have gone before it: each
 * of them that can start there does. `visits`: the centres whose own go before it.
 */
export function afterOwn(
  scene: Scene,
  walk: Walk,
  { end, most, placed }: Pick<Errand, "end" | "most" | "placed">,
  visits: (centre: CentreId) => boolean,
  choose: () => Offer | null,
): Offer | null {
  for (;;) {
    const offer = choose();
    const own = offer?.now && visits(offer.pool.centre.id) ? firstOwn(scene, walk, offer.pool.centre.id) : null;
    if (!own) return offer;
    if (own.job === end.job && own.position === end.position) walk.found = own.offer;
    if (walk.found || walk.taken.length >= most) return null;
    start(scene, walk, own, own.offer, placed);
    keep(walk, own.job, own.position);
  }
}

function firstReady(job: JobRecord, kept: ReadonlySet<number> | undefined): number {
  let position = nextReady(job, 0);
  while (kept?.has(position)) position = nextReady(job, position + 1);
  return position;
}

/** In one walk there is only less room: who could not start at a time cannot later. */
function firstOwn(scene: Scene, walk: Walk, id: CentreId): (HomeTask & { readonly offer: Offer }) | null {
  const { homes, homePriority, queue } = scene;
  const home = homes.at.get(id);
  if (!home || !homePriority) return null;
  const late = lateAt(home, homePriority.afterS, walk.nowMs, queue);
  const looked = walk.late.get(home) ?? { at: 0, failed: new Set() };
  walk.late.set(home, looked);
  for (let task = late[looked.at]; task; task = late[++looked.at]) {
    const { job } = task;
    const kept = walk.kept.get(job);
    // Under a throttle the first of an array that are ready are the ones that may start.
    const position = job.throttle === null ? task.position : firstReady(job, kept);
    if (position === -1 || kept?.has(position)) continue;
    if (nextReady(job, position) !== position || room(job) <= (kept?.size ?? 0)) continue;
    if (looked.failed.has(job.ask) || isHeldBack(scene, job, walk.nowMs)) continue;
    const there = openPools(walk, job.ask.group).filter(({ centre }) => centre.id === id);
    const offer = chooseAmong(job.ask, there, walk.nowMs, choiceOf(scene));
    if (offer?.now) return { job, position, offer };
    looked.failed.add(job.ask);
  }
  return null;
}
