import type { z } from "zod";
import type { startRange, TaskDetail } from "#api/job.ts";
import { jobId } from "#core/ids.ts";
import type { Language } from "#core/language.ts";
import { startWords } from "#core/scheduling/estimate/start-words.ts";
import type { StartEstimate } from "#core/scheduling/estimate/starts.ts";
import type { World } from "#core/scheduling/world.ts";
import { unreachable } from "#core/unreachable.ts";

/** An estimated start with its range; null where nobody can tell anything. */
export function startView(
  estimate: StartEstimate,
  language: Language,
  world: Pick<World, "hidesLoad">,
): StartView | null {
  if (estimate.kind === "unknown") return null;
  const { centre } = estimate;
  const said = { centre, seen: 0, words: startWords(estimate, language, world.hidesLoad(centre)) };
  const alone = { earliestMs: null, likelyMs: null, latestMs: null };
  switch (estimate.kind) {
    case "now": {
      const { atMs } = estimate;
      return { from: "now", earliestMs: atMs, likelyMs: atMs, latestMs: atMs, ...said };
    }
    case "learnt": {
      const { from, earliestMs, likelyMs, latestMs, seen } = estimate;
      return { from, earliestMs, likelyMs, latestMs, ...said, seen };
    }
    case "limits":
      return { from: "profile", ...alone, latestMs: estimate.byMs, ...said };
    case "engine":
      return { from: "engine", ...alone, latestMs: estimate.atMs, ...said };
    case "planned":
      return { from: "plan", ...alone, likelyMs: estimate.atMs, ...said };
    case "data":
      return { from: "data", ...alone, earliestMs: estimate.atMs, likelyMs: estimate.atMs, ...said };
    default:
      return unreachable(estimate);
  }
}

type StartView = z.output<typeof startRange>;

/** Runs as they were read, those that wait in a centre's own queue with the range that the world knows. */
export function withStarts(
  runs: TaskDetail["runs"],
  job: number,
  index: number,
  world: Pick<World, "explain" | "hidesLoad">,
  nowMs: number,
  language: Language,
): TaskDetail["runs"] {
  return runs.map((run) => {
    if (!run.waiting) return run;
    const explained = world.explain({ job: jobId(job), index }, nowMs);
    if (explained.kind !== "live" || explained.attempt !== run.attempt) return run;
    return { ...run, waiting: { ...run.waiting, start: startView(explained.estimate, language, world) } };
  });
}
