import { isDomestic } from "#core/centre/domestic.ts";
import type { DeviceCount, EnginePool, Nodes } from "#core/centre/engine.ts";
import type { Allocation } from "#core/run-order.ts";
import type { Row } from "#core/scheduling/row.ts";

/**
 * What nodes have left, node by node. Nodes that have the same left stand together, so a pool of ten thousand nodes of
 * which few are in use is a handful of cells. A run of N nodes needs N nodes that each have all of it: 64 holes of one
 * core are no room for a job of 64 cores.
 *
 * Which node a run is on is the engine's affair. Here it is put where it leaves the largest holes (the fitting node
 * that has least left), so the same runs always leave the same room, in whatever order they came.
 */
export type Room = {
  readonly cells: readonly Cell[];
  /** Sums over the cells. */
  readonly cores: number;
  readonly memoryMib: number;
  readonly cards: readonly number[];
  /** Where an agreed share bounds it: of each kind of device no more than this may be given out, in thousandths. */
  readonly mostMilli?: readonly number[];
  /** Its nodes in turn; absent: the centre does not say which are next to each other. */
  readonly row?: Row | undefined;
};

/** So many nodes with so much left each; `cards` in the order of the pool's devices, those that nobody has a share of. */
export type Cell = {
  readonly count: number;
  readonly cores: number;
  readonly memoryMib: number;
  readonly cards: readonly number[];
  /** Of each kind of device, what those have left that are given out in shares: thousandths, least first. null: none is. */
  readonly shared: readonly (readonly number[])[] | null;
  readonly node: NodeKind;
};

/** What a node has when it is empty, and the group of nodes it is in (a leaf switch); null: nobody said. */
export type NodeKind = {
  /** By which kinds that have the same left are told apart. */
  readonly order: number;
  readonly cores: number;
  readonly group: string | null;
  /** Which part of the nodes that pools share it is in, and of how many of these pools; null: it is of one pool alone. */
  readonly shared: { readonly part: number; readonly pools: number } | null;
};

/** What each of `nodes` nodes must have; `device`: the place among the pool's devices, -1 where no card is asked. */
export type Need = {
  readonly nodes: number;
  readonly cores: number;
  readonly memoryMib: number;
  readonly cards: number;
  readonly device: number;
  /** So much of the one card, in thousandths; absent: whole cards. */
  readonly shareMilli?: number | undefined;
  /** Nodes that nobody else is on; then the amounts are those of such a node. */
  readonly wholeNodes?: true | undefined;
  /** Within at most so many groups of nodes; absent: anywhere. */
  readonly nodeGroups?: number | undefined;
  /** Nodes next to each other; absent: anywhere. */
  readonly contiguous?: true | undefined;
  /** Where pools share nodes: in which parts of these they may be; absent: on all nodes. */
  readonly parts?: readonly boolean[] | undefined;
};

export type Device = Omit<DeviceCount, "partsLeft"> & {
  /** Marked so by the pool's terms, or by the table of vendors. */
  readonly domestic?: true;
  /** Of nodes that another pool has beside those that both share: the pool itself has none. */
  readonly elsewhere?: true;
};

export function deviceKey(vendor: string | null, model: string | null): string {
  return `${vendor ?? "any"}/${model ?? "any"}`;
}

/** All the kinds of device of a pool's nodes, whatever their state, each with how many there are. */
export function devicesOf(
  pool: Pick<EnginePool, "nodes"> & { readonly domestic?: boolean | null | undefined },
): readonly Device[] {
  const devices = new Map<string, Device>();
  for (const group of pool.nodes)
    for (const { vendor, model, count, parts, counts } of group.accelerators) {
      const key = deviceKey(vendor, model);
      const mark = isDomestic(vendor, pool.domestic ?? null) && { domestic: true as const };
      const given = { ...(parts !== undefined && { parts }), ...(counts && { counts }), ...mark };
      devices.set(key, { vendor, model, ...given, count: (devices.get(key)?.count ?? 0) + group.count * count });
    }
  return [...devices.values()];
}

/** The room of some groups of nodes: `size`, when they are empty; `free`, as the engine reported, never above the size. */
export function roomOf(groups: readonly Nodes[], devices: readonly Device[], of: "size" | "free"): Room {
  return summed(merged(cellsOf(groups, devices, of)), devices.length);
}

