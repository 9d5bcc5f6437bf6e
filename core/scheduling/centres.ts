import { type AccountLimits, boundTogether, isAtSubmitLimit } from "#core/centre/account-limits.ts";
import type { Pair } from "#core/centre/accounts.ts";
import type { NodeGroup, Nodes } from "#core/centre/engine.ts";
import { runsJobs } from "#core/centre/life-cycle.ts";
import type { CentreId } from "#core/ids.ts";
import { type Accelerators, coresPerNode, memoryMibPerNode, type Shape } from "#core/job/spec.ts";
import type { Allocation } from "#core/run-order.ts";
import type { AccountUse } from "#core/scheduling/account-use.ts";
import { alwaysOpen, type Ours, oursIn, type PoolOpening } from "#core/scheduling/agreed.ts";
import { describeGrounds, forgetGround, type Ground, leftOnGround } from "#core/scheduling/ground.ts";
import type { JobRecord, LiveRun } from "#core/scheduling/job-record.ts";
import { lineOfRun } from "#core/scheduling/lines.ts";
import type { Offered } from "#core/scheduling/offered.ts";
import type { Lending } from "#core/scheduling/order/account.ts";
import type { Yielding } from "#core/scheduling/preemption/record.ts";
import type { Candidate } from "#core/scheduling/reasons.ts";
import {
  type Cell,
  type Device,
  deviceKey,
  devicesOf,
  holds,
  type Need,
  needOf,
  pack,
  putRuns,
  type Room,
  roomOf,
  shareGiven,
} from "#core/scheduling/room.ts";
import { rowBeside, rowOfNodes } from "#core/scheduling/row.ts";
import { largestFirst, sortKey, uncountedIn } from "#core/scheduling/sorts.ts";
import type { Reservation, Twin } from "#core/scheduling/twin.ts";
import type { CentreState, PoolState, RunPhase } from "#core/scheduling/world-event.ts";

/** A centre and its pools. Changed in place by `createWorld` and, for the length of a decision, by the walk. */
export type CentreRecord = {
  readonly id: CentreId;
  /** null: not described yet, or removed; what runs there stays counted. */
  state: CentreState | null;
  /** Those that take users' work, in the order they were described. */
  pools: readonly PoolRecord[];
  /** All there ever was, by name: what runs there outlives changes of the description. */
  readonly known: Map<string, PoolRecord>;
  /** All nodes that were described, each once. */
  nodes: readonly Nodes[];
  /** What it offers beside room, indexed; null: not asked for since it was described. */
  offered: Offered | null;
  /** Of its licences, what runs of ours that have not started will take. */
  readonly licencesTaken: Map<string, number>;
  /** Within one decision: by licence, the first job that must wait for it here and keeps it from those behind. */
  readonly heldLicences: Map<string, Holder>;
  readonly accountUse: AccountUse;
  /** The same of what binds a local account as a whole. */
  readonly heldAccounts: Map<AccountLimits, Holder>;
  /** Runs that started there and are over, and those of them lost to failing nodes; old ones fade (placing/score.ts). */
  readonly losses: { ended: number; lost: number };
  /** What its own users have of the network decides whom it lets in; null: it lends whatever that costs them. */
  lends: Lending | null;
};

export type PoolRecord = {
  readonly centre: CentreRecord;
  readonly name: string;
  /** null: not described. */
  state: PoolState | null;
  devices: readonly Device[];
  /** Its nodes when they are empty: all of them, and those that are up. */
  size: Room;
  upSize: Room;
  /** null: not asked for since it was described. */
  nodeNames: ReadonlySet<string> | null;
  /** Runs of ours that have not ended, by what they are alike in. */
  readonly sorts: Map<string, Sort>;
  /** Their sum, where they take anything: all but those that wait in the queue of a shared pool. */
  readonly taken: Taken;
  /** What is left for more; null: to be worked out again. */
  left: Left | null;
  /** Whether the agreed hours let work be started there, as it was last told what time it is (`tellTime`). */
  opening: PoolOpening;
  /** Runs of ours there, by their expected ends. */
  readonly runs: LiveRun[];
  /** The same in numbers, in that order: thousands of ends are added up in one decision. */
  readonly ends: Ends;
  /** The nodes that it shares with other pools, and what these have beside; null: its nodes are its own. */
  ground: Ground | null;
  /** In which parts of these its nodes are. */
  parts: readonly boolean[] | undefined;
  /** The pools in which all its nodes are, itself too. */
  around: readonly PoolRecord[];
  /** Of these, what may have to make room for work of a higher class. */
  readonly yielding: Map<LiveRun, Yielding>;
  /** What will be free; null: to be worked out again. */
  twin: Twin | null;
  /** When, by the queue's count of changes, it last may have become able to take what it could not take before. */
  grown: number;
  /** Within one decision: who has a place there from some time on. */
  readonly reservations: Reservation[];
  /** Within one decision: the first job that must wait for this pool and keeps those behind it away. */
  heldBy: Holder | null;
  /** The same in a shared pool, where a job keeps away only those of its own line. */
  readonly heldLines: Map<string, Holder>;
};

