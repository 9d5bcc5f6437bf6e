import { leaseMsOf } from "#core/scheduling/agreed.ts";
import { ruled } from "#core/scheduling/bounds.ts";
import { allocationOf, type Holder, type PoolRecord } from "#core/scheduling/centres.ts";
import { type Dependencies, doomedPositions, doomFacts } from "#core/scheduling/dependencies.ts";
import { judge, type Offer } from "#core/scheduling/fit.ts";
import { comesBefore, type JobRecord } from "#core/scheduling/job-record.ts";
import { type Judgements, judgedAgain } from "#core/scheduling/judgements.ts";
import { growWhereLooser } from "#core/scheduling/lending.ts";
import { movesDue, type Withdrawal } from "#core/scheduling/placing/moves.ts";
import { indexAt, rangesOf } from "#core/scheduling/positions.ts";
import { forgetFailures } from "#core/scheduling/queue.ts";
import type { Candidate } from "#core/scheduling/reasons.ts";
import type { Memory, Scene, Started } from "#core/scheduling/scene.ts";
import { visitLeaseMs } from "#core/scheduling/visits.ts";
import { keptBackAt, mayMove } from "#core/scheduling/walk/beside.ts";
import { rememberAsBefore } from "#core/scheduling/walk/failures.ts";
import { standingHolders, stillHeld } from "#core/scheduling/walk/holders.ts";
import { standingPlaces } from "#core/scheduling/walk/places.ts";
import { served } from "#core/scheduling/walk/serve.ts";
import { takeMoved } from "#core/scheduling/walk/take.ts";
import type { Place, Placed, Walk } from "#core/scheduling/walk/walk.ts";
import type { Placement, PreemptedRun, TaskEnd } from "#core/scheduling/world-plan.ts";

export type Due = {
  readonly place: readonly Placement[];
  readonly takeBack: readonly Withdrawal[];
  readonly preempt: readonly PreemptedRun[];
  /** Somebody waits who could start, because another order is better or its home is another. */
  readonly keepsBack: boolean;
};

/**
 * The placements that are due, in the order of the queue, at most `most`; and where all that can start does, what is to be
 * taken back from the queues of centres for the room that is left. The scene is left as it was.
 */
