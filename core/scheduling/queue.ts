import type { CentreWishes, Shape } from "#core/job/spec.ts";
import type { CentreRecord } from "#core/scheduling/centres.ts";
import { isReleased, nextAllowed } from "#core/scheduling/dependencies.ts";
import { mayEverRun } from "#core/scheduling/fit.ts";
import { comesBefore, type JobRecord, popJob, pushJob } from "#core/scheduling/job-record.ts";

/**
 * The ready jobs, in groups of those that may use the same centres. Within a group the first job that cannot start
 * keeps all others from starting (docs/decisions/0010), so a decision looks at the head of each group and no further:
 * its cost grows with what starts, not with what waits.
 */
export type Queue = {
  readonly groups: Map<string, Group>;
  readonly asks: Map<string, Ask>;
};

/** Jobs that may use exactly these centres; `heap` has its first job, by order, at 0. */
export type Group = {
  readonly key: string;
  readonly centres: readonly CentreRecord[];
  readonly heap: JobRecord[];
  asks: number;
};

/** What jobs ask for, kept once for all that ask for the same. */
export type Ask = {
  readonly key: string;
  readonly shape: Shape;
  readonly wishes: CentreWishes;
  group: Group;
  jobs: number;
};

/** The first position ≥ from that could be placed as far as the job itself is concerned, or -1. */
export function nextReady(job: JobRecord, from: number): number {
  return isReleased(job) ? nextAllowed(job, from) : -1;
}

/** How many more tasks of the job may be live at once. */
export function room(job: JobRecord): number {
  return job.throttle === null ? Number.POSITIVE_INFINITY : Math.max(0, job.throttle - (job.live?.size ?? 0));
}

export function isReady(job: JobRecord): boolean {
  return !job.complete && room(job) > 0 && nextReady(job, 0) !== -1;
}

/** Puts the job into the queue if it is ready and not there already. */
export function enqueue(job: JobRecord): void {
  if (job.inQueue || !isReady(job)) return;
  job.inQueue = true;
  pushJob(job.ask.group.heap, job);
}

/** The group whose head comes first, leaving out those in `closed`. Heads that are no longer ready are dropped. */
export function earliestGroup(queue: Queue, closed: ReadonlySet<Group>): Group | null {
  let earliest: Group | null = null;
  let first: JobRecord | null = null;
  for (const group of queue.groups.values()) {
    if (closed.has(group)) continue;
    const head = readyHead(group);
    if (head && (!first || comesBefore(head, first))) {
      earliest = group;
      first = head;
    }
  }
  return earliest;
}

function readyHead(group: Group): JobRecord | null {
  for (;;) {
    const head = group.heap[0];
    if (!head || isReady(head)) return head ?? null;
    head.inQueue = false;
    popJob(group.heap);
  }
}

/** The record of what is asked, made where nobody asked for the same before. */
export function intern(queue: Queue, shape: Shape, wishes: CentreWishes, centres: readonly CentreRecord[]): Ask {
  const key = askKey(shape, wishes);
  const known = queue.asks.get(key);
  if (known) return known;
  const ask: Ask = { key, shape, wishes, group: groupOf(queue, shape, wishes, centres), jobs: 0 };
  ask.group.asks += 1;
  queue.asks.set(key, ask);
  return ask;
}

/** A job of this ask is gone for good. */
export function release(queue: Queue, ask: Ask): void {
  ask.jobs -= 1;
  if (ask.jobs > 0) return;
  queue.asks.delete(ask.key);
  ask.group.asks -= 1;
  if (ask.group.asks === 0) queue.groups.delete(ask.group.key);
}

/**
 * After a change of `changed`: asks that gained or lost it move to another group, and their jobs with them. Takes time
 * in the length of the queue only where that happens: a centre that comes, goes, or changes its size past a shape.
 */
export function regroup(queue: Queue, changed: CentreRecord, centres: readonly CentreRecord[]): void {
  const left = new Set<Group>();
  for (const ask of queue.asks.values()) {
    if (mayEverRun(ask.shape, ask.wishes, changed) === ask.group.centres.includes(changed)) continue;
    left.add(ask.group);
    ask.group.asks -= 1;
    ask.group = groupOf(queue, ask.shape, ask.wishes, centres);
    ask.group.asks += 1;
  }
  for (const group of left) {
    for (const job of group.heap.splice(0)) pushJob(job.ask.group.heap, job);
    if (group.asks === 0) queue.groups.delete(group.key);
  }
}

function groupOf(queue: Queue, shape: Shape, wishes: CentreWishes, all: readonly CentreRecord[]): Group {
  const centres = all.filter((centre) => mayEverRun(shape, wishes, centre));
  const key = centres.map((centre) => centre.id).join(",");
  const known = queue.groups.get(key);
  if (known) return known;
  const group: Group = { key, centres, heap: [], asks: 0 };
  queue.groups.set(key, group);
  return group;
}

function askKey(shape: Shape, wishes: CentreWishes): string {
  const { nodes, tasks, coresPerTask, memory, accelerators } = shape;
  const memoryKey = memory.kind === "default" ? "d" : `${memory.kind === "per-core" ? "c" : "n"}${memory.mib}`;
  const key = `${nodes} ${tasks} ${coresPerTask} ${memoryKey}`;
  const { only, except, prefer } = wishes;
  const wished = only.length + except.length + prefer.length > 0;
  if (!accelerators && !wished) return key;
  return `${key} ${JSON.stringify([accelerators, only, except, prefer])}`;
}
