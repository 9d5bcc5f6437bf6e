import { oursIn, withinShare } from "#core/scheduling/agreed.ts";
import { type Holder, leftOf, onTheirNodes, type PoolRecord, type Sort } from "#core/scheduling/centres.ts";
import { type Ground, groundBeside, groundLeft, isOwn, putOnGround } from "#core/scheduling/ground.ts";
import { type LiveRun, untold } from "#core/scheduling/job-record.ts";
import { tellLender } from "#core/scheduling/lending.ts";
import {
  type Cell,
  deviceKey,
  hasRoom,
  isSaidBySums,
  type Need,
  needOf,
  pack,
  putRuns,
  type Room,
  roomInParts,
  squeeze,
} from "#core/scheduling/room.ts";
import { isPutBefore, largestFirst } from "#core/scheduling/sorts.ts";

/**
 * What will be free in a pool, as far as the expected ends of what runs there tell: a run ends at its time limit and its
 * grace, counted from its start, or from its placement until it has started. What others run there has no end that is
 * known here: it stays as busy as the engine reported it. Pools that share nodes have one twin: its rooms are of all these
 * nodes, and each need says on which it may be.
 */
export type Twin = {
  /** Expected ends, ascending, each once. One that has passed is expected at any moment. */
  readonly endsMs: readonly number[];
  /** What is free once all that is expected by the end of the same place is over; null: not worked out yet. */
  readonly rooms: (Room | null)[];
  /** Of one node of ours alone what is free then, end by end; null: its runs are put on their nodes. */
  readonly sums: Sums | null;
  /** Of several nodes of ours alone the runs in the order in which they are put on them; null: not worked out yet. */
  puts: readonly Put[] | null;
  /** How many cores are free at most, end by end: less where runs do not go together on their nodes. null: it is not told. */
  readonly mostCores: readonly number[] | null;
};

/** Runs that are alike, by when they end. */
type Put = { readonly sort: Sort; readonly need: Need; readonly endsMs: readonly number[] };

/** Cores, then memory, then each kind of cards, for each end. */
type Sums = { readonly amounts: readonly number[]; readonly node: Cell["node"] };

/** A job's place at a pool from a time on: nothing that is started after it may delay it, if all ends as expected. */
export type Reservation = {
  readonly pool: PoolRecord;
  readonly holder: Holder;
  readonly atMs: number;
  readonly untilMs: number;
  readonly need: Need;
  /** What is free beside it and all else that will be there when it starts. */
  room: Room;
};

/**
 * The earliest time after `nowMs`, and from `fromMs` on, from which the need fits for as long as it may take, beside what
 * runs and what is reserved; null where no expected end makes it fit, or where ends say nothing of which nodes become free.
 */
export function earliestFit(
  pool: PoolRecord,
  need: Need,
  lastsMs: number,
  nowMs: number,
  fromMs = nowMs,
): number | null {
  if (!tellsEnds(pool)) return null;
  const twin = twinOf(pool);
  const reservations = reservedBeside(pool);
  const mayBeFree = reservations.length > 0 || fromMs > nowMs;
  const { room, ours } = leftOf(pool);
  const isFreeNow = mayBeFree && hasRoom(withinShare(pool, room, ours), need);
  const first = isFreeNow ? -1 : firstHolding(pool, twin, need);
  if (first === null) return null;
  const soonestMs = Math.max(fromMs, timeOf(twin, first, nowMs));
  if (reservations.length === 0) return soonestMs;
  const times = timesFrom(twin, first, soonestMs, reservations, nowMs);
  return times.find((atMs) => fitsAt(pool, need, lastsMs, atMs, nowMs)) ?? null;
}

/** Whether some end before then makes it fit, if nobody has a place there: less to ask than when it fits. */
export function fitsBefore(pool: PoolRecord, need: Need, beforeMs: number): boolean {
  if (!tellsEnds(pool)) return false;
  const twin = twinOf(pool);
  const place = placeBefore(twin.endsMs, beforeMs - 1);
  return place !== -1 && holdsAfter(pool, twin, place, need);
}

