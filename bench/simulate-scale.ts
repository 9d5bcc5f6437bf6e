import { createGenerator } from "#core/scheduling/kernel/generator.ts";
import { replay } from "#core/scheduling/kernel/replay.ts";
import { policies } from "#core/scheduling/policy.ts";
import type { Workload } from "#core/scheduling/replay/workload.ts";

/** One replay of synthetic jobs, one queue over all centres under EASY: `node bench/simulate-scale.ts CENTRES JOBS`. */
export type Scaled = {
  readonly cpuS: number;
  /** Instants at which something was submitted or ended, about. */
  readonly passes: number;
  readonly peakRssMib: number;
  readonly meanWaitS: number;
};

if (import.meta.main) {
  const [centres = 1, jobs = 1000] = process.argv.slice(2).map(Number);
  process.stdout.write(`${JSON.stringify(scale(centres, jobs))}\n`);
}

function scale(centres: number, jobs: number): Scaled {
  const workload = syntheticWorkload(centres, jobs);
  const before = process.cpuUsage();
  const replayed = replay(workload, { policy: policies.easy, routing: "central", seed: 1 });
  const { user, system } = process.cpuUsage(before);
  if (replayed.kind !== "schedule") throw new Error(replayed.kind);
  const { startS } = replayed.schedule;
  const waited = startS.reduce((sum, at, i) => sum + at - (workload.submitS[i] ?? 0), 0);
  const peakRssMib = process.resourceUsage().maxRSS / 1024;
  return { cpuS: (user + system) / 1e6, passes: 2 * jobs, peakRssMib, meanWaitS: waited / jobs };
}

/** Sizes are powers of two up to 512, run times log-uniform from 20 seconds to 90 minutes, asked for up to tenfold; load 0.97. */
function syntheticWorkload(centres: number, count: number): Workload {
  const random = numbersOf(7);
  const column = () => new Int32Array(count);
  const workload = {
    homes: Array.from({ length: centres }, (_, at) => ({
      ...{ name: `centre-${at}`, processors: 1000, firstSubmitS: 0, dropped: 0, clipped: 0, killed: 0 },
    })),
    count,
    ...{ submitS: column(), runS: column(), estimateS: column(), processors: column() },
    ...{ person: column(), project: column(), place: column(), number: column() },
    home: new Uint16Array(count),
  };
  let area = 0;
  for (let i = 0; i < count; i += 1) {
    const runS = Math.round(20 * 270 ** random());
    const processors = 2 ** Math.floor(9.99 * random() ** 2);
    workload.runS[i] = runS;
    workload.estimateS[i] = Math.ceil(runS * 10 ** random());
    workload.processors[i] = processors;
    workload.home[i] = Math.floor(random() * centres);
    workload.place[i] = i;
    workload.number[i] = i + 1;
    area += runS * processors;
  }
  const spanS = area / (0.97 * 1000 * centres);
  for (let i = 0; i < count; i += 1) workload.submitS[i] = Math.floor((spanS * i) / count);
  return workload;
}

function numbersOf(seed: number): () => number {
  const generator = createGenerator(seed);
  return () => generator.below(2 ** 32) / 2 ** 32;
}
