import { limits } from "#api/limits.ts";
import { parseArray } from "#core/job/array.ts";
import { dataOptionsRefusal } from "#core/job/data-asked.ts";
import { phraseLine, phraseWords } from "#core/job/phrase.ts";
import { parseSbatch } from "#core/job/sbatch.ts";
import { refusalWords } from "#core/refusal.ts";
import { lineOf } from "./directives.ts";

/** What the parser of core says about a script, each at its line; found while typing, by the very rules of the server. */
export type Finding = {
  readonly kind: "refused" | "warning";
  /** From 1; null: about the script as a whole. */
  readonly line: number | null;
  readonly title: string;
  readonly detail: string;
};

export function findingsOf(script: string, language: "en" | "zh"): readonly Finding[] {
  const { asked, refusals: parsed, warnings } = parseSbatch(script, []);
  const data = dataOptionsRefusal(asked, Date.now());
  const refusals = data ? [...parsed, data] : parsed;
  const findings: Finding[] = [];
  if (!script.startsWith("#!")) {
    findings.push({ kind: "refused", line: 1, ...refusalWords({ kind: "script-without-interpreter" }, language) });
  }
  for (const refusal of refusals) {
    const line = "line" in refusal ? refusal.line : null;
    findings.push({ kind: "refused", line, ...refusalWords(refusal, language) });
  }
  // How many tasks are allowed is a setting of the network, which the server says.
  const array = asked.array === undefined ? null : parseArray(asked.array, limits.arrayTasks);
  if (array?.kind === "refused" && array.refusal.kind === "bad-array") {
    findings.push({ kind: "refused", line: lineOf(script, "array"), ...refusalWords(array.refusal, language) });
  }
  for (const warning of warnings) {
    const detail = phraseWords(warning, language);
    findings.push({ kind: "warning", line: phraseLine(warning), title: "", detail });
  }
  return findings;
}
