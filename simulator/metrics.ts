import type { Schedule, Workload } from "#core/scheduling/replay/workload.ts";

/** What a schedule is worth. Waits in seconds; a job waits from its submission to its start. */
export type Metrics = {
  readonly jobs: number;
  readonly processors: number;
  readonly meanWaitS: number;
  /** sorted[⌊n ÷ 2⌋] */
  readonly medianWaitS: number;
  /** sorted[⌊0.95 n⌋] */
  readonly p95WaitS: number;
  readonly maxWaitS: number;
  /** Mean of max(1, (wait + run) ÷ max(run, 10 s)) (Feitelson et al. 1997). */
  readonly averageBoundedSlowdown: number;
  /** Each job counts as much as it used: processors × run time. */
  readonly areaWeightedWaitS: number;
  /** Used processor seconds ÷ processors × (last end − first submission). */
  readonly utilisation: number;
  /** Last end − first submission. */
  readonly makespanS: number;
  /** Two schedules of one workload are the same where this is. */
  readonly startChecksum: string;
  /** In the order of the traces; the jobs that were submitted there, wherever they ran. */
  readonly perHome: readonly HomeMetrics[];
  readonly overMaxWait: OverMaxWait;
};

export type HomeMetrics = {
  readonly name: string;
  readonly jobs: number;
  readonly meanWaitS: number;
  readonly p95WaitS: number;
  readonly maxWaitS: number;
};

/** How many jobs waited longer than `maxWaitS`, and by how many seconds in all. */
export type OverMaxWait = { readonly jobs: number; readonly seconds: number };

export function measure(workload: Workload, schedule: Schedule, maxWaitS: number | null = null): Metrics {
  const { count, homes, submitS, runS, processors } = workload;
  const waits = new Float64Array(count);
  let [waited, slowdown, area, areaWaited, lastEndS, overJobs, overS] = [0, 0, 0, 0, 0, 0, 0];
  let firstSubmitS = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i += 1) {
    const startS = schedule.startS[i] ?? 0;
    const waitS = startS - (submitS[i] ?? 0);
    const ranS = runS[i] ?? 0;
    const used = ranS * (processors[i] ?? 0);
    waits[i] = waitS;
    waited += waitS;
    slowdown += Math.max(1, (waitS + ranS) / Math.max(ranS, 10));
    area += used;
    areaWaited += used * waitS;
    lastEndS = Math.max(lastEndS, startS + ranS);
    firstSubmitS = Math.min(firstSubmitS, submitS[i] ?? 0);
    if (maxWaitS === null || waitS <= maxWaitS) continue;
    overJobs += 1;
    overS += waitS - maxWaitS;
  }
  const size = homes.reduce((sum, home) => sum + home.processors, 0);
  const makespanS = lastEndS - firstSubmitS;
  const perHome = measureHomes(workload, waits);
  waits.sort();
  return {
    jobs: count,
    processors: size,
    meanWaitS: waited / count,
    medianWaitS: waits[Math.floor(count / 2)] ?? 0,
    p95WaitS: waits[Math.floor(0.95 * count)] ?? 0,
    maxWaitS: waits[count - 1] ?? 0,
    averageBoundedSlowdown: slowdown / count,
    areaWeightedWaitS: areaWaited / area,
    utilisation: area / (size * makespanS),
    makespanS,
    startChecksum: startChecksum(workload, schedule),
    perHome,
    overMaxWait: { jobs: overJobs, seconds: overS },
  };
}

/** (Σ start × (i mod 1 000 003 + 1)) mod (2^61 − 1): i is the place in the file (one home), else in the workload. */
export function startChecksum(workload: Workload, { startS }: Schedule): string {
  const isOne = workload.homes.length === 1;
  let sum = 0n;
  let part = 0;
  for (let i = 0; i < workload.count; i += 1) {
    const place = isOne ? (workload.place[i] ?? 0) : i;
    // A product is below 2^31 × 2^20: until the sum is carried over it stays exact.
    part += (startS[i] ?? 0) * ((place % 1_000_003) + 1);
    if (part < 4_503_599_627_370_496) continue;
    sum += BigInt(part);
    part = 0;
  }
  return ((sum + BigInt(part)) % (2n ** 61n - 1n)).toString();
}

function measureHomes({ homes, home }: Workload, waits: Float64Array): readonly HomeMetrics[] {
  const counts = new Int32Array(homes.length);
  for (const at of home) counts[at] = (counts[at] ?? 0) + 1;
  const byHome = Array.from(counts, (jobs) => new Float64Array(jobs));
  counts.fill(0);
  for (let i = 0; i < home.length; i += 1) {
    const at = home[i] ?? 0;
    const its = byHome[at];
    if (its) its[counts[at] ?? 0] = waits[i] ?? 0;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return homes.map(({ name }, at) => {
    const its = byHome[at]?.sort() ?? new Float64Array();
    const jobs = its.length;
    const sum = its.reduce((total, waitS) => total + waitS, 0);
    const p95WaitS = its[Math.floor(0.95 * jobs)] ?? 0;
    return { name, jobs, meanWaitS: jobs === 0 ? 0 : sum / jobs, p95WaitS, maxWaitS: its[jobs - 1] ?? 0 };
  });
}
