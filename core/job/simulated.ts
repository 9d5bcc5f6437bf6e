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

/** One thing that a job says of what its run is to do. `index`: the task's own. */
export type SimulationPart =
  | { readonly kind: "run"; readonly leastMs: number; readonly mostMs: number }
  | { readonly kind: "exit"; readonly code: number | "index" }
  | { readonly kind: "signal"; readonly signal: number }
  /** On each node. */
  | { readonly kind: "memory"; readonly mib: number }
  | { readonly kind: "unknown"; readonly text: string };

/**
 * Those words read: `run=3s` (ms, s, m or h; `run=1s..5s`: anything between), `exit=2` or `exit=index`, `signal=9`,
 * `memory=100` (MiB).
 */
export function simulationParts(work: Work, environment: Readonly<Record<string, string>>): readonly SimulationPart[] {
  const words = simulationWords(work, environment) ?? [];
  return words.flatMap((text) => text.split(/\s+/)).flatMap((text) => (text === "" ? [] : [partOf(text)]));
}

function partOf(text: string): SimulationPart {
  const [key = "", value = ""] = text.split("=", 2);
  const number = /^\d{1,9}$/.test(value) ? Number(value) : null;
  if (text === "exit=index") return { kind: "exit", code: "index" };
  if (key === "run") return spanOf(value) ?? { kind: "unknown", text };
  if (key === "exit" && number !== null && number < 256) return { kind: "exit", code: number };
  if (key === "signal" && number !== null && number > 0 && number < 65) return { kind: "signal", signal: number };
  if (key === "memory" && number !== null) return { kind: "memory", mib: number };
  return { kind: "unknown", text };
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function spanOf(text: string): SimulationPart | null {
  const ends = text.split("..").map((end) => {
    const match = /^(\d{1,7}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(end);
    return match ? Math.round(Number(match[1]) * (unitMs[match[2] ?? ""] ?? 1)) : null;
  });
  const [leastMs = null, mostMs = leastMs] = ends;
  if (ends.length > 2 || leastMs === null || mostMs === null || mostMs < leastMs) return null;
  return { kind: "run", leastMs, mostMs };
}