/** The same of nodes that pools share, in parts; `pools`: of how many pools each part is. */
export function roomOfParts(
  parts: readonly { readonly pools: number; readonly nodes: readonly Nodes[] }[],
  devices: readonly Device[],
  of: "size" | "free",
): Room {
  const orders = parts
    .map(({ nodes }) => nodes.length)
    .map((_, at, all) => all.slice(0, at).reduce((a, b) => a + b, 0));
  const cells = parts.flatMap(({ pools, nodes }, part) =>
    cellsOf(nodes, devices, of).map((cell) => {
      const order = (orders[part] ?? 0) + cell.node.order;
      return { ...cell, node: { ...cell.node, order, shared: { part, pools } } };
    }),
  );
  return summed(merged(cells), devices.length);
}

/** What of it lies in some parts. */
export function roomInParts(room: Room, parts: readonly boolean[]): Room {
  return summed(
    room.cells.filter((cell) => isIn(cell, parts)),
    room.cards.length,
  );
}

/** Of each group, in their order. */
export function cellsOf(groups: readonly Nodes[], devices: readonly Device[], of: "size" | "free"): readonly Cell[] {
  const kindOf = nodeKinds(groups);
  return groups.map((group): Cell => {
    const { count, cores, memoryMib, free } = group;
    const cards = devices.map((device) => countOf(group.accelerators, device));
    const node = kindOf(group);
    if (of === "size") return { count, cores, memoryMib, cards, shared: null, node };
    return {
      count,
      cores: Math.min(cores, free.cores),
      memoryMib: Math.min(memoryMib, free.memoryMib),
      cards: devices.map((device, place) => Math.min(cards[place] ?? 0, countOf(free.accelerators, device))),
      shared: sharedOf(free.accelerators, devices),
      node,
    };
  });
}

/** Numbered by what they are, so that a report that names the groups in another order gives the same. */
function nodeKinds(groups: readonly Nodes[]): (group: Nodes) => NodeKind {
  const keyOf = ({ cores, memoryMib, accelerators, within }: Nodes) =>
    JSON.stringify([cores, memoryMib, accelerators, within]);
  const keys = groups.length === 1 ? [] : groups.map(keyOf);
  const orders = new Map([...new Set(keys)].sort().map((key, order) => [key, order]));
  return (group) => ({
    order: keys.length === 0 ? 0 : (orders.get(keyOf(group)) ?? 0),
    cores: group.cores,
    group: group.within ?? null,
    shared: null,
  });
}

function sharedOf(free: readonly DeviceCount[], devices: readonly Device[]): Cell["shared"] {
  if (!free.some(({ partsLeft }) => partsLeft && partsLeft.length > 0)) return null;
  return devices.map((device) =>
    free
      .filter(({ vendor, model }) => vendor === device.vendor && model === device.model)
      .flatMap(({ partsLeft = [] }) => partsLeft.map((parts) => milliOf(parts, device.parts)))
      .sort((a, b) => a - b),
  );
}

/**
 * What is given out where so much of a device is asked for: whole parts of it. Rounded down to thousandths, so that all
 * parts of a device fit it.
 */
export function shareGiven(askedMilli: number, parts: number): number {
  return milliOf(Math.ceil((askedMilli * parts) / 1000), parts);
}

function milliOf(count: number, parts = 1): number {
  return Math.floor((count * 1000) / parts);
}

function countOf(counts: readonly Device[], { vendor, model }: Device): number {
  return counts.reduce((sum, each) => sum + (each.vendor === vendor && each.model === model ? each.count : 0), 0);
}

/** `parts`: where pools share nodes, those of the pool that the run is in. */
export function needOf(allocation: Allocation, devices: readonly Device[], parts?: readonly boolean[]): Need {
  const { nodes, coresPerNode, memoryMibPerNode, acceleratorsPerNode, acceleratorVendor, acceleratorModel } =
    allocation;
  const { acceleratorShareMilli: shareMilli, wholeNodes, nodeGroups } = allocation;
  const device =
    acceleratorsPerNode === 0
      ? -1
      : devices.findIndex(({ vendor, model }) => vendor === acceleratorVendor && model === acceleratorModel);
  const need = { nodes, cores: coresPerNode, memoryMib: memoryMibPerNode, cards: acceleratorsPerNode, device };
  const isPlain = shareMilli === undefined && wholeNodes === undefined && nodeGroups === undefined;
  const all = isPlain ? need : { ...need, shareMilli, wholeNodes, nodeGroups };
  return parts === undefined ? all : { ...all, parts };
}

