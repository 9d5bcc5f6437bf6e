import { type Pair, pairKey } from "#core/centre/accounts.ts";
import type { Demands } from "#core/job/demands.ts";
import { coresPerNode } from "#core/job/spec.ts";
import { accountsKey } from "#core/scheduling/account-use.ts";
import { type CentreRecord, isShared, lineOf, type PoolRecord } from "#core/scheduling/centres.ts";
import { isReleased, nextAllowed } from "#core/scheduling/dependencies.ts";
import { type Asked, mayEverUse } from "#core/scheduling/fit.ts";
import { comesBefore, type JobRecord, popJob, pushJob } from "#core/scheduling/job-record.ts";
import type { WantedAccount } from "#core/scheduling/world.ts";

/**
 * The ready jobs, in groups of those that may use the same pools; where one of these is shared, also of one line. Within
 * a group the first job that cannot start keeps all others from starting (docs/decisions/0010, 0017), so a decision looks
 * at the head of each group and no further: its cost grows with what starts, not with what waits.
 */
export type Queue = {
  readonly groups: Map<string, Group>;
  readonly asks: Map<string, Ask>;
};

/** Jobs that may use exactly these pools; `heap` has its first job, by order, at 0. */
export type Group = {
  readonly key: string;
  readonly pools: readonly PoolRecord[];
  readonly heap: JobRecord[];
  asks: number;
};

