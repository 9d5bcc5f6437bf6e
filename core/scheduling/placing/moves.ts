import type { CentreId, JobId } from "#core/ids.ts";
import { allocationOf, isShared, moveRun, type PoolRecord, sortOf } from "#core/scheduling/centres.ts";
import { withoutData } from "#core/scheduling/data-at.ts";
import { medianError } from "#core/scheduling/estimate/start-errors.ts";
import { type LearntStarts, waitsAlike } from "#core/scheduling/estimate/starts.ts";
import { mayTake, type Offer, offerOf } from "#core/scheduling/fit.ts";
import { comesBefore, type JobRecord, type LiveRun } from "#core/scheduling/job-record.ts";
import { startInQueueMs } from "#core/scheduling/placing/choose.ts";
import { costS } from "#core/scheduling/placing/score.ts";
import type { Moves, Placing } from "#core/scheduling/policy.ts";
import { indexAt } from "#core/scheduling/positions.ts";
import type { Ask } from "#core/scheduling/queue.ts";
import { expectEnd, expectNoEnd } from "#core/scheduling/twin.ts";

/**
 * Runs that wait in the own queue of a shared pool (B2), looked at again with every decision: where another centre would
 * have it done so much earlier that it is worth its place in the queue, a run is taken back. It is placed again only when
 * its agent has told that it did not start and cannot (R1).
 */
export type Withdrawal = {
  readonly job: JobId;
  readonly index: number;
  readonly attempt: number;
  readonly centre: CentreId;
  readonly to: CentreId;
  readonly toPool: string;
  /** How long it is still expected to wait where it is, and there. */
  readonly waitsS: number;
  readonly startsInS: number;
  /** What it gains in all, in seconds of the score. */
  readonly gainS: number;
  /** Which move of the task it is, from 1, and how many it may make. */
  readonly move: number;
  readonly mostMoves: number;
};

/** How often a task was moved, and which centres it left so: it is not moved back to one. */
export type MovesMade = { readonly times: number; readonly left: readonly CentreId[] };

/** Runs in queues of centres, in the order of submission; `inOrder` null: to be put into order. */
export type Waiting = {
  readonly runs: Map<LiveRun, { readonly job: JobRecord; readonly position: number }>;
  inOrder: readonly (readonly [run: LiveRun, of: { readonly job: JobRecord; readonly position: number }])[] | null;
};

export function nobodyWaits(): Waiting {
  return { runs: new Map(), inOrder: null };
}

/** Told of each change of a run: whether it waits in a queue now. */
export function noteWaiting(waiting: Waiting, run: LiveRun, job: JobRecord, position: number, waits: boolean): void {
  if (waits ? waiting.runs.has(run) : !waiting.runs.delete(run)) return;
  if (waits) waiting.runs.set(run, { job, position });
  waiting.inOrder = null;
}

export type Seen = {
  readonly waiting: Waiting;
  readonly placing: Placing | null;
  readonly starts: LearntStarts;
  readonly nowMs: number;
};

/** What a move takes is not there for those who wait in the network's own queue. */
export type Beside = {
  /** Whether it may start there now beside what is planned of them. */
  readonly mayStart: (job: JobRecord, pool: PoolRecord) => boolean;
  /** Counts what it will take, so that no two go for the same room. */
  readonly take: (job: JobRecord, offer: Offer) => void;
};

export function movesDue(seen: Seen, most: number, beside: Beside): readonly Withdrawal[] {
  const { placing, waiting, nowMs } = seen;
  const moves = placing?.moves;
  if (!placing || !moves || waiting.runs.size === 0) return [];
  const found: Withdrawal[] = [];
  let targets = new Map<Ask, readonly Target[]>();
  for (const [run, { job, position }] of lookedAt(waiting, nowMs)) {
    if (found.length >= most) break;
    const made = job.moves?.get(position);
    if (!mayMove(run, made, moves)) continue;
    const known = targets.get(job.ask) ?? targetsOf(seen, placing, job.ask);
    targets.set(job.ask, known);
    const waitsS = stillWaitsS(seen, job, run);
    const here = waitsS + costS(placing, job.ask, run.pool);
    const gainS = ({ score }: Target) => Math.round(here - score);
    const leastS = Math.max(moves.leastGainS, moves.leastGainShare * waitsS);
    const worth = known.filter((target) => gainS(target) > leastS);
    const target = bestOf(worth, job, run, made, beside);
    if (!target) continue;
    const { pool } = target.offer;
    found.push({
      job: job.id,
      index: indexAt(job.indices, position),
      attempt: run.attempt,
      centre: run.pool.centre.id,
      to: pool.centre.id,
      toPool: pool.name,
      waitsS: Math.round(waitsS),
      startsInS: target.startsInS,
      gainS: gainS(target),
      move: (made?.times ?? 0) + 1,
      mostMoves: moves.most,
    });
    beside.take(job, target.offer);
    targets = new Map();
  }
  return found;
}

/** Asked back: it counts as a move, and what it goes for is kept for it until it is known what became of it. */
export function askBack(job: JobRecord, position: number, run: LiveRun, to: PoolRecord | null): void {
  run.askedBack = true;
  if (!to) return;
  job.moves ??= new Map();
  job.moves.set(position, withMove(job.moves.get(position) ?? null, run.pool.centre.id));
  // Its input was there when it was asked back.
  const offer = offerOf(withoutData(job.ask), to, 0);
  if (!offer || run.keeps) return;
  const sort = sortOf(to, job, allocationOf(job.ask.shape, to, offer.device));
  const kept: LiveRun = { ...run, attempt: 0, pool: to, sort, phase: "sent", keeps: null };
  moveRun(to, sort, null, "sent");
  expectEnd(to, kept);
  run.keeps = kept;
}

