import { type Pair, pairKey } from "#core/centre/accounts.ts";
import type { CentreId } from "#core/ids.ts";
import type { Demands } from "#core/job/demands.ts";
import { coresPerNode, type Shape } from "#core/job/spec.ts";
import { accountsKey } from "#core/scheduling/account-use.ts";
import { type Bounds, boundShape } from "#core/scheduling/bounds.ts";
import { type CentreRecord, isShared, type PoolRecord } from "#core/scheduling/centres.ts";
import { isReleased, nextAllowed } from "#core/scheduling/dependencies.ts";
import { type Asked, mayEverUse } from "#core/scheduling/fit.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import { accountOf, type Line, lineAt, lineFor } from "#core/scheduling/lines.ts";
import { isAhead, type Rank, type Ranking } from "#core/scheduling/ranking.ts";
import { firstOf, putInStrand, rankStrands, type Strand, takeAll, takeFirst } from "#core/scheduling/strands.ts";
import { type Submitters, tellFactors } from "#core/scheduling/submitters.ts";
import { visitsKey } from "#core/scheduling/visits.ts";

/**
 * The ready jobs. Those that ask for the same stand in one row, and those of a row that come from one submitter in one strand,
 * older before younger, so only the first of a strand is ranked. Rows of one size that may use the same pools (where one of these is shared, also of one line) form a group:
 * where a pool has no node for that size, none of them is looked at. A decision so costs in proportion to what starts and
 * to what changed, not to what waits (docs/decisions/0024).
 */
export type Queue = {
  readonly groups: Map<string, Group>;
  readonly asks: Map<string, Ask>;
  ranking: Ranking;
  readonly submitters: Submitters;
  /** When the ranks were told: the step of the clock at which they were told anew. */
  rankedMs: number;
  /** Counts what may have made room for anything, so that what failed before is looked at again. */
  changes: number;
  /** What failed before this count is not known to fail any more. */
  forgotten: number;
};

/** `rows` is a binary heap by the rank that each row was told last. */
export type Group = {
  readonly key: string;
  readonly pools: readonly PoolRecord[];
  /** The same. */
  readonly among: ReadonlySet<PoolRecord>;
  /** What each of its jobs asks of a node, at least. */
  readonly size: Size;
  readonly rows: Row[];
  asks: number;
  /** When, by the queue's count of changes, none of its rows could start anything; 0: not known. */
  failed: number;
  /** Those that have come since then. */
  untried: Row[];
};

export type Size = { readonly nodes: number; readonly cores: number; readonly cards: number };

/** Jobs of one ask. */
export type Row = {
  readonly ask: Ask;
  /** A binary heap by the rank of their first jobs. */
  readonly strands: Strand[];
  /** Of the first, as told last. */
  rank: Rank;
  first: JobRecord;
  /** Its place in the heap of its group. */
  at: number;
};

/** What jobs ask for, kept once for all that ask for the same. */
export type Ask = Asked & {
  readonly key: string;
  /** The shape as the job itself wants it; `shape` is what rules make of it. */
  readonly own: Shape;
  group: Group;
  jobs: number;
  row: Row | null;
  /** When, by the queue's count of changes, none of its pools could start it; 0: not known. */
  failed: number;
};

export function emptyQueue(ranking: Ranking, submitters: Submitters): Queue {
  return { groups: new Map(), asks: new Map(), ranking, submitters, rankedMs: 0, changes: 1, forgotten: 1 };
}

/** The first position ≥ from that could be placed as far as the job itself is concerned, or -1. */
export function nextReady(job: JobRecord, from: number): number {
  return isReleased(job) && !job.data?.awaited ? nextAllowed(job, from) : -1;
}

/** How many more tasks of the job may be live at once. */
export function room(job: JobRecord): number {
  return job.throttle === null ? Number.POSITIVE_INFINITY : Math.max(0, job.throttle - (job.live?.size ?? 0));
}

export function isReady(job: JobRecord): boolean {
  return !job.complete && room(job) > 0 && nextReady(job, 0) !== -1;
}

/** Puts the job into its row if it is ready and not there already. */
export function enqueue(queue: Queue, job: JobRecord): void {
  if (job.inQueue || !isReady(job)) return;
  job.inQueue = true;
  const { ask } = job;
  if (ask.row) {
    putInStrand(queue, ask.row, job);
    if (firstOf(ask.row) === job) tellRank(ask.row);
    return;
  }
  const row: Row = { ask, strands: [], rank: { tier: 0, score: 0 }, first: job, at: 0 };
  putInStrand(queue, row, job);
  row.rank = rankIn(row);
  ask.row = row;
  pushRow(ask.group.rows, row);
  if (ask.group.failed > 0) ask.group.untried.push(row);
}

