import type { CentreId } from "#core/ids.ts";
import { devicesFor, leftOf, needIn, type PoolRecord } from "#core/scheduling/centres.ts";
import { medianError } from "#core/scheduling/estimate/start-errors.ts";
import { type LearntStarts, waitsAlike } from "#core/scheduling/estimate/starts.ts";
import { type Asked, isBetter, type Offer, offerOf } from "#core/scheduling/fit.ts";
import type { Demand } from "#core/scheduling/packing/demand.ts";
import { growthIn } from "#core/scheduling/packing/growth.ts";
import { costS } from "#core/scheduling/placing/score.ts";
import type { Placing } from "#core/scheduling/policy.ts";
import { earliestFit } from "#core/scheduling/twin.ts";

/** What a choice of a place goes by. */
export type Choice = {
  /** What is asked of cards; empty: they are not packed by it. */
  readonly demand: Demand;
  /** null: where most is free. */
  readonly placing: Placing | null;
  readonly starts: LearntStarts;
};

/**
 * Where it goes. Of the pools that can start it now: the first preferred centre, then the least cost (placing/score.ts),
 * then the pool whose cards it leaves of most use to what is asked of cards (docs/decisions/0025), then the one with most
 * free, ties by centre id. Where none can start it now, the queue of a shared pool: with the earliest estimated end, then
 * with most free. A queue is taken before a start now only where the end is estimated to be earlier for all that.
 */
export function chooseAmong(asked: Asked, pools: readonly PoolRecord[], nowMs: number, choice: Choice): Offer | null {
  const { prefer } = asked.wishes;
  let now: Best | null = null;
  let queue: Best | null = null;
  for (const pool of pools) {
    const preferred = prefer.length === 0 ? -1 : prefer.indexOf(pool.centre.id);
    const rank = preferred === -1 ? prefer.length : preferred;
    if (now && rank > now.rank) continue;
    const offer = offerOf(asked, pool, nowMs);
    if (!offer || (now && !offer.now && !choice.placing)) continue;
    if (offer.now)
      now = betterOf(now, { offer, rank, step: stepOf(choice, asked, pool, 0), growth: null }, asked, choice);
    else {
      const startsInMs = startInQueueMs(asked, pool, nowMs, choice.starts) ?? 0;
      queue = betterOf(queue, { offer, rank, step: stepOf(choice, asked, pool, startsInMs), growth: 0 }, asked, choice);
    }
  }
  if (!now || !queue) return (now ?? queue)?.offer ?? null;
  // What is not known to be quick is not waited for.
  const isKnown = startInQueueMs(asked, queue.offer.pool, nowMs, choice.starts) !== null;
  return isKnown && queue.rank <= now.rank && queue.step < now.step ? queue.offer : now.offer;
}

/** For a task that was taken back from the queues of these centres: it joins none of them again while there is another place. */
export function chooseElsewhere(
  left: readonly CentreId[] | undefined,
  asked: Asked,
  pools: readonly PoolRecord[],
  nowMs: number,
  choice: Choice,
): Offer | null {
  const offer = chooseAmong(asked, pools, nowMs, choice);
  if (!left || !offer || offer.now || !left.includes(offer.pool.centre.id)) return offer;
  const others = pools.filter(({ centre }) => !left.includes(centre.id));
  return chooseAmong(asked, others, nowMs, choice) ?? offer;
}

/** When a run that joins the queue of a shared pool now may start, in ms from now; null: nobody can tell. */
export function startInQueueMs(asked: Asked, pool: PoolRecord, nowMs: number, starts: LearntStarts): number | null {
  return startInQueue(asked, pool, nowMs, starts)?.inMs ?? null;
}

/** The same with what it rests on: what such work waited there before, else the limits of what runs there. */
export function startInQueue(
  asked: Asked,
  pool: PoolRecord,
  nowMs: number,
  { errors }: LearntStarts,
): { readonly from: "queue" | "profile"; readonly inMs: number } | null {
  const { shape, timeLimitS, graceS } = asked;
  const learntS = medianError(errors.queue, waitsAlike(pool, shape, timeLimitS));
  if (learntS !== null) return { from: "queue", inMs: Math.max(0, learntS) * 1000 };
  let soonestMs: number | null = null;
  for (const device of shape.accelerators ? devicesFor(shape, pool.devices) : [-1]) {
    const atMs = earliestFit(pool, needIn(shape, pool, device), (timeLimitS + graceS) * 1000, nowMs);
    if (atMs !== null && (soonestMs === null || atMs < soonestMs)) soonestMs = atMs;
  }
  return soonestMs === null ? null : { from: "profile", inMs: soonestMs - nowMs };
}

type Best = { readonly offer: Offer; readonly rank: number; readonly step: number; growth: number | null };

/** The score in steps, so that places that are nearly alike are alike. */
function stepOf({ placing }: Choice, asked: Asked, pool: PoolRecord, startsInMs: number): number {
  return placing ? Math.round((startsInMs / 1000 + costS(placing, asked, pool)) / placing.alikeS) : 0;
}

function betterOf(best: Best | null, one: Best, asked: Asked, { demand }: Choice): Best {
  if (!best) return one;
  const more =
    one.rank - best.rank || one.step - best.step || growthOf(one, asked, demand) - growthOf(best, asked, demand);
  return more < 0 || (more === 0 && isBetter(one.offer, best.offer)) ? one : best;
}

function growthOf(one: Best, { shape }: Asked, demand: Demand): number {
  if (one.growth !== null) return one.growth;
  const { pool, device } = one.offer;
  one.growth = demand.length === 0 ? 0 : growthIn(leftOf(pool).room, pool.devices, needIn(shape, pool, device), demand);
  return one.growth;
}
