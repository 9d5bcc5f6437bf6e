import { costOf, isFree, parseTariff } from "#core/ledger/tariff.ts";
import type { Amounts } from "#core/ledger/unit.ts";
import { holdOf } from "#core/ledger/usage.ts";
import { allocationOf, type CentreRecord, devicesFor, type PoolRecord } from "#core/scheduling/centres.ts";
import type { Asked } from "#core/scheduling/fit.ts";
import type { Placing } from "#core/scheduling/policy.ts";
import type { Score } from "./score-terms.ts";

/** All of the sum but the start. `priced`: the ledger's own tariffs, but in a test. */
export function costS(placing: Placing, asked: ScoredBy, pool: PoolRecord, priced: Priced = byTariffs): number {
  const { secondsPerYuan, carbonWeight, riskWeight } = placing;
  const runS = runOf(asked, pool);
  const carbonS = carbonWeight === 0 ? 0 : carbonWeight * kgPerKwh(pool) * runS;
  const riskS = riskWeight === 0 ? 0 : riskWeight * riskOf(pool.centre) * runS;
  return runS + secondsPerYuan * yuanOf(asked, pool, priced) + carbonS + riskS;
}

/** The same, part by part and in whole seconds, for people. */
export function scoreAt(
  placing: Placing,
  asked: ScoredBy,
  pool: PoolRecord,
  startsInMs: number | null,
  priced: Priced = byTariffs,
): Score {
  const runS = runOf(asked, pool);
  return {
    startsInS: startsInMs === null ? null : Math.round(startsInMs / 1000),
    runS: Math.round(runS),
    priceS: Math.round(placing.secondsPerYuan * yuanOf(asked, pool, priced)),
    carbonS: Math.round(placing.carbonWeight * kgPerKwh(pool) * runS),
    riskS: Math.round(placing.riskWeight * riskOf(pool.centre) * runS),
  };
}

/** Whether it says nothing that is not the same everywhere: a start now, at the usual speed, without price, carbon and risk. */
export function isPlain({ startsInS, runS, priceS, carbonS, riskS }: Score, { timeLimitS }: ScoredBy): boolean {
  return startsInS === 0 && runS === timeLimitS && priceS + carbonS + riskS === 0;
}

/** The share of its newest runs that were lost to failing nodes; few runs say little. */
export function riskOf({ losses: { ended, lost } }: Pick<CentreRecord, "losses">): number {
  return lost / (ended + fewRuns);
}

/** Counts a run that had started and is over; after `riskMemory` more it counts half. */
export function learnLoss({ losses }: Pick<CentreRecord, "losses">, isLost: boolean): void {
  losses.ended = losses.ended * riskKept + 1;
  losses.lost = losses.lost * riskKept + (isLost ? 1 : 0);
}

export type ScoredBy = Pick<Asked, "shape" | "timeLimitS" | "graceS">;

const fewRuns = 20;
const riskMemory = 500;
const riskKept = 0.5 ** (1 / riskMemory);

function runOf({ timeLimitS }: ScoredBy, { state }: PoolRecord): number {
  return timeLimitS / (state?.speed ?? 1);
}

function kgPerKwh({ state }: PoolRecord): number {
  return (state?.carbonGPerKwh ?? 0) / 1000;
}

/** By the price list in force for it there, for all that it may use. */
function yuanOf({ shape, timeLimitS, graceS }: ScoredBy, pool: PoolRecord, { isFree, microYuan }: Priced): number {
  const { priceList } = pool.state ?? {};
  if (priceList === undefined || isFree(priceList)) return 0;
  const allocation = allocationOf(shape, pool, devicesFor(shape, pool.devices)[0] ?? -1);
  return Number(microYuan(priceList, holdOf(allocation, timeLimitS, graceS))) / 1e6;
}

/** What a price list asks for amounts; one that there is not asks nothing. */
export type Priced = {
  readonly isFree: (priceList: string) => boolean;
  readonly microYuan: (priceList: string, amounts: Amounts) => bigint;
};

const byTariffs: Priced = {
  isFree: (priceList) => {
    const tariff = parseTariff(priceList);
    return tariff === null || isFree(tariff);
  },
  microYuan: (priceList, amounts) => {
    const tariff = parseTariff(priceList);
    return tariff === null ? 0n : costOf(tariff, amounts).amountMicroYuan;
  },
};
