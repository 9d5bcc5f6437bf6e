import { devicesFor, type Holder, isShared, needIn, type PoolRecord } from "#core/scheduling/centres.ts";
import { isDataThere } from "#core/scheduling/data-at.ts";
import { mayTake } from "#core/scheduling/fit.ts";
import { type JobRecord, nameAt } from "#core/scheduling/job-record.ts";
import { chooseAmong } from "#core/scheduling/placing/choose.ts";
import { indexAt } from "#core/scheduling/positions.ts";
import { expectEndAt, type HeldClaim, hasClaim, heldClaims, overBy } from "#core/scheduling/preemption/record.ts";
import { chooseVictims, roomWith, type WhyNobodyEnds } from "#core/scheduling/preemption/victims.ts";
import type { Ask } from "#core/scheduling/queue.ts";
import { hasRoom } from "#core/scheduling/room.ts";
import { choiceOf, type Scene } from "#core/scheduling/scene.ts";
import { earliestStart } from "#core/scheduling/walk/earliest-start.ts";
import { take } from "#core/scheduling/walk/take.ts";
import { keepAt } from "#core/scheduling/walk/wait.ts";
import { waitsForMore } from "#core/scheduling/walk/waits-for.ts";
import { type Errand, isHeldBack, keep, mostLooked, type Walk } from "#core/scheduling/walk/walk.ts";

/**
 * Those that runs make room for come before the queue: each starts where the room is made once it is, and keeps its place
 * until then. Answers false where one of them is the place up to which is served.
 */
export function serveClaims(scene: Scene, walk: Walk, { end, placed, nowMs, most }: Errand): boolean {
  if (scene.preemption.claims.size === 0) return true;
  for (const claim of heldClaims(scene.preemption, scene.findTask)) {
    const { job, position, pool, runs } = claim;
    if (walk.taken.length >= most) return true;
    // Since room was asked for, a rule or the centre itself may have closed the pool to it.
    if (!mayTake(pool) || !job.ask.group.pools.includes(pool)) continue;
    if (end.job === job && end.position === position) return false;
    keep(walk, job, position);
    const mayStart = runs.size === 0 && !isHeldBack(scene, job, nowMs);
    const offer = mayStart ? chooseAmong(job.ask, [pool], nowMs, choiceOf(scene)) : null;
    if (offer?.now) {
      placed(job, position, offer, walk);
      take(scene, walk, offer, job.ask, job);
    } else keepPlace(walk, claim);
  }
  return true;
}

function keepPlace(walk: Walk, { job, position, pool, runs, endsMs }: HeldClaim): void {
  const { shape } = job.ask;
  const room = roomWith(pool, [...runs]);
  const devices = shape.accelerators ? devicesFor(shape, pool.devices) : [-1];
  const device = devices.find((one) => hasRoom(room, needIn(shape, pool, one))) ?? devices[0] ?? -1;
  keepAt(walk, pool, { job, position }, device, Math.max(walk.nowMs + 1, endsMs));
}

/** Whether runs are asked to end for it: then its place is kept, and it waits for nothing else. */
export function preempt(scene: Scene, walk: Walk, ask: Ask, { job, position }: Holder): boolean {
  if (walk.looked >= mostLooked || walk.asking.some(({ order }) => order.claimant.job === job.id)) return false;
  const pools = poolsToClear(scene, walk, ask, job);
  if (pools.length === 0) return false;
  walk.looked += 1;
  walk.lookedFor.add(ask.group);
  const found = victimsFor(scene, walk, ask, job, pools);
  if (found?.kind !== "ends") return false;
  // Until they are told of it, they are asked again, and the place is kept for this walk alone.
  walk.holds = true;
  const { nowMs } = walk;
  const { pool, device, runs, endsMs } = found;
  const claimant = { job: job.id, index: indexAt(job.indices, position) };
  for (const { job: other, position: at, run } of runs) {
    const { attempt, endsMs: endedMs } = run;
    const ref = { job: other.id, index: indexAt(other.indices, at), attempt };
    const order = { ...ref, centre: pool.centre.id, pool: pool.name, claimant, claimantName: nameAt(job, position) };
    const { project, tenant } = other.submitter;
    walk.asking.push({ order, run, endedMs, pool, project, tenant });
    run.makesWay = claimant;
    expectEndAt(run, Math.min(endedMs, overBy(other, nowMs)));
  }
  keep(walk, job, position);
  keepAt(walk, pool, { job, position }, device, endsMs);
  return true;
}

/** Where runs might end for the job: what takes work, and where nothing but room is missing. */
function poolsToClear(scene: Scene, { nowMs }: Walk, ask: Ask, job: JobRecord): readonly PoolRecord[] {
  const { preemption } = scene;
  if (endedFor(scene, job).length === 0) return [];
  if (hasClaim(preemption, job.id)) return [];
  return ask.group.pools.filter(
    (pool) =>
      pool.yielding.size > 0 &&
      mayTake(pool) &&
      !isShared(pool) &&
      !waitsForMore(ask, pool) &&
      isDataThere(ask, pool, nowMs),
  );
}

/** The classes of jobs whose runs may be ended for it. */
function endedFor({ preemption, queue }: Scene, { priority }: JobRecord): readonly string[] {
  return preemption.policy?.of[queue.ranking.classes.of(priority).name] ?? [];
}

function victimsFor(
  scene: Scene,
  { nowMs, asking }: Walk,
  ask: Ask,
  job: JobRecord,
  pools: readonly PoolRecord[],
): ReturnType<typeof chooseVictims> {
  const { preemption, queue } = scene;
  const { policy } = preemption;
  if (!policy) return null;
  const ended = endedFor(scene, job);
  const mayEnd = (priority: string) => ended.includes(queue.ranking.classes.of(priority).name);
  const anywayMs = earliestStart(ask, ask.group.pools, nowMs, null)?.atMs ?? null;
  return chooseVictims(preemption, policy, { asked: ask, job, pools, nowMs, anywayMs, mayEnd, asking });
}

/** Of a task that waits, in a scene served up to it: why no run ends for it; null: its class may end none, or some are to end. */
export function whyNobodyEnds(scene: Scene, walk: Walk, job: JobRecord): WhyNobodyEnds | null {
  const found = victimsFor(scene, walk, job.ask, job, poolsToClear(scene, walk, job.ask, job));
  return found?.kind === "nobody-ends" ? found.why : null;
}
