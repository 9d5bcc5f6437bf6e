import type { z } from "zod";
import type { startRange, TaskDetail } from "#api/job.ts";
import { jobId } from "#core/ids.ts";
import type { StartEstimate } from "#core/scheduling/estimate/starts.ts";
import type { World } from "#core/scheduling/world.ts";

/** An estimated start with its range; null where nobody can tell anything. */
export function startView(estimate: StartEstimate): z.output<typeof startRange> | null {
  if (estimate.from === "unknown") return null;
  const { from, earliestMs, likelyMs, latestMs, centre, seen } = estimate;
  return { from, earliestMs, likelyMs, latestMs, centre, seen };
}

/** Runs as they were read, those that wait in a centre's own queue with the range that the world knows. */
export function withStarts(
  runs: TaskDetail["runs"],
  job: number,
  index: number,
  world: Pick<World, "explain">,
  nowMs: number,
): TaskDetail["runs"] {
  return runs.map((run) => {
    if (!run.waiting) return run;
    const explained = world.explain({ job: jobId(job), index }, nowMs);
    if (explained.kind !== "live" || explained.attempt !== run.attempt) return run;
    return { ...run, waiting: { ...run.waiting, start: startView(explained.estimate) } };
  });
}