/** What jobs ask for, kept once for all that ask for the same. */
export type Ask = Asked & {
  readonly key: string;
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

/** What a job asks for itself. */
export type Wants = Omit<Asked, "line" | "who"> & Pair;

/** The record of what is asked, made where nobody asked for the same before. */
export function intern(queue: Queue, wants: Wants, centres: readonly CentreRecord[]): Ask {
  const { shape, wishes, timeLimitS, demands, person, project } = wants;
  // Where nobody needs an account, who asks makes no difference.
  const who = asksForAccounts(centres) ? { person, project } : null;
  const plain = who === null ? askKey(wants) : `${askKey(wants)} ${pairKey(who)}`;
  const known = queue.asks.get(plain);
  if (known) return known;
  const pools = poolsFor({ ...wants, who }, centres);
  const line = pools.some(isShared) ? lineFor(wants) : null;
  const key = line === null ? plain : `${plain} ${line}`;
  const ofLine = queue.asks.get(key);
  if (ofLine) return ofLine;
  const group = groupOf(queue, pools, { line, demands, who });
  const ask: Ask = { key, shape, wishes, timeLimitS, demands, who, line, group, jobs: 0 };
  ask.group.asks += 1;
  queue.asks.set(key, ask);
  return ask;
}

/** A job of this ask is gone for good, or asks as another from now on. */
export function release(queue: Queue, ask: Ask): void {
  ask.jobs -= 1;
  if (ask.jobs > 0) return;
  queue.asks.delete(ask.key);
  ask.group.asks -= 1;
  if (ask.group.asks === 0) queue.groups.delete(ask.group.key);
}

/**
 * After a change of what could ever run at a centre: asks that gained or lost pools of it move to another group, and
 * their jobs with them. Takes time in the length of the queue only where that happens: a centre that comes, goes, or
 * changes its size past a shape. `jobs`: all there are, asked for only where a pool came to be shared or ceased to be.
 */
export function regroup(
  queue: Queue,
  changed: CentreRecord,
  centres: readonly CentreRecord[],
  jobs: () => Iterable<JobRecord>,
): void {
  const left = new Set<Group>();
  const relined = new Set<Ask>();
  const byWho = asksForAccounts(centres);
  for (const ask of queue.asks.values()) {
    const were = ask.group.pools.filter((pool) => pool.centre === changed);
    const are = changed.pools.filter((pool) => mayEverUse(ask, pool));
    const pools = isSame(were, are) ? ask.group.pools : poolsFor(ask, centres);
    if (pools.some(isShared) !== (ask.line !== null) || byWho !== (ask.who !== null)) {
      relined.add(ask);
      left.add(ask.group);
    } else if (groupKey(pools, ask) !== ask.group.key) {
      left.add(ask.group);
      ask.group.asks -= 1;
      ask.group = groupOf(queue, pools, ask);
      ask.group.asks += 1;
    }
  }
  if (relined.size > 0) reline(queue, relined, centres, jobs());
  for (const group of left) {
    for (const job of group.heap.splice(0)) pushJob(job.ask.group.heap, job);
    if (group.asks === 0) queue.groups.delete(group.key);
  }
}

function isSame(one: readonly PoolRecord[], other: readonly PoolRecord[]): boolean {
  return one.length === other.length && one.every((pool, place) => pool === other[place]);
}

/**
 * A pool became shared or ceased to be: each job takes the ask of its project's line, or that of all lines. The same where
 * the first centre came that needs accounts, or the last one went.
 */
function reline(
  queue: Queue,
  asks: ReadonlySet<Ask>,
  centres: readonly CentreRecord[],
  jobs: Iterable<JobRecord>,
): void {
  for (const ask of asks) {
    queue.asks.delete(ask.key);
    ask.group.asks -= 1;
  }
  for (const job of jobs) {
    if (!asks.has(job.ask)) continue;
    const { shape, wishes, timeLimitS, demands } = job.ask;
    job.ask = intern(queue, { shape, wishes, timeLimitS, demands, project: job.project, person: job.person }, centres);
    job.ask.jobs += 1;
  }
}

function poolsFor(asked: Omit<Asked, "line">, all: readonly CentreRecord[]): readonly PoolRecord[] {
  const pools: PoolRecord[] = [];
  for (const centre of all) for (const pool of centre.pools) if (mayEverUse(asked, pool)) pools.push(pool);
  return pools;
}

function groupOf(queue: Queue, pools: readonly PoolRecord[], asked: GroupedBy): Group {
  const key = groupKey(pools, asked);
  const known = queue.groups.get(key);
  if (known) return known;
  const group: Group = { key, pools, heap: [], asks: 0 };
  queue.groups.set(key, group);
  return group;
}

type GroupedBy = Pick<Ask, "line" | "demands" | "who">;

function groupKey(pools: readonly PoolRecord[], { line, demands, who }: GroupedBy): string {
  const names = pools.map((pool) => `${pool.centre.id}/${pool.name}`).join("\n");
  const lined = line === null ? names : `${names}\n\n${line}`;
  return lined + licencesKey(demands) + accountsKey(who, pools);
}

/** Who waits for licences keeps only those waiting who ask for licences too. */
function licencesKey(demands: Demands | null): string {
  const names = demands?.licences.map(({ name }) => name) ?? [];
  return names.length === 0 ? "" : `\n\nlicences ${names.join(" ")}`;
}

export function asksForAccounts(centres: readonly CentreRecord[]): boolean {
  return centres.some((centre) => centre.state?.accounts);
}

/** Pairs with work that would fit a centre where they have not even asked for an account. */
export function accountsWanted(queue: Queue, centres: readonly CentreRecord[]): readonly WantedAccount[] {
  const wanted = new Map<string, WantedAccount>();
  for (const { id, state, pools } of centres)
    for (const { who, ...asked } of state?.accounts ? queue.asks.values() : []) {
      if (who === null || state?.accounts?.has(pairKey(who)) || wanted.has(`${id} ${pairKey(who)}`)) continue;
      if (pools.some((pool) => mayEverUse({ ...asked, who: null }, pool)))
        wanted.set(`${id} ${pairKey(who)}`, { ...who, centre: id });
    }
  return [...wanted.values()];
}

export function lineFor({ project, shape }: Pick<Wants, "project" | "shape">): string {
  return lineOf(project, shape.nodes, coresPerNode(shape), shape.accelerators?.perNode ?? 0);
}

function askKey({ shape, wishes, timeLimitS, demands }: Wants): string {
  const { nodes, tasks, coresPerTask, memory, accelerators } = shape;
  const memoryKey = memory.kind === "default" ? "d" : `${memory.kind === "per-core" ? "c" : "n"}${memory.mib}`;
  const key = `${nodes} ${tasks} ${coresPerTask} ${memoryKey} ${timeLimitS}`;
  const { only, except, prefer, simulated = false } = wishes;
  const wished = simulated || only.length + except.length + prefer.length > 0;
  if (!accelerators && !wished && !demands) return key;
  return `${key} ${JSON.stringify([accelerators, only, except, prefer, simulated, demands])}`;
}
