import { simulationWords } from "#core/job/simulated.ts";
import type { RunOrder } from "#core/run-order.ts";
import { between, lot } from "./random.ts";

/** What a run is to do, since nothing of it is executed. Times are the centre's. */
export type Plan = {
  readonly runMs: number;
  readonly end: { readonly kind: "exit"; readonly code: number } | { readonly kind: "signal"; readonly signal: number };
  /** At its peak, on each node. */
  readonly memoryMib: number;
};

export const plainRunMs = 300;

/**
 * Read from lines of the script that begin with `#WEIR-SIM`, then from the variable WEIR_SIM, the last word on a thing
 * counting: `run=3s` (ms, s, m or h; `run=1s..5s`: anything between, by the seed and the run), `exit=2` (or `exit=index`: the task's own) or `signal=9`,
 * `memory=100` (MiB on each node). Answers the words of a refusal where one cannot be read.
 */
export function planOf(order: RunOrder, seed: number): Plan | string {
  let plan: Plan = { runMs: plainRunMs, end: { kind: "exit", code: 0 }, memoryMib: 1 };
  for (const part of partsOf(order)) {
    const [key = "", value = ""] = part.split("=", 2);
    const number = /^\d{1,9}$/.test(value) ? Number(value) : null;
    const runMs = key === "run" ? spanMs(value, lot(seed, `run ${order.run}`)) : null;
    if (runMs !== null) plan = { ...plan, runMs };
    else if (part === "exit=index") plan = { ...plan, end: { kind: "exit", code: order.index % 256 } };
    else if (key === "exit" && number !== null && number < 256) plan = { ...plan, end: { kind: "exit", code: number } };
    else if (key === "signal" && number !== null && number > 0 && number < 65)
      plan = { ...plan, end: { kind: "signal", signal: number } };
    else if (key === "memory" && number !== null) plan = { ...plan, memoryMib: number };
    else
      return `${JSON.stringify(part)} after #WEIR-SIM or in WEIR_SIM is not understood: give run=3s, exit=0…255, signal=1…64 or memory=MiB`;
  }
  return plan;
}

function partsOf({ work, environment }: RunOrder): readonly string[] {
  return (simulationWords(work, environment) ?? []).flatMap((text) => text.split(/\s+/)).filter((part) => part !== "");
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function spanMs(text: string, random: number): number | null {
  const ends = text.split("..").map((end) => {
    const match = /^(\d{1,7}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(end);
    return match ? Math.round(Number(match[1]) * (unitMs[match[2] ?? ""] ?? 1)) : null;
  });
  const [least = null, most = least] = ends;
  if (ends.length > 2 || least === null || most === null || most < least) return null;
  return between(random, least, most);
}