/** What is remembered of failures no longer holds. */
export function forgetFailures(queue: Queue): void {
  queue.changes += 1;
  queue.forgotten = queue.changes;
}

/** The first of the row that is ready; those before it that are no longer so, or ask for something else, are dropped. */
export function readyFirst(queue: Queue, row: Row): JobRecord | null {
  for (;;) {
    const first = firstOf(row);
    const isHere = first?.ask === row.ask;
    if (!first || (isHere && isReady(first))) return first;
    if (isHere) first.inQueue = false;
    takeFirst(queue, row);
  }
}

/** After the first of a row changed: the row takes its place by the new one, or is gone. */
export function settle(queue: Queue, row: Row): void {
  const first = readyFirst(queue, row);
  if (first === row.first || row.ask.row !== row) return;
  if (first) tellRank(row);
  else {
    removeRow(row.ask.group.rows, row);
    row.ask.row = null;
  }
}

/** Tells all ranks anew where so much time has passed that they may have changed; answers whether it did. */
export function rankAnew(queue: Queue, nowMs: number): boolean {
  const { anewMs } = queue.ranking;
  if (anewMs === null) return false;
  // Told at whole steps of the clock.
  const stepMs = Math.floor(nowMs / anewMs) * anewMs;
  if (stepMs === queue.rankedMs) return false;
  queue.rankedMs = stepMs;
  rankAll(queue);
  return true;
}

/** Tells all ranks anew, by what was used and learnt until now. */
export function rankAll(queue: Queue): void {
  tellFactors(queue.submitters);
  for (const { rows } of queue.groups.values()) {
    for (const row of rows) {
      rankStrands(queue, row);
      row.first = firstOf(row) ?? row.first;
      row.rank = rankIn(row);
    }
    for (let at = (rows.length >>> 1) - 1; at >= 0; at--) sink(rows, at);
  }
}

/** By another policy from now on. */
export function rankBy(queue: Queue, ranking: Ranking): void {
  queue.ranking = ranking;
  for (const { rows } of queue.groups.values())
    for (const { strands } of rows)
      for (const strand of strands) {
        strand.kind = -1;
        strand.predictedS = -1;
      }
  forgetFailures(queue);
  rankAll(queue);
}

/** A job that was taken out of its row for the length of a walk comes back. */
export function putBack(queue: Queue, job: JobRecord): void {
  if (job.ask.row) putInStrand(queue, job.ask.row, job);
}

function rankIn({ strands, rank }: Row): Rank {
  return strands[0]?.rank ?? rank;
}

function tellRank(row: Row): void {
  const first = firstOf(row);
  if (!first) return;
  row.first = first;
  row.rank = rankIn(row);
  const { rows } = row.ask.group;
  sink(rows, rise(rows, row.at));
}

function pushRow(rows: Row[], row: Row): void {
  row.at = rows.length;
  rows.push(row);
  rise(rows, row.at);
}

function removeRow(rows: Row[], { at }: Row): void {
  const last = rows.pop();
  if (!last || last.at === at) return;
  rows[at] = last;
  last.at = at;
  sink(rows, rise(rows, at));
}

function isBefore(one: Row, other: Row): boolean {
  return isAhead(one.rank, one.first, other.rank, other.first);
}

function rise(rows: Row[], from: number): number {
  const row = rows[from];
  let at = from;
  while (row && at > 0) {
    const parent = rows[(at - 1) >>> 1];
    if (!parent || !isBefore(row, parent)) break;
    rows[at] = parent;
    parent.at = at;
    at = (at - 1) >>> 1;
  }
  if (row) {
    rows[at] = row;
    row.at = at;
  }
  return at;
}

function sink(rows: Row[], from: number): void {
  const row = rows[from];
  if (!row) return;
  let at = from;
  for (;;) {
    const left = rows[2 * at + 1];
    const right = rows[2 * at + 2];
    const first = left && right && isBefore(right, left) ? right : left;
    if (!first || !isBefore(first, row)) break;
    const next = first.at;
    rows[at] = first;
    first.at = at;
    at = next;
  }
  rows[at] = row;
  row.at = at;
}

/** What a job asks for itself. */
export type Wants = Omit<Asked, "line" | "who"> & Pair;