/** When each of the runs is expected to end, and what it gives back then. */
export type Ends = {
  readonly atMs: number[];
  readonly cores: number[];
  readonly memoryMib: number[];
  readonly cards: number[];
};

export type Holder = { readonly job: JobRecord; readonly position: number };

/** Runs of one line with the same allocation, and how far they are. */
export type Sort = {
  readonly line: string;
  readonly allocation: Allocation;
  readonly phases: Record<RunPhase, number>;
};

/** `shares`: how many of the runs have a share of a card; sums do not say what those leave. */
export type Taken = { cores: number; memoryMib: number; shares: number; readonly cards: Map<string, number> };

/**
 * `pending`: of each line, the runs that wait in the centre's own queue or will when they arrive there. `ours`: what counts
 * against the agreed share; null where there is none.
 */
export type Left = {
  readonly room: Room;
  readonly pending: ReadonlyMap<string, number>;
  readonly ours: Ours | null;
  /** What was said to those who ask for more cores than it has, by how many they ask for (judgements.ts). */
  busy?: Map<number, Candidate>;
};

const nothing: Room = { cells: [], cores: 0, memoryMib: 0, cards: [] };
const nobody: ReadonlyMap<string, number> = new Map();

export function emptyCentre(id: CentreId): CentreRecord {
  return {
    id,
    state: null,
    pools: [],
    known: new Map(),
    nodes: [],
    offered: null,
    licencesTaken: new Map(),
    heldLicences: new Map(),
    accountUse: new Map(),
    heldAccounts: new Map(),
    losses: { ended: 0, lost: 0 },
    lends: null,
  };
}

export function poolOf(centre: CentreRecord, name: string): PoolRecord {
  const known = centre.known.get(name);
  if (known) return known;
  const pool: PoolRecord = {
    centre,
    name,
    state: null,
    devices: [],
    size: nothing,
    upSize: nothing,
    nodeNames: null,
    sorts: new Map(),
    taken: { cores: 0, memoryMib: 0, shares: 0, cards: new Map() },
    left: null,
    opening: alwaysOpen,
    runs: [],
    ends: { atMs: [], cores: [], memoryMib: [], cards: [] },
    ground: null,
    parts: undefined,
    around: [],
    yielding: new Map(),
    twin: null,
    grown: 0,
    reservations: [],
    heldBy: null,
    heldLines: new Map(),
  };
  centre.known.set(name, pool);
  return pool;
}

/** Takes a new description in; what runs there stays counted. Answers whether it may change who could ever run there. */
export function describe(centre: CentreRecord, state: CentreState | null): boolean {
  const before = lasting(centre);
  centre.state = state;
  centre.offered = null;
  for (const pool of centre.known.values()) describePool(pool, null);
  const described = (state?.pools ?? []).map((pool) => describePool(poolOf(centre, pool.name), pool));
  centre.nodes = describeGrounds(described);
  for (const pool of centre.known.values()) measure(pool);
  const serving = state && runsJobs[state.lifeCycle] && state.intake !== "left" ? state.pools : [];
  centre.pools = serving.filter((pool) => runsJobs[pool.lifeCycle]).map((pool) => poolOf(centre, pool.name));
  return lasting(centre) !== before;
}

/** Of groups of its nodes, in the order in which its engine counts them where it says so. */
export function roomIn({ state, devices }: PoolRecord, groups: readonly NodeGroup[], of: "size" | "free"): Room {
  const room = roomOf(groups, devices, of);
  const row = rowOfNodes(state?.row, groups, devices, of);
  return row ? { ...room, row } : room;
}

function describePool(pool: PoolRecord, state: PoolState | null): PoolRecord {
  pool.state = state;
  pool.nodeNames = null;
  pool.devices = state ? devicesOf(state) : [];
  pool.ground = null;
  pool.parts = undefined;
  pool.around = [pool];
  return pool;
}

