import type { Language } from "#core/language.ts";

/** What stands in an outcome as its reason: a rule's name in words, and what a person wrote as it is. */
export function endReasonWords(reason: string, language: Language): string {
  const claimant = madeWayFor(reason);
  if (claimant !== null && language === "zh") return `为作业 ${claimant} 让出位置`;
  return reason === "dependency-never-satisfied" ? endedUnmet[language] : reason;
}

/** The task, as `12` or `12_7`, whose place it was to become; null: it ended for another reason. */
export function madeWayFor(reason: string): string | null {
  return /^makes way for (\d+(?:_\d+)?)$/.exec(reason)?.[1] ?? null;
}

const endedUnmet = {
  en: "a job that it depends on did not end as the dependency asks",
  zh: "所依赖的作业未按依赖要求结束",
} as const;
