import type { NodeGroup } from "#core/centre/engine.ts";
import { hostNames } from "#core/centre/host-list.ts";
import type { LiveRun } from "#core/scheduling/job-record.ts";
import { type Cell, cellsOf, type Device, holds, less, type Need, needOf } from "#core/scheduling/room.ts";

/**
 * The nodes of a pool in the order in which its engine counts which are next to each other, for work whose nodes are to stand
 * in a row. On which nodes a run is the centre alone knows: where it told, these are taken. Of all other runs it counts on how
 * many nodes they are, and in a row is what is so wherever they may be (docs/decisions/0059). Nothing of it is worked out
 * before somebody asks.
 */
export type Row = {
  readonly nodes: () => RowNodes;
  /** On so many nodes there is more work besides, nobody knows on which. */
  readonly more: number;
};

type RowNodes = {
  readonly places: ReadonlyMap<string, number>;
  /** In turn, what each has left; null: it is down, or none of the pool's. */
  readonly cells: readonly (Cell | null)[];
  /** On so many nodes there is work, nobody knows on which. */
  readonly somewhere: number;
};

/** `names`: all in their order. `cells`: of each group of nodes named, what one of it has; the others have nothing. */
function rowOf(names: string, cells: () => Iterable<readonly [names: string, cell: Cell]>): Row {
  const nodes = once((): RowNodes => {
    const places = new Map((hostNames(names) ?? []).map((name, place) => [name, place]));
    const row = new Array<Cell | null>(places.size).fill(null);
    for (const [group, cell] of cells())
      for (const name of hostNames(group) ?? []) {
        const place = places.get(name);
        if (place !== undefined) row[place] = { ...cell, count: 1 };
      }
    return { places, cells: row, somewhere: 0 };
  });
  return { nodes, more: 0 };
}

/** Of groups of nodes of a pool; `names` undefined: its engine does not say which are next to each other. */
export function rowOfNodes(
  names: string | undefined,
  groups: readonly NodeGroup[],
  devices: readonly Device[],
  of: "size" | "free",
): Row | undefined {
  if (names === undefined) return undefined;
  return rowOf(names, () => cellsOf(groups, devices, of).map((cell, at) => [groups[at]?.names ?? "", cell] as const));
}

/** The same with these runs on it. */
export function rowBeside(row: Row, runs: readonly LiveRun[], devices: readonly Device[]): Row {
  const nodes = once((): RowNodes => {
    const { places, cells, somewhere } = row.nodes();
    const left = [...cells];
    let untold = 0;
    for (const { nodes: told, sort } of runs) {
      const need = needOf(sort.allocation, devices);
      const known = told?.flatMap((name) => places.get(name) ?? []) ?? [];
      for (const place of known) left[place] = takenOf(left[place] ?? null, need);
      untold += Math.max(0, need.nodes - known.length);
    }
    return { places, cells: left, somewhere: somewhere + untold };
  });
  return { nodes, more: row.more };
}

function takenOf(cell: Cell | null, need: Need): Cell | null {
  return cell && holds(cell, need) ? less(cell, need, 1) : null;
}

function once<Value>(work: () => Value): () => Value {
  let known: { readonly value: Value } | null = null;
  return () => {
    known ??= { value: work() };
    return known.value;
  };
}
