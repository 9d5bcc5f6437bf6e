import type { Submitted } from "#api/job.ts";
import { type Phrase, phraseWords } from "#core/job/phrase.ts";
import type { AdmittedJob } from "#server/store/submission.ts";

/** With what memory comes to, where the centres say how much: as they are now, so it is answered and not kept. */
export function withMemory(defaults: AdmittedJob["defaults"], memory: Phrase | null): AdmittedJob["defaults"] {
  if (memory === null) return defaults;
  return defaults.map((one) => (one.field === "memory" ? { ...one, value: memory } : one));
}

/** What a submission left open and what it was warned of, in the words of the reader. */
export function saidView(
  { defaults, warnings }: Pick<AdmittedJob, "defaults" | "warnings">,
  language: "en" | "zh",
): Pick<Submitted, "defaults" | "warnings"> {
  return {
    defaults: defaults.map(({ field, value }) => ({ field, value: phraseWords(value, language) })),
    warnings: warnings.map((warning) => phraseWords(warning, language)),
  };
}
