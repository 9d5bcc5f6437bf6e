import { type JobId, jobId, taskName } from "#core/ids.ts";
import type { Dependency } from "#core/job/spec.ts";
import { type JobRecord, popJob, pushJob, submittedBefore } from "#core/scheduling/job-record.ts";
import {
  addPositions,
  commonPositions,
  countPositions,
  gapsOf,
  hasPosition,
  indexAt,
  nextPosition,
  type Positions,
  positionOf,
} from "#core/scheduling/positions.ts";
import type { Facts, JobRule } from "#core/scheduling/reasons.ts";
import { unreachable } from "#core/unreachable.ts";

/**
 * Who waits for whom, indexed by what is waited for: the end of a task costs in proportion to those that wait for it.
 * A job that has ended settles all that waits for it and is then forgotten; one that others wait for and that was
 * never seen is `unknown`, and is read from the store.
 */
export type Dependencies = {
  readonly waiters: Map<JobId, Waiters>;
  readonly unknown: Set<JobId>;
  readonly namesakes: Map<string, Namesakes>;
  /** Jobs with queued tasks that can never start. */
  readonly doomed: Set<JobRecord>;
};

type Waiters = {
  /** afterok on the whole job: settled by the first failure or by the end. */
  success: Wait[];
  /** afterany and afternotok on the whole job: settled by the end. */
  readonly end: Wait[];
  readonly byIndex: Map<number, Wait[]>;
  readonly corresponding: Wait[];
};

/** What one job waits for. */
export type Waits = {
  readonly list: readonly Wait[];
  /** How many of `list` must still be met before any task may start; aftercorr is not among them. */
  open: number;
  /** One of `list` can never be met. */
  never: boolean;
  readonly singleton: Namesakes | null;
  /** Of aftercorr: positions whose counterpart ended otherwise. */
  readonly doomed: Positions;
};

type Wait = {
  readonly waiter: JobRecord;
  readonly waits: Waits;
  readonly on: OnJob;
  state: "open" | "met" | "never";
  /** Of aftercorr: positions whose counterpart succeeded. */
  readonly released: Positions | null;
};

type OnJob = Exclude<Dependency, { kind: "singleton" }>;

/** The jobs of one name, person and project, first come first; those that ended leave when they come first, or by a sweep. */
type Namesakes = { heap: JobRecord[]; ended: number };

export function emptyDependencies(): Dependencies {
  return { waiters: new Map(), unknown: new Set(), namesakes: new Map(), doomed: new Set() };
}

/** Whether every dependency of the whole job is met; those task by task are `nextAllowed`'s. */
export function isReleased(job: JobRecord): boolean {
  if (!job.waits) return true;
  const { open, never, singleton } = job.waits;
  return open === 0 && !never && (!singleton || earliest(singleton) === job);
}

/** The first queued position ≥ from whose counterparts (aftercorr) have all succeeded, or -1. */
export function nextAllowed(job: JobRecord, from: number): number {
  let position = nextPosition(job.queued, from);
  if (!job.waits) return position;
  while (position !== -1) {
    const allowed = firstReleased(job.waits, position);
    if (allowed === position || allowed === -1) return allowed;
    position = nextPosition(job.queued, allowed);
  }
  return position;
}

/** A position ≥ from before which none is released by all; from itself where it is; -1 where none can be. */
function firstReleased(waits: Waits, from: number): number {
  let first = from;
  for (const { released } of waits.list) {
    if (!released) continue;
    const next = nextPosition(released, from);
    if (next === -1) return -1;
    first = Math.max(first, next);
  }
  return first;
}

/** Takes up what a new job waits for, and settles what is known already. */
export function link(
  all: Dependencies,
  job: JobRecord,
  dependencies: readonly Dependency[],
  jobs: ReadonlyMap<JobId, JobRecord>,
): void {
  const namesakes = joinNamesakes(all, job);
  if (dependencies.length === 0) return;
  const list: Wait[] = [];
  const singleton = dependencies.some((on) => on.kind === "singleton") ? namesakes : null;
  const waits: Waits = { list, open: 0, never: false, singleton, doomed: [] };
  job.waits = waits;
  for (const on of dependencies) {
    if (on.kind === "singleton") continue;
    const wait: Wait = { waiter: job, waits, on, state: "open", released: on.kind === "aftercorr" ? [] : null };
    list.push(wait);
    if (!wait.released) waits.open += 1;
    const other = jobs.get(jobId(on.job));
    if (other) settle(all, wait, other, other.ended ?? []);
    if (!other) all.unknown.add(jobId(on.job));
    if (wait.state === "open") register(all, wait);
  }
}