function measure(pool: PoolRecord): void {
  const groups = pool.state?.nodes ?? [];
  pool.size = roomIn(pool, groups, "size");
  pool.upSize = groups.every(isUp) ? pool.size : roomIn(pool, groups.filter(isUp), "size");
  recount(pool);
}

function isUp(group: NodeGroup): boolean {
  return group.state === "up";
}

/** All of a description that `neverFits` asks: reports that only say what is free change nothing of it. */
function lasting({ state, pools }: CentreRecord): string {
  if (!state) return "";
  const { driver, intake, lifeCycle, offers, accounts, region = null } = state;
  const of = pools.map(({ name, state: told, size, devices, around }) => [
    name,
    told && [
      told.contract === "shared",
      told.limits,
      told.memoryMibPerCore,
      told.sharePercent,
      told.givesWholeNodes,
      told.row,
      told.domestic,
      // What is left of it passes; who asks for more than that is looked for by itself.
      told.reserved !== undefined,
      told.shut,
    ],
    told?.nodes.flatMap(({ names, maintenance }) => (maintenance ? [[names, maintenance.startsInMs]] : [])),
    around.length > 1 && around.map((other) => other.name),
    size.cells,
    devices,
  ]);
  // What is free of licences passes; how many there are, and all else that is offered, decides who may run there.
  const totals = offers?.licences.map(({ name, total }) => [name, total]);
  const words = offers && { ...offers, licences: totals };
  const pairs = accounts && [...accounts].filter(([, readiness]) => readiness === "ready").map(([pair]) => pair);
  const bound = [...(state.limits ?? [])].map(([who, limits]) => {
    const { mostTimeS, togetherMinutes } = limits;
    return [who, mostTimeS, isAtSubmitLimit(limits), boundTogether(limits), togetherMinutes];
  });
  const served = [driver, intake === "leaving", lifeCycle, region, state.pools.length > 0];
  return JSON.stringify([served, of, words, pairs, [...(state.localAccounts ?? [])], bound]);
}

/** How a run changes: from no phase, when it is placed, to none, when it ends. */
export function moveRun(pool: PoolRecord, sort: Sort, from: RunPhase | null, to: RunPhase | null): void {
  if (from) sort.phases[from] -= 1;
  if (to) sort.phases[to] += 1;
  const change = Number(takes(pool, to)) - Number(takes(pool, from));
  if (change !== 0) addTo(pool.taken, sort.allocation, change);
  if (to === null && sort.phases.sent + sort.phases.waiting + sort.phases.running === 0)
    pool.sorts.delete(sortKey(sort.line, sort.allocation));
  forgetLeft(pool);
}

/** What is left there is to be worked out again, and of all that share its nodes. */
export function forgetLeft(pool: PoolRecord): void {
  pool.left = null;
  pool.twin = null;
  if (pool.ground) forgetGround(pool.ground);
}

/** What waits in the queue of a shared pool takes nothing yet: what is free there is free in spite of it. */
function takes(pool: PoolRecord, phase: RunPhase | null): boolean {
  return phase === "waiting" ? !isShared(pool) : phase !== null;
}

export function isShared(pool: PoolRecord): boolean {
  return pool.state?.contract === "shared";
}

export function sortOf(pool: PoolRecord, who: Pair, allocation: Allocation): Sort {
  const line = lineOfRun(pool, who, allocation);
  const key = sortKey(line, allocation);
  const known = pool.sorts.get(key);
  if (known) return known;
  const sort: Sort = { line, allocation, phases: { sent: 0, waiting: 0, running: 0 } };
  pool.sorts.set(key, sort);
  return sort;
}

export function addTo(taken: Taken, allocation: Allocation, copies: number): void {
  taken.cores += copies * allocation.nodes * allocation.coresPerNode;
  taken.memoryMib += copies * allocation.nodes * allocation.memoryMibPerNode;
  if (allocation.acceleratorShareMilli !== undefined) {
    taken.shares += copies;
    return;
  }
  const cards = copies * allocation.nodes * allocation.acceleratorsPerNode;
  if (cards === 0) return;
  const key = deviceKey(allocation.acceleratorVendor, allocation.acceleratorModel);
  taken.cards.set(key, (taken.cards.get(key) ?? 0) + cards);
}

/** The contract may have changed, and with it what takes anything. */
function recount(pool: PoolRecord): void {
  const { taken } = pool;
  taken.cores = 0;
  taken.memoryMib = 0;
  taken.shares = 0;
  taken.cards.clear();
  for (const { phases, allocation } of pool.sorts.values()) {
    const waiting = takes(pool, "waiting") ? phases.waiting : 0;
    addTo(taken, allocation, phases.sent + phases.running + waiting);
  }
  forgetLeft(pool);
}

