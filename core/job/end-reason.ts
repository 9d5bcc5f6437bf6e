import { engineCauses } from "#core/job/engine-causes.ts";
import { toldIn } from "#core/kept-sentences.ts";
import type { Language } from "#core/language.ts";

/** What stands in an outcome as its reason: a rule's name in words, and what a person wrote as it is. */
export function endReasonWords(reason: string, language: Language): string {
  const claimant = madeWayFor(reason);
  if (claimant !== null && language === "zh") return `为作业 ${claimant} 让出位置`;
  const deadline = missedDeadline(reason);
  if (deadline !== null && language === "zh") return `已无法在截止时刻 ${deadline} 前结束`;
  const disabled = disabledPerson(reason);
  if (disabled !== null && language === "zh") return `${disabled} 已停用`;
  if (reason === "dependency-never-satisfied") return endedUnmet[language];
  return toldIn(engineCauses, reason, language) ?? reason;
}

/**
 * Who or what ended it, in a few words for a line of a list: `by its owner: wrong input`, `deadline …`, `dependency not met`;
 * empty where nobody did and no rule.
 */
export function endedByWords(
  {
    kind,
    by,
    reason,
  }: { readonly kind: string; readonly by: keyof typeof enders | null; readonly reason: string | null },
  language: Language,
): string {
  const deadline = reason === null ? null : missedDeadline(reason);
  if (deadline !== null) return { en: `deadline ${deadline}`, zh: `截止时刻 ${deadline}` }[language];
  if (reason === "dependency-never-satisfied") return { en: "dependency not met", zh: "依赖未满足" }[language];
  const words = reason === null ? "" : endReasonWords(reason, language);
  const done = language === "zh" && kind === "cancelled" ? "取消" : "";
  const who = by === null ? "" : `${enders[by][language]}${done}`;
  return [who, words].filter((part) => part !== "").join(language === "zh" ? "：" : ": ");
}

const enders = {
  user: { en: "by its owner", zh: "由所有者" },
  centre: { en: "by the centre", zh: "由中心" },
  operator: { en: "by an administrator", zh: "由管理员" },
  network: { en: "by the network", zh: "由算力网" },
  unknown: { en: "at the centre, by whom is not known", zh: "在中心（由谁不详）" },
} as const;

/** The task, as `12` or `12_7`, whose place it was to become; null: it ended for another reason. */
export function madeWayFor(reason: string): string | null {
  return /^makes way for (\d+(?:_\d+)?)$/.exec(reason)?.[1] ?? null;
}

/** The reason of a job that was cancelled when who submitted it was disabled. */
export function disabledReason(person: string): string {
  return `${person} was disabled`;
}

function disabledPerson(reason: string): string | null {
  return /^(\S+) was disabled$/.exec(reason)?.[1] ?? null;
}

/** How an outcome says that it could no longer end by its deadline, as `2026-11-23T18:00:00+08:00`. */
export function deadlineReason(deadline: string): string {
  return `could no longer end by its deadline ${deadline}`;
}

function missedDeadline(reason: string): string | null {
  return /^could no longer end by its deadline (\S+)$/.exec(reason)?.[1] ?? null;
}

const endedUnmet = {
  en: "a job that it depends on did not end as the dependency asks",
  zh: "所依赖的作业未按依赖要求结束",
} as const;
