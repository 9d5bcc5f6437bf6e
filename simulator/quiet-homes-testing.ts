import { createGenerator } from "#core/scheduling/kernel/generator.ts";
import type { Workload } from "#core/scheduling/replay/workload.ts";
import { uniform } from "#simulator/generate/distributions.ts";
import { generate } from "#simulator/generate/generate.ts";
import { parseSwf, type SwfLog } from "#simulator/swf.ts";
import { buildWorkload } from "#simulator/workload.ts";

/**
 * Homes that hardly wait alone, with regular work that asks for three times what it takes: many small jobs, jobs of half
 * the machine, and of all of it (docs/decisions/0087).
 */
export const quietHomes = [
  { name: "small jobs, load 0.2", processors: 64, jobs: 1500, gapS: 1500, size: 8, leastS: 600, mostS: 4000 },
  { name: "half the machine, load 0.8", processors: 64, jobs: 1500, gapS: 1500, size: 32, leastS: 600, mostS: 4000 },
  { name: "all of it, load 0.4", processors: 100, jobs: 1000, gapS: 3000, size: 100, leastS: 600, mostS: 2000 },
] as const satisfies readonly QuietHome[];

export type QuietHome = {
  readonly name: string;
  readonly processors: number;
  readonly jobs: number;
  /** Between two jobs, exponentially; run times are uniform. */
  readonly gapS: number;
  readonly size: number;
  readonly leastS: number;
  readonly mostS: number;
};

/** These homes, beside one of 128 processors that has more work than it can ever do. */
export function besideOverloaded(homes: readonly QuietHome[], seed: number): Workload {
  const made = generate({ model: "lublin", jobs: 2500, processors: 128, seed: 6 + seed, load: 1.3 });
  if (made.kind !== "log") throw new Error(made.kind);
  const all = { estimates: "requested", sequence: null, processors: [], rules: "batch", days: null } as const;
  const built = buildWorkload([...homes.map((home, at) => quietLog(home, 100 * seed + at)), made.log], all);
  if (built.kind !== "workload") throw new Error(built.kind);
  return built.workload;
}

function quietLog({ name, processors, jobs, gapS, size, leastS, mostS }: QuietHome, seed: number): SwfLog {
  const generator = createGenerator(seed);
  const lines = [`; MaxProcs: ${processors}`];
  let submitS = 0;
  for (let job = 1; job <= jobs; job += 1) {
    submitS += Math.floor(-Math.log(uniform(generator)) * gapS);
    const runS = leastS + generator.below(mostS - leastS + 1);
    const user = 1 + generator.below(5);
    lines.push(`${job} ${submitS} -1 ${runS} ${size} -1 -1 ${size} ${3 * runS} -1 1 ${user} 1 -1 -1 -1 -1 -1`);
  }
  return parseSwf(new TextEncoder().encode(`${lines.join("\n")}\n`), name);
}
