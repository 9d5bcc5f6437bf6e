import { unreachable } from "#core/unreachable.ts";
import type { Columns } from "./columns.ts";
import { createGenerator } from "./generator.ts";
import type { Machine } from "./machine.ts";

/** Which of several queues a job joins when it is submitted. */
export type Binding = "least-load" | "earliest-start";

/** Any centre that is large enough, each as likely as the others; by job. */
export function bindAtRandom(sizes: readonly number[], processors: Int32Array, seed: number): Uint16Array {
  const generator = createGenerator(seed);
  const bySize = sizes.map((_, centre) => centre).sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0) || a - b);
  return Uint16Array.from(processors, (needs) => {
    let fitting = bySize.length;
    while (fitting > 1 && (sizes[bySize[fitting - 1] ?? 0] ?? 0) < needs) fitting -= 1;
    return bySize[generator.below(fitting)] ?? 0;
  });
}

/** What is asked of a queue before a job is bound to it. */
type Bindable = Pick<Machine, "requestedWork" | "estimateStart">;

/**
 * `least-load`: the least work asked for and not over (of running jobs all of it), per processor. `earliest-start`: the
 * earliest start that the times asked for promise, were every job ahead of it given a reservation in turn. Of equal
 * centres the job's home, then the first.
 */
export function chooser(
  { home, processors }: Pick<Columns, "home" | "processors">,
  sizes: readonly number[],
  machines: readonly Bindable[],
  binding: Binding,
): (job: number, nowS: number) => number {
  const score = (machine: Bindable, centre: number, job: number, nowS: number): number => {
    switch (binding) {
      case "least-load":
        return machine.requestedWork / (sizes[centre] ?? 1);
      case "earliest-start":
        return machine.estimateStart(job, nowS);
      default:
        return unreachable(binding);
    }
  };
  return (job, nowS) => {
    const own = home[job] ?? 0;
    const needs = processors[job] ?? 0;
    let best = -1;
    let bestScore = Number.POSITIVE_INFINITY;
    for (let centre = 0; centre < machines.length; centre += 1) {
      const machine = machines[centre];
      if (!machine || (sizes[centre] ?? 0) < needs) continue;
      const its = score(machine, centre, job, nowS);
      if (its > bestScore || (its === bestScore && centre !== own && best >= 0)) continue;
      best = centre;
      bestScore = its;
    }
    return best;
  };
}
