import { withinShare } from "#core/scheduling/agreed.ts";
import type { CentreRecord, PoolRecord } from "#core/scheduling/centres.ts";
import { leftOf } from "#core/scheduling/centres.ts";
import { mostNodes } from "#core/scheduling/fit.ts";
import type { Cell, Device, Room } from "#core/scheduling/room.ts";

/** A shape that could start now: so many nodes, each with all of this. `accelerators` null: without a card. */
export type StartableShape = {
  readonly nodes: number;
  readonly coresPerNode: number;
  readonly memoryMibPerNode: number;
  readonly accelerators: { readonly vendor: string; readonly model: string; readonly perNode: number } | null;
};

/** By the name of the pool. */
export function headroomOf(centre: CentreRecord | undefined): ReadonlyMap<string, readonly StartableShape[]> {
  return new Map(centre?.pools.map((pool) => [pool.name, startableShapes(pool)]));
}

/**
 * The largest shapes that a pool could start now: none of them is within another, and what could start is within one of
 * them. A sum of what is free says less: 64 nodes with one free core each start nothing of 64 cores on one node. At most
 * `mostShapes`, those of the most cards and cores in all first, and the largest in each respect always. Empty where nothing new is sent.
 */
function startableShapes(pool: PoolRecord): readonly StartableShape[] {
  const { centre, state } = pool;
  if (state?.state !== "up" || !isTaking(centre) || !centre.pools.includes(pool)) return [];
  if (pool.opening.kind === "closed") return [];
  const { leastNodes, mostNodes: mostOfPool } = state.limits;
  const most = Math.min(mostNodes(centre), mostOfPool ?? Number.POSITIVE_INFINITY);
  const left = leftOf(pool);
  const room = withinShare(pool, left.room, left.ours);
  const cells = room.cells.map((cell) => within(cell, room));
  const found = [-1, ...pool.devices.keys()].flatMap((device) =>
    corners(cells, device).flatMap((corner) => {
      const nodes = Math.min(most, nodesWith(cells, corner, device), timesIn(room, corner, device));
      return nodes < leastNodes ? [] : [shapeOf(corner, nodes, pool.devices[device])];
    }),
  );
  return fewOf(largestOf(found));
}

const mostShapes = 6;
/** Of each of cores, memory and cards, so many different amounts are looked at. */
const mostAmounts = 8;

/** What one job could have of a node: no more than is left in all. */
function within(cell: Cell, room: Room): Cell {
  return {
    ...cell,
    cores: Math.min(cell.cores, room.cores),
    memoryMib: Math.min(cell.memoryMib, room.memoryMib),
    cards: cell.cards.map((count, device) => Math.min(count, room.cards[device] ?? 0)),
  };
}

function timesIn(room: Room, { cores, memoryMib, cards }: Corner, device: number): number {
  const byCards = device === -1 ? Number.POSITIVE_INFINITY : (room.cards[device] ?? 0) / cards;
  return Math.floor(Math.min(room.cores / cores, room.memoryMib / memoryMib, byCards));
}

function isTaking({ state }: CentreRecord): boolean {
  return state?.connection === "connected" && state.intake === "open";
}

type Corner = { readonly cores: number; readonly memoryMib: number; readonly cards: number };

/** What a node of the largest shapes may have: every amount that some node has left, with every other. */
function corners(cells: readonly Cell[], device: number): readonly Corner[] {
  const usable = cells.filter(
    (cell) => cell.cores > 0 && cell.memoryMib > 0 && (device === -1 || cardsIn(cell, device) > 0),
  );
  const cards = device === -1 ? [0] : amounts(usable.map((cell) => cardsIn(cell, device)));
  const memories = amounts(usable.map(({ memoryMib }) => memoryMib));
  return amounts(usable.map((cell) => cell.cores)).flatMap((cores) =>
    memories.flatMap((memoryMib) => cards.map((count) => ({ cores, memoryMib, cards: count }))),
  );
}

/** Different ones, the least and the greatest among them. */
function amounts(all: readonly number[]): readonly number[] {
  const different = [...new Set(all)].sort((a, b) => a - b);
  if (different.length <= mostAmounts) return different;
  const step = (different.length - 1) / (mostAmounts - 1);
  return Array.from({ length: mostAmounts }, (_, at) => different[Math.round(at * step)] ?? 0);
}

function nodesWith(cells: readonly Cell[], { cores, memoryMib, cards }: Corner, device: number): number {
  let nodes = 0;
  for (const cell of cells)
    if (cell.cores >= cores && cell.memoryMib >= memoryMib && cardsIn(cell, device) >= cards) nodes += cell.count;
  return nodes;
}

function cardsIn(cell: Cell, device: number): number {
  return device === -1 ? 0 : (cell.cards[device] ?? 0);
}

function shapeOf({ cores, memoryMib, cards }: Corner, nodes: number, device: Device | undefined): StartableShape {
  const accelerators = device ? { vendor: device.vendor, model: device.model, perNode: cards } : null;
  return { nodes, coresPerNode: cores, memoryMibPerNode: memoryMib, accelerators };
}

function largestOf(shapes: readonly StartableShape[]): readonly StartableShape[] {
  const sized = shapes.map((shape) => ({ shape, size: sizeOf(shape) })).sort((a, b) => byFirst(b.size, a.size));
  const kept: StartableShape[] = [];
  // What holds another is not after it in this order.
  for (const { shape } of sized) if (!kept.some((one) => isWithin(shape, one))) kept.push(shape);
  return kept;
}

function fewOf(shapes: readonly StartableShape[]): readonly StartableShape[] {
  if (shapes.length <= mostShapes) return shapes;
  const respects: readonly ((shape: StartableShape) => number)[] = [
    (shape) => sizeOf(shape)[0] ?? 0,
    (shape) => shape.nodes * shape.coresPerNode,
    (shape) => shape.nodes,
    (shape) => shape.coresPerNode,
    (shape) => shape.memoryMibPerNode,
  ];
  const kept = new Set(respects.map((of) => shapes.reduce((best, each) => (of(each) > of(best) ? each : best))));
  for (const shape of shapes) if (kept.size < mostShapes) kept.add(shape);
  return shapes.filter((shape) => kept.has(shape));
}

function sizeOf({ nodes, coresPerNode, memoryMibPerNode, accelerators }: StartableShape): readonly number[] {
  return [nodes * (accelerators?.perNode ?? 0), nodes * coresPerNode, nodes * memoryMibPerNode, nodes];
}

function byFirst(one: readonly number[], other: readonly number[]): number {
  for (const [at, value] of one.entries()) if (value !== other[at]) return value - (other[at] ?? 0);
  return 0;
}

function isWithin(one: StartableShape, other: StartableShape): boolean {
  if (one.nodes > other.nodes || one.coresPerNode > other.coresPerNode) return false;
  if (one.memoryMibPerNode > other.memoryMibPerNode) return false;
  if (one.accelerators === null) return true;
  if (other.accelerators === null) return false;
  const { vendor, model, perNode } = one.accelerators;
  return (
    vendor === other.accelerators.vendor && model === other.accelerators.model && perNode <= other.accelerators.perNode
  );
}