/** How many nodes have all of what each node must have, as far as they may go together; counts no further than `need.nodes`. */
export function nodesFitting(room: Room, need: Need): number {
  if (need.contiguous) return room.row ? nodesInARow(room.row, need) : 0;
  if (need.nodeGroups !== undefined) return nodesWithin(room.cells, need, need.nodeGroups);
  let found = 0;
  for (const cell of room.cells) {
    if (!holds(cell, need)) continue;
    found += cell.count;
    if (found >= need.nodes) return need.nodes;
  }
  return found;
}

/**
 * How many nodes there are in a row of which each has all of what each node must have, wherever the work is of which nobody
 * told: as many as make more rows beside each other than that has nodes. Counts no further than `need.nodes`.
 */
function nodesInARow({ nodes, more }: Row, need: Need): number {
  const { cells, somewhere } = nodes();
  const lengths = lengthsOf(cells, need);
  const rows = (of: number) => lengths.reduce((sum, length) => sum + Math.floor(length / of), 0);
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  let found = Math.min(need.nodes, longest);
  while (found > 0 && rows(found) <= somewhere + more) found -= 1;
  return found;
}

/** Of nodes that have it and stand next to each other; a row that would be in more groups than asked ends where they begin. */
function lengthsOf(cells: readonly (Cell | null)[], need: Need): readonly number[] {
  const lengths: number[] = [];
  let groups = new Set<string | null>();
  let length = 0;
  for (const cell of [...cells, null]) {
    const isFree = cell !== null && holds(cell, need) && (need.nodeGroups === undefined || cell.node.group !== null);
    const group = cell?.node.group ?? null;
    const isBeyond = need.nodeGroups !== undefined && !groups.has(group) && groups.size === need.nodeGroups;
    if ((!isFree || isBeyond) && length > 0) {
      lengths.push(length);
      length = 0;
      groups = new Set();
    }
    if (!isFree) continue;
    groups.add(group);
    length += 1;
  }
  return lengths;
}

/** Whether its cores find their nodes there, and its cards are no more than there are of one kind: what can be told of all jobs of a size. */
export function hasNodesFor(room: Room, { nodes, cores, cards }: Pick<Need, "nodes" | "cores" | "cards">): boolean {
  if (nodes * cores > room.cores || (cards > 0 && Math.max(0, ...room.cards) < nodes * cards)) return false;
  if (nodes === 1 && room.cells.length === 1 && room.cells[0]?.count === 1) return true;
  return nodesFitting(room, { nodes, cores, memoryMib: 0, cards: 0, device: -1 }) === nodes;
}

/** Whether one run finds its nodes there, and all of them together no more than the sums. */
export function hasRoom(room: Room, need: Need): boolean {
  const { nodes, cores, memoryMib } = need;
  if (nodes * cores > room.cores || nodes * memoryMib > room.memoryMib || !hasCards(room, need)) return false;
  const [only] = room.cells;
  // One node has what the sums say.
  if (nodes === 1 && only?.count === 1 && room.cells.length === 1 && isSaidBySums(need)) return true;
  return nodesFitting(room, need) === nodes;
}

/** Whether all its cards are no more than there are; of shares only that no more than may be given out. */
export function hasCards({ cards, mostMilli }: Room, { nodes, cards: asked, device, shareMilli }: Need): boolean {
  if (asked === 0) return true;
  if (shareMilli === undefined) return nodes * asked <= (cards[device] ?? 0);
  return mostMilli === undefined || nodes * shareMilli <= (mostMilli[device] ?? 0);
}

/** Whether a node that has the amounts has all that is needed. */
export function isSaidBySums({ shareMilli, wholeNodes }: Need): boolean {
  return shareMilli === undefined && wholeNodes === undefined;
}

