import { type DataPlaces, dataBy, firstDataMs, nextDataMs } from "#core/job/data-places.ts";
import { anyDemands, type Demands } from "#core/job/demands.ts";
import type { CentreRecord } from "#core/scheduling/centres.ts";
import type { JobData, JobRecord } from "#core/scheduling/job-record.ts";
import { askAnew, type Queue } from "#core/scheduling/queue.ts";

/**
 * Jobs whose input is still to come to some centre, by the moment at which it next does (docs/decisions/0093). Then the job
 * asks anew, for what is left to come: no other is looked at for it, and one whose input is everywhere asks like all others.
 */
export type DataWaits = {
  readonly jobs: Map<number, Set<JobRecord>>;
  /** The moments, ascending. */
  readonly momentsMs: number[];
};

export function noDataWaits(): DataWaits {
  return { jobs: new Map(), momentsMs: [] };
}

/** Of a job that comes, or of which it is told anew where its input is. */
export function dataOfJob(submittedMs: number, data: DataPlaces | undefined): JobData | null {
  if (!data) return null;
  const firstMs = firstDataMs(data) ?? Number.POSITIVE_INFINITY;
  return { dueMs: Math.max(submittedMs, firstMs), awaited: firstMs > 0 };
}

export function watchData({ jobs, momentsMs }: DataWaits, job: JobRecord): void {
  const nextMs = nextMsOf(job);
  if (nextMs === null) return;
  const alike = jobs.get(nextMs) ?? new Set();
  if (alike.size === 0) momentsMs.splice(placeOf(momentsMs, nextMs), 0, nextMs);
  jobs.set(nextMs, alike.add(job));
}

/** It is over, or it is told of it anew. */
export function forgetData({ jobs, momentsMs }: DataWaits, job: JobRecord): void {
  const nextMs = nextMsOf(job);
  const alike = nextMs === null ? undefined : jobs.get(nextMs);
  if (nextMs === null || !alike?.delete(job) || alike.size > 0) return;
  jobs.delete(nextMs);
  momentsMs.splice(placeOf(momentsMs, nextMs), 1);
}

function nextMsOf({ ask }: JobRecord): number | null {
  return ask.demands?.data ? nextDataMs(ask.demands.data) : null;
}

/** When input of some job next comes to a centre; null: none is to come. */
export function nextDataWaitMs({ momentsMs }: DataWaits): number | null {
  return momentsMs[0] ?? null;
}

/** What has come by now is there: `came` is told of each job that asks anew, and the moment. Answers whether any does. */
export function dataComes(
  waits: DataWaits,
  queue: Queue,
  centres: readonly CentreRecord[],
  nowMs: number,
  came: (job: JobRecord, atMs: number) => void,
): boolean {
  const { jobs, momentsMs } = waits;
  if ((momentsMs[0] ?? Number.POSITIVE_INFINITY) > nowMs) return false;
  for (let atMs = momentsMs[0]; atMs !== undefined && atMs <= nowMs; atMs = momentsMs[0]) {
    momentsMs.shift();
    const due = [...(jobs.get(atMs) ?? [])].sort((a, b) => a.id - b.id);
    jobs.delete(atMs);
    for (const job of due) {
      const { own: shape, wishes, timeLimitS, graceS, demands, bounds } = job.ask;
      const asked = { shape, wishes, timeLimitS, graceS, demands: by(demands, atMs), bounds };
      if (job.data) job.data = { ...job.data, awaited: false };
      askAnew(queue, job, { ...asked, project: job.project, person: job.person }, centres);
      watchData(waits, job);
      came(job, atMs);
    }
  }
  return true;
}

function by(demands: Demands | null, atMs: number): Demands | null {
  if (!demands?.data) return demands;
  const { data, ...rest } = demands;
  const left = dataBy(data, atMs);
  return anyDemands(left ? { ...rest, data: left } : rest);
}

/** The first place of one that is not less. */
function placeOf(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
