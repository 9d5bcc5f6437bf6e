import type { Work } from "#core/job/spec.ts";

/**
 * What a job says to a simulated engine, which executes nothing: the text after each `#WEIR-SIM` that begins a line of
 * the script, then the variable WEIR_SIM. null: nothing, so the job was meant to be executed.
 */
export function simulationWords(work: Work, environment: Readonly<Record<string, string>>): readonly string[] | null {
  const mayHold = work.kind === "script" && work.text.includes("#WEIR-SIM");
  const lines = mayHold ? work.text.split("\n").filter((line) => /^#WEIR-SIM(?: |$)/.test(line)) : [];
  const words = lines.map((line) => line.slice("#WEIR-SIM".length));
  const variable = environment.WEIR_SIM;
  if (variable !== undefined) words.push(variable);
  return words.length > 0 ? words : null;
}
