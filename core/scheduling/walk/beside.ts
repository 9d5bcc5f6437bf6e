import { type Ahead, isInPlan, keptBack, mayStartBeside, plannedFor, startsNow } from "#core/scheduling/ahead.ts";
import { type Holder, isShared, leftOf, type PoolRecord } from "#core/scheduling/centres.ts";
import type { Asked, Failing, Offer } from "#core/scheduling/fit.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import { chooseElsewhere } from "#core/scheduling/placing/choose.ts";
import { choiceOf, type Scene } from "#core/scheduling/scene.ts";
import { goesByDeadline } from "#core/scheduling/strands.ts";
import { expectedRunS, type Submitter } from "#core/scheduling/submitters.ts";
import { whoIs } from "#core/scheduling/walk/take.ts";
import type { Walk } from "#core/scheduling/walk/walk.ts";

/**
 * Where a task goes of these pools: where the plan starts it now, else where it delays nobody who is planned. `isKeptBack`:
 * it would fit, but for the plan.
 */
export function chooseBeside(
  scene: Scene,
  { ahead, nowMs }: Walk,
  { job, position }: Holder,
  pools: readonly PoolRecord[],
  choice: { isKeptBack: boolean },
): Offer | null {
  const gone = job.moves?.get(position)?.left;
  const choose = (among: readonly PoolRecord[]) => chooseElsewhere(gone, job.ask, among, nowMs, choiceOf(scene));
  choice.isKeptBack = false;
  const offer = choose(pools);
  if (!ahead || !offer?.now) return offer;
  const planned = plannedFor(ahead, job, position);
  const isOwnWay = ahead.areAlike || job.ask.wishes.prefer.length > 0 || job.ask.shape.accelerators !== null;
  if (planned?.pool && !isOwnWay && startsNow(ahead, planned) && pools.includes(planned.pool)) {
    const there = choose([planned.pool]);
    if (there?.now) return there;
  }
  if (isAllowed(scene, ahead, { job, position }, offer.pool)) return offer;
  const { nodes, cores } = job.ask.group.size;
  const mayHave = (pool: PoolRecord) => isShared(pool) || leftOf(pool).room.cores >= nodes * cores;
  const others = choose(pools.filter((pool) => mayHave(pool) && isAllowed(scene, ahead, { job, position }, pool)));
  choice.isKeptBack = others === null;
  return others;
}

/** As far as the plan goes: one that it keeps back starts at none of its pools, others beside it. */
function isAllowed(scene: Scene, ahead: Ahead, { job, position }: Holder, pool: PoolRecord): boolean {
  // What is due is not kept back for what is foretold.
  if (!isInPlan(ahead, pool) || goesByDeadline(scene.queue, job)) return true;
  const planned = plannedFor(ahead, job, position);
  if (planned && ahead.areAlike) return true;
  if (planned && !startsNow(ahead, planned)) return false;
  return planned?.pool === pool || mayStartBeside(ahead, whoIs(scene, job), pool);
}

/** Whether one that waits in a centre's own queue may come and start there: it delays none of those that are planned. */
export function mayMove(scene: Scene, { ahead }: Walk, job: JobRecord, pool: PoolRecord): boolean {
  return ahead === null || mayStartBeside(ahead, whoIs(scene, job), pool);
}

/** Why a task that would fit there is kept back; null: it is not. */
export function keptBackAt(scene: Scene, { ahead }: Walk, { job, position }: Holder, pool: PoolRecord): Failing | null {
  if (!ahead || isAllowed(scene, ahead, { job, position }, pool)) return null;
  return keptBack(ahead, pool, plannedFor(ahead, job, position));
}

/** The same of work that stands behind all that wait; `by` undefined: nobody knows whose it is. */
export function keptBackLast(
  { queue }: Scene,
  { ahead }: Walk,
  asked: Asked,
  by: Submitter | undefined,
  pool: PoolRecord,
): Failing | null {
  const expectedS = by ? expectedRunS(queue.submitters, by, asked) : asked.timeLimitS;
  return !ahead || mayStartBeside(ahead, { ask: asked, expectedS }, pool) ? null : keptBack(ahead, pool, null);
}
