import type { Allocation } from "#core/run-order.ts";
import type { PoolRecord, Sort } from "#core/scheduling/centres.ts";

/** By which the runs of a pool are told apart. */
export function sortKey(line: string, allocation: Allocation): string {
  const { memoryMibPerNode, acceleratorVendor, acceleratorModel } = allocation;
  const { acceleratorShareMilli, wholeNodes, nodeGroups, contiguous, coresPerNode } = allocation;
  const key = `${line} ${memoryMibPerNode} ${acceleratorVendor}/${acceleratorModel}`;
  const isPlain = wholeNodes === undefined && nodeGroups === undefined && contiguous === undefined;
  if (acceleratorShareMilli === undefined && isPlain) return key;
  return `${key} ${acceleratorShareMilli ?? ""} ${wholeNodes ? coresPerNode : ""} ${nodeGroups ?? ""} ${contiguous ? "row" : ""}`;
}

/** The order in which runs are put on nodes: the same whatever order they came in. */
export function largestFirst(sorts: Iterable<readonly [key: string, sort: Sort]>): readonly Sort[] {
  const size = ({ nodes, coresPerNode: cores, memoryMibPerNode: mib, ...cards }: Allocation) =>
    [nodes, cards.acceleratorsPerNode * (cards.acceleratorShareMilli ?? 1000), cores, mib] as const;
  return [...sorts]
    .map(([key, sort]) => ({ key, sort, size: size(sort.allocation) }))
    .sort((a, b) => {
      for (let i = 0; i < 4; i++) {
        const more = (b.size[i] ?? 0) - (a.size[i] ?? 0);
        if (more !== 0) return more;
      }
      return a.key < b.key ? -1 : 1;
    })
    .map(({ sort }) => sort);
}

/** How many of so many runs the engine does not count yet: of those that it does, first what runs, then what is on the way. */
export type Uncounted = (sort: Sort, runs: number) => number;

export function uncountedIn({ state }: Pick<PoolRecord, "state">): Uncounted {
  let counted = state?.ours.cores ?? 0;
  return ({ allocation }, runs) => {
    const each = allocation.nodes * allocation.coresPerNode;
    const known = Math.min(runs, Math.floor(counted / each));
    counted -= known * each;
    return runs - known;
  };
}