/** After tasks of `other` ended, at the positions `ended`: settles what waits for them. */
export function resolve(
  all: Dependencies,
  other: JobRecord,
  ended: Positions,
  changed: (job: JobRecord) => void,
): void {
  const waiters = all.waiters.get(other.id);
  if (!waiters) return;
  const settled: Wait[] = [...waiters.corresponding];
  if (other.complete || other.failed) settled.push(...waiters.success.splice(0));
  if (other.complete) settled.push(...waiters.end);
  settled.push(...indexedAt(waiters, other, ended));
  if (other.complete) all.waiters.delete(other.id);
  for (const wait of settled) {
    if (wait.waiter.complete) continue;
    settle(all, wait, other, ended);
    changed(wait.waiter);
  }
}

/** A job is told of after some that wait for it: an index it has not will never end. */
export function arrive(all: Dependencies, job: JobRecord): void {
  all.unknown.delete(job.id);
  for (const [index, waits] of all.waiters.get(job.id)?.byIndex ?? [])
    if (positionOf(job.indices, index) === -1) for (const wait of waits) settle(all, wait, job, []);
}

/** The job has ended: it waits for nothing, and its namesakes no longer wait for it. */
export function unlink(all: Dependencies, job: JobRecord, changed: (job: JobRecord) => void): void {
  all.doomed.delete(job);
  const key = nameKey(job);
  const namesakes = all.namesakes.get(key);
  if (!namesakes) return;
  namesakes.ended += 1;
  if (namesakes.ended > 32 && namesakes.ended * 2 > namesakes.heap.length) sweep(namesakes);
  const first = earliest(namesakes);
  if (first) changed(first);
  else all.namesakes.delete(key);
}

/** Jobs that somebody waits for and nobody has told of. */
export function missingJobs(all: Dependencies): readonly JobId[] {
  for (const id of all.unknown) {
    const waiters = all.waiters.get(id);
    if (waiters && everyWait(waiters).some((wait) => !wait.waiter.complete)) continue;
    all.unknown.delete(id);
    all.waiters.delete(id);
  }
  return [...all.unknown];
}

/** The queued positions that can never start. */
export function doomedPositions(job: JobRecord): Positions {
  if (!job.waits) return [];
  return job.waits.never ? job.queued : commonPositions(job.queued, job.waits.doomed);
}

/** Why some of the job's tasks can never start: what can no longer be met. */
export function doomFacts(job: JobRecord): Facts {
  const list = job.waits?.list ?? [];
  const wait = list.find((each) => each.state === "never") ?? list.find((each) => each.released !== null);
  return wait ? factsOf(wait, null) : {};
}

/** What a task waits for, or null. */
export function waitReason(job: JobRecord, position: number): { readonly rule: JobRule; readonly facts: Facts } | null {
  if (!job.waits) return null;
  const { list, never, singleton, doomed } = job.waits;
  if (never) return { rule: "dependency-never-satisfied", facts: doomFacts(job) };
  const waited = list.filter((wait) => (wait.released ? !hasPosition(wait.released, position) : wait.state === "open"));
  const [next] = waited;
  if (next) {
    const all = waited.map((wait) => factsOf(wait, indexAt(job.indices, position)));
    const facts = factsOf(next, indexAt(job.indices, position));
    if (next.released !== null && hasPosition(doomed, position)) return { rule: "dependency-never-satisfied", facts };
    return { rule: "dependency-waits", facts: { ...facts, open: all.length, awaited: awaitedText(all) } };
  }
  const first = singleton ? earliest(singleton) : null;
  if (!first || first === job) return null;
  return { rule: "singleton-waits", facts: { dependency: "singleton", on: `${first.id}` } };
}

function settle(all: Dependencies, wait: Wait, other: JobRecord, ended: Positions): void {
  if (wait.released) correspond(all, wait, wait.released, other, ended);
  if (wait.state !== "open" || wait.released) return;
  wait.state = verdict(wait.on, other);
  if (wait.state === "met") wait.waits.open -= 1;
  if (wait.state !== "never") return;
  wait.waits.never = true;
  all.doomed.add(wait.waiter);
}

function verdict(on: OnJob, other: JobRecord): Wait["state"] {
  const index = on.kind === "aftercorr" ? null : on.index;
  const position = index === null ? -1 : positionOf(other.indices, index);
  if (index !== null && position === -1) return "never";
  const ended = index === null ? other.complete : other.ended !== null && hasPosition(other.ended, position);
  const failed = other.failed !== null && (index === null || hasPosition(other.failed, position));
  switch (on.kind) {
    case "afterok":
      if (failed) return "never";
      return ended ? "met" : "open";
    case "afterany":
      return ended ? "met" : "open";
    case "afternotok":
      if (!ended) return "open";
      return failed ? "met" : "never";
    case "aftercorr":
      return "open";
    default:
      return unreachable(on);
  }
}

