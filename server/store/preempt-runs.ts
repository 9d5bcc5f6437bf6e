import { runId } from "#core/ids.ts";
import type { PreemptedRun } from "#core/scheduling/world-plan.ts";
import { askToEnd, currentTask, type RunLine, type Sheet, taskKey } from "./sheet.ts";

/**
 * Asks runs to end so that other tasks start where they are (docs/decisions/0035). All of them for one task or none: where
 * one has ended since, or the task waits no more, the others would end in vain.
 */
export function preemptRuns(
  sheet: Sheet,
  preempted: readonly PreemptedRun[],
): { readonly written: number; readonly stale: number } {
  let written = 0;
  for (const runs of Map.groupBy(preempted, ({ claimant }) => taskKey(claimant)).values()) {
    const lines = runs.flatMap((each) => preemptable(sheet, each) ?? []);
    const [first] = runs;
    if (!first || lines.length < runs.length || sheet.tasks.get(taskKey(first.claimant))?.state !== "queued") continue;
    const { claimant, claimantName } = first;
    for (const run of lines) askToEnd(sheet, run, { by: "network", reason: `makes way for ${claimantName}`, claimant });
    written += lines.length;
  }
  return { written, stale: preempted.length - written };
}

function preemptable(sheet: Sheet, each: PreemptedRun): RunLine | null {
  const run = sheet.runs.get(runId(each));
  return run?.state === "running" && !run.cancel && currentTask(sheet, run) ? run : null;
}
