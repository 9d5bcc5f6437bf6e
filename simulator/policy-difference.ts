import type { Schedule, Workload } from "#core/scheduling/replay/workload.ts";

/** What a group of jobs would wait under one policy and under another; seconds. */
export type PolicyDifference = {
  readonly by: "all" | "home" | "project" | "size";
  /** Of the home; home/number of the project in its trace; from-to processors. */
  readonly name: string;
  readonly jobs: number;
  /** Jobs that start earlier, and later, under the second. */
  readonly earlier: number;
  readonly later: number;
  /** Of those that start later: sorted[⌊0.99 n⌋] of by how much; 0 where none does. */
  readonly laterByP99S: number;
  readonly meanWaitBeforeS: number;
  readonly meanWaitAfterS: number;
  /** Below 0: the group gains. */
  readonly changeS: number;
};

/**
 * Who gains and who loses if the second schedule of the same workload takes the place of the first; whoever gains most
 * first, sizes from the smallest. `groups`: the number of each of the workload's projects, where it has another in its trace.
 */
export function policyDifference(
  workload: Workload,
  before: Schedule,
  after: Schedule,
  groups?: readonly number[],
): readonly PolicyDifference[] {
  const { homes, home, project, processors } = workload;
  const nameOf = (job: number) => homes[home[job] ?? 0]?.name ?? "";
  const keys = {
    all: () => "all",
    home: nameOf,
    project: (job: number) => `${nameOf(job)}/${groups?.[project[job] ?? 0] ?? project[job]}`,
    size: (job: number) => String(Math.ceil(Math.log2(processors[job] ?? 1))),
  };
  const rows = (by: keyof typeof keys) =>
    [...tallied(workload, before, after, keys[by])].map(([name, tally]) => rowOf(by, name, tally));
  const gaining = (by: keyof typeof keys) => rows(by).sort((a, b) => a.changeS - b.changeS);
  const sizes = rows("size").sort((a, b) => Number(a.name) - Number(b.name));
  const named = sizes.map((row) => ({ ...row, name: sizeName(Number(row.name)) }));
  return [...rows("all"), ...gaining("home"), ...gaining("project"), ...named];
}

type Tally = { jobs: number; earlier: number; beforeS: number; afterS: number; readonly laterByS: number[] };

function tallied(
  { count, submitS }: Workload,
  before: Schedule,
  after: Schedule,
  groupOf: (job: number) => string,
): ReadonlyMap<string, Tally> {
  const tallies = new Map<string, Tally>();
  for (let job = 0; job < count; job += 1) {
    const group = groupOf(job);
    let tally = tallies.get(group);
    if (!tally) {
      tally = { jobs: 0, earlier: 0, beforeS: 0, afterS: 0, laterByS: [] };
      tallies.set(group, tally);
    }
    const [firstS, secondS] = [before.startS[job] ?? 0, after.startS[job] ?? 0];
    tally.jobs += 1;
    if (secondS < firstS) tally.earlier += 1;
    if (secondS > firstS) tally.laterByS.push(secondS - firstS);
    tally.beforeS += firstS - (submitS[job] ?? 0);
    tally.afterS += secondS - (submitS[job] ?? 0);
  }
  return tallies;
}

function rowOf(by: PolicyDifference["by"], name: string, tally: Tally): PolicyDifference {
  const { jobs, earlier, beforeS, afterS } = tally;
  const laterByS = Float64Array.from(tally.laterByS).sort();
  const later = laterByS.length;
  const laterByP99S = laterByS[Math.floor(0.99 * later)] ?? 0;
  const [meanWaitBeforeS, meanWaitAfterS, changeS] = [beforeS / jobs, afterS / jobs, (afterS - beforeS) / jobs];
  return { by, name, jobs, earlier, later, laterByP99S, meanWaitBeforeS, meanWaitAfterS, changeS };
}

function sizeName(exponent: number): string {
  if (exponent <= 1) return String(2 ** exponent);
  return `${2 ** (exponent - 1) + 1}-${2 ** exponent}`;
}
