import { phrase, phraseWords } from "#core/job/phrase.ts";
import { simulationParts } from "#core/job/simulated.ts";
import type { RunOrder } from "#core/run-order.ts";
import { unreachable } from "#core/unreachable.ts";
import { between, lot } from "./random.ts";

/** What a run is to do, since nothing of it is executed. Times are the centre's. */
export type Plan = {
  readonly runMs: number;
  readonly end: { readonly kind: "exit"; readonly code: number } | { readonly kind: "signal"; readonly signal: number };
  /** At its peak, on each node. */
  readonly memoryMib: number;
};

export const plainRunMs = 300;

/** What the job says of it, the last word on a thing counting. Answers the words of a refusal where one cannot be read. */
export function planOf(order: RunOrder, seed: number): Plan | string {
  let plan: Plan = { runMs: plainRunMs, end: { kind: "exit", code: 0 }, memoryMib: 1 };
  for (const part of simulationParts(order.work, order.environment))
    switch (part.kind) {
      case "run":
        plan = { ...plan, runMs: between(lot(seed, `run ${order.run}`), part.leastMs, part.mostMs) };
        break;
      case "exit":
        plan = { ...plan, end: { kind: "exit", code: part.code === "index" ? order.index % 256 : part.code } };
        break;
      case "signal":
        plan = { ...plan, end: part };
        break;
      case "memory":
        plan = { ...plan, memoryMib: part.mib };
        break;
      case "unknown":
        return phraseWords(phrase("simulation-word", { said: JSON.stringify(part.text) }), "en");
      default:
        return unreachable(part);
    }
  return plan;
}