/** The same where what is free now counts too. False: it does not fit before then, whoever gives up a place there. */
export function mayFitBefore(pool: PoolRecord, need: Need, beforeMs: number): boolean {
  if (!tellsEnds(pool)) return true;
  // On several nodes less that runs may be put together better than more.
  return twinOf(pool).sums === null || hasRoom(leftOf(pool).room, need) || fitsBefore(pool, need, beforeMs);
}

/** Still less to ask: whether so many cores of a node may be free by then. */
export function mayHaveCores(pool: PoolRecord, cores: number, beforeMs: number): boolean {
  const twin = tellsEnds(pool) ? twinOf(pool) : null;
  if (!twin?.sums || leftOf(pool).room.cores >= cores) return true;
  const place = placeBefore(twin.endsMs, beforeMs - 1);
  return place !== -1 && (twin.sums.amounts[place * (2 + pool.devices.length)] ?? 0) >= cores;
}

/** Whether it fits from then on for as long as it may take, beside what runs and what is reserved. */
export function fitsAt(pool: PoolRecord, need: Need, lastsMs: number, atMs: number, nowMs: number): boolean {
  if (!tellsEnds(pool) || !hasRoom(roomAt(pool, twinOf(pool), atMs, nowMs), need)) return false;
  return !reservedBeside(pool).some((other) => other.atMs > atMs && isDelayed(pool, other, need, atMs + lastsMs));
}

/** Reserves: from now on what would delay it is told so. */
export function reserveAt(
  pool: PoolRecord,
  holder: Holder,
  need: Need,
  atMs: number,
  lastsMs: number,
  nowMs: number,
): Reservation {
  const untilMs = atMs + lastsMs;
  for (const other of reservedBeside(pool)) if (other.atMs > atMs) putBeside(other, pool, need, untilMs);
  const room = put(pool, roomAt(pool, twinOf(pool), atMs, nowMs), need);
  const reservation: Reservation = { pool, holder, atMs, untilMs, need, room: isShared(pool) ? nothingBeside : room };
  pool.reservations.push(reservation);
  pool.ground?.reservations.push(reservation);
  return reservation;
}

/** Gives up the place that somebody has there. */
export function withdraw(pool: PoolRecord, { job, position }: Holder): void {
  const isIts = ({ holder }: Reservation) => holder.job === job && holder.position === position;
  for (const reservations of pool.ground ? [pool.reservations, pool.ground.reservations] : [pool.reservations])
    reservations.splice(reservations.findIndex(isIts), 1);
  for (const other of reservedBeside(pool))
    if (other.room !== nothingBeside) other.room = put(other.pool, roomFor(other, []), other.need);
}

/** Gives up all places there. */
export function dropReservations(pool: PoolRecord): void {
  pool.reservations.length = 0;
  if (pool.ground) pool.ground.reservations.length = 0;
}

/** Who has a place there, or in a pool that shares nodes with it. */
export function reservedBeside({ reservations, ground }: PoolRecord): readonly Reservation[] {
  return ground?.reservations ?? reservations;
}

/** Those where nobody has a place, nor on nodes that they share. */
export function withoutPlaces(pools: readonly PoolRecord[]): readonly PoolRecord[] {
  return pools.filter((pool) => reservedBeside(pool).length === 0);
}

/** The first reservation that the need would delay, were it started now and to last until then; null: none. */
export function delayedBy(pool: PoolRecord, need: Need, untilMs: number): Reservation | null {
  for (const reservation of reservedBeside(pool)) if (isDelayed(pool, reservation, need, untilMs)) return reservation;
  return null;
}

/** Counts what starts now, as a run that `expectEnd` was told of, beside the reservations that it will outlast. */
export function startBeside(pool: PoolRecord, need: Need, untilMs: number): void {
  for (const reservation of reservedBeside(pool))
    if (isOneNode(upSizeOf(pool))) putBeside(reservation, pool, need, untilMs);
    else if (reservation.atMs < untilMs)
      reservation.room = put(reservation.pool, roomFor(reservation, []), reservation.need);
}