/** The room left when as many of `copies` runs as fit are put in, and how many did. */
export function pack(room: Room, need: Need, copies: number): { readonly room: Room; readonly packed: number } {
  const [only] = room.cells;
  if (only && room.cells.length === 1 && only.count === 1 && copies === 1) {
    if (need.nodes > 1 || !holds(only, need)) return { room, packed: 0 };
    const cell = less(only, need, 1);
    return { room: { cells: [cell], cores: cell.cores, memoryMib: cell.memoryMib, cards: cell.cards }, packed: 1 };
  }
  let cells = room.cells;
  let packed = 0;
  while (packed < copies) {
    const next = need.nodes === 1 ? packOnto(cells, need, copies - packed) : packAcross(cells, need);
    if (!next) break;
    cells = next.cells;
    packed += next.packed;
  }
  if (packed === 0) return { room, packed };
  return { room: withMore(lessSums(room, cells, need, packed), room, need, packed), packed };
}

/** The sums with so many runs more, which are on these cells; of shares, whole nodes and rooms that a share bounds they are added up. */
function lessSums(
  { cores, memoryMib, cards, mostMilli }: Room,
  cells: readonly Cell[],
  need: Need,
  runs: number,
): Room {
  if (mostMilli !== undefined || !isSaidBySums(need)) return summed(cells, cards.length);
  const nodes = runs * need.nodes;
  const left = { cells, cores: cores - nodes * need.cores, memoryMib: memoryMib - nodes * need.memoryMib };
  if (need.cards === 0 || need.device === -1) return { ...left, cards };
  return { ...left, cards: cards.map((has, device) => (device === need.device ? has - nodes * need.cards : has)) };
}

/** With so many runs more: what is there is there, whether or not it finds a node here to stand on. */
export function putRuns(room: Room, need: Need, runs: number): Room {
  const done = pack(room, need, runs);
  return done.packed === runs ? done.room : squeeze(done.room, need, runs - done.packed);
}

/**
 * Takes the sums of runs that fit nowhere from what has most left, first of nodes that fewest pools share: never more than
 * there is. `beyond`: what even so finds nothing is as much on each of these parts, as other runs are where it may be.
 */
export function squeeze(room: Room, need: Need, copies: number, beyond: readonly number[] = []): Room {
  const runs = need.nodes * copies;
  const all: Sums = {
    cores: runs * need.cores,
    memoryMib: runs * need.memoryMib,
    cards: need.device === -1 ? 0 : runs * need.cards,
  };
  let { cells, short } = takeSums(room.cells, need.device, all, (cell) => isIn(cell, need.parts));
  for (const part of short.cores + short.memoryMib + short.cards === 0 ? [] : beyond)
    cells = takeSums(cells, need.device, short, ({ node }) => node.shared?.part === part).cells;
  return withMore(summed(merged(cells), room.cards.length), room, need, copies);
}

type Sums = { readonly cores: number; readonly memoryMib: number; readonly cards: number };

/** `short`: what there was not. */
function takeSums(
  cells: readonly Cell[],
  device: number,
  { cores, memoryMib, cards }: Sums,
  isMeant: (cell: Cell) => boolean,
): { readonly cells: readonly Cell[]; readonly short: Sums } {
  const left: Cell[] = [];
  const short = { cores, memoryMib, cards };
  for (const cell of [...cells].sort((a, b) => sharedBy(a) - sharedBy(b) || byLeft(b, a))) {
    let { count } = cell;
    for (; count > 0 && isMeant(cell); count--) {
      const taken = {
        cores: Math.min(short.cores, cell.cores),
        memoryMib: Math.min(short.memoryMib, cell.memoryMib),
        cards: Math.min(short.cards, cell.cards[device] ?? 0),
      };
      if (taken.cores + taken.memoryMib + taken.cards === 0) break;
      short.cores -= taken.cores;
      short.memoryMib -= taken.memoryMib;
      short.cards -= taken.cards;
      left.push({ ...less(cell, { nodes: 1, device, ...taken }, 1), count: 1 });
    }
    if (count > 0) left.push({ ...cell, count });
  }
  return { cells: left, short };
}

function isIn({ node }: Cell, parts: readonly boolean[] | undefined): boolean {
  return parts === undefined || node.shared === null || parts[node.shared.part] === true;
}

function sharedBy({ node }: Cell): number {
  return node.shared?.pools ?? 1;
}

/** On which nodes they are nobody says. */
function withMore(room: Room, { row }: Room, { nodes }: Need, copies: number): Room {
  return row ? { ...room, row: { ...row, more: row.more + nodes * copies } } : room;
}