export function withMove(made: MovesMade | null, from: CentreId): MovesMade {
  const { times = 0, left = [] } = made ?? {};
  return { times: times + 1, left: [...new Set([...left, from])] };
}

/** Of tasks that came back: the pool whose room was kept for them. They come first there. */
export type Promised = Map<JobRecord, Map<number, PoolRecord>>;

export function promise(promised: Promised, job: JobRecord, position: number, pool: PoolRecord): void {
  const of = promised.get(job) ?? new Map<number, PoolRecord>();
  promised.set(job, of.set(position, pool));
}

export function forgetPromise(promised: Promised, job: JobRecord, position: number): void {
  const of = promised.get(job);
  if (of?.delete(position) && of.size === 0) promised.delete(job);
}

export function promisesInOrder(
  promised: Promised,
): readonly { readonly job: JobRecord; readonly position: number; readonly pool: PoolRecord }[] {
  const jobs = [...promised.keys()].sort((a, b) => (comesBefore(a, b) ? -1 : 1));
  return jobs.flatMap((job) =>
    [...(promised.get(job) ?? [])].sort(([a], [b]) => a - b).map(([position, pool]) => ({ job, position, pool })),
  );
}

/** It came back or started: what was kept for it is free. Answers the pool that grew; null: nothing was kept. */
export function releaseKept(run: LiveRun): PoolRecord | null {
  const { keeps } = run;
  if (!keeps) return null;
  moveRun(keeps.pool, keeps.sort, "sent", null);
  expectNoEnd(keeps.pool, keeps);
  run.keeps = null;
  return keeps.pool;
}

/** For the history: why it was taken back. */
export function withdrawalWords(one: Withdrawal): string {
  const { centre, to, waitsS, startsInS, gainS, move, mostMoves } = one;
  const there = startsInS === 0 ? `${to} can start it now` : `${to} would start it in about ${startsInS} s`;
  return `${there}, and ${centre} in about ${waitsS} s: done ${gainS} s earlier, by the score; move ${move} of at most ${mostMoves}`;
}

type Target = { readonly offer: Offer; readonly startsInS: number; readonly score: number };

/** Where many wait, others with each second: a decision must not cost more for them. */
const mostLookedAt = 64;

function lookedAt(waiting: Waiting, nowMs: number): NonNullable<Waiting["inOrder"]> {
  const all = inOrder(waiting);
  if (all.length <= mostLookedAt) return all;
  const from = (Math.floor(nowMs / 1000) * mostLookedAt) % all.length;
  return [...all.slice(from, from + mostLookedAt), ...all.slice(0, Math.max(0, from + mostLookedAt - all.length))];
}

function inOrder(waiting: Waiting): NonNullable<Waiting["inOrder"]> {
  waiting.inOrder ??= [...waiting.runs].sort(([, a], [, b]) =>
    a.job === b.job ? a.position - b.position : comesBefore(a.job, b.job) ? -1 : 1,
  );
  return waiting.inOrder;
}

/** A centre that cannot be reached cannot tell that a run did not start, so nothing is asked of it. */
function mayMove({ pool, askedBack, held }: LiveRun, made: MovesMade | undefined, { most }: Moves): boolean {
  return (
    !askedBack && !held && isShared(pool) && (made?.times ?? 0) < most && pool.centre.state?.connection === "connected"
  );
}

/** Where such work could go now, or join a queue whose wait is known. */
function targetsOf({ starts, nowMs }: Seen, placing: Placing, ask: Ask): readonly Target[] {
  return ask.group.pools.flatMap((pool): Target[] => {
    const offer = mayTake(pool) ? offerOf(ask, pool, nowMs) : null;
    if (!offer) return [];
    const startsInMs = offer.now ? 0 : startInQueueMs(ask, pool, nowMs, starts);
    if (startsInMs === null) return [];
    const startsInS = Math.round(startsInMs / 1000);
    return [{ offer, startsInS, score: startsInS + costS(placing, ask, pool) }];
  });
}

function bestOf(
  targets: readonly Target[],
  job: JobRecord,
  { pool: here }: LiveRun,
  made: MovesMade | undefined,
  { mayStart }: Beside,
): Target | null {
  const { prefer } = job.ask.wishes;
  const rankOf = (id: CentreId) => (prefer.includes(id) ? prefer.indexOf(id) : prefer.length);
  let best: Target | null = null;
  for (const target of targets) {
    const { pool, now } = target.offer;
    const { centre } = pool;
    if (centre === here.centre || made?.left.includes(centre.id) || rankOf(centre.id) > rankOf(here.centre.id))
      continue;
    if ((!best || target.score < best.score) && (!now || mayStart(job, pool))) best = target;
  }
  return best;
}

/**
 * How long it is still expected to wait: as its engine says, less what its engine was off before, else as such work waited there before, and where it has waited
 * longer than that, or nobody knows anything, once more as long as it has waited.
 */
function stillWaitsS({ starts, nowMs }: Seen, job: JobRecord, { pool, startsMs, placedMs }: LiveRun): number {
  const size = waitsAlike(pool, job.ask.shape, job.ask.timeLimitS);
  if (startsMs !== null) return Math.max(0, (startsMs - nowMs) / 1000 + (medianError(starts.errors.engine, size) ?? 0));
  const waitedS = Math.max(0, nowMs - placedMs) / 1000;
  const medianS = medianError(starts.errors.queue, size);
  return medianS !== null && medianS > waitedS ? medianS - waitedS : waitedS;
}
