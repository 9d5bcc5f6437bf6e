import type { Schedule, Workload } from "#core/scheduling/replay/workload.ts";

/** Jobs of one size class or one home; seconds. */
export type WaitClass = {
  readonly name: string;
  readonly jobs: number;
  readonly meanS: number;
  /** sorted[⌊n ÷ 2⌋], sorted[⌊0.95 n⌋] and the last. */
  readonly medianS: number;
  readonly p95S: number;
  readonly maxS: number;
};

/** By processors: 1, 2, 3–4, 5–8, …; classes without a job are left out. */
export function waitBySize(workload: Workload, schedule: Schedule): readonly WaitClass[] {
  const classOf = (i: number) => Math.ceil(Math.log2(Math.max(1, workload.processors[i] ?? 1)));
  const nameOf = (place: number) => {
    const [least, most] = [place === 0 ? 1 : 2 ** (place - 1) + 1, 2 ** place];
    return least === most ? `${most}` : `${least}–${most}`;
  };
  return waitClasses(workload, schedule, classOf, nameOf);
}

export function waitByHome(workload: Workload, schedule: Schedule): readonly WaitClass[] {
  return waitClasses(
    workload,
    schedule,
    (i) => workload.home[i] ?? 0,
    (place) => workload.homes[place]?.name ?? "",
  );
}

function waitClasses(
  workload: Workload,
  schedule: Schedule,
  classOf: (i: number) => number,
  nameOf: (place: number) => string,
): readonly WaitClass[] {
  const counts: number[] = [];
  for (let i = 0; i < workload.count; i += 1) counts[classOf(i)] = (counts[classOf(i)] ?? 0) + 1;
  const waits = Array.from(counts, (count) => new Float64Array(count ?? 0));
  const filled = waits.map(() => 0);
  for (let i = 0; i < workload.count; i += 1) {
    const place = classOf(i);
    const at = filled[place] ?? 0;
    const column = waits[place];
    if (column) column[at] = (schedule.startS[i] ?? 0) - (workload.submitS[i] ?? 0);
    filled[place] = at + 1;
  }
  return waits.flatMap((column, place) => (column.length === 0 ? [] : [waitClass(nameOf(place), column)]));
}

function waitClass(name: string, waits: Float64Array): WaitClass {
  const sorted = waits.sort();
  const at = (share: number) => sorted[Math.floor(share * sorted.length)] ?? 0;
  const sum = sorted.reduce((total, wait) => total + wait, 0);
  const [jobs, maxS] = [sorted.length, sorted.at(-1) ?? 0];
  return { name, jobs, meanS: sum / jobs, medianS: at(0.5), p95S: at(0.95), maxS };
}

/** How the jobs of a home fare against the schedule of their home alone. */
export type Lateness = {
  /** Of its jobs, those that start later than alone. */
  readonly share: number;
  /** By how much, sorted[⌊0.99 n⌋] of all its jobs, those not later counted as 0. */
  readonly p99S: number;
};

/** In the order of the homes, then of all jobs together. */
export function lateness(workload: Workload, schedule: Schedule, alone: Schedule): readonly Lateness[] {
  const { count, homes, home } = workload;
  const jobs = new Int32Array(homes.length);
  for (const at of home) jobs[at] = (jobs[at] ?? 0) + 1;
  const all = new Float64Array(count);
  const ofHome = Array.from(jobs, (its) => new Float64Array(its));
  jobs.fill(0);
  for (let i = 0; i < count; i += 1) {
    const lateS = Math.max(0, (schedule.startS[i] ?? 0) - (alone.startS[i] ?? 0));
    const at = home[i] ?? 0;
    const place = jobs[at] ?? 0;
    const its = ofHome[at];
    all[i] = lateS;
    if (its) its[place] = lateS;
    jobs[at] = place + 1;
  }
  return [...ofHome, all].map((its) => {
    const sorted = its.sort();
    const firstLate = sorted.findIndex((lateS) => lateS > 0);
    const later = firstLate < 0 ? 0 : sorted.length - firstLate;
    return { share: later / Math.max(1, sorted.length), p99S: sorted[Math.floor(0.99 * sorted.length)] ?? 0 };
  });
}