/** Takes a run into the order of the expected ends. */
export function expectEnd(pool: PoolRecord, run: LiveRun): void {
  pool.twin = null;
  tellLender(pool.centre);
  const place = insert(pool.runs, run);
  const { atMs, cores, memoryMib, cards } = pool.ends;
  const { nodes, coresPerNode, memoryMibPerNode, acceleratorsPerNode } = run.sort.allocation;
  atMs.splice(place, 0, run.endsMs);
  cores.splice(place, 0, nodes * coresPerNode);
  memoryMib.splice(place, 0, nodes * memoryMibPerNode);
  cards.splice(place, 0, nodes * acceleratorsPerNode);
  if (!pool.ground) return;
  pool.ground.twin = null;
  insert(pool.ground.runs, run);
}

export function expectNoEnd(pool: PoolRecord, run: LiveRun): void {
  pool.twin = null;
  tellLender(pool.centre);
  const place = remove(pool.runs, run);
  const { atMs, cores, memoryMib, cards } = pool.ends;
  if (place !== -1) for (const each of [atMs, cores, memoryMib, cards]) each.splice(place, 1);
  if (!pool.ground) return;
  pool.ground.twin = null;
  remove(pool.ground.runs, run);
}

/** Answers at which place it is then. */
function insert(runs: LiveRun[], run: LiveRun): number {
  const place = placeAfter(runs, run.endsMs);
  runs.splice(place, 0, run);
  return place;
}

/** Answers at which place it was; -1: at none. */
function remove(runs: LiveRun[], run: LiveRun): number {
  let at = placeAfter(runs, run.endsMs) - 1;
  while (at >= 0 && runs[at] !== run) at -= 1;
  if (at >= 0) runs.splice(at, 1);
  return at;
}

const nothingBeside: Room = { cells: [], cores: 0, memoryMib: 0, cards: [] };

/** Where an agreed share bounds the sums, what fits beside a reservation is not worked out: only what is over by then. */
function isShared({ state }: PoolRecord): boolean {
  return typeof state?.sharePercent === "number";
}

function isDelayed(pool: PoolRecord, reservation: Reservation, need: Need, untilMs: number): boolean {
  const { atMs, room } = reservation;
  if (atMs >= untilMs) return false;
  if (!hasRoom(room, need)) return true;
  // On several nodes what is free beside it may be on a node that is not free yet: then all are put on nodes anew.
  return !isOneNode(upSizeOf(pool)) && !hasRoom(roomFor(reservation, [runLike(pool, need)]), reservation.need);
}

/** What is free for a reservation when it starts, with more runs beside those that will still be there. */
function roomFor(reservation: Reservation, more: readonly LiveRun[]): Room {
  const { pool, atMs } = reservation;
  let room = pool.ground
    ? groundBeside(pool.ground, [...pool.ground.runs.slice(placeAfter(pool.ground.runs, atMs)), ...more])
    : roomOfEnds(pool, twinOf(pool), atMs, more);
  for (const other of reservedBeside(pool))
    if (other !== reservation && other.atMs <= atMs && atMs < other.untilMs) room = put(other.pool, room, other.need);
  return room;
}

function upSizeOf({ upSize, ground }: PoolRecord): Room {
  return ground?.upSize ?? upSize;
}

function runLike(pool: PoolRecord, need: Need): LiveRun {
  const { nodes, cores, memoryMib, cards, device, shareMilli, wholeNodes, nodeGroups } = need;
  const allocation = {
    nodes,
    tasks: nodes,
    coresPerTask: cores,
    coresPerNode: cores,
    memoryMibPerNode: memoryMib,
    acceleratorsPerNode: cards,
    acceleratorVendor: pool.devices[device]?.vendor ?? null,
    acceleratorModel: pool.devices[device]?.model ?? null,
    acceleratorShareMilli: shareMilli,
    wholeNodes,
    nodeGroups,
  };
  const sort = { line: "", allocation, phases: { sent: 1, waiting: 0, running: 0 } };
  const fresh = {
    attempt: 0,
    phase: "sent",
    endsMs: 0,
    startedMs: null,
    charged: null,
    placedMs: 0,
    ...unknown,
  } as const;
  return { ...fresh, ...untold, visits: false, pool, sort };
}

