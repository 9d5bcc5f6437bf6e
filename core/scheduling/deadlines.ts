import { networkTimeText } from "#core/ledger/network-day.ts";
import { dueMs, type JobRecord } from "#core/scheduling/job-record.ts";
import { rangesOf } from "#core/scheduling/positions.ts";
import type { Facts, JobRule } from "#core/scheduling/reasons.ts";
import type { TaskEnd } from "#core/scheduling/world-plan.ts";

/** The jobs that have to end by a moment (docs/decisions/0049), of which some task may still wait. */
export type Deadlines = {
  readonly jobs: Set<JobRecord>;
  /** Before this moment none of them is overdue. */
  fromMs: number;
};

export function noDeadlines(): Deadlines {
  return { jobs: new Set(), fromMs: Number.POSITIVE_INFINITY };
}

/** Something of the job waits from now on. */
export function watchDeadline(deadlines: Deadlines, job: JobRecord): void {
  if (job.deadline === null) return;
  deadlines.jobs.add(job);
  deadlines.fromMs = Math.min(deadlines.fromMs, job.deadline.latestStartMs + 1);
}

/** What waits and can no longer end in time, and when there will be more of it; null: never. */
export function overdueTasks(
  deadlines: Deadlines,
  nowMs: number,
): { readonly ends: readonly TaskEnd[]; readonly nextMs: number | null } {
  const { jobs, fromMs } = deadlines;
  if (nowMs < fromMs) return { ends: [], nextMs: Number.isFinite(fromMs) ? fromMs : null };
  const ends: TaskEnd[] = [];
  let nextMs = Number.POSITIVE_INFINITY;
  for (const job of jobs) {
    if (job.deadline === null || job.queued.length === 0) continue;
    if (!isOverdue(job, nowMs)) nextMs = Math.min(nextMs, job.deadline.latestStartMs + 1);
    else ends.push({ job: job.id, indices: rangesOf(job.indices, job.queued), ...overdueReason(job) });
  }
  // Those that end now stay due until they are told to have ended.
  if (ends.length === 0) deadlines.fromMs = nextMs;
  return { ends, nextMs: Number.isFinite(nextMs) ? nextMs : null };
}

export function isOverdue({ deadline }: JobRecord, nowMs: number): boolean {
  return deadline !== null && nowMs > deadline.latestStartMs;
}

export function overdueReason({ deadline, ask }: JobRecord): {
  readonly rule: JobRule & "deadline-cannot-be-met";
  readonly facts: Facts;
} {
  return {
    rule: "deadline-cannot-be-met",
    facts: { deadline: networkTimeText(deadline?.endsMs ?? 0), limitS: ask.timeLimitS },
  };
}

/**
 * Whether it goes ahead of its class: its latest start is near, and no farther away than it has waited already, so that a
 * deadline that is named for show gains nothing at once; and its submitter has used no more than is theirs, so that all
 * who name deadlines together take no more than their shares.
 */
export function goesAhead(job: JobRecord, leadS: number | null, nowMs: number): boolean {
  const { deadline, submitter } = job;
  if (deadline === null || leadS === null || submitter.factor > 1) return false;
  const leftMs = deadline.latestStartMs - nowMs;
  return leftMs <= leadS * 1000 && leftMs <= nowMs - dueMs(job);
}
