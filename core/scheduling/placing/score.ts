import type { Language } from "#core/language.ts";
import { costOf, isFree, parseTariff } from "#core/ledger/tariff.ts";
import { holdOf } from "#core/ledger/usage.ts";
import { durationWords } from "#core/measures.ts";
import { allocationOf, type CentreRecord, devicesFor, type PoolRecord } from "#core/scheduling/centres.ts";
import type { Asked } from "#core/scheduling/fit.ts";
import type { Placing } from "#core/scheduling/policy.ts";

/**
 * What a place costs, in seconds, each part by itself; the least sum is the best place (`Placing` says the weights). A fact
 * that a centre has neither declared nor shown counts nothing: no figure is made up for it. No data is moved by the
 * network: where a job needs a file system, only centres that have it are asked, and its data is there.
 */
export type Score = {
  /** Until its start; null: nobody can tell. */
  readonly startsInS: number | null;
  /** The time limit ÷ the speed. */
  readonly runS: number;
  readonly priceS: number;
  readonly carbonS: number;
  readonly riskS: number;
};

/** All of the sum but the start. */
export function costS(placing: Placing, asked: ScoredBy, pool: PoolRecord): number {
  const { secondsPerYuan, carbonWeight, riskWeight } = placing;
  const runS = runOf(asked, pool);
  const carbonS = carbonWeight === 0 ? 0 : carbonWeight * kgPerKwh(pool) * runS;
  const riskS = riskWeight === 0 ? 0 : riskWeight * riskOf(pool.centre) * runS;
  return runS + secondsPerYuan * yuanOf(asked, pool) + carbonS + riskS;
}

/** The same, part by part and in whole seconds, for people. */
export function scoreAt(placing: Placing, asked: ScoredBy, pool: PoolRecord, startsInMs: number | null): Score {
  const runS = runOf(asked, pool);
  return {
    startsInS: startsInMs === null ? null : Math.round(startsInMs / 1000),
    runS: Math.round(runS),
    priceS: Math.round(placing.secondsPerYuan * yuanOf(asked, pool)),
    carbonS: Math.round(placing.carbonWeight * kgPerKwh(pool) * runS),
    riskS: Math.round(placing.riskWeight * riskOf(pool.centre) * runS),
  };
}

/** Whether it says nothing that is not the same everywhere: a start now, at the usual speed, without price, carbon and risk. */
export function isPlain({ startsInS, runS, priceS, carbonS, riskS }: Score, { timeLimitS }: ScoredBy): boolean {
  return startsInS === 0 && runS === timeLimitS && priceS + carbonS + riskS === 0;
}

/** `score 1 h (starts now, runs at most 1 h, risk 36 s)`. */
export function scoreWords({ startsInS, runS, priceS, carbonS, riskS }: Score, language: Language): string {
  const span = (seconds: number) => durationWords(seconds * 1000, language);
  const rest = Math.round(runS + priceS + carbonS + riskS);
  const names = { en: ["price", "carbon", "risk"], zh: ["价格", "碳排放", "风险"] } as const;
  const weighed = [priceS, carbonS, riskS].map((seconds, at) => [names[language][at], seconds] as const);
  const more = weighed.filter(([, seconds]) => seconds !== 0);
  if (language === "zh") {
    const parts = [
      startsInS === null ? "何时开始未知" : startsInS === 0 ? "现在即可开始" : `${span(startsInS)}后开始`,
      `运行至多 ${span(runS)}`,
      ...more.map(([name, seconds]) => `${name} ${span(seconds)}`),
    ];
    return `评分 ${startsInS === null ? "未知" : span(startsInS + rest)}（${parts.join("，")}）`;
  }
  const parts = [
    startsInS === null ? "no telling when it starts" : startsInS === 0 ? "starts now" : `starts in ${span(startsInS)}`,
    `runs at most ${span(runS)}`,
    ...more.map(([name, seconds]) => `${name} ${span(seconds)}`),
  ];
  return `score ${startsInS === null ? "unknown" : span(startsInS + rest)} (${parts.join(", ")})`;
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
function yuanOf({ shape, timeLimitS, graceS }: ScoredBy, pool: PoolRecord): number {
  const tariff = pool.state?.priceList === undefined ? null : parseTariff(pool.state.priceList);
  if (tariff === null || isFree(tariff)) return 0;
  const allocation = allocationOf(shape, pool, devicesFor(shape, pool.devices)[0] ?? -1);
  return Number(costOf(tariff, holdOf(allocation, timeLimitS, graceS)).amountMicroYuan) / 1e6;
}
