import { beyondCores, type Holding } from "#core/scheduling/core-limits.ts";
import { dataReason } from "#core/scheduling/data-at.ts";
import { isOverdue, overdueReason } from "#core/scheduling/deadlines.ts";
import { waitReason } from "#core/scheduling/dependencies.ts";
import { beyondGrant } from "#core/scheduling/grants.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import { nextReady, room } from "#core/scheduling/queue.ts";
import type { Facts, JobRule } from "#core/scheduling/reasons.ts";
import type { State } from "#core/scheduling/world-state.ts";

/** What keeps a task back whatever the centres say. */
export type OwnReason = { readonly rule: JobRule; readonly facts: Facts };

/** By what its job itself asks. */
export function ownReason(job: JobRecord, position: number, nowMs: number): OwnReason | null {
  const overdue = isOverdue(job, nowMs) ? overdueReason(job) : null;
  const ownTurn = overdue ?? waitReason(job, position);
  return ownTurn ?? dataReason(job.ask, job.ask.group.pools, nowMs) ?? throttleReason(job, position);
}

/** By what its tenant and project may have. */
export function beyondOwn(
  { coreLimits, grants }: State,
  { submitter, priority }: Pick<Holding, "submitter" | "priority">,
  ask: Parameters<typeof beyondGrant>[2],
): OwnReason | null {
  return beyondCores(coreLimits, { submitter, priority, ask }) ?? beyondGrant(grants, submitter, ask);
}

/** Tasks before this one in its array that are ready count too: they are to start first. */
function throttleReason(job: JobRecord, position: number): OwnReason | null {
  if (job.throttle === null) return null;
  let before = 0;
  const most = room(job);
  for (let at = nextReady(job, 0); at !== -1 && at < position && before < most; at = nextReady(job, at + 1))
    before += 1;
  if (before < most) return null;
  return { rule: "array-throttle", facts: { limit: job.throttle, live: (job.live?.size ?? 0) + before } };
}
