import type { Schedule, Workload } from "#core/scheduling/replay/workload.ts";

/** What a group of jobs would wait under one policy and under another; seconds. */
export type PolicyDifference = {
  readonly by: "all" | "home" | "project" | "size";
  /** Of the home; home/number of the project; from-to processors. */
  readonly name: string;
  readonly jobs: number;
  /** Jobs that start earlier, and later, under the second. */
  readonly earlier: number;
  readonly later: number;
  readonly meanWaitBeforeS: number;
  readonly meanWaitAfterS: number;
  /** Below 0: the group gains. */
  readonly changeS: number;
};

/** Who gains and who loses if the second schedule of the same workload takes the place of the first; whoever gains most first, sizes from the smallest. */
export function policyDifference(workload: Workload, before: Schedule, after: Schedule): readonly PolicyDifference[] {
  const { homes, home, project, processors } = workload;
  const nameOf = (job: number) => homes[home[job] ?? 0]?.name ?? "";
  const groups = {
    all: () => "all",
    home: nameOf,
    project: (job: number) => `${nameOf(job)}/${project[job]}`,
    size: (job: number) => String(Math.ceil(Math.log2(processors[job] ?? 1))),
  };
  const rows = (by: keyof typeof groups) =>
    [...tallied(workload, before, after, groups[by])].map(([name, tally]) => rowOf(by, name, tally));
  const gaining = (by: keyof typeof groups) => rows(by).sort((a, b) => a.changeS - b.changeS);
  const sizes = rows("size").sort((a, b) => Number(a.name) - Number(b.name));
  const named = sizes.map((row) => ({ ...row, name: sizeName(Number(row.name)) }));
  return [...rows("all"), ...gaining("home"), ...gaining("project"), ...named];
}

type Tally = { jobs: number; earlier: number; later: number; beforeS: number; afterS: number };

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
      tally = { jobs: 0, earlier: 0, later: 0, beforeS: 0, afterS: 0 };
      tallies.set(group, tally);
    }
    const [firstS, secondS] = [before.startS[job] ?? 0, after.startS[job] ?? 0];
    tally.jobs += 1;
    if (secondS < firstS) tally.earlier += 1;
    if (secondS > firstS) tally.later += 1;
    tally.beforeS += firstS - (submitS[job] ?? 0);
    tally.afterS += secondS - (submitS[job] ?? 0);
  }
  return tallies;
}

function rowOf(by: PolicyDifference["by"], name: string, tally: Tally): PolicyDifference {
  const { jobs, earlier, later, beforeS, afterS } = tally;
  const [meanWaitBeforeS, meanWaitAfterS] = [beforeS / jobs, afterS / jobs];
  return { by, name, jobs, earlier, later, meanWaitBeforeS, meanWaitAfterS, changeS: (afterS - beforeS) / jobs };
}

function sizeName(exponent: number): string {
  if (exponent <= 1) return String(2 ** exponent);
  return `${2 ** (exponent - 1) + 1}-${2 ** exponent}`;
}
