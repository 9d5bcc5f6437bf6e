import type { Nodes } from "#core/centre/engine.ts";
import { joinedBy, type Part, partsOf } from "#core/centre/shared-nodes.ts";
import type { Allocation } from "#core/run-order.ts";
import { type Ours, oursIn, withMore } from "#core/scheduling/agreed.ts";
import type { Holder, Left, PoolRecord, Sort } from "#core/scheduling/centres.ts";
import type { LiveRun } from "#core/scheduling/job-record.ts";
import {
  type Device,
  deviceKey,
  type Need,
  needOf,
  pack,
  type Room,
  roomInParts,
  roomOfParts,
  squeeze,
} from "#core/scheduling/room.ts";
import { type Row, rowBeside, rowOfNodes } from "#core/scheduling/row.ts";
import { largestFirst, type Uncounted, uncountedIn } from "#core/scheduling/sorts.ts";
import type { Reservation, Twin } from "#core/scheduling/twin.ts";

/**
 * Pools that share nodes, and those nodes, once. A room of all of them says of each node in which part it is: of the nodes
 * that lie in exactly the same of these pools. A run may be on the parts of its own pool alone, and takes room there for
 * all that share them. docs/decisions/0065-nodes-that-pools-share.md.
 */
export type Ground = {
  /** Those of fewest nodes first: what may go to few nodes is put on them before what may go to more. */
  readonly pools: readonly PoolRecord[];
  /** Nodes that are up: when they are empty, and as the engine reported. */
  readonly upSize: Room;
  readonly free: Room;
  /** Runs of all these pools, by their expected ends; and within one decision, who has a place in which of them. */
  readonly runs: LiveRun[];
  readonly reservations: Reservation[];
  /** Within one decision: pools whose nodes are kept for one that waits. */
  readonly held: PoolRecord[];
  left: GroundLeft | null;
  twin: Twin | null;
};

/** What is left, as in `Left`, of all the nodes; by pool what is each one's own. */
export type GroundLeft = {
  readonly room: Room;
  readonly pending: ReadonlyMap<PoolRecord, ReadonlyMap<string, number>>;
  readonly ours: ReadonlyMap<PoolRecord, Ours | null>;
  readonly rows: ReadonlyMap<PoolRecord, Row>;
  /** On so many nodes there is more work since. */
  readonly more: number;
};

/**
 * Finds which of these pools share nodes, and gives those the same list of devices. All are described, with no room yet.
 * Answers all their nodes, each once.
 */
export function describeGrounds(pools: readonly PoolRecord[]): readonly Nodes[] {
  const described = pools.map(({ state }) => ({ nodes: state?.nodes ?? [] }));
  const parts = partsOf(described);
  for (const places of parts === null ? [] : joinedBy(parts)) {
    const members = places.flatMap((place) => pools[place] ?? []);
    const own = (parts ?? []).filter((part) => part.pools.some((place) => places.includes(place)));
    if (members.length > 1) joinPools(members, places, own);
  }
  return parts?.flatMap(({ nodes }) => nodes) ?? described.flatMap(({ nodes }) => nodes);
}

function joinPools(members: readonly PoolRecord[], places: readonly number[], parts: readonly Part[]): void {
  alignDevices(members);
  for (const [at, pool] of members.entries()) pool.parts = parts.map((part) => part.pools.includes(places[at] ?? -1));
  const lies = (pool: PoolRecord, other: PoolRecord) =>
    pool.parts?.every((isIn, part) => !isIn || other.parts?.[part]) === true;
  const sizes = new Map(members.map((pool) => [pool, nodesIn(pool)]));
  const up = parts.map((part) => ({
    pools: part.pools.length,
    nodes: part.nodes.filter(({ state }) => state === "up"),
  }));
  const devices = members[0]?.devices ?? [];
  const ground: Ground = {
    pools: [...members].sort((a, b) => (sizes.get(a) ?? 0) - (sizes.get(b) ?? 0) || (a.name < b.name ? -1 : 1)),
    upSize: roomOfParts(up, devices, "size"),
    free: roomOfParts(up, devices, "free"),
    runs: members.flatMap(({ runs }) => runs).sort((a, b) => a.endsMs - b.endsMs),
    reservations: [],
    held: [],
    left: null,
    twin: null,
  };
  for (const pool of members) {
    pool.ground = ground;
    pool.around = members.filter((other) => lies(pool, other));
  }
}

function nodesIn({ state }: PoolRecord): number {
  return (state?.nodes ?? []).reduce((sum, { count }) => sum + count, 0);
}

/** In one order, so that what is left of a node reads the same in each of its pools. */
function alignDevices(members: readonly PoolRecord[]): void {
  const own = members.map((pool) => new Map(pool.devices.map((device) => [keyOf(device), device])));
  const all = new Map<string, Device>();
  for (const pool of members) for (const device of pool.devices) all.set(keyOf(device), device);
  for (const [at, pool] of members.entries())
    pool.devices = [...all].map(([key, device]) => own[at]?.get(key) ?? { ...device, count: 0, elsewhere: true });
}

