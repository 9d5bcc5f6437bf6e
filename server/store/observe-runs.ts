import type { CentreId, RunId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import { decisionOf } from "#core/scheduling/decision.ts";
import type { Placement } from "#core/scheduling/world-plan.ts";
import { unreachable } from "#core/unreachable.ts";
import type { Log } from "./database.ts";
import type { grantKeeper } from "./grants.ts";
import {
  acceptRun,
  endRun,
  placeTask,
  type RunLine,
  remarkRun,
  type Sheet,
  startRun,
  taskKey,
  waitRun,
} from "./sheet.ts";

/** Placements onto the sheet; one whose task is not queued for that very attempt, or that no grant is left for, is stale and left out. */
export function placeTasks(
  sheet: Sheet,
  placements: readonly Placement[],
  decidedMs: number,
  ordinaryLeaseMs: number,
  mayHold: ReturnType<typeof grantKeeper>,
): { readonly written: number; readonly stale: number } {
  let written = 0;
  for (const { job, index, attempt, centre, pool, allocation, candidates, starts, leaseMs, moved } of placements) {
    const task = sheet.tasks.get(taskKey({ job, index }));
    if (task?.state !== "queued" || task.attempts + 1 !== attempt) continue;
    const line = sheet.jobs.get(job);
    if (line && !mayHold(line, allocation)) continue;
    const decision = JSON.stringify(decisionOf(decidedMs, candidates, moved));
    const latestStartMs = sheet.nowMs + (leaseMs ?? ordinaryLeaseMs);
    placeTask(sheet, task, { centre, pool, allocation, latestStartMs, decision }, starts);
    written += 1;
  }
  return { written, stale: placements.length - written };
}

/**
 * What a centre saw, in the order it tells it, onto the sheet. Returns the runs whose end is known once this commits;
 * a run that is not this centre's is nothing the store can keep, and is acknowledged so that it is not told for ever.
 */
export function observeRuns(
  sheet: Sheet,
  centre: CentreId,
  observations: readonly RunObservation[],
  log: Log,
): readonly RunId[] {
  const committed = new Set<RunId>();
  for (const observation of observations) {
    const run = sheet.runs.get(observation.run);
    if (run?.centre === centre) observe(sheet, run, observation);
    else
      log.warn({ centre, run: observation.run, kind: observation.kind }, "an agent told of a run that is not its own");
    if (observation.kind === "ended") committed.add(observation.run);
  }
  return [...committed];
}

function observe(sheet: Sheet, run: RunLine, observation: RunObservation): void {
  const atMs = believable(sheet, run, observation);
  switch (observation.kind) {
    case "accepted":
      acceptRun(sheet, run, atMs);
      return;
    case "waiting":
      waitRun(sheet, run, { ...observation, atMs, reasonKind: observation.reasonKind ?? null });
      return;
    case "started":
      startRun(sheet, run, { ...observation, atMs });
      return;
    case "remark":
      remarkRun(sheet, run, { ...observation, atMs });
      return;
    case "ended":
      endRun(sheet, run, { ...observation, atMs });
      return;
    default:
      unreachable(observation);
  }
}

/**
 * A centre's clock only labels what happened there: nothing of a run was before its placement, its end not before its
 * start, and nothing is yet to come. What is billed is a duration, which a wrong clock does not touch. What is told of a
 * run that has ended is kept as it is told.
 */
function believable({ nowMs }: Sheet, run: RunLine, { kind, atMs }: RunObservation): number {
  const { placedMs, startedMs, state } = run;
  if (state === "ended") return atMs;
  const earliestMs = kind === "ended" ? Math.max(placedMs, startedMs ?? placedMs) : placedMs;
  return Math.min(nowMs, Math.max(earliestMs, atMs));
}