/** Means over equal spans of time, from the first submission to the last end. */
export type Usage = {
  readonly spanS: number;
  /** Of all processors, those in use. */
  readonly used: Float64Array;
  /** The same of each centre; empty where all are one machine. */
  readonly byCentre: readonly Float64Array[];
  /** Processors asked for by waiting jobs ÷ all processors. */
  readonly waiting: Float64Array;
};

export function usageOverTime(workload: Workload, schedule: Schedule, isMerged: boolean, spans: number): Usage {
  const first = workload.submitS[0] ?? 0;
  let last = first + 1;
  for (let i = 0; i < workload.count; i += 1)
    last = Math.max(last, (schedule.startS[i] ?? 0) + (workload.runS[i] ?? 0));
  const spanS = (last - first) / spans;
  const total = workload.homes.reduce((sum, { processors }) => sum + processors, 0);
  const sums = Array.from({ length: workload.homes.length + 2 }, () => new Float64Array(spans));
  const [used, waiting, ...byCentre] = sums;
  if (!used || !waiting) throw new Error("no columns");
  for (let i = 0; i < workload.count; i += 1) {
    const submit = (workload.submitS[i] ?? 0) - first;
    const start = (schedule.startS[i] ?? 0) - first;
    const end = start + (workload.runS[i] ?? 0);
    const processors = workload.processors[i] ?? 0;
    spread(waiting, submit / spanS, start / spanS, processors / total);
    spread(used, start / spanS, end / spanS, processors / total);
    const centre = schedule.centre[i] ?? 0;
    const column = byCentre[centre];
    if (column) spread(column, start / spanS, end / spanS, processors / (workload.homes[centre]?.processors ?? 1));
  }
  return { spanS, used, waiting, byCentre: isMerged || workload.homes.length === 1 ? [] : byCentre };
}

/** Adds `height` over [from, to), in spans, to the means of the spans it touches. */
function spread(means: Float64Array, from: number, to: number, height: number): void {
  for (let span = Math.floor(from); span < means.length && span < to; span += 1)
    means[span] = (means[span] ?? 0) + height * (Math.min(to, span + 1) - Math.max(from, span));
}

/** The share of jobs whose bounded slowdown is at most each of the bounds. */
export function slowdownShares(workload: Workload, schedule: Schedule, bounds: readonly number[]): readonly number[] {
  const counts = new Float64Array(bounds.length + 1);
  for (let i = 0; i < workload.count; i += 1) {
    const slowdown = boundedSlowdown(workload, schedule, i);
    let [low, high] = [0, bounds.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((bounds[middle] ?? 0) >= slowdown) high = middle;
      else low = middle + 1;
    }
    counts[low] = (counts[low] ?? 0) + 1;
  }
  let sum = 0;
  return bounds.map((_, place) => {
    sum += counts[place] ?? 0;
    return sum / workload.count;
  });
}

/** max(1, (wait + run) ÷ max(run, 10)). */
export function boundedSlowdown(workload: Workload, schedule: Schedule, i: number): number {
  const runS = workload.runS[i] ?? 0;
  const waitS = (schedule.startS[i] ?? 0) - (workload.submitS[i] ?? 0);
  return Math.max(1, (waitS + runS) / Math.max(runS, 10));
}

/**
 * How alike people are served: Jain's index (1984) of the mean bounded slowdown of each person with at least 5 jobs: 1 where
 * all have the same, 1 ÷ people where one bears it all. null where fewer than two people have so many.
 */
export function fairnessOfPeople(workload: Workload, schedule: Schedule): number | null {
  const leastJobs = 5;
  const sums = new Map<number, { jobs: number; slowdown: number }>();
  for (let i = 0; i < workload.count; i += 1) {
    const person = workload.person[i] ?? 0;
    const kept = sums.get(person) ?? { jobs: 0, slowdown: 0 };
    kept.jobs += 1;
    kept.slowdown += boundedSlowdown(workload, schedule, i);
    sums.set(person, kept);
  }
  const means = [...sums.values()].filter(({ jobs }) => jobs >= leastJobs).map(({ jobs, slowdown }) => slowdown / jobs);
  if (means.length < 2) return null;
  const sum = means.reduce((total, mean) => total + mean, 0);
  return sum ** 2 / (means.length * means.reduce((total, mean) => total + mean ** 2, 0));
}
