import type { Submitted } from "#api/job.ts";
import { phraseWords } from "#core/job/phrase.ts";
import type { AdmittedJob } from "#server/store/submission.ts";

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
