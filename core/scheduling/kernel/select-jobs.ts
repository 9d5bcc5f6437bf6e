import type { Home, Workload } from "../replay/workload.ts";

/** Some jobs of a workload as one of its own, all at home at the first of these homes. */
export function selectJobs(workload: Workload, jobs: Int32Array, homes: readonly Home[]): Workload {
  const column = (from: Int32Array) => Int32Array.from(jobs, (job) => from[job] ?? 0);
  return {
    homes,
    count: jobs.length,
    submitS: column(workload.submitS),
    runS: column(workload.runS),
    estimateS: column(workload.estimateS),
    processors: column(workload.processors),
    home: new Uint16Array(jobs.length),
    person: column(workload.person),
    project: column(workload.project),
    place: column(workload.place),
    number: column(workload.number),
  };
}
