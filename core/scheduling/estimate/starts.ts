import type { CentreId } from "#core/ids.ts";
import { coresPerNode, type Shape } from "#core/job/spec.ts";
import type { PoolRecord } from "#core/scheduling/centres.ts";
import {
  learnStart,
  noStartErrors,
  type SizeClass,
  type StartErrors,
  startRange,
} from "#core/scheduling/estimate/start-errors.ts";
import type { JobRecord, LiveRun } from "#core/scheduling/job-record.ts";

/**
 * What an estimated start rests on. `profile`: work waits in the network, and the time limits of what runs say when there is
 * room. `engine`: it waits in a centre's own queue, and the engine said when it will start. `queue`: it waits there and
 * nobody says anything, so the estimate is "at once", and all its error is the wait in that queue.
 */
export type StartBasis = "profile" | "engine" | "queue";

/** How far estimates of each kind were off, each by pool. */
export type LearntStarts = Readonly<Record<StartBasis, StartErrors>>;

/** An estimate that was told, and when: what is learnt from once the work has started. */
export type ToldStart = {
  readonly centre: CentreId;
  readonly pool: string;
  readonly madeMs: number;
  readonly startsMs: number;
};

/** A start of the past, as the store has it: seconds from when it was estimated. */
export type PastStart = {
  readonly basis: StartBasis;
  readonly centre: CentreId;
  readonly pool: string;
  readonly processors: number;
  readonly timeLimitS: number;
  readonly estimatedS: number;
  readonly trueS: number;
};

/** Times of the server's clock. It may be as early as `earliestMs` and nine in ten start by `latestMs`; null: nobody knows. */
export type StartEstimate =
  | {
      readonly from: StartBasis;
      readonly earliestMs: number;
      readonly likelyMs: number;
      readonly latestMs: number | null;
      readonly centre: CentreId;
      /** Starts of such work at the same pool that the range was learnt from; 0: of other work, or by the limits alone. */
      readonly seen: number;
    }
  | { readonly from: "unknown" };

export function noLearntStarts(): LearntStarts {
  return { profile: noStartErrors(), engine: noStartErrors(), queue: noStartErrors() };
}

/** Who waits alike in a pool. */
export function waitsAlike(pool: PoolRecord, shape: Shape, timeLimitS: number): SizeClass {
  return { centre: poolKey(pool.centre.id, pool.name), processors: shape.nodes * coresPerNode(shape), timeLimitS };
}

export function learnPast(starts: LearntStarts, past: PastStart): void {
  const { basis, centre, pool, processors, timeLimitS, estimatedS, trueS } = past;
  learnStart(starts[basis], { centre: poolKey(centre, pool), processors, timeLimitS }, estimatedS, trueS);
}

/** A run has started: how far was off what was said of it while it waited. */
export function learnFrom(
  starts: LearntStarts,
  job: JobRecord,
  position: number,
  run: LiveRun,
  startedMs: number,
): void {
  const { ask, told } = job;
  const said = told?.get(position);
  const size = waitsAlike(run.pool, ask.shape, ask.timeLimitS);
  if (said) {
    const { centre, pool, madeMs, startsMs } = said;
    learnStart(
      starts.profile,
      { ...size, centre: poolKey(centre, pool) },
      spanS(madeMs, startsMs),
      spanS(madeMs, startedMs),
    );
    told?.delete(position);
  }
  if (run.phase !== "waiting") return;
  learnStart(starts.queue, size, 0, spanS(run.placedMs, startedMs));
  const { firstTold } = run;
  if (firstTold)
    learnStart(starts.engine, size, spanS(firstTold.madeMs, firstTold.startsMs), spanS(firstTold.madeMs, startedMs));
}

/**
 * The range of an estimate. Where nothing was learnt it is what the estimate itself says: from now until then, and by
 * `surelyMs` at the latest where that is promised.
 */
export function rangeOf(
  starts: LearntStarts,
  from: StartBasis,
  pool: PoolRecord,
  asked: { readonly shape: Shape; readonly timeLimitS: number },
  times: { readonly nowMs: number; readonly startsMs: number; readonly surelyMs: number | null },
): StartEstimate {
  const { nowMs, startsMs, surelyMs } = times;
  const centre = pool.centre.id;
  const size = waitsAlike(pool, asked.shape, asked.timeLimitS);
  const range = startRange(starts[from], size, spanS(nowMs, startsMs));
  if (!range) return { from, earliestMs: nowMs, likelyMs: startsMs, latestMs: surelyMs, centre, seen: 0 };
  const until = (inS: number) => Math.min(nowMs + 1000 * inS, surelyMs ?? Number.POSITIVE_INFINITY);
  return {
    from,
    earliestMs: until(range.earliestS),
    likelyMs: until(range.likelyS),
    latestMs: until(range.latestS),
    centre,
    seen: range.seen,
  };
}

/** Of a run that waits in a centre's own queue. */
export function waitEstimate(
  starts: LearntStarts,
  { ask }: JobRecord,
  { pool, startsMs, placedMs }: LiveRun,
  nowMs: number,
): StartEstimate {
  const surely = { nowMs, surelyMs: null };
  if (startsMs !== null)
    return rangeOf(starts, "engine", pool, ask, { ...surely, startsMs: Math.max(nowMs, startsMs) });
  const size = waitsAlike(pool, ask.shape, ask.timeLimitS);
  const range = startRange(starts.queue, size, 0);
  if (!range) return { from: "unknown" };
  const at = (waitS: number) => Math.max(nowMs, placedMs + 1000 * waitS);
  return {
    from: "queue",
    earliestMs: at(range.earliestS),
    likelyMs: at(range.likelyS),
    latestMs: at(range.latestS),
    centre: pool.centre.id,
    seen: range.seen,
  };
}

function spanS(fromMs: number, toMs: number): number {
  return Math.max(0, Math.round((toMs - fromMs) / 1000));
}

function poolKey(centre: string, pool: string): string {
  return `${centre}/${pool}`;
}