function keyOf({ vendor, model }: Device): string {
  return deviceKey(vendor, model);
}

/** Whatever is left there is to be worked out again. */
export function forgetGround(ground: Ground): void {
  ground.left = null;
  ground.twin = null;
  forgetViews(ground);
}

function forgetViews({ pools }: Ground): void {
  for (const pool of pools) pool.left = null;
}

/** What is left for more in one of the pools, but for nodes that are kept for one who waits for another. */
export function leftOnGround(pool: PoolRecord, ground: Ground): Left {
  const left = groundLeft(ground);
  const room = roomInParts(left.room, partsFor(pool, ground));
  const row = left.rows.get(pool);
  return {
    room: row ? { ...room, row: { ...row, more: row.more + left.more } } : room,
    pending: left.pending.get(pool) ?? nobody,
    ours: left.ours.get(pool) ?? null,
  };
}

/** The same with the nodes that are kept. */
export function wholeRoom(pool: PoolRecord, ground: Ground): Room {
  return roomInParts(groundLeft(ground).room, pool.parts ?? []);
}

/** Who waits for another pool and has the nodes kept that it shares with this one; null: nobody. */
export function heldBeside(pool: PoolRecord): Holder | null {
  const other = pool.ground?.held.find(
    (each) => each !== pool && each.parts?.some((isIn, at) => isIn && pool.parts?.[at]),
  );
  return other?.heldBy ?? null;
}

function partsFor(pool: PoolRecord, { held }: Ground): readonly boolean[] {
  const parts = pool.parts ?? [];
  if (held.length === 0) return parts;
  return parts.map((isIn, at) => isIn && !held.some((other) => other !== pool && other.parts?.[at]));
}

/** Nobody who comes later has its nodes in another pool either. */
export function keepNodes(pool: PoolRecord): void {
  const { ground } = pool;
  if (!ground || ground.held.includes(pool)) return;
  ground.held.push(pool);
  forgetViews(ground);
}

export function keepNoNodes(ground: Ground): void {
  if (ground.held.length === 0) return;
  ground.held.length = 0;
  forgetViews(ground);
}

/** A run that starts there now takes room of all that share its nodes; `line`: it joins the pool's own queue. */
export function takeGround(pool: PoolRecord, ground: Ground, need: Need, line: string | null): void {
  const left = groundLeft(ground);
  const ours = new Map(left.ours);
  for (const other of pool.around) ours.set(other, withMore(left.ours.get(other) ?? null, need));
  if (line === null) {
    const more = left.more + need.nodes;
    ground.left = { ...left, ours, more, room: pack(left.room, need, 1).room };
  } else {
    const before = left.pending.get(pool) ?? nobody;
    const pending = new Map(left.pending).set(pool, new Map(before).set(line, (before.get(line) ?? 0) + 1));
    ground.left = { ...left, ours, pending };
  }
  forgetViews(ground);
}

/** As it was before. */
export function restoreGround(ground: Ground, left: GroundLeft, twin: Twin | null): void {
  ground.left = left;
  ground.twin = twin;
  forgetViews(ground);
}

/** Of all the nodes, for whoever looks at them with a need of some pool; worked out where something changed since. */
export function groundLeft(ground: Ground): GroundLeft {
  ground.left ??= { ...workOut(ground), ours: oursOfEach(ground), rows: rowsOf(ground), more: 0 };
  return ground.left;
}

/** Whether nobody else's work runs on any of the nodes, so that what is left follows from ours. */
export function isOwn({ pools }: Ground): boolean {
  return pools.every(({ state }) => state?.foreign === "none");
}

function workOut(ground: Ground): Pick<GroundLeft, "room" | "pending"> {
  const own = isOwn(ground);
  const picture: Picture = {
    room: own ? ground.upSize : ground.free,
    busy: ground.pools.filter(({ taken }) => taken.cores > 0),
  };
  const rest: (() => readonly [PoolRecord, ReadonlyMap<string, number>])[] = [];
  for (const pool of ground.pools) {
    const sorts = largestFirst(pool.sorts.values());
    const uncounted = own ? (_: Sort, runs: number) => runs : uncountedIn(pool);
    for (const sort of sorts) putRuns(picture, pool, sort.allocation, uncounted(sort, sort.phases.running));
    if (isShared(pool)) rest.push(() => [pool, putThoseOnTheWay(picture, pool, sorts, uncounted)]);
    else
      for (const sort of sorts) {
        const { sent, waiting } = sort.phases;
        putRuns(picture, pool, sort.allocation, uncounted(sort, sent + waiting));
      }
  }
  const pending = new Map(rest.map((put) => put()));
  return { room: picture.room, pending };
}

