import { devicesFor, isShared, needIn, type PoolRecord } from "#core/scheduling/centres.ts";
import { dataReadyMs } from "#core/scheduling/data-at.ts";
import { type Asked, mayTake } from "#core/scheduling/fit.ts";
import { heldBeside } from "#core/scheduling/ground.ts";
import { costS } from "#core/scheduling/placing/score.ts";
import type { Placing } from "#core/scheduling/policy.ts";
import { earliestFit } from "#core/scheduling/twin.ts";
import { waitsForMore } from "#core/scheduling/walk/waits-for.ts";

export type EarliestStart = { readonly pool: PoolRecord; readonly device: number; readonly atMs: number };

/**
 * Where and when expected ends make room first, beside what is reserved and not before its input is there: first by the score, where the policy has one; null:
 * nothing that is known makes any.
 */
export function earliestStart(
  asked: Asked,
  pools: readonly PoolRecord[],
  nowMs: number,
  placing: Placing | null,
): EarliestStart | null {
  const { shape, timeLimitS, graceS } = asked;
  let best: EarliestStart | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const pool of pools) {
    if (!mayTake(pool) || isShared(pool) || heldBeside(pool) || waitsForMore(asked, pool)) continue;
    const fromMs = dataReadyMs(asked, pool, nowMs);
    for (const device of devicesWanted(asked, pool)) {
      const atMs = earliestFit(pool, needIn(shape, pool, device), (timeLimitS + graceS) * 1000, nowMs, fromMs);
      const score = atMs === null ? least : atMs + (placing ? Math.round(1000 * costS(placing, asked, pool)) : 0);
      if (atMs === null || score >= least) continue;
      best = { pool, device, atMs };
      least = score;
    }
  }
  return best;
}

/** In the pool's list of devices those that it may have; -1: it asks for none. */
export function devicesWanted({ shape }: Pick<Asked, "shape">, { devices }: PoolRecord): readonly number[] {
  return shape.accelerators ? devicesFor(shape, devices) : [-1];
}
