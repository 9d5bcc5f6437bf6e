import type { CentreRecord, PoolRecord } from "#core/scheduling/centres.ts";
import { type Asked, mayEverUse, offerOf } from "#core/scheduling/fit.ts";
import { type Choice, startInQueueMs } from "#core/scheduling/placing/choose.ts";
import { costS, isPlain, scoreAt } from "#core/scheduling/placing/score.ts";
import type { Score } from "#core/scheduling/placing/score-terms.ts";
import type { Candidate } from "#core/scheduling/reasons.ts";

/**
 * The candidate with what a place at its centre would cost. For an answer to somebody who asks; with each placement that is
 * kept, only what was weighed is: a centre that takes the work, and only where its score is not as anywhere.
 */
export function scored(
  one: Candidate,
  asked: Asked,
  centre: CentreRecord,
  nowMs: number,
  choice: Choice,
  startsInMs: ((pool: PoolRecord) => number | null) | null,
): Candidate {
  const { placing } = choice;
  if (!placing || one.holds === "never") return one;
  if (!startsInMs && (one.holds !== "now" || (one.rule === null && centre.pools.every(saysNothing)))) return one;
  let best: Score | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const pool of centre.pools) {
    if (!mayEverUse(asked, pool)) continue;
    const atMs = one.holds === "now" ? offeredMs(asked, pool, nowMs, choice) : (startsInMs?.(pool) ?? null);
    if (one.holds === "now" && atMs === "not-taken") continue;
    const inMs = atMs === "not-taken" ? null : atMs;
    const cost = (inMs === null ? laterThanAll : inMs / 1000) + costS(placing, asked, pool);
    if (cost >= least) continue;
    least = cost;
    best = scoreAt(placing, asked, pool, inMs);
  }
  return best === null || (!startsInMs && isPlain(best, asked)) ? one : { ...one, score: best };
}

/** Places whose start nobody can tell come behind those whose start is known. */
const laterThanAll = 1e12;

function offeredMs(asked: Asked, pool: PoolRecord, nowMs: number, { starts }: Choice): number | null | "not-taken" {
  const offer = offerOf(asked, pool, nowMs);
  if (!offer) return "not-taken";
  return offer.now ? 0 : startInQueueMs(asked, pool, nowMs, starts);
}

/** But for its price. */
export function saysNothing({ state, centre }: PoolRecord): boolean {
  const { speed = 1, carbonGPerKwh = null } = state ?? {};
  return speed === 1 && carbonGPerKwh === null && centre.losses.lost === 0;
}