export function placementsDue(scene: Scene, nowMs: number, most: number): Due {
  const placements: Placement[] = [];
  const started: Started[] = [];
  const { memory } = scene;
  // What it was to bring about has not come, as nothing was told yet.
  const isAgain = memory.acts && memory.told === memory.decidedAt && nowMs === memory.decidedMs;
  if (isAgain) rememberAsBefore(memory);
  else if (!memory.started.every((each) => hasCome(each, memory.changes))) forgetFailures(scene.queue);
  const judgements: Judgements = new Map();
  const collect: Placed = (job, position, offer, walk) => {
    const attempt = (job.attempts?.get(position) ?? 0) + 1;
    started.push({ job, position, attempt, pool: offer.pool });
    placements.push({
      job: job.id,
      index: indexAt(job.indices, position),
      attempt,
      centre: offer.pool.centre.id,
      pool: offer.pool.name,
      allocation: allocationOf(job.ask.shape, offer.pool, offer.device),
      starts: offer.now ? "now" : "in-turn",
      leaseMs: visitLeaseMs(ruled(job.ask.bounds), offer.pool, leaseMsOf(offer.pool, job.ask.timeLimitS, nowMs)),
      candidates: toldOf({ job, position }, offer, judgedAgain(scene, judgements, job.ask, walk), walk),
      ...movedBefore(job, position),
    });
  };
  // It joins a queue though another pool of that centre has room: there it is kept back, as others that ask alike may not be.
  const toldOf = (holder: Holder, offer: Offer, candidates: readonly Candidate[], walk: Walk): readonly Candidate[] => {
    const { centre } = offer.pool;
    const at = offer.now ? -1 : candidates.findIndex((each) => each.centre === centre.id && each.rule === null);
    if (at === -1) return candidates;
    const keptBack = (pool: PoolRecord) => keptBackAt(scene, walk, holder, pool);
    return candidates.with(at, judge(holder.job.ask, centre, nowMs, keptBack));
  };
  const remembers = scene.backfill === "easy" || scene.backfill === "easy-sjbf";
  const errand = { nowMs, most, end: { job: null, position: 0 }, placed: collect, remembers };
  const [places, reserved] = [standingPlaces(memory), memory.reserved];
  // What fails in one decision is told from what failed in the one before.
  scene.queue.changes += 1;
  growWhereLooser(scene.centres, scene.queue.changes);
  return served(scene, errand, (walk) => {
    memory.holdersBefore = standingHolders(memory);
    memory.holders = [...new Set(walk.reserved)].flatMap((pool) => pool.reservations.map(({ holder }) => holder));
    // A walk that ended early has not come to all who hold one.
    if (placements.length >= most) memory.holders = [...stillHeld(memory), ...memory.holders];
    memory.decidedAt = memory.told;
    memory.decidedMs = nowMs;
    memory.acts = started.length > 0 || walk.asking.length > 0;
    memory.before = { reserved, places, ...walk.before };
    memory.places = walk.places;
    memory.started = started;
    memory.changes = scene.queue.changes;
    memory.reserved = new Map([
      ...walk.reserved.flatMap((pool) =>
        pool.reservations.map(({ holder, atMs }) => [pool, { ...holder, atMs }] as const),
      ),
      ...walk.left.map(({ pool, ...holder }) => [pool, holder] as const),
    ]);
    noteFreed(reserved, memory.reserved, scene.queue.changes);
    const mostMoves = Math.max(0, most - placements.length);
    const takeBack = movesDue({ ...scene, nowMs }, mostMoves, {
      mayStart: (job, pool) => mayMove(scene, walk, job, pool),
      take: (job, offer) => takeMoved(scene, walk, job, offer),
    });
    const preempt = walk.asking.map(({ order }) => order);
    return { place: placements, takeBack, preempt, keepsBack: walk.keptBack > 0 || keepsAway(scene) };
  });
}

/** Whether somebody waits, and a home keeps some away: that will not be for ever, though nothing is told. */
function keepsAway({ centres, queue }: Scene): boolean {
  if (!centres.some(({ lends }) => lends !== null && lends.kept.length > 0)) return false;
  return [...queue.groups.values()].some(({ rows }) => rows.length > 0);
}

/** Where a place is kept no more, or another is, those may start who failed before; a walk may have ended before it met them. */
function noteFreed(before: Memory["reserved"], now: Memory["reserved"], changes: number): void {
  for (const [pool, { job, position, atMs }] of before) {
    const still = now.get(pool);
    if (still?.job === job && still.position === position && still.atMs === atMs) continue;
    for (const each of pool.ground?.pools ?? [pool]) each.grown = Math.max(each.grown, changes);
  }
}

function movedBefore(job: JobRecord, position: number): Pick<Placement, "moved"> {
  const moved = job.moves?.get(position);
  return moved ? { moved } : {};
}

/** Whether what was to start did, or its pool has grown since, as it does when such a run is over: who failed there is tried again then. */
function hasCome({ job, position, attempt, pool }: Started, changes: number): boolean {
  const run = job.live?.get(position);
  return (run !== undefined && run.attempt >= attempt) || pool.grown > changes;
}

/** Looks at the scene as it would be when the queue had been served up to a place, and leaves it as it was. */
export function seenFrom<Seen>(scene: Scene, nowMs: number, place: Place, look: (walk: Walk) => Seen): Seen {
  const all = { nowMs, most: Number.POSITIVE_INFINITY, end: place, placed: () => {}, remembers: false };
  return served(scene, all, look);
}

/** The tasks that can never start, first come first. */
export function endsDue(dependencies: Dependencies): readonly TaskEnd[] {
  const ends: TaskEnd[] = [];
  for (const job of [...dependencies.doomed].sort((a, b) => (comesBefore(a, b) ? -1 : 1))) {
    const indices = rangesOf(job.indices, doomedPositions(job));
    if (indices.length > 0)
      ends.push({ job: job.id, indices, rule: "dependency-never-satisfied", facts: doomFacts(job) });
  }
  return ends;
}
