import type { CentreId } from "#core/ids.ts";
import { coresPerNode, type Shape } from "#core/job/spec.ts";
import type { PoolRecord } from "#core/scheduling/centres.ts";
import {
  learnWait,
  noSeenWaits,
  type SeenWaits,
  type SizeClass,
  waitRange,
} from "#core/scheduling/estimate/seen-waits.ts";
import { learnStart, noStartErrors, type StartErrors } from "#core/scheduling/estimate/start-errors.ts";
import type { JobRecord, LiveRun } from "#core/scheduling/job-record.ts";

/**
 * What an estimated start rests on. `profile`: work waits in the network, and the time limits of what runs say when there is
 * room. `engine`: it waits in a centre's own queue, and the engine said when it will start. `queue`: it waits there and
 * nobody says anything, so the estimate is "at once", and all its error is the wait in that queue.
 */
export type StartBasis = "profile" | "engine" | "queue";

/** What is learnt of starts, each by pool. */
export type LearntStarts = {
  /** `profile` and `engine`: which part of the wait that was foretold came true; `queue`: the wait in seconds. */
  readonly waits: Readonly<Record<StartBasis, SeenWaits>>;
  /** By these places are chosen. */
  readonly errors: Readonly<Record<"engine" | "queue", StartErrors>>;
};

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
  readonly startedMs: number;
};

/** Times of the server's clock. */
export type StartEstimate =
  /** It would be started this moment. */
  | { readonly kind: "now"; readonly centre: CentreId; readonly atMs: number }
  /**
   * As such work waited there before, of which `seen` waited as long as it has already: one in ten starts before
   * `earliestMs`, half by `likelyMs`, nine in ten by `latestMs`. All are to come.
   */
  | {
      readonly kind: "learnt";
      readonly from: StartBasis;
      readonly centre: CentreId;
      readonly earliestMs: number;
      readonly likelyMs: number;
      readonly latestMs: number;
      readonly seen: number;
    }
  /** If what runs there takes its whole time limit. `isFirst`: nobody who waits now may delay it, so that it is sooner or then. */
  | { readonly kind: "limits"; readonly centre: CentreId; readonly byMs: number; readonly isFirst: boolean }
  /** It waits in the centre's own queue, and so says the engine. */
  | { readonly kind: "engine"; readonly centre: CentreId; readonly atMs: number }
  /** It is kept back for others until then, by the run times that are foretold. */
  | { readonly kind: "planned"; readonly centre: CentreId; readonly atMs: number }
  /** Nothing but its input is waited for, which is there from then on. */
  | { readonly kind: "data"; readonly centre: CentreId; readonly atMs: number }
  | { readonly kind: "unknown" };

export function noLearntStarts(): LearntStarts {
  return {
    waits: { profile: noSeenWaits(), engine: noSeenWaits(), queue: noSeenWaits() },
    errors: { engine: noStartErrors(), queue: noStartErrors() },
  };
}

/** Who waits alike in a pool. */
export function waitsAlike(pool: PoolRecord, shape: Shape, timeLimitS: number): SizeClass {
  return { centre: poolKey(pool.centre.id, pool.name), processors: shape.nodes * coresPerNode(shape), timeLimitS };
}

export function learnPast(starts: LearntStarts, past: PastStart): void {
  const { basis, centre, pool, processors, timeLimitS } = past;
  learn(starts, basis, { centre: poolKey(centre, pool), processors, timeLimitS }, past);
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
    const there = { ...size, centre: poolKey(centre, pool) };
    learn(starts, "profile", there, spans(madeMs, startsMs, startedMs));
    told?.delete(position);
  }
  if (run.phase !== "waiting") return;
  learn(starts, "queue", size, spans(run.placedMs, run.placedMs, startedMs));
  const { firstTold } = run;
  if (firstTold) learn(starts, "engine", size, spans(firstTold.madeMs, firstTold.startsMs, startedMs));
}