/** The record of what is asked, made where nobody asked for the same before. */
export function intern(queue: Queue, wants: Wants, centres: readonly CentreRecord[]): Ask {
  const { shape: own, wishes, timeLimitS, graceS, demands, bounds, person, project } = wants;
  const shape = boundShape(own, bounds);
  // Where nobody needs an account, who asks makes no difference.
  const who = asksForAccounts(centres) ? { person, project } : null;
  const plain = who === null ? askKey(wants) : `${askKey(wants)} ${pairKey(who)}`;
  const known = queue.asks.get(plain);
  if (known) return known;
  const pools = poolsFor({ ...wants, shape, who }, centres);
  const line = pools.some(isShared) ? lineFor(wants) : null;
  const key = line === null ? plain : `${plain} ${line.ofProject}`;
  const ofLine = queue.asks.get(key);
  if (ofLine) return ofLine;
  const asked = { shape, wishes, timeLimitS, graceS, demands, bounds, who, line };
  const ask: Ask = { key, own, ...asked, group: groupOf(queue, pools, asked), jobs: 0, row: null, failed: 0 };
  ask.group.asks += 1;
  queue.asks.set(key, ask);
  return ask;
}

/** The job asks for something else from now on; where it stood it is passed over. */
export function askAnew(queue: Queue, job: JobRecord, wants: Wants, centres: readonly CentreRecord[]): void {
  const before = job.ask;
  job.ask = intern(queue, wants, centres);
  job.ask.jobs += 1;
  if (job.inQueue && before.row) settle(queue, before.row);
  job.inQueue = false;
  release(queue, before);
  enqueue(queue, job);
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
  /** By group and what its asks may use of the changed centre: few, where asks are many. */
  const moves = new Map<Group, Map<string, Move>>();
  for (const ask of queue.asks.values()) {
    const { group } = ask;
    const are = changed.pools.filter((pool) => mayEverUse(ask, pool));
    const names = are.map(({ name }) => name).join("\n");
    const known = moves.get(group) ?? new Map<string, Move>();
    const move = known.get(names) ?? moveOf(group, changed, are);
    moves.set(group, known.set(names, move));
    if (move.isShared !== (ask.line !== null) || byWho !== (ask.who !== null)) {
      relined.add(ask);
      left.add(group);
      continue;
    }
    const isPlain = ask.who === null && !ask.bounds?.isRuled;
    if (move.pools === group.pools && isPlain) continue;
    // Whose account binds it, and by which agreement it comes, may have changed too.
    const to = (isPlain ? move.to : null) ?? groupOf(queue, move.pools, ask);
    if (isPlain) move.to = to;
    if (to === group) continue;
    left.add(group);
    group.asks -= 1;
    ask.group = to;
    to.asks += 1;
    to.failed = 0;
    to.untried = [];
    ask.failed = 0;
  }
  moveOver(queue, left, relined, () => reline(queue, relined, centres, jobs(), (job) => job.ask.bounds));
}

/** After a change of the rules above jobs: those that were bound, or are now, ask as others. `boundsOf`: what binds a job now. */
export function rebind(
  queue: Queue,
  centres: readonly CentreRecord[],
  jobs: Iterable<JobRecord>,
  boundsOf: (job: JobRecord) => Bounds | null,
): void {
  const all = [...jobs];
  const bound = all.filter((job) => job.ask.bounds !== null || boundsOf(job) !== null).map(({ ask }) => ask);
  const asks = new Set(bound);
  moveOver(queue, new Set(bound.map(({ group }) => group)), asks, () => reline(queue, asks, centres, all, boundsOf));
}

/** Rows of these groups go to those that their asks are of now, and jobs that ask as others to their own. */
function moveOver(queue: Queue, left: ReadonlySet<Group>, relined: ReadonlySet<Ask>, change: () => void): void {
  // Before their jobs ask as others: a strand is found by what its jobs ask for.
  const parted = new Map([...relined].flatMap(({ row }) => (row ? [[row, takeAll(row)] as const] : [])));
  if (relined.size > 0) change();
  for (const group of left) {
    for (const row of group.rows.splice(0)) {
      if (!relined.has(row.ask)) pushRow(row.ask.group.rows, row);
      for (const job of parted.get(row) ?? []) {
        job.inQueue = false;
        enqueue(queue, job);
      }
    }
    if (group.asks === 0) queue.groups.delete(group.key);
  }
}

type Move = { readonly pools: readonly PoolRecord[]; readonly isShared: boolean; to: Group | null };

