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
export function largestFirst(sorts: Iterable<Sort>): readonly Sort[] {
  return [...sorts].sort((a, b) => (isPutBefore(a, b) ? -1 : 1));
}

/** Of two that are alike neither is. */
export function isPutBefore(one: Sort, other: Sort): boolean {
  const more = bySize(one.allocation, other.allocation);
  if (more !== 0) return more > 0;
  return sortKey(one.line, one.allocation) < sortKey(other.line, other.allocation);
}

function bySize(one: Allocation, other: Allocation): number {
  return (
    one.nodes - other.nodes ||
    cardsMilli(one) - cardsMilli(other) ||
    one.coresPerNode - other.coresPerNode ||
    one.memoryMibPerNode - other.memoryMibPerNode
  );
}

function cardsMilli({ acceleratorsPerNode, acceleratorShareMilli = 1000 }: Allocation): number {
  return acceleratorsPerNode * acceleratorShareMilli;
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