/** Of a wait that was foretold to be next to nothing a share says nothing. */
const leastToldS = 10;

type Spans = Pick<PastStart, "estimatedS" | "trueS" | "startedMs">;

function learn(
  starts: LearntStarts,
  basis: StartBasis,
  size: SizeClass,
  { estimatedS, trueS, startedMs }: Spans,
): void {
  if (basis !== "profile") learnStart(starts.errors[basis], size, estimatedS, trueS);
  if (basis === "queue") learnWait(starts.waits.queue, size, trueS, startedMs);
  else if (estimatedS >= leastToldS) learnWait(starts.waits[basis], size, trueS / estimatedS, startedMs);
}

/** What is asked for, by whom it is waited since `sinceMs`, and the moment of asking. */
export type Waiter = {
  readonly asked: { readonly shape: Shape; readonly timeLimitS: number };
  readonly sinceMs: number;
  readonly nowMs: number;
};

/**
 * Of one for which what is foretold leaves until `byMs` to wait: the shares of that wait which came true before, of those that
 * had waited as long; null: too few are known.
 */
export function learntOf(
  starts: LearntStarts,
  from: "profile" | "engine",
  pool: PoolRecord,
  { asked, sinceMs, nowMs }: Waiter,
  byMs: number,
): StartEstimate | null {
  return rangeOf(starts.waits[from], from, pool, asked, { sinceMs, nowMs, unitMs: byMs - sinceMs });
}

/** Of one that joins the pool's queue or waits there: as long as such work waited; null: too few are known. */
export function learntInQueue(
  starts: LearntStarts,
  pool: PoolRecord,
  { asked, sinceMs, nowMs }: Waiter,
): StartEstimate | null {
  return rangeOf(starts.waits.queue, "queue", pool, asked, { sinceMs, nowMs, unitMs: 1000 });
}

/** Of a run that waits in a centre's own queue. */
export function waitEstimate(
  starts: LearntStarts,
  { ask: asked }: JobRecord,
  { pool, startsMs, placedMs, firstTold }: LiveRun,
  nowMs: number,
): StartEstimate {
  const sinceMs = startsMs === null ? placedMs : (firstTold?.madeMs ?? placedMs);
  const waiter = { asked, sinceMs, nowMs };
  if (startsMs === null) return learntInQueue(starts, pool, waiter) ?? { kind: "unknown" };
  const learnt = learntOf(starts, "engine", pool, waiter, startsMs);
  if (learnt) return learnt;
  // What its engine foretold and did not come says nothing more.
  return startsMs > nowMs ? { kind: "engine", centre: pool.centre.id, atMs: startsMs } : { kind: "unknown" };
}

/** Nothing that is to come is sooner. */
const soonestMs = 1000;

function rangeOf(
  waits: SeenWaits,
  from: StartBasis,
  pool: PoolRecord,
  { shape, timeLimitS }: Waiter["asked"],
  { sinceMs, nowMs, unitMs }: { readonly sinceMs: number; readonly nowMs: number; readonly unitMs: number },
): StartEstimate | null {
  if (unitMs <= 0) return null;
  const range = waitRange(waits, waitsAlike(pool, shape, timeLimitS), (nowMs + soonestMs - sinceMs) / unitMs);
  if (!range) return null;
  const at = (wait: number) => Math.round(sinceMs + wait * unitMs);
  return {
    kind: "learnt",
    from,
    centre: pool.centre.id,
    earliestMs: at(range.earliest),
    likelyMs: at(range.likely),
    latestMs: at(range.latest),
    seen: range.seen,
  };
}

/** Whole seconds from when it was told until it was estimated to start, and did. */
export function spans(madeMs: number, estimatedMs: number, startedMs: number): Spans {
  const span = (ms: number) => Math.max(0, Math.round((ms - madeMs) / 1000));
  return { estimatedS: span(estimatedMs), trueS: span(startedMs), startedMs };
}

function poolKey(centre: string, pool: string): string {
  return `${centre}/${pool}`;
}