const unknown = { timeLimitS: 0, expectedS: 0 } as const;

function putBeside(reservation: Reservation, pool: PoolRecord, need: Need, untilMs: number): void {
  if (reservation.atMs < untilMs && reservation.room !== nothingBeside)
    reservation.room = put(pool, reservation.room, need);
}

function put(pool: PoolRecord, room: Room, need: Need): Room {
  if (pool.ground) return putOnGround(pool, room, need);
  const done = pack(room, need, 1);
  return done.packed === 1 ? done.room : squeeze(room, need, 1);
}

/** Where others work on several nodes too, nobody here knows which node an end of ours makes free. */
function tellsEnds({ state, upSize, ground }: PoolRecord): boolean {
  if (ground) return isOwn(ground);
  return state !== null && (state.foreign === "none" || isOneNode(upSize));
}

function isOneNode({ cells }: Room): boolean {
  return cells.length === 1 && cells[0]?.count === 1;
}

function twinOf(pool: PoolRecord): Twin {
  if (pool.ground) return twinOfGround(pool.ground);
  if (pool.twin) return pool.twin;
  const endsMs = endsOf(pool.ends.atMs);
  const [one] = pool.upSize.cells;
  const sums = isOneNode(pool.upSize) && !isShared(pool) && pool.taken.shares === 0;
  const rooms = new Array<Room | null>(endsMs.length).fill(null);
  const ofOne = one && sums ? sumsOfOneNode(pool, one, endsMs) : null;
  pool.twin = { endsMs, rooms, sums: ofOne, puts: null, mostCores: ofOne ? null : mostCoresOf(pool, endsMs) };
  return pool.twin;
}

/** Each once. */
function endsOf(all: readonly number[]): readonly number[] {
  const ends: number[] = [];
  let last = Number.NaN;
  for (const endsMs of all) {
    if (endsMs === last) continue;
    ends.push(endsMs);
    last = endsMs;
  }
  return ends;
}

function twinOfGround(ground: Ground): Twin {
  if (ground.twin) return ground.twin;
  const endsMs = endsOf(ground.runs.map((run) => run.endsMs));
  ground.twin = {
    endsMs,
    rooms: new Array<Room | null>(endsMs.length).fill(null),
    sums: null,
    puts: null,
    mostCores: null,
  };
  return ground.twin;
}

/** One node: what is free now and what each end gives back. */
function sumsOfOneNode(pool: PoolRecord, { node }: Cell, endsMs: readonly number[]): Sums {
  const { taken, upSize, devices, state, ends } = pool;
  const own = state?.foreign === "none";
  const now = leftOf(pool).room;
  let cores = own ? upSize.cores - taken.cores : now.cores;
  let memoryMib = own ? upSize.memoryMib - taken.memoryMib : now.memoryMib;
  const cards = devices.map(({ vendor, model }, device) =>
    own ? (upSize.cards[device] ?? 0) - (taken.cards.get(deviceKey(vendor, model)) ?? 0) : (now.cards[device] ?? 0),
  );
  const amounts: number[] = [];
  let at = 0;
  for (let place = 0; place < endsMs.length; place += 1) {
    const endMs = endsMs[place] ?? 0;
    for (; at < ends.atMs.length && (ends.atMs[at] ?? 0) <= endMs; at += 1) {
      cores += ends.cores[at] ?? 0;
      memoryMib += ends.memoryMib[at] ?? 0;
      const given = ends.cards[at] ?? 0;
      const run = given > 0 ? pool.runs[at] : undefined;
      const device = run ? deviceOf(pool, run.sort) : -1;
      if (device !== -1) cards[device] = (cards[device] ?? 0) + given;
    }
    amounts.push(cores, memoryMib);
    for (const each of cards) amounts.push(each);
  }
  return { amounts, node };
}

