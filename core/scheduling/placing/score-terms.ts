import type { Language } from "#core/language.ts";
import { durationWords } from "#core/measures.ts";

/**
 * What a place costs, in seconds, each part by itself; the least sum is the best place (`Placing` says the weights). A fact
 * that a centre has neither declared nor shown counts nothing: no figure is made up for it. A start is never before its input
 * is there, by what its user says (docs/decisions/0093).
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
