import type { JobId, ProjectId, RunRef, TaskRef, TenantId } from "#core/ids.ts";
import { runId } from "#core/ids.ts";
import { addTo, leftOf, type PoolRecord } from "#core/scheduling/centres.ts";
import type { JobRecord, LiveRun } from "#core/scheduling/job-record.ts";
import type { Preemption } from "#core/scheduling/policy.ts";
import { hasPosition } from "#core/scheduling/positions.ts";
import { isReady, nextReady } from "#core/scheduling/queue.ts";
import { deviceKey } from "#core/scheduling/room.ts";
import { expectEnd, expectNoEnd } from "#core/scheduling/twin.ts";

/** What a world knows of runs that make room for others (docs/decisions/0035). */
export type PreemptionRecord = {
  /** null: nobody is asked. Who was asked before still makes room. */
  policy: Preemption | null;
  /** By the name of the task that room is made for, in the order in which it was first asked for. */
  readonly claims: Map<string, Claim>;
  /** Who was asked within the last hour, oldest first, by the run's id. */
  readonly asked: Map<string, AskedRun>;
};

/** A task waits for the place of runs that were asked to end for it: it comes before all others there. */
export type Claim = {
  readonly task: TaskRef;
  readonly pool: PoolRecord;
  /** Those that have not ended. */
  readonly runs: Set<LiveRun>;
  /** By when they should have ended. */
  endsMs: number;
};

/** One of the live runs of a pool that may have to make room, with what it is a run of. */
export type Yielding = { readonly job: JobRecord; readonly position: number; readonly run: LiveRun };

export type AskedRun = {
  readonly atMs: number;
  readonly pool: PoolRecord;
  readonly project: ProjectId;
  readonly tenant: TenantId;
};

/** That a run was asked to end so that `claimant` may start where it was. */
export type RunMakesWay = RunRef & {
  readonly claimant: TaskRef;
  readonly project: ProjectId;
  /** Absent: all projects are of one tenant. */
  readonly tenant?: TenantId | undefined;
  readonly atMs: number;
};

/** A policy of an older recording says nothing of it, or not of tenants. */
export function emptyPreemption({ preemption }: { readonly preemption?: Preemption | null }): PreemptionRecord {
  return { policy: preemption ?? null, claims: new Map(), asked: new Map() };
}

/**
 * Takes in that a run makes room. `live`: the run, where it has not ended; null: it is told for the count of the hour and of
 * its task alone.
 */
export function noteAsked(
  preemption: PreemptionRecord,
  told: RunMakesWay,
  pool: PoolRecord,
  tenant: TenantId,
  live: Yielding | null,
): void {
  const endsMs = live ? overBy(live.job, told.atMs) : 0;
  if (live) {
    live.run.makesWay = told.claimant;
    if (endsMs < live.run.endsMs) expectEndAt(live.run, endsMs);
  }
  if (preemption.asked.has(runId(told))) return;
  const { claims, asked } = preemption;
  for (const [run, { atMs }] of asked) {
    if (atMs > told.atMs - hourMs) break;
    asked.delete(run);
  }
  asked.set(runId(told), { atMs: told.atMs, pool, project: told.project, tenant });
  if (!live) return;
  const key = claimKey(told.claimant);
  const known = claims.get(key);
  const claim =
    known && !isLapsed(known, told.atMs) ? known : { task: told.claimant, pool, runs: new Set<LiveRun>(), endsMs: 0 };
  if (claim !== known) claims.delete(key);
  claims.set(key, claim);
  claim.runs.add(live.run);
  claim.endsMs = Math.max(claim.endsMs, endsMs);
}

/** By when a run of the job is over that is asked to end now: until the agent was told and has told beside. */
export function overBy(job: JobRecord, nowMs: number): number {
  return nowMs + endsWithinS(job) * 1000 + tellingMs;
}

/** How long a run of the job may take to end: the warning that it asked for, and its grace. */
export function endsWithinS({ ask, warnS }: JobRecord): number {
  return warnS + ask.graceS;
}

const tellingMs = 2_000;

/** Its own place is free now, or it was the last that others waited for. */
export function noteRunEnded(preemption: PreemptionRecord, run: LiveRun): void {
  if (run.makesWay) preemption.claims.get(claimKey(run.makesWay))?.runs.delete(run);
}

/** The task started, ended, or waits no more; answers the pool where room was made for it. */
export function dropClaim(preemption: PreemptionRecord, task: TaskRef): PoolRecord | null {
  if (preemption.claims.size === 0) return null;
  const key = claimKey(task);
  const claim = preemption.claims.get(key);
  preemption.claims.delete(key);
  return claim?.pool ?? null;
}

/** Claims that came to nothing are forgotten: an agent that is away, a node that went down. Answers whether there were any. */
export function dropLapsed(preemption: PreemptionRecord, nowMs: number): boolean {
  let dropped = false;
  for (const [key, claim] of preemption.claims) {
    if (!isLapsed(claim, nowMs)) continue;
    preemption.claims.delete(key);
    dropped = true;
  }
  return dropped;
}

function isLapsed({ endsMs }: Claim, nowMs: number): boolean {
  return nowMs >= endsMs + patienceMs;
}

/** When the first of them lapses; null: there is none. */
export function lapsesMs(preemption: PreemptionRecord): number | null {
  const times = [...preemption.claims.values()].map(({ endsMs }) => endsMs + patienceMs);
  return times.length === 0 ? null : Math.min(...times);
}

/** A claim whose task may start as far as the task itself is concerned. */
export type HeldClaim = Claim & { readonly job: JobRecord; readonly position: number };