function roomOfOneNode({ upSize, devices }: PoolRecord, { amounts, node }: Sums, place: number): Room {
  const at = place * (2 + devices.length);
  const within = (kind: number, most: number) => Math.min(most, Math.max(0, amounts[at + kind] ?? 0));
  const cores = within(0, upSize.cores);
  const memoryMib = within(1, upSize.memoryMib);
  const cards = devices.map((_, device) => within(2 + device, upSize.cards[device] ?? 0));
  return { cells: [{ count: 1, cores, memoryMib, cards, shared: null, node }], cores, memoryMib, cards };
}

function deviceOf({ devices }: PoolRecord, { allocation }: Sort): number {
  return devices.findIndex(
    ({ vendor, model }) => vendor === allocation.acceleratorVendor && model === allocation.acceleratorModel,
  );
}

/** The room once the ends up to this place are over; -1: as it is now. */
function roomAfter(pool: PoolRecord, twin: Twin, place: number): Room {
  if (pool.ground) return groundAfter(pool.ground, twin, place);
  if (place === -1) return leftOf(pool).room;
  const known = twin.rooms[place] ?? (twin.sums && roomOfOneNode(pool, twin.sums, place));
  if (known) {
    twin.rooms[place] = known;
    return known;
  }
  const atMs = twin.endsMs[place] ?? 0;
  const runs = isShared(pool) ? pool.runs.slice(placeAfter(pool.runs, atMs)) : [];
  const room = withinShare(pool, roomOfEnds(pool, twin, atMs, []), isShared(pool) ? oursAmong(pool, runs) : null);
  twin.rooms[place] = room;
  return room;
}

/** What is free of a pool's own nodes beside the runs that end after that, and one more at most. */
function roomOfEnds(pool: PoolRecord, twin: Twin, atMs: number, more: readonly LiveRun[]): Room {
  twin.puts ??= putsOf(pool);
  let room = pool.upSize;
  let [next] = more;
  for (const { sort, need, endsMs } of twin.puts) {
    const left = endsMs.length - placeBefore(endsMs, atMs) - 1;
    if (left === 0) continue;
    if (next && isPutBefore(next.sort, sort)) {
      room = putRuns(room, needOf(next.sort.allocation, pool.devices), 1);
      next = undefined;
    }
    room = putRuns(room, need, left);
  }
  if (next) room = putRuns(room, needOf(next.sort.allocation, pool.devices), 1);
  if (!pool.upSize.row) return room;
  return onTheirNodes(room, pool, [...pool.runs.slice(placeAfter(pool.runs, atMs)), ...more]);
}

function putsOf(pool: PoolRecord): readonly Put[] {
  const ends = new Map<Sort, number[]>();
  for (const { sort, endsMs } of pool.runs) {
    const known = ends.get(sort);
    if (known) known.push(endsMs);
    else ends.set(sort, [endsMs]);
  }
  const needs = (sort: Sort) => ({ sort, need: needOf(sort.allocation, pool.devices), endsMs: ends.get(sort) ?? [] });
  return largestFirst(ends.keys()).map(needs);
}

function mostCoresOf({ upSize, ends }: PoolRecord, endsMs: readonly number[]): readonly number[] {
  let free = upSize.cores;
  for (const cores of ends.cores) free -= cores;
  let at = 0;
  return endsMs.map((endMs) => {
    for (; at < ends.atMs.length && (ends.atMs[at] ?? 0) <= endMs; at += 1) free += ends.cores[at] ?? 0;
    return free;
  });
}

function groundAfter(ground: Ground, twin: Twin, place: number): Room {
  if (place === -1) return groundLeft(ground).room;
  const known = twin.rooms[place];
  if (known) return known;
  const room = groundBeside(ground, ground.runs.slice(placeAfter(ground.runs, twin.endsMs[place] ?? 0)));
  twin.rooms[place] = room;
  return room;
}

