import type { EnginePool, NodeGroup } from "#core/centre/engine.ts";
import type { Allocation } from "#core/run-order.ts";

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
};

/** So many nodes with so much left each; `cards` in the order of the pool's devices. */
export type Cell = {
  readonly count: number;
  readonly cores: number;
  readonly memoryMib: number;
  readonly cards: readonly number[];
};

/** What each of `nodes` nodes must have; `device`: the place among the pool's devices, -1 where no card is asked. */
export type Need = {
  readonly nodes: number;
  readonly cores: number;
  readonly memoryMib: number;
  readonly cards: number;
  readonly device: number;
};

export type Device = { readonly vendor: string; readonly model: string; readonly count: number };

export function deviceKey(vendor: string | null, model: string | null): string {
  return `${vendor ?? "any"}/${model ?? "any"}`;
}

/** All the kinds of device of a pool's nodes, whatever their state, each with how many there are. */
export function devicesOf(pool: Pick<EnginePool, "nodes">): readonly Device[] {
  const devices = new Map<string, Device>();
  for (const group of pool.nodes)
    for (const { vendor, model, count } of group.accelerators) {
      const key = deviceKey(vendor, model);
      devices.set(key, { vendor, model, count: (devices.get(key)?.count ?? 0) + group.count * count });
    }
  return [...devices.values()];
}

/** The room of some groups of nodes: `size`, when they are empty; `free`, as the engine reported, never above the size. */
export function roomOf(groups: readonly NodeGroup[], devices: readonly Device[], of: "size" | "free"): Room {
  const cells = groups.map((group): Cell => {
    const { count, cores, memoryMib, free } = group;
    const cards = devices.map((device) => countOf(group.accelerators, device));
    if (of === "size") return { count, cores, memoryMib, cards };
    return {
      count,
      cores: Math.min(cores, free.cores),
      memoryMib: Math.min(memoryMib, free.memoryMib),
      cards: devices.map((device, place) => Math.min(cards[place] ?? 0, countOf(free.accelerators, device))),
    };
  });
  return summed(merged(cells), devices.length);
}

function countOf(counts: readonly Device[], { vendor, model }: Device): number {
  return counts.reduce((sum, each) => sum + (each.vendor === vendor && each.model === model ? each.count : 0), 0);
}

export function needOf(allocation: Allocation, devices: readonly Device[]): Need {
  const { nodes, coresPerNode, memoryMibPerNode, acceleratorsPerNode, acceleratorVendor, acceleratorModel } =
    allocation;
  const device =
    acceleratorsPerNode === 0
      ? -1
      : devices.findIndex(({ vendor, model }) => vendor === acceleratorVendor && model === acceleratorModel);
  return { nodes, cores: coresPerNode, memoryMib: memoryMibPerNode, cards: acceleratorsPerNode, device };
}

/** How many nodes have all of what each node must have; counts no further than `need.nodes`. */
export function nodesFitting(room: Room, need: Need): number {
  let found = 0;
  for (const cell of room.cells) {
    if (!holds(cell, need)) continue;
    found += cell.count;
    if (found >= need.nodes) return need.nodes;
  }
  return found;
}

/** Whether one run finds its nodes there, and all of them together no more than the sums. */
export function hasRoom(room: Room, need: Need): boolean {
  const { nodes, cores, memoryMib, cards, device } = need;
  if (nodes * cores > room.cores || nodes * memoryMib > room.memoryMib) return false;
  if (cards > 0 && nodes * cards > (room.cards[device] ?? 0)) return false;
  const [only] = room.cells;
  // One node has what the sums say.
  if (nodes === 1 && only?.count === 1 && room.cells.length === 1) return true;
  return nodesFitting(room, need) === nodes;
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
  return { room: packed === 0 ? room : summed(cells, room.cards.length), packed };
}