/** aftercorr: each task of the waiter follows the task of the same index. */
function correspond(all: Dependencies, wait: Wait, released: Positions, other: JobRecord, ended: Positions): void {
  const { waiter, waits } = wait;
  const doom = (from: number, to: number) => {
    if (addPositions(waits.doomed, from, to) > 0) all.doomed.add(waiter);
  };
  for (let at = nextPosition(ended, 0); at !== -1; at = nextPosition(ended, at + 1)) {
    const position = positionOf(waiter.indices, indexAt(other.indices, at));
    if (position === -1) continue;
    if (other.failed && hasPosition(other.failed, at)) doom(position, position + 1);
    else addPositions(released, position, position + 1);
  }
  if (!other.complete) return;
  const unmatched = gapsOf(released, 0, waiter.indices.count);
  for (let pair = 0; pair < unmatched.length; pair += 2) doom(unmatched[pair] ?? 0, unmatched[pair + 1] ?? 0);
}

function register(all: Dependencies, wait: Wait): void {
  const id = jobId(wait.on.job);
  let waiters = all.waiters.get(id);
  if (!waiters) {
    waiters = { success: [], end: [], byIndex: new Map(), corresponding: [] };
    all.waiters.set(id, waiters);
  }
  if (wait.on.kind === "aftercorr") waiters.corresponding.push(wait);
  else if (wait.on.index !== null) {
    const known = waiters.byIndex.get(wait.on.index);
    if (known) known.push(wait);
    else waiters.byIndex.set(wait.on.index, [wait]);
  } else if (wait.on.kind === "afterok") waiters.success.push(wait);
  else waiters.end.push(wait);
}

/** Takes out those that wait for the ended tasks, by the shorter of the two lists. */
function indexedAt(waiters: Waiters, other: JobRecord, ended: Positions): Wait[] {
  const found: Wait[] = [];
  const takeOut = (index: number) => {
    found.push(...(waiters.byIndex.get(index) ?? []));
    waiters.byIndex.delete(index);
  };
  if (other.complete || countPositions(ended) > waiters.byIndex.size) {
    for (const index of [...waiters.byIndex.keys()])
      if (other.complete || hasPosition(ended, positionOf(other.indices, index))) takeOut(index);
  } else if (waiters.byIndex.size > 0) {
    for (let at = nextPosition(ended, 0); at !== -1; at = nextPosition(ended, at + 1))
      takeOut(indexAt(other.indices, at));
  }
  return found;
}

function everyWait(waiters: Waiters): Wait[] {
  return [...waiters.success, ...waiters.end, ...waiters.corresponding, ...[...waiters.byIndex.values()].flat()];
}

function factsOf(wait: Wait, ownIndex: number | null): Facts {
  const index = wait.on.kind === "aftercorr" ? ownIndex : wait.on.index;
  const on = taskName({ job: jobId(wait.on.job), index: index ?? 0 }, index !== null);
  return { dependency: wait.on.kind, on };
}

/** `17 afterok, 18 afterany`; of many, the first. */
function awaitedText(all: readonly Facts[]): string {
  const named = all.slice(0, mostNamed).map(({ dependency, on }) => `${on} ${dependency}`);
  return [...named, ...(all.length > mostNamed ? ["…"] : [])].join(", ");
}

const mostNamed = 20;

function joinNamesakes(all: Dependencies, job: JobRecord): Namesakes {
  const key = nameKey(job);
  const known = all.namesakes.get(key);
  if (known) {
    pushJob(known.heap, job, submittedBefore);
    return known;
  }
  // Most jobs have a name of their own; a literal takes room for one, where a push makes room for sixteen.
  const namesakes = { heap: [job], ended: 0 };
  all.namesakes.set(key, namesakes);
  return namesakes;
}

function earliest(namesakes: Namesakes): JobRecord | null {
  while (namesakes.heap[0]?.complete) {
    popJob(namesakes.heap, submittedBefore);
    namesakes.ended -= 1;
  }
  return namesakes.heap[0] ?? null;
}

function sweep(namesakes: Namesakes): void {
  namesakes.heap = namesakes.heap.filter((job) => !job.complete).sort((a, b) => (submittedBefore(a, b) ? -1 : 1));
  namesakes.ended = 0;
}

function nameKey(job: JobRecord): string {
  return `${job.project} ${job.person} ${job.name}`;
}