/** As far as the share of its pool reaches once the ends up to this place are over. */
function shareOf(pool: PoolRecord, twin: Twin, place: number, room: Room): Room {
  if (!pool.ground || !isShared(pool)) return room;
  const runs = pool.ground.runs.slice(place === -1 ? 0 : placeAfter(pool.ground.runs, twin.endsMs[place] ?? 0));
  const inside = runs.filter((run) => run.pool.around.includes(pool));
  return withinShare(pool, roomInParts(room, pool.parts ?? []), oursAmong(pool, inside));
}

function oursAmong(pool: PoolRecord, runs: readonly LiveRun[]): ReturnType<typeof oursIn> {
  const sorts = runs.map(({ sort: { line, allocation } }, place): [string, Sort] => [
    `${place}`,
    { line, allocation, phases: { sent: 0, waiting: 0, running: 1 } },
  ]);
  return oursIn({ ...pool, sorts: new Map(sorts) });
}

/** The first place whose room holds the need; null: none. What ends makes only more room. */
function firstHolding(pool: PoolRecord, twin: Twin, need: Need): number | null {
  let low = 0;
  let high = twin.endsMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holdsAfter(pool, twin, middle, need)) high = middle;
    else low = middle + 1;
  }
  return low < twin.endsMs.length ? low : null;
}

/** Whether what is free once the ends up to this place are over holds the need, whoever has a place there. */
function holdsAfter(pool: PoolRecord, twin: Twin, place: number, need: Need): boolean {
  if (twin.mostCores && need.nodes * need.cores > Math.max(0, twin.mostCores[place] ?? 0)) return false;
  if (twin.sums === null || need.nodes > 1 || !isSaidBySums(need))
    return hasRoom(shareOf(pool, twin, place, roomAfter(pool, twin, place)), need);
  const { upSize, devices } = pool;
  const { amounts } = twin.sums;
  const at = place * (2 + devices.length);
  const has = (kind: number, most: number, asked: number) =>
    asked <= most && asked <= Math.max(0, amounts[at + kind] ?? 0);
  if (!has(0, upSize.cores, need.cores) || !has(1, upSize.memoryMib, need.memoryMib)) return false;
  return need.cards === 0 || has(2 + need.device, upSize.cards[need.device] ?? 0, need.cards);
}

function timeOf(twin: Twin, place: number, nowMs: number): number {
  return Math.max(nowMs + 1, twin.endsMs[place] ?? 0);
}

/** The room at a time, less what is reserved by then. */
function roomAt(pool: PoolRecord, twin: Twin, atMs: number, nowMs: number): Room {
  let place = placeBefore(twin.endsMs, atMs);
  // All that is overdue ends in the same moment.
  if (place !== -1 && timeOf(twin, place, nowMs) > atMs) place = -1;
  let room = roomAfter(pool, twin, place);
  for (const other of reservedBeside(pool))
    if (other.atMs <= atMs && atMs < other.untilMs) room = put(other.pool, room, other.need);
  return shareOf(pool, twin, place, room);
}

function timesFrom(
  twin: Twin,
  first: number,
  soonestMs: number,
  reservations: readonly Reservation[],
  nowMs: number,
): readonly number[] {
  const times = new Set([soonestMs]);
  for (let place = Math.max(0, first); place < twin.endsMs.length; place++)
    times.add(Math.max(soonestMs, timeOf(twin, place, nowMs)));
  for (const { untilMs } of reservations) if (untilMs >= soonestMs) times.add(untilMs);
  return [...times].sort((a, b) => a - b);
}

/** The last place whose end is at or before the time, or -1. */
function placeBefore(endsMs: readonly number[], atMs: number): number {
  let low = 0;
  let high = endsMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((endsMs[middle] ?? 0) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** How many of the runs are expected to end at or before the time. */
function placeAfter(runs: readonly LiveRun[], atMs: number): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((runs[middle]?.endsMs ?? 0) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
