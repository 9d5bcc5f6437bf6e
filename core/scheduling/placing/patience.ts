import { devicesFor, isShared, needIn, type PoolRecord } from "#core/scheduling/centres.ts";
import { dataReadyMs } from "#core/scheduling/data-at.ts";
import { type Asked, mayTake, type Offer } from "#core/scheduling/fit.ts";
import { costS } from "#core/scheduling/placing/score.ts";
import type { Placing } from "#core/scheduling/policy.ts";
import { earliestFit } from "#core/scheduling/twin.ts";

/** A faster pool that is waited for though another could start the work now. */
export type FasterPool = {
  readonly pool: PoolRecord;
  readonly device: number;
  /** When it has room there, by the limits of what runs, and its input is there. */
  readonly startsMs: number;
  /** How much earlier it is estimated to be done, by the score. */
  readonly gainS: number;
};

/**
 * Of the network's own pools that are faster than the one offered and have no room, or not its input, yet: where the work would be done
 * earliest, if it is worth the wait (docs/decisions/0043). null: none is, and it starts where it may. This is asked for each
 * placement, so what costs most is asked only of faster pools.
 */
export function fasterPool(
  placing: Placing,
  asked: Asked,
  offer: Offer,
  pools: Pools,
  nowMs: number,
): FasterPool | null {
  const patience = patienceOf(placing);
  if (!patience || !offer.now) return null;
  const speed = speedOf(offer.pool);
  let best: FasterPool | null = null;
  let predicted: Asked | null = null;
  for (const pool of pools.all) {
    if (speedOf(pool) <= speed || !isOwn(pool) || !mayTake(pool) || !pools.isOpen(pool)) continue;
    if (isLessWished(asked, pool, offer.pool)) continue;
    predicted ??= { ...asked, timeLimitS: pools.runS() };
    const savedS = costS(placing, predicted, offer.pool) - costS(placing, predicted, pool);
    if (savedS <= patience.leastGainS) continue;
    const found = soonest(asked, pool, nowMs);
    if (!found) continue;
    const waitS = (found.startsMs - nowMs) / 1000;
    const gainS = Math.round(savedS - waitS);
    if (gainS > Math.max(best?.gainS ?? 0, patience.leastGainS, patience.leastGainShare * waitS))
      best = { pool, ...found, gainS };
  }
  return best;
}

export type Pools = {
  readonly all: readonly PoolRecord[];
  /** Whether room is all that it waits for there. */
  readonly isOpen: (pool: PoolRecord) => boolean;
  /** How long it is expected to run: its limit would make a fast pool look better than it is. */
  readonly runS: () => number;
};

function soonest(asked: Asked, pool: PoolRecord, nowMs: number): Pick<FasterPool, "device" | "startsMs"> | null {
  const lastsMs = (asked.timeLimitS + asked.graceS) * 1000;
  const fromMs = dataReadyMs(asked, pool, nowMs);
  let best: Pick<FasterPool, "device" | "startsMs"> | null = null;
  for (const device of asked.shape.accelerators ? devicesFor(asked.shape, pool.devices) : [-1]) {
    const startsMs = earliestFit(pool, needIn(asked.shape, pool, device), lastsMs, nowMs, fromMs);
    if (startsMs !== null && (best === null || startsMs < best.startsMs)) best = { device, startsMs };
  }
  return best;
}

/** A policy of an older recording says nothing of it. */
function patienceOf({ patience }: Partial<Pick<Placing, "patience">>): Placing["patience"] {
  return patience ?? null;
}

function speedOf({ state }: PoolRecord): number {
  return state?.speed ?? 1;
}

/** Elsewhere others come between, or it takes only what fits now. */
function isOwn(pool: PoolRecord): boolean {
  return !isShared(pool) && pool.state?.contract === "dedicated";
}

function isLessWished({ wishes: { prefer } }: Asked, pool: PoolRecord, than: PoolRecord): boolean {
  const rankOf = ({ centre }: PoolRecord) => (prefer.includes(centre.id) ? prefer.indexOf(centre.id) : prefer.length);
  return prefer.length > 0 && rankOf(pool) > rankOf(than);
}