/** `busy`: of which pools runs are on the nodes. */
type Picture = { room: Room; readonly busy: readonly PoolRecord[] };

/** What is there is there, whether or not it finds a node here to stand on. */
function putRuns(picture: Picture, pool: PoolRecord, allocation: Allocation, runs: number): void {
  if (runs === 0) return;
  const need = needOf(allocation, pool.devices, pool.parts);
  const done = pack(picture.room, need, runs);
  const short = runs - done.packed;
  picture.room = short === 0 ? done.room : squeeze(done.room, need, short, reachOf(pool, picture));
}

/** The parts beyond its own where runs of others may be in truth, so that what is up of its own nodes is free for it. */
function reachOf(pool: PoolRecord, { room, busy }: Picture): readonly number[] {
  const up = new Set(room.cells.map(({ node }) => node.shared?.part ?? -1));
  const own = partsOfPool(pool, up);
  const reached = new Set(own);
  const left = new Set(busy.filter((other) => other !== pool));
  for (let grew = true; grew; ) {
    grew = false;
    for (const other of left) {
      const parts = partsOfPool(other, up);
      if (!parts.some((part) => reached.has(part))) continue;
      left.delete(other);
      for (const part of parts) reached.add(part);
      grew = true;
    }
  }
  return [...reached].filter((part) => !own.includes(part)).sort((a, b) => a - b);
}

function partsOfPool({ parts = [] }: PoolRecord, among: ReadonlySet<number>): readonly number[] {
  return parts.flatMap((isIn, part) => (isIn && among.has(part) ? [part] : []));
}

/** What was sent to a shared pool takes its place where it fits, and else joins those that wait. */
function putThoseOnTheWay(
  picture: Picture,
  pool: PoolRecord,
  sorts: readonly Sort[],
  uncounted: Uncounted,
): ReadonlyMap<string, number> {
  const pending = new Map<string, number>();
  for (const sort of sorts) {
    const sent = uncounted(sort, sort.phases.sent);
    const done = pack(picture.room, needOf(sort.allocation, pool.devices, pool.parts), sent);
    picture.room = done.room;
    const waiting = sort.phases.waiting + sent - done.packed;
    if (waiting > 0) pending.set(sort.line, (pending.get(sort.line) ?? 0) + waiting);
  }
  return pending;
}

/** What is free of nodes of ours alone beside these runs, each in its own pool. */
export function groundBeside({ pools, upSize }: Ground, runs: readonly LiveRun[]): Room {
  const counts = new Map<PoolRecord, Map<Sort, number>>();
  for (const { pool, sort } of runs) {
    const sorts = counts.get(pool) ?? new Map<Sort, number>();
    counts.set(pool, sorts.set(sort, (sorts.get(sort) ?? 0) + 1));
  }
  const picture: Picture = { room: upSize, busy: pools.filter((pool) => counts.has(pool)) };
  for (const pool of pools) {
    const sorts = counts.get(pool) ?? new Map<Sort, number>();
    for (const sort of largestFirst(sorts.keys())) putRuns(picture, pool, sort.allocation, sorts.get(sort) ?? 0);
  }
  return picture.room;
}

/** What is put beside it as one run more. */
export function putOnGround(pool: PoolRecord, room: Room, need: Need): Room {
  const done = pack(room, need, 1);
  if (done.packed === 1 || !pool.ground) return done.packed === 1 ? done.room : squeeze(room, need, 1);
  return squeeze(room, need, 1, reachOf(pool, { room, busy: pool.ground.pools }));
}

/** All that runs in a pool whose nodes are all its own too counts against its share. */
function oursOfEach({ pools }: Ground): GroundLeft["ours"] {
  return new Map(
    pools.map((pool) => {
      const inside = pools.filter(({ around }) => around.includes(pool));
      const sorts = inside.flatMap((each) =>
        [...each.sorts].map(([key, sort]) => [`${each.name} ${key}`, sort] as const),
      );
      return [pool, oursIn({ ...pool, sorts: new Map(sorts) })];
    }),
  );
}

/** Of each pool whose engine says which nodes are next to each other. Where others work, it is as the engine reported. */
function rowsOf(ground: Ground): GroundLeft["rows"] {
  const own = isOwn(ground);
  const runs = [...ground.runs];
  const rows = new Map<PoolRecord, Row>();
  for (const pool of ground.pools) {
    const row = own ? pool.upSize.row && rowBeside(pool.upSize.row, runs, pool.devices) : freeRow(pool);
    if (row) rows.set(pool, row);
  }
  return rows;
}

function freeRow({ state, devices }: PoolRecord): Row | undefined {
  return rowOfNodes(
    state?.row,
    (state?.nodes ?? []).filter((group) => group.state === "up"),
    devices,
    "free",
  );
}

function isShared({ state }: PoolRecord): boolean {
  return state?.contract === "shared";
}

const nobody: ReadonlyMap<string, number> = new Map();