/** What is left of a pool, worked out where something changed since. */
export function leftOf(pool: PoolRecord): Left {
  pool.left ??= pool.ground ? leftOnGround(pool, pool.ground) : { ...workOut(pool), ours: oursIn(pool) };
  return pool.left;
}

function workOut(pool: PoolRecord): Omit<Left, "ours"> {
  const { state, upSize } = pool;
  if (!state) return { room: nothing, pending: nobody };
  const [only] = upSize.cells;
  const isOwn = state.foreign === "none" && state.contract !== "shared" && pool.taken.shares === 0;
  if (only?.count === 1 && upSize.cells.length === 1 && isOwn) return { room: ofOneNode(pool, only), pending: nobody };
  return state.foreign === "none" ? ofOurs(pool) : besideOthers(pool, state);
}

/** One node that runs nobody else's work: sums say it all. */
function ofOneNode({ upSize, taken, devices }: PoolRecord, { node }: Cell): Room {
  const cores = Math.max(0, upSize.cores - taken.cores);
  const memoryMib = Math.max(0, upSize.memoryMib - taken.memoryMib);
  const cards =
    taken.cards.size === 0
      ? upSize.cards
      : devices.map(({ vendor, model }, device) =>
          Math.max(0, (upSize.cards[device] ?? 0) - (taken.cards.get(deviceKey(vendor, model)) ?? 0)),
        );
  return { cells: [{ count: 1, cores, memoryMib, cards, shared: null, node }], cores, memoryMib, cards };
}

/** Nobody else's work runs there: what is left follows from ours. */
function ofOurs(pool: PoolRecord): Omit<Left, "ours"> {
  const sorts = largestFirst(pool.sorts.values());
  const shared = isShared(pool);
  let room = pool.upSize;
  for (const { allocation, phases } of sorts)
    room = put(room, pool, allocation, phases.running + (shared ? 0 : phases.sent + phases.waiting));
  // These runs, whatever starts within a decision.
  room = onTheirNodes(room, pool, pool.upSize.row ? [...pool.runs] : []);
  return shared ? withThoseOnTheWay(room, pool, sorts, ({ phases }) => phases.sent) : { room, pending: nobody };
}

/**
 * Others' work runs there too, so what is left is what the engine reported, less what of ours the report does not count
 * yet: what was placed since.
 */
function besideOthers(pool: PoolRecord, state: PoolState): Omit<Left, "ours"> {
  const sorts = largestFirst(pool.sorts.values());
  const shared = isShared(pool);
  const uncounted = uncountedIn(pool);
  let room = roomIn(pool, state.nodes.filter(isUp), "free");
  for (const sort of sorts) room = put(room, pool, sort.allocation, uncounted(sort, sort.phases.running));
  if (shared) return withThoseOnTheWay(room, pool, sorts, (sort) => uncounted(sort, sort.phases.sent));
  for (const sort of sorts)
    room = put(room, pool, sort.allocation, uncounted(sort, sort.phases.sent + sort.phases.waiting));
  return { room, pending: nobody };
}

function put(room: Room, pool: PoolRecord, allocation: Allocation, runs: number): Room {
  return runs === 0 ? room : putRuns(room, needOf(allocation, pool.devices), runs);
}

/** What was sent to a shared pool takes its place where it fits, and else joins those that wait. */
function withThoseOnTheWay(
  room: Room,
  pool: PoolRecord,
  sorts: readonly Sort[],
  onTheWay: (sort: Sort) => number,
): Omit<Left, "ours"> {
  const pending = new Map<string, number>();
  let left = room;
  for (const sort of sorts) {
    const sent = onTheWay(sort);
    const done = pack(left, needOf(sort.allocation, pool.devices), sent);
    left = done.room;
    const waiting = sort.phases.waiting + sent - done.packed;
    if (waiting > 0) pending.set(sort.line, (pending.get(sort.line) ?? 0) + waiting);
  }
  return { room: left, pending };
}

/** What is free of a pool of ours alone beside these runs. */
export function roomBeside(pool: PoolRecord, runs: readonly LiveRun[]): Room {
  const counts = new Map<Sort, number>();
  for (const { sort } of runs) counts.set(sort, (counts.get(sort) ?? 0) + 1);
  let room = pool.upSize;
  for (const sort of largestFirst(counts.keys())) room = put(room, pool, sort.allocation, counts.get(sort) ?? 0);
  return onTheirNodes(room, pool, runs);
}

