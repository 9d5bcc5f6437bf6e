import type { TFunction } from "i18next";
import { endReasonWords } from "#core/job/end-reason.ts";
import type { Language } from "#core/language.ts";
import { signalName } from "../../words/signals.ts";

type End = {
  readonly kind: string;
  readonly exitCode: number | null;
  readonly signal: number | null;
  readonly by: "user" | "centre" | "operator" | "network" | "unknown" | null;
  readonly reason: string | null;
};

type EndFacts = {
  readonly limit: string;
  readonly peak: string;
  /** What the centre said of it; null: nothing. */
  readonly said: string | null;
  readonly language: Language;
};

/** How a run or a task ended, in words that say what to look at next. */
export function endWords(t: TFunction<"job">, end: End, facts: EndFacts): string[] {
  switch (end.kind) {
    case "succeeded":
      return [t("end.succeeded")];
    case "failed":
      return [
        ...(end.signal === null ? exitWords(t, end.exitCode ?? 0, facts.said !== null) : signalWords(t, end.signal)),
        ...reason(t, end, facts.language),
      ];
    case "cancelled":
      return [
        ...(end.by === null ? [] : [t(`end.cancelledBy.${end.by}`)]),
        ...(end.reason === "dependency-never-satisfied" ? [t("end.neverSatisfied")] : reason(t, end, facts.language)),
      ];
    case "timed-out":
      return [t("end.timedOut", { limit: facts.limit })];
    case "out-of-memory":
      return [t("end.outOfMemory", { peak: facts.peak })];
    case "preempted":
      return [t("end.preempted"), ...reason(t, end, facts.language)];
    case "node-failed":
      return [t("end.nodeFailed"), ...reason(t, end, facts.language)];
    case "platform-fault":
      return [t("end.platformFault"), ...reason(t, end, facts.language)];
    case "refused":
      return [t("end.refused"), ...reason(t, end, facts.language)];
    case "lost":
      return [t(end.by === "operator" ? "end.declaredLost" : "end.lost"), ...reason(t, end, facts.language)];
    case "withdrawn":
      return [t("end.withdrawn"), ...reason(t, end, facts.language)];
    case "duplicate":
      return [t("end.duplicate")];
    case "requeued":
      return [t("end.requeued"), ...reason(t, end, facts.language)];
    default:
      return reason(t, end, facts.language);
  }
}

/** What a table has room for: the exit code, the signal, for whom; nothing where the outcome's own word says it all. */
export function shortEnd(t: TFunction<"job">, end: End, language: Language): string {
  if (end.kind === "preempted" && end.reason !== null) return endReasonWords(end.reason, language);
  if (end.kind !== "failed") return "";
  return end.signal === null
    ? t("end.short.exit", { code: end.exitCode ?? 0 })
    : t("end.short.signal", { name: signalName(end.signal) });
}

const explainedCodes = ["1", "2", "126", "127", "128"] as const;
const explainedSignals = [
  "HUP",
  "INT",
  "QUIT",
  "ILL",
  "ABRT",
  "BUS",
  "FPE",
  "KILL",
  "SEGV",
  "PIPE",
  "TERM",
  "XCPU",
  "XFSZ",
] as const;

/** What a code mostly means is left out where the centre says what it meant. */
function exitWords(t: TFunction<"job">, code: number, isExplained: boolean): string[] {
  const explained = isExplained ? undefined : explainedCodes.find((one) => one === String(code));
  const first = t("end.exit", { code });
  if (explained) return [first, t(`end.exitMeaning.${explained}`)];
  if (code > 128 && code <= 128 + 31)
    return [first, t("end.exitBySignal", { signal: signalName(code - 128) }), ...meaning(t, code - 128)];
  return [first];
}

function signalWords(t: TFunction<"job">, signal: number): string[] {
  return [t("end.signal", { name: signalName(signal), signal }), ...meaning(t, signal)];
}

function meaning(t: TFunction<"job">, signal: number): string[] {
  const explained = explainedSignals.find((one) => `SIG${one}` === signalName(signal));
  return explained ? [t(`end.signalMeaning.${explained}`)] : [];
}

function reason(t: TFunction<"job">, end: End, language: Language): string[] {
  return end.reason ? [t("end.reason", { reason: endReasonWords(end.reason, language) })] : [];
}