/** Whether one of these nodes has all of what each node must have. */
export function holds(cell: Cell, need: Need): boolean {
  if (cell.cores < need.cores || cell.memoryMib < need.memoryMib) return false;
  if (need.parts !== undefined && !isIn(cell, need.parts)) return false;
  // All that runs on a node has a core of it.
  if (need.wholeNodes && cell.cores < cell.node.cores) return false;
  if (need.cards === 0 || (cell.cards[need.device] ?? 0) >= need.cards) return true;
  return need.shareMilli !== undefined && (cell.shared?.[need.device]?.at(-1) ?? 0) >= need.shareMilli;
}

/** Runs of one node, onto the fitting cell that has least left: a node takes as many as it holds before the next. */
function packOnto(
  cells: readonly Cell[],
  need: Need,
  copies: number,
): { readonly cells: readonly Cell[]; readonly packed: number } | null {
  // They stand by what they have left.
  const best = cells.findIndex((cell) => holds(cell, need));
  const cell = cells[best];
  if (!cell) return null;
  const each = Math.min(copies, capacity(cell, need));
  const nodes = Math.min(cell.count, Math.floor(copies / each));
  const left = [...cells];
  if (cell.count > nodes) left[best] = { ...cell, count: cell.count - nodes };
  else left.splice(best, 1);
  insertCell(left, { ...less(cell, need, each), count: nodes }, best);
  return { cells: left, packed: nodes * each };
}

/** Puts it in its place, which is before `end`, or to those that have the same left. */
function insertCell(cells: Cell[], cell: Cell, end: number): void {
  let at = end;
  for (let before = cells[at - 1]; before && byLeft(before, cell) > 0; before = cells[at - 1]) at -= 1;
  const alike = cells[at - 1];
  if (alike && byLeft(alike, cell) === 0) cells[at - 1] = { ...alike, count: alike.count + cell.count };
  else cells.splice(at, 0, cell);
}

/** One run of several nodes, onto the fitting nodes that have least left. */
function packAcross(
  cells: readonly Cell[],
  need: Need,
): { readonly cells: readonly Cell[]; readonly packed: number } | null {
  const chosen = need.nodeGroups === undefined ? null : groupsFor(cells, need, need.nodeGroups);
  const isFitting = (cell: Cell) => holds(cell, need) && (chosen === null || chosen.has(cell.node.group ?? ""));
  const fitting = cells.filter(isFitting).sort(byLeft);
  if (fitting.reduce((sum, cell) => sum + cell.count, 0) < need.nodes) return null;
  const left = cells.filter((cell) => !isFitting(cell));
  let nodes = need.nodes;
  for (const cell of fitting) {
    const taken = Math.min(nodes, cell.count);
    nodes -= taken;
    if (taken > 0) left.push({ ...less(cell, need, 1), count: taken });
    if (cell.count > taken) left.push({ ...cell, count: cell.count - taken });
  }
  return { cells: merged(left), packed: 1 };
}

/** How many fitting nodes the groups have that have most of them; counts no further than `need.nodes`. */
function nodesWithin(cells: readonly Cell[], need: Need, mostGroups: number): number {
  const found = fittingByGroup(cells, need)
    .slice(0, mostGroups)
    .reduce((sum, [, count]) => sum + count, 0);
  return Math.min(need.nodes, found);
}

/**
 * The groups it goes to: the one with fewest fitting nodes of those that have enough, so that the largest stay whole;
 * where none has, those with most.
 */
function groupsFor(cells: readonly Cell[], need: Need, mostGroups: number): ReadonlySet<string> {
  const groups = fittingByGroup(cells, need);
  const enough = groups.findLast(([, count]) => count >= need.nodes);
  return new Set((enough ? [enough] : groups.slice(0, mostGroups)).map(([group]) => group));
}

/** With most fitting nodes first; alike: by name. */
function fittingByGroup(cells: readonly Cell[], need: Need): readonly (readonly [group: string, nodes: number])[] {
  const counts = new Map<string, number>();
  for (const cell of cells) {
    const { group } = cell.node;
    if (group !== null && holds(cell, need)) counts.set(group, (counts.get(group) ?? 0) + cell.count);
  }
  return [...counts].sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1));
}

function capacity(cell: Cell, need: Need): number {
  if (need.wholeNodes) return 1;
  const by = (has: number, asked: number) => (asked === 0 ? Number.POSITIVE_INFINITY : Math.floor(has / asked));
  const cards = need.device === -1 ? Number.POSITIVE_INFINITY : cardsFor(cell, need);
  return Math.max(1, Math.min(by(cell.cores, need.cores), by(cell.memoryMib, need.memoryMib), cards));
}

