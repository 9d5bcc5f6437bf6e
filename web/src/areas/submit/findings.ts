import { parseSbatch } from "#core/job/sbatch.ts";
import { refusalWords } from "#core/refusal.ts";

/** What the parser of core says about a script, each at its line; found while typing, by the very rules of the server. */
export type Finding = {
  readonly kind: "refused" | "warning";
  /** From 1; null: about the script as a whole. */
  readonly line: number | null;
  readonly title: string;
  readonly detail: string;
};

export function findingsOf(script: string, language: "en" | "zh"): readonly Finding[] {
  const { refusals, warnings } = parseSbatch(script, []);
  const findings: Finding[] = [];
  if (!script.startsWith("#!")) {
    findings.push({ kind: "refused", line: 1, ...refusalWords({ kind: "script-without-interpreter" }, language) });
  }
  for (const refusal of refusals) {
    const known = "line" in refusal ? refusal.line : null;
    const words = refusalWords(refusal, language);
    const told = /\(line (\d+)\)/.exec("option" in refusal ? refusal.option : words.detail)?.[1];
    findings.push({ kind: "refused", line: known ?? (told === undefined ? null : Number(told)), ...words });
  }
  for (const warning of warnings) {
    const told = /\bline (\d+)\b/.exec(warning)?.[1];
    findings.push({ kind: "warning", line: told === undefined ? null : Number(told), title: "", detail: warning });
  }
  return findings;
}