/** The pools of a group, with these of the changed centre in place of those it had. */
function moveOf({ pools: before }: Group, changed: CentreRecord, are: readonly PoolRecord[]): Move {
  const were = before.filter(({ centre }) => centre === changed);
  const at = before.findIndex(({ centre }) => centre.id >= changed.id);
  const ahead = at === -1 ? before.length : at;
  const pools = isSame(were, are) ? before : before.toSpliced(ahead, were.length, ...are);
  return { pools, isShared: pools.some(isShared), to: null };
}

function isSame(one: readonly PoolRecord[], other: readonly PoolRecord[]): boolean {
  return one.length === other.length && one.every((pool, place) => pool === other[place]);
}

/**
 * A pool became shared or ceased to be: each job takes the ask of its project, or that of all. The same where
 * the first centre came that needs accounts, or the last one went, and where other rules stand above it.
 */
function reline(
  queue: Queue,
  asks: ReadonlySet<Ask>,
  centres: readonly CentreRecord[],
  jobs: Iterable<JobRecord>,
  boundsOf: (job: JobRecord) => Bounds | null,
): void {
  for (const ask of asks) {
    queue.asks.delete(ask.key);
    ask.group.asks -= 1;
  }
  for (const job of jobs) {
    if (!asks.has(job.ask)) continue;
    const { own: shape, wishes, timeLimitS, graceS, demands } = job.ask;
    const asked = { shape, wishes, timeLimitS, graceS, demands, bounds: boundsOf(job) };
    job.ask = intern(queue, { ...asked, project: job.project, person: job.person }, centres);
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
  const size = sizeOf(asked.shape);
  const group: Group = { key, pools, among: new Set(pools), size, rows: [], asks: 0, failed: 0, untried: [] };
  queue.groups.set(key, group);
  return group;
}

function sizeOf(shape: Shape): Size {
  const { nodes, accelerators } = shape;
  // Of a share no whole card need be free.
  const cards = accelerators && accelerators.shareMilli === undefined ? accelerators.perNode : 0;
  return { nodes, cores: coresPerNode(shape), cards };
}

type GroupedBy = Pick<Ask, "shape" | "line" | "demands" | "bounds" | "who">;

function groupKey(pools: readonly PoolRecord[], { shape, line, demands, bounds, who }: GroupedBy): string {
  const { nodes, cores, cards } = sizeOf(shape);
  const names = pools.map((pool) => `${pool.centre.id}/${pool.name}`).join("\n");
  const sized = `${nodes}×${cores}+${cards}\n${line ? linesKey(pools, who, line) : ""}\n${names}`;
  return sized + licencesKey(demands) + visitsKey(bounds, pools) + accountsKey(who, pools);
}

/** Whose places it takes in the queues of the shared ones, which each centre says for itself. */
function linesKey(pools: readonly PoolRecord[], who: Pair | null, line: Line): string {
  const lines = pools.filter(isShared).map(({ centre }) => {
    const at = lineAt(centre, who, line);
    return accountOf(who, centre.state?.localAccounts) === null ? at : `${centre.id} ${at}`;
  });
  return [...new Set(lines)].join("\n");
}

/** Who waits for licences keeps only those waiting who ask for licences too. */
function licencesKey(demands: Demands | null): string {
  const names = demands?.licences.map(({ name }) => name) ?? [];
  return names.length === 0 ? "" : `\nlicences ${names.join(" ")}`;
}

export function asksForAccounts(centres: readonly CentreRecord[]): boolean {
  return centres.some((centre) => centre.state?.accounts);
}

/** Work that would fit a centre where its owner has not even asked for an account. */
export type WantedAccount = Pair & { readonly centre: CentreId };

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

function askKey({ shape, wishes, timeLimitS, graceS, demands, bounds }: Wants): string {
  const { nodes, tasks, coresPerTask, memory, accelerators, wholeNodes, nodeGroups, contiguous, domestic } = shape;
  const memoryKey = memory.kind === "default" ? "d" : `${memory.kind === "per-core" ? "c" : "n"}${memory.mib}`;
  const key = `${nodes} ${tasks} ${coresPerTask} ${memoryKey} ${timeLimitS}+${graceS}`;
  const { only, except, prefer, refusedBy = [], simulated = false } = wishes;
  const wished = simulated || only.length + except.length + prefer.length + refusedBy.length > 0;
  const together = wholeNodes || domestic || contiguous || nodeGroups !== undefined;
  if (!accelerators && !wished && !demands && !together && !bounds) return key;
  const more =
    together || bounds ? ` ${JSON.stringify([wholeNodes, nodeGroups, contiguous, domestic, bounds?.key])}` : "";
  return `${key} ${JSON.stringify([accelerators, only, except, prefer, simulated, demands, ...refusedBy])}${more}`;
}
