import type { Language } from "#core/language.ts";
import { durationWords } from "#core/measures.ts";

/** Of a run that made way: for whom, when, and what of it is billed. */
export function madeWayWords(
  run: {
    readonly attempt: number;
    readonly centre: string;
    readonly atMs: number;
    readonly claimantJob: number;
    readonly wallMs: number | null;
    readonly checkpointMs: number | null;
    readonly isPreempted: boolean;
    /** By the policy in force then: so many times what it lost was taken off its submitter's usage. */
    readonly usageCredit: number;
  },
  language: Language,
  timeText: (atMs: number) => string,
): string {
  const { attempt, centre, claimantJob, wallMs, checkpointMs, isPreempted, usageCredit } = run;
  const at = timeText(run.atMs);
  const said =
    language === "zh"
      ? `第 ${attempt} 次运行自 ${at} 起在 ${centre} 为作业 ${claimantJob} 让出位置`
      : `attempt ${attempt} was asked at ${at} to make way for job ${claimantJob} at ${centre}`;
  if (wallMs === null || !isPreempted) return said;
  const billedMs = Math.min(wallMs, checkpointMs ?? 0);
  const [ran, billed, rest] = [wallMs, billedMs, wallMs - billedMs].map((ms) => durationWords(ms, language));
  const credit = creditWords(usageCredit, language);
  if (language === "zh")
    return checkpointMs === null
      ? `${said}；运行的 ${ran}不计费，${credit}`
      : `${said}；运行的 ${ran}中，计费至最后一次检查点的 ${billed}，其余 ${rest}不计费，${credit}`;
  return checkpointMs === null
    ? `${said}; nothing of the ${ran} that it ran is billed, ${credit}`
    : `${said}; of the ${ran} that it ran the ${billed} up to its last checkpoint are billed, and ${rest} not, ${credit}`;
}

/** What was lost, in the usage that moves the order. */
function creditWords(credit: number, language: Language): string {
  if (credit === 0)
    return { en: "but all of it counts as used in the queue's order", zh: "但排队次序中仍全部计入用量" }[language];
  if (credit === 1)
    return { en: "and what was lost does not count as used either", zh: "丢失部分也不计入用量" }[language];
  return {
    en: `and ${credit} times what was lost was taken off its submitter's usage`,
    zh: `并从其提交者的用量中减去丢失部分的 ${credit} 倍`,
  }[language];
}

/** Of a task that others made way for. */
export function wayMadeWords(
  { centre, runs, atMs }: { readonly centre: string; readonly runs: number; readonly atMs: number },
  language: Language,
  timeText: (atMs: number) => string,
): string {
  const at = timeText(atMs);
  if (language === "zh") return `${at} 起 ${centre} 有 ${runs} 个运行为其让出位置`;
  return runs === 1
    ? `a run at ${centre} made way for it at ${at}`
    : `${runs} runs at ${centre} made way for it from ${at} on`;
}
