import type { DriverName, PoolContract } from "#core/centre/centre.ts";
import { type Region, regionOfPlace } from "#core/centre/region.ts";

/**
 * What a centre and the network have agreed, as data: how work waits in each pool and for how long, how much of it is
 * the network's and when, and which price list holds. Each change is a new version, kept with who made it and when.
 */
export type CentreTerms = {
  /** By name; a pool that is not named has `otherPools`. */
  readonly pools: Readonly<Record<string, PoolTerms>>;
  readonly otherPools: PoolTerms;
  /** The version of the tariff that prices its usage, by reference. */
  readonly priceList: string;
  /** Grams of CO2 a kWh of its electricity, as it declares; null or absent: it has declared none. */
  readonly carbonGPerKwh?: number | null | undefined;
  /** Where the centre lies (core/centre/region.ts); null or absent: as the code of its place says. */
  readonly region?: Region | null | undefined;
  /** Whether all its pools are domestic, that do not say it themselves; null or absent: the vendors of their devices say. */
  readonly domestic?: boolean | null | undefined;
  /** Once it has left: for how many days its accounts and what its runs left there are kept; null or absent: as usual. */
  readonly retentionDays?: number | null | undefined;
};

export const usualRetentionDays = 30;
export const mostRetentionDays = 3650;

export type PoolTerms = {
  /** null: as it was when the pool was first reported: shared where others work too, else dedicated. */
  readonly contract: PoolContract | null;
  /** Of a shared pool: how many runs of one local account (else project), alike in nodes, cores and cards, may wait in its own queue (B2). */
  readonly maxPending: number;
  /** How long a run placed there may wait for its start (R1); null: what its contract usually has. */
  readonly leaseS: number | null;
  /** The part of the pool that is the network's, in per cent of its cores, memory and cards; null: not agreed. */
  readonly sharePercent: number | null;
  /** When the network may start work there; empty: always. */
  readonly hours: readonly Hours[];
  /** How fast work runs there, 1 being what time limits are meant for; absent: 1. */
  readonly speed?: number | undefined;
  /** Whether its equipment is domestic, whatever the table of vendors says; null or absent: as the centre says of all. */
  readonly domestic?: boolean | null | undefined;
};

/**
 * From and to as `08:00`, up to `24:00`, on these days of the week, Monday 1, in the network's time zone; where `to` is not
 * after `from`, into the next day.
 */
export type Hours = { readonly days: readonly number[]; readonly from: string; readonly to: string };

const sevenDaysS = 7 * 86_400;
export const defaultMaxPending = 8;

/** Until somebody agrees otherwise. */
export function defaultTerms(driver: DriverName): CentreTerms {
  const contract = driver === "process" ? ("dedicated" as const) : null;
  const otherPools = { contract, maxPending: defaultMaxPending, leaseS: null, sharePercent: null, hours: [] };
  return { pools: {}, otherPools, priceList: "free" };
}

/** What placement asks of the terms of one pool; `leaseMs` null: the network's own setting. */
export function poolTerms(
  terms: CentreTerms,
  pool: { readonly name: string; readonly contract: PoolContract },
  driver: DriverName,
): PoolTermsInForce {
  const named = Object.hasOwn(terms.pools, pool.name) ? terms.pools[pool.name] : undefined;
  const { contract, maxPending, leaseS, sharePercent, hours, speed = 1 } = named ?? terms.otherPools;
  const domestic = (named ?? terms.otherPools).domestic ?? terms.domestic ?? null;
  const inForce = contract ?? pool.contract;
  const usualS = inForce === "shared" ? sevenDaysS : shortLeaseS[driver];
  const lease = leaseS ?? usualS;
  const leaseMs = lease === null ? null : lease * 1000;
  const { priceList, carbonGPerKwh = null } = terms;
  return { contract: inForce, maxPending, leaseMs, sharePercent, hours, speed, priceList, carbonGPerKwh, domestic };
}

/** Where a centre lies: as its terms say, else as the code of its place does; null: nobody said. */
export function regionOf(terms: Pick<CentreTerms, "region"> | null, placeCode: string | null): Region | null {
  return terms?.region ?? regionOfPlace(placeCode);
}

export type PoolTermsInForce = Omit<PoolTerms, "contract" | "leaseS" | "speed" | "domestic"> & {
  readonly contract: PoolContract;
  readonly leaseMs: number | null;
  readonly speed: number;
  readonly priceList: string;
  readonly carbonGPerKwh: number | null;
  readonly domestic: boolean | null;
};

/** An engine with a queue of its own looks at it every minute or less; a process starts at once. */
const shortLeaseS = { process: null, slurm: 300, simulated: 300 } as const satisfies Record<DriverName, number | null>;