/** What is free in a row beside these runs: of each it counts where its centre says it is. */
export function onTheirNodes(room: Room, { upSize, devices }: PoolRecord, runs: readonly LiveRun[]): Room {
  return upSize.row ? { ...room, row: rowBeside(upSize.row, runs, devices) } : room;
}

/** The places in the pool's list of the devices that a shape may use. */
export function devicesFor(shape: Shape, devices: readonly Device[]): readonly number[] {
  return devices.flatMap((device, place) => (isUsable(shape, device) ? [place] : []));
}

/** Whether the device is of the vendor and model asked for. */
export function isOfKind({ vendor, model }: Accelerators, device: Device): boolean {
  return (vendor === null || vendor === device.vendor) && (model === null || model === device.model);
}

export function isUsable({ accelerators: asked, domestic }: Shape, device: Device | undefined): boolean {
  if (!asked || !device || device.elsewhere || (domestic && !device.domestic)) return false;
  if (asked.shareMilli !== undefined ? device.parts === undefined : device.counts?.includes(asked.perNode) === false)
    return false;
  return isOfKind(asked, device);
}

/** What each node must have for the shape in this pool; `device` as chosen, -1 where it asks for none. */
export function needIn(shape: Shape, pool: PoolRecord, device: number): Need {
  const { nodes, accelerators, wholeNodes, nodeGroups, contiguous } = shape;
  const plain = {
    nodes,
    cores: coresPerNode(shape),
    memoryMib: memoryMibPerNode(shape, pool.state?.memoryMibPerCore ?? 0),
    cards: accelerators?.perNode ?? 0,
    device,
  };
  const need: Need = pool.parts === undefined ? plain : { ...plain, parts: pool.parts };
  const asked = accelerators?.shareMilli;
  const isPlain = wholeNodes === undefined && nodeGroups === undefined && contiguous === undefined;
  if (asked === undefined && isPlain) return need;
  const shareMilli = asked === undefined ? undefined : shareGiven(asked, pool.devices[device]?.parts ?? 1);
  const together = { ...need, shareMilli, nodeGroups, contiguous };
  return wholeNodes ? ofWholeNode(together, pool) : together;
}

/**
 * Of the nodes that would do, all that the smallest kind of which there are enough has; where a card was left open, those
 * of its first kind of card.
 */
function ofWholeNode(need: Need, { size }: PoolRecord): Need {
  const fitting = size.cells.filter((cell) => holds(cell, need));
  const alike = (one: Cell) => fitting.filter((cell) => isAlike(cell, one)).reduce((sum, { count }) => sum + count, 0);
  const node = fitting.find((cell) => alike(cell) >= need.nodes) ?? fitting[0];
  if (!node) return { ...need, wholeNodes: true };
  const device = need.device === -1 ? node.cards.findIndex((count) => count > 0) : need.device;
  const { cores, memoryMib } = node;
  return { ...need, wholeNodes: true, cores, memoryMib, device, cards: node.cards[device] ?? 0 };
}

function isAlike(one: Cell, other: Cell): boolean {
  if (one.cores !== other.cores || one.memoryMib !== other.memoryMib) return false;
  return one.cards.every((count, device) => count === other.cards[device]);
}

/** What the shape gets of this pool. */
export function allocationOf(shape: Shape, pool: PoolRecord, device: number): Allocation {
  const {
    nodes,
    cores,
    memoryMib,
    cards,
    device: given,
    shareMilli,
    wholeNodes,
    nodeGroups,
    contiguous,
  } = needIn(shape, pool, device);
  const plain = {
    nodes,
    tasks: shape.tasks,
    coresPerTask: shape.coresPerTask,
    coresPerNode: cores,
    memoryMibPerNode: memoryMib,
    acceleratorsPerNode: cards,
    acceleratorVendor: pool.devices[given]?.vendor ?? null,
    acceleratorModel: pool.devices[given]?.model ?? null,
  };
  // Thousands are made in one decision, and nearly none asks for more.
  const isPlain = wholeNodes === undefined && nodeGroups === undefined && contiguous === undefined;
  if (shareMilli === undefined && isPlain) return plain;
  return {
    ...plain,
    ...(shareMilli !== undefined && { acceleratorShareMilli: shareMilli }),
    ...(wholeNodes && { wholeNodes }),
    ...(nodeGroups !== undefined && { nodeGroups }),
    ...(contiguous && { contiguous }),
  };
}