/** Takes the sums of runs that fit nowhere from what has most left: never more than there is. */
export function squeeze(room: Room, need: Need, copies: number): Room {
  const runs = need.nodes * copies;
  let [cores, memoryMib, cards] = [
    runs * need.cores,
    runs * need.memoryMib,
    need.device === -1 ? 0 : runs * need.cards,
  ];
  const left: Cell[] = [];
  for (const cell of [...room.cells].sort(byLeft).reverse()) {
    let { count } = cell;
    for (; count > 0; count--) {
      const taken = {
        cores: Math.min(cores, cell.cores),
        memoryMib: Math.min(memoryMib, cell.memoryMib),
        cards: Math.min(cards, cell.cards[need.device] ?? 0),
      };
      if (taken.cores + taken.memoryMib + taken.cards === 0) break;
      cores -= taken.cores;
      memoryMib -= taken.memoryMib;
      cards -= taken.cards;
      left.push({ ...less(cell, { ...need, ...taken }, 1), count: 1 });
    }
    if (count > 0) left.push({ ...cell, count });
  }
  return summed(merged(left), room.cards.length);
}

/** Whether one of these nodes has all of what each node must have. */
export function holds(cell: Cell, need: Need): boolean {
  if (cell.cores < need.cores || cell.memoryMib < need.memoryMib) return false;
  return need.cards === 0 || (cell.cards[need.device] ?? 0) >= need.cards;
}

/** Runs of one node, onto the fitting cell that has least left: a node takes as many as it holds before the next. */
function packOnto(
  cells: readonly Cell[],
  need: Need,
  copies: number,
): { readonly cells: readonly Cell[]; readonly packed: number } | null {
  let best = -1;
  for (let at = 0; at < cells.length; at++) {
    const cell = cells[at];
    const least = cells[best];
    if (cell && holds(cell, need) && (!least || byLeft(cell, least) < 0)) best = at;
  }
  const cell = cells[best];
  if (!cell) return null;
  const each = Math.min(copies, capacity(cell, need));
  const nodes = Math.min(cell.count, Math.floor(copies / each));
  const left = cells.filter((_, at) => at !== best);
  if (cell.count > nodes) left.push({ ...cell, count: cell.count - nodes });
  left.push({ ...less(cell, need, each), count: nodes });
  return { cells: merged(left), packed: nodes * each };
}

/** One run of several nodes, onto the fitting nodes that have least left. */
function packAcross(
  cells: readonly Cell[],
  need: Need,
): { readonly cells: readonly Cell[]; readonly packed: number } | null {
  const fitting = cells.filter((cell) => holds(cell, need)).sort(byLeft);
  if (fitting.reduce((sum, cell) => sum + cell.count, 0) < need.nodes) return null;
  const left = cells.filter((cell) => !holds(cell, need));
  let nodes = need.nodes;
  for (const cell of fitting) {
    const taken = Math.min(nodes, cell.count);
    nodes -= taken;
    if (taken > 0) left.push({ ...less(cell, need, 1), count: taken });
    if (cell.count > taken) left.push({ ...cell, count: cell.count - taken });
  }
  return { cells: merged(left), packed: 1 };
}

function capacity(cell: Cell, need: Need): number {
  const by = (has: number, asked: number) => (asked === 0 ? Number.POSITIVE_INFINITY : Math.floor(has / asked));
  const cards = need.device === -1 ? Number.POSITIVE_INFINITY : by(cell.cards[need.device] ?? 0, need.cards);
  return Math.max(1, Math.min(by(cell.cores, need.cores), by(cell.memoryMib, need.memoryMib), cards));
}

function less(cell: Cell, need: Need, copies: number): Cell {
  const cards =
    need.cards === 0 || need.device === -1
      ? cell.cards
      : cell.cards.map((count, device) => (device === need.device ? count - copies * need.cards : count));
  const { count, cores, memoryMib } = cell;
  return { count, cores: cores - copies * need.cores, memoryMib: memoryMib - copies * need.memoryMib, cards };
}

/** Fewest cards left first, so that nodes with cards stay for those who ask for them; then cores, then memory. */
function byLeft(one: Cell, other: Cell): number {
  for (let device = 0; device < one.cards.length; device++) {
    const more = (one.cards[device] ?? 0) - (other.cards[device] ?? 0);
    if (more !== 0) return more;
  }
  return one.cores - other.cores || one.memoryMib - other.memoryMib;
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
