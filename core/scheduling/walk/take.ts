import { amountsOf, takeAccount } from "#core/scheduling/account-use.ts";
import { withMore } from "#core/scheduling/agreed.ts";
import { plannedFor, startsNow, takeBeside } from "#core/scheduling/ahead.ts";
import { addTo, allocationOf, type Holder, leftOf, needIn } from "#core/scheduling/centres.ts";
import { holdCores } from "#core/scheduling/core-limits.ts";
import { lineIn, type Offer } from "#core/scheduling/fit.ts";
import { holdGrant } from "#core/scheduling/grants.ts";
import { groundLeft, restoreGround, takeGround } from "#core/scheduling/ground.ts";
import { type JobRecord, type LiveRun, untold } from "#core/scheduling/job-record.ts";
import { takeLicences } from "#core/scheduling/offered.ts";
import type { Ask } from "#core/scheduling/queue.ts";
import { pack } from "#core/scheduling/room.ts";
import type { Scene } from "#core/scheduling/scene.ts";
import { expectedRunS } from "#core/scheduling/submitters.ts";
import { expectEnd, expectNoEnd, startBeside } from "#core/scheduling/twin.ts";
import { amountsNeeded, visit } from "#core/scheduling/visits.ts";
import { changed, type Placed, type Taken, type Walk } from "#core/scheduling/walk/walk.ts";

/** It starts there, also for those who come behind it. */
export function start(scene: Scene, walk: Walk, { job, position }: Holder, offer: Offer, placed: Placed): void {
  placed(job, position, offer, walk);
  take(scene, walk, offer, job.ask, job);
  const { ahead } = walk;
  if (!ahead || !offer.now) return;
  const planned = plannedFor(ahead, job, position);
  if (!planned || planned.pool !== offer.pool || !startsNow(ahead, planned))
    takeBeside(ahead, whoIs(scene, job), offer.pool);
}

/** One that waits in a centre's own queue and holds its cores already would start there instead. */
export function takeMoved(scene: Scene, walk: Walk, job: JobRecord, offer: Offer): void {
  take(scene, walk, offer, job.ask, null);
  if (walk.ahead && offer.now) takeBeside(walk.ahead, whoIs(scene, job), offer.pool);
}

/** What is left when the offer is taken: less room and one more end, or one more that waits. */
export function take(scene: Scene, walk: Walk, offer: Offer, ask: Ask, job: JobRecord | null): void {
  const { coreLimits, grants } = scene;
  const { pool, device, now } = offer;
  const { shape } = ask;
  const { ground } = pool;
  const line = now ? null : lineIn(ask, pool);
  const { left, twin } = { left: leftOf(pool), twin: pool.twin };
  const shared = ground && { left: groundLeft(ground), twin: ground.twin };
  takeCounted(offer, ask, 1);
  if (job) {
    holdCores(coreLimits, job, 1);
    holdGrant(grants, job.submitter, ask, () => allocationOf(shape, pool, device), 1n);
  }
  const { room: free, pending, ours: before } = left;
  const need = needIn(shape, pool, device);
  const ours = withMore(before, need);
  const expectedS = job ? whoIs(scene, job).expectedS : ask.timeLimitS;
  const run = now ? begin(walk, offer, ask, expectedS) : null;
  if (ground) {
    if (now || line !== null) takeGround(pool, ground, need, line);
  } else if (now) pool.left = { room: pack(free, need, 1).room, pending, ours };
  else if (line !== null)
    pool.left = { room: free, pending: new Map(pending).set(line, (pending.get(line) ?? 0) + 1), ours };
  walk.taken.push({ offer, ask, job, left, twin, shared, run });
  changed(walk, pool);
}

export function giveBack({ coreLimits, grants }: Scene, { offer, ask, job, left, twin, shared, run }: Taken): void {
  const { pool } = offer;
  if (run) {
    addTo(pool.taken, run.sort.allocation, -1);
    expectNoEnd(pool, run);
  }
  pool.left = left;
  pool.twin = twin;
  if (pool.ground && shared) restoreGround(pool.ground, shared.left, shared.twin);
  if (job) {
    holdCores(coreLimits, job, -1);
    holdGrant(grants, job.submitter, ask, () => allocationOf(ask.shape, pool, offer.device), -1n);
  }
  takeCounted(offer, ask, -1);
}

/** A run that starts now, for the length of the walk. */
function begin(
  { nowMs }: Walk,
  { pool, device }: Offer,
  { shape, timeLimitS, graceS, bounds }: Ask,
  expectedS: number,
): LiveRun {
  const endsMs = nowMs + (timeLimitS + graceS) * 1000;
  const sort = { line: "", allocation: allocationOf(shape, pool, device), phases: { sent: 1, waiting: 0, running: 0 } };
  const fresh = { attempt: 0, phase: "sent", startedMs: null, charged: null, placedMs: nowMs } as const;
  const visits = bounds?.home !== pool.centre;
  const run: LiveRun = { ...fresh, ...untold, timeLimitS, expectedS, pool, sort, endsMs, visits };
  addTo(pool.taken, sort.allocation, 1);
  expectEnd(pool, run);
  startBeside(pool, needIn(shape, pool, device), endsMs);
  return run;
}

/** Licences and what the local account may hold, of the whole centre; and what work under an agreement holds of the pool. */
function takeCounted({ pool, device }: Offer, { shape, demands, bounds, who }: Ask, sign: 1 | -1): void {
  if (bounds?.isRuled) visit(bounds, pool, amountsNeeded(needIn(shape, pool, device), pool), sign);
  takeLicences(pool.centre, demands, sign);
  if (who) takeAccount(pool.centre, who, amountsOf(needIn(shape, pool, device), pool.devices[device]), sign);
}

export function whoIs({ queue }: Scene, { submitter, ask }: JobRecord) {
  return { ask, expectedS: expectedRunS(queue.submitters, submitter, ask) };
}
