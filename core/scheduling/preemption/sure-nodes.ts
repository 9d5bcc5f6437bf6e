import { type PoolRecord, roomBeside } from "#core/scheduling/centres.ts";
import type { LiveRun } from "#core/scheduling/job-record.ts";
import { type Cell, holds, type Need, needOf, type Room } from "#core/scheduling/room.ts";

/**
 * How many nodes of a pool surely have room for a need once some runs are over, whichever nodes the centre has put its runs
 * on. On several nodes that is the centre's affair and nobody here knows it, so only what holds for every choice of it
 * counts (docs/decisions/0043):
 *
 * - nodes that no run is left on: there are at least as many as could hold the need, less the nodes of all that goes on;
 * - nodes that nobody is on already, and beside them those of runs which had as much of each of their nodes as is needed: of
 *   one such run each node is another; of several, no more are on one node than it has room for.
 */
export type SureNodes = (ended: readonly LiveRun[]) => number;

/** `byMs`: when they will be over; what is kept for others by then is theirs. */
export function sureNodes(pool: PoolRecord, need: Need, byMs: number): SureNodes {
  // Which nodes lie together is as little known as which they are.
  if (need.nodeGroups !== undefined || need.contiguous) return () => 0;
  const up = countOf(pool.upSize, need);
  const out = countOf(pool.size, need) - up;
  const nodesOf = (runs: readonly LiveRun[]) => runs.reduce((sum, { sort }) => sum + sort.allocation.nodes, 0);
  const all = nodesOf(pool.runs);
  // What has not started may start wherever something ends.
  const onTheWay = nodesOf(pool.runs.filter(({ phase }) => phase !== "running"));
  const kept = pool.reservations.reduce((sum, one) => sum + (one.atMs <= byMs ? one.need.nodes : 0), 0);
  return (ended) => {
    const empty = up - (all - nodesOf(ended));
    const beside = Math.max(0, up - all) + Math.max(0, left(pool, need, ended) - out - onTheWay);
    return Math.max(empty, beside) - kept;
  };
}

/** What is free as the world reckons it once some runs are over. */
export function roomWithout(pool: PoolRecord, ended: readonly LiveRun[]): Room {
  const over = new Set(ended);
  return roomBeside(
    pool,
    pool.runs.filter((run) => !over.has(run)),
  );
}

/** How many different nodes the runs leave that each had as much of its nodes as is needed. */
function left(pool: PoolRecord, need: Need, ended: readonly LiveRun[]): number {
  const owns = ended.map(({ sort }) => needOf(sort.allocation, pool.devices)).filter((own) => covers(own, need));
  if (owns.length === 0) return 0;
  const least: Need = {
    ...need,
    cores: Math.min(...owns.map(({ cores }) => cores)),
    memoryMib: Math.min(...owns.map(({ memoryMib }) => memoryMib)),
    cards: need.cards === 0 ? 0 : Math.min(...owns.map(({ cards }) => cards)),
  };
  const onOne = Math.max(1, ...pool.size.cells.map((cell) => copiesOn(cell, least)));
  const all = owns.reduce((sum, { nodes }) => sum + nodes, 0);
  return Math.max(Math.ceil(all / onOne), ...owns.map(({ nodes }) => nodes));
}

function covers(own: Need, need: Need): boolean {
  if (own.cores < need.cores || own.memoryMib < need.memoryMib) return false;
  if (need.wholeNodes && !own.wholeNodes) return false;
  if (need.cards === 0) return true;
  // Of a card that is given out in shares others may have the rest.
  const isWhole = own.shareMilli === undefined && need.shareMilli === undefined;
  return isWhole && own.device === need.device && own.cards >= need.cards;
}

/** So many of them one node has room for. */
function copiesOn(cell: Cell, { cores, memoryMib, cards, device }: Need): number {
  const by = (has: number, asked: number) => (asked === 0 ? Number.POSITIVE_INFINITY : Math.floor(has / asked));
  return Math.min(by(cell.cores, cores), by(cell.memoryMib, memoryMib), by(cell.cards[device] ?? 0, cards));
}

function countOf({ cells }: Room, need: Need): number {
  return cells.reduce((sum, cell) => sum + (holds(cell, need) ? cell.count : 0), 0);
}