export function heldClaims(
  preemption: PreemptionRecord,
  find: (task: TaskRef) => { readonly job: JobRecord; readonly position: number } | null,
): readonly HeldClaim[] {
  const held: HeldClaim[] = [];
  for (const claim of preemption.claims.values()) {
    const found = find(claim.task);
    if (!found || !hasPosition(found.job.queued, found.position)) continue;
    if (isReady(found.job) && nextReady(found.job, found.position) === found.position)
      held.push({ ...claim, ...found });
  }
  return held;
}

export function claimOf(preemption: PreemptionRecord, task: TaskRef): Claim | null {
  return preemption.claims.get(claimKey(task)) ?? null;
}

export function hasClaim({ claims }: PreemptionRecord, job: JobId): boolean {
  for (const { task } of claims.values()) if (task.job === job) return true;
  return false;
}

/** What may still be asked within the hour; `asking`: who is asked in the same moment. */
export type LeftToAsk = {
  readonly ofPool: number;
  /** Of the project and its tenant, whichever is less. */
  readonly of: (whose: Whose) => number;
  readonly allows: (runs: readonly { readonly job: { readonly submitter: Whose } }[]) => boolean;
};

type Whose = Pick<AskedRun, "project" | "tenant">;

export function leftToAsk(
  { asked }: PreemptionRecord,
  policy: Preemption,
  pool: PoolRecord,
  nowMs: number,
  asking: readonly Omit<AskedRun, "atMs">[],
): LeftToAsk {
  let ofPool = policy.mostOfPool;
  const counts = new Map<string, number>();
  for (const each of [...asked.values(), ...asking.map((one) => ({ ...one, atMs: nowMs }))]) {
    if (each.atMs <= nowMs - hourMs) continue;
    if (each.pool === pool) ofPool -= 1;
    for (const [key] of limitsOn(each, policy)) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const of = (whose: Whose) => Math.min(...limitsOn(whose, policy).map(([key, most]) => most - (counts.get(key) ?? 0)));
  return {
    ofPool,
    of,
    allows: (runs) => {
      if (runs.length > ofPool) return false;
      const more = new Map<string, number>();
      return runs.every(({ job: { submitter } }) =>
        limitsOn(submitter, policy).every(([key, most]) => {
          more.set(key, (more.get(key) ?? 0) + 1);
          return (counts.get(key) ?? 0) + (more.get(key) ?? 0) <= most;
        }),
      );
    },
  };
}

/** What a run of theirs counts against, and how much of that there may be. A policy of an older recording names no tenants. */
function limitsOn(
  { project, tenant }: Whose,
  { mostOfProject, mostOfTenant }: Preemption & { readonly mostOfTenant?: number },
): readonly (readonly [key: string, most: number])[] {
  return [
    [`project ${project}`, mostOfProject],
    [`tenant ${tenant}`, mostOfTenant ?? Number.POSITIVE_INFINITY],
  ];
}

/** When one more may be asked, where somewhere as many were as may be within the hour; null: nowhere. */
export function rateAgainMs({ policy, asked }: PreemptionRecord, nowMs: number): number | null {
  const counts = new Map<PoolRecord | string, number>();
  let first: number | null = null;
  let isFull = false;
  for (const each of asked.values()) {
    if (!policy || each.atMs <= nowMs - hourMs) continue;
    first ??= each.atMs;
    const limits = [[each.pool, policy.mostOfPool] as const, ...limitsOn(each, policy)];
    for (const [key, most] of limits) {
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      isFull ||= count >= most;
    }
  }
  return isFull && first !== null ? first + hourMs : null;
}

export function expectEndAt(run: LiveRun, endsMs: number): void {
  expectNoEnd(run.pool, run);
  run.endsMs = endsMs;
  expectEnd(run.pool, run);
}

/** Looks at a pool as if these runs were over, and leaves it as it was. */
export function without<Seen>(
  pool: PoolRecord,
  runs: readonly LiveRun[],
  room: PoolRecord["left"],
  look: () => Seen,
): Seen {
  const { left, twin } = { left: leftOf(pool), twin: pool.twin };
  for (const run of runs) {
    addTo(pool.taken, run.sort.allocation, -1);
    expectNoEnd(pool, run);
  }
  pool.left = room;
  try {
    return look();
  } finally {
    for (const run of runs) {
      addTo(pool.taken, run.sort.allocation, 1);
      expectEnd(pool, run);
    }
    pool.left = left;
    pool.twin = twin;
  }
}

/**
 * Where room can be made: the pool is the network's own, nobody else works there, and no more of the network's runs are
 * there than it holds, so what a run leaves is free for the next. One node must be up; of several, those that are not are
 * left out of account (preemption/sure-nodes.ts). Not where other pools have its nodes too.
 */
export function canMakeRoom(pool: PoolRecord): boolean {
  const { state, size, upSize, taken, devices } = pool;
  if (state?.contract !== "dedicated" || typeof state.sharePercent === "number") return false;
  // On nodes that other pools have too, those may be first.
  if (pool.ground) return false;
  if (state.foreign !== "none" && state.alone !== true) return false;
  if (isOneNode(pool) && upSize !== size) return false;
  if (taken.shares > 0 || taken.cores > size.cores || taken.memoryMib > size.memoryMib) return false;
  return devices.every(
    ({ vendor, model }, device) => (taken.cards.get(deviceKey(vendor, model)) ?? 0) <= (size.cards[device] ?? 0),
  );
}

export function isOneNode({ size }: PoolRecord): boolean {
  return size.cells.length === 1 && size.cells[0]?.count === 1;
}

function claimKey({ job, index }: TaskRef): string {
  return `${job}.${index}`;
}

const hourMs = 3_600_000;
/** Past the end of the grace: until the agent has told and the next decision was made. */
const patienceMs = 60_000;
