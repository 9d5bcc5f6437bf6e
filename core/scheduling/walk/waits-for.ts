import type { Demands } from "#core/job/demands.ts";
import { accountHolder } from "#core/scheduling/account-use.ts";
import type { Bounds } from "#core/scheduling/bounds.ts";
import { type CentreRecord, isShared, type PoolRecord } from "#core/scheduling/centres.ts";
import { type Asked, accountShort, isKeptFrom, shareUsed, visitShort } from "#core/scheduling/fit.ts";
import { lacksLicences, licenceHolder } from "#core/scheduling/offered.ts";
import type { Ask } from "#core/scheduling/queue.ts";
import { visitHolder } from "#core/scheduling/visits.ts";

/** What it waits for there is not room alone, and its ends are not known. */
export function waitsForMore(ask: Asked, pool: PoolRecord): boolean {
  if (ask.bounds?.isRuled && waitsToVisit(ask.bounds, ask, pool)) return true;
  if (isShared(pool)) return false;
  if (isKeptFrom(ask, pool)) return true;
  return (ask.demands !== null && waitsForLicence(ask.demands, pool.centre)) || waitsForAccount(ask, pool);
}

export function waitsToVisit(bounds: Bounds, { shape }: Asked, pool: PoolRecord): boolean {
  return visitHolder(bounds, pool) !== null || visitShort(bounds, shape, pool) !== null;
}

export function waitsForAccount(ask: Asked, pool: PoolRecord): boolean {
  return accountHolder(ask.who, pool.centre) !== null || accountShort(ask, pool) !== null;
}

/** The agreed share of a shared pool is the network's own: whoever waits for it keeps its turn. */
export function waitsForShare({ shape, group }: Ask): boolean {
  return group.pools.some((pool) => isShared(pool) && shareUsed(shape, pool));
}

export function waitsForLicence(demands: Demands, centre: CentreRecord): boolean {
  return licenceHolder(demands, centre) !== null || lacksLicences(demands, centre) !== null;
}