/** How often the node has the cards, or the share of one, that is needed. */
function cardsFor({ cards, shared }: Cell, { cards: asked, device, shareMilli }: Need): number {
  const whole = cards[device] ?? 0;
  if (shareMilli === undefined) return asked === 0 ? Number.POSITIVE_INFINITY : Math.floor(whole / asked);
  const times = (shared?.[device] ?? []).reduce((sum, left) => sum + Math.floor(left / shareMilli), 0);
  return whole * Math.floor(1000 / shareMilli) + times;
}

/** What such nodes have left with so many runs on each. */
export function less(cell: Cell, need: Need, copies: number): Cell {
  if (need.wholeNodes) return { ...cell, cores: 0, memoryMib: 0, cards: cell.cards.map(() => 0), shared: null };
  const { count, cores, memoryMib, node } = cell;
  const left = { count, cores: cores - copies * need.cores, memoryMib: memoryMib - copies * need.memoryMib };
  if (need.cards === 0 || need.device === -1) return { ...left, cards: cell.cards, shared: cell.shared, node };
  if (need.shareMilli !== undefined)
    return { ...left, ...lessShares(cell, need.device, need.shareMilli, copies), node };
  const cards = cell.cards.map((has, device) => (device === need.device ? has - copies * need.cards : has));
  return { ...left, cards, shared: cell.shared, node };
}

/** Each from the device that has least left of those that have enough; a further device is begun where none has. */
function lessShares(
  { cards, shared }: Cell,
  device: number,
  shareMilli: number,
  copies: number,
): Pick<Cell, "cards" | "shared"> {
  const left = [...(shared?.[device] ?? [])];
  let begun = 0;
  for (let copy = 0; copy < copies; copy++) {
    const at = left.findIndex((milli) => milli >= shareMilli);
    if (at === -1) begun += 1;
    const [milli = 1000] = at === -1 ? [] : left.splice(at, 1);
    left.push(milli - shareMilli);
    left.sort((a, b) => a - b);
  }
  return {
    cards: cards.map((count, each) => (each === device ? count - begun : count)),
    shared: cards.map((_, each) => (each === device ? left : (shared?.[each] ?? []))),
  };
}

/**
 * Of nodes that pools share, those of fewest pools first, so that the others stay for those who may go there alone; then
 * fewest cards left, so that nodes with cards stay for those who ask for them; then cores, then memory.
 */
function byLeft(one: Cell, other: Cell): number {
  if (one.node.shared !== other.node.shared) {
    const pools = sharedBy(one) - sharedBy(other);
    if (pools !== 0) return pools;
  }
  for (let device = 0; device < one.cards.length; device++) {
    const more = (one.cards[device] ?? 0) - (other.cards[device] ?? 0);
    if (more !== 0) return more;
  }
  return (
    one.cores - other.cores ||
    one.memoryMib - other.memoryMib ||
    (one.shared === other.shared ? 0 : bySharesLeft(one.shared, other.shared)) ||
    one.node.order - other.node.order
  );
}

function bySharesLeft(one: Cell["shared"], other: Cell["shared"]): number {
  const [a, b] = [JSON.stringify(one), JSON.stringify(other)];
  return a === b ? 0 : a < b ? -1 : 1;
}

function merged(cells: readonly Cell[]): readonly Cell[] {
  if (cells.length < 2) return cells;
  const sorted = [...cells].sort(byLeft);
  const alike: Cell[] = [];
  for (const cell of sorted) {
    const last = alike.at(-1);
    if (last && byLeft(last, cell) === 0) alike[alike.length - 1] = { ...last, count: last.count + cell.count };
    else alike.push(cell);
  }
  return alike;
}

function summed(cells: readonly Cell[], devices: number): Room {
  let cores = 0;
  let memoryMib = 0;
  const cards = new Array<number>(devices).fill(0);
  for (const cell of cells) {
    cores += cell.count * cell.cores;
    memoryMib += cell.count * cell.memoryMib;
    for (let device = 0; device < devices; device++)
      cards[device] = (cards[device] ?? 0) + cell.count * (cell.cards[device] ?? 0);
  }
  return { cells, cores, memoryMib, cards };
}
