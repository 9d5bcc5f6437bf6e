import type { NodeGroup, Nodes } from "#core/centre/engine.ts";
import { hostNames, hostSpans, type Span } from "#core/centre/host-list.ts";

/**
 * Pools may name the same nodes (partitions that overlap). Which they share is known by the names of hosts alone, as the
 * centre reported them. docs/decisions/0065-nodes-that-pools-share.md.
 */
export type PoolNodes = { readonly nodes: readonly NodeGroup[] };

/** Nodes that lie in exactly the same pools. */
export type Part = {
  /** Places in the list of pools, ascending. */
  readonly pools: readonly number[];
  readonly nodes: readonly Nodes[];
};

/** All nodes of these pools in parts, in an order that does not depend on that of the report; null: no two share a node. */
export function partsOf(pools: readonly PoolNodes[]): readonly Part[] | null {
  if (pools.length < 2) return null;
  const groups = groupsApart(pools);
  if (groups === null) return partsByName(pools);
  if ([...groups.values()].every(({ places }) => places.length === 1)) return null;
  return partsIn([...groups.values()].map(({ group, places }) => ({ group, count: group.count, pools: places })));
}

/**
 * By the names of groups, where no two of them have a node in common unless they are the same: so agents report that know
 * of shared nodes. null: not so, or it cannot be said without looking at each name.
 */
function groupsApart(
  pools: readonly PoolNodes[],
): ReadonlyMap<string, { readonly group: NodeGroup; readonly places: number[] }> | null {
  const groups = new Map<string, { readonly group: NodeGroup; readonly places: number[] }>();
  const spans: Span[] = [];
  for (const [place, { nodes }] of pools.entries())
    for (const group of nodes) {
      const known = groups.get(group.names);
      if (known?.places.at(-1) === place) return null;
      known?.places.push(place);
      if (known) continue;
      groups.set(group.names, { group, places: [place] });
      const own = hostSpans(group.names);
      if (own?.reduce((sum, { first, last }) => sum + last - first + 1, 0) !== group.count) return null;
      spans.push(...own);
    }
  spans.sort((a, b) => (a.family === b.family ? a.first - b.first : a.family < b.family ? -1 : 1));
  const isApart = spans.every((span, at) => {
    const before = spans[at - 1];
    return before === undefined || before.family !== span.family || before.last < span.first;
  });
  return isApart ? groups : null;
}

function partsByName(pools: readonly PoolNodes[]): readonly Part[] | null {
  const hosts = new Map<string, { readonly group: NodeGroup; readonly count: number; pools: number[] }>();
  let isShared = false;
  for (const [place, { nodes }] of pools.entries())
    for (const group of nodes)
      for (const [name, count] of hostsOf(group)) {
        const known = hosts.get(name);
        if (!known) hosts.set(name, { group, count, pools: [place] });
        else if (known.pools.at(-1) !== place) {
          known.pools.push(place);
          isShared = true;
        }
      }
  return isShared ? partsIn([...hosts.values()]) : null;
}

function partsIn(
  all: readonly { readonly group: NodeGroup; readonly count: number; readonly pools: readonly number[] }[],
): readonly Part[] {
  const parts = new Map<string, { readonly pools: readonly number[]; readonly counts: Map<NodeGroup, number> }>();
  for (const { group, count, pools: places } of all) {
    const key = places.join(" ");
    const part = parts.get(key) ?? { pools: places, counts: new Map() };
    parts.set(key, part);
    part.counts.set(group, (part.counts.get(group) ?? 0) + count);
  }
  return [...parts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, part]) => ({
      pools: part.pools,
      nodes: [...part.counts].map(([{ names: _, ...group }, count]) => ({ ...group, count })),
    }));
}

/** Pools that share nodes, or are joined by others that do, stand together; all others stand alone. */
export function joinedBy(parts: readonly Part[]): readonly (readonly number[])[] {
  const sets: Set<number>[] = [];
  for (const { pools } of parts) {
    const met = sets.filter((set) => pools.some((place) => set.has(place)));
    const joined = new Set([...met.flatMap((set) => [...set]), ...pools]);
    for (const set of met) sets.splice(sets.indexOf(set), 1);
    sets.push(joined);
  }
  return sets.map((set) => [...set].sort((a, b) => a - b)).sort(([a = 0], [b = 0]) => a - b);
}

/** The nodes of all these pools, each once. */
export function eachOnce(pools: readonly PoolNodes[]): readonly Nodes[] {
  return partsOf(pools)?.flatMap(({ nodes }) => nodes) ?? pools.flatMap(({ nodes }) => nodes);
}

/** Of each pool the places of those that share nodes with it. */
export function sharersOf(pools: readonly PoolNodes[]): readonly (readonly number[])[] {
  const sharers = pools.map(() => new Set<number>());
  for (const part of partsOf(pools) ?? [])
    for (const one of part.pools) for (const other of part.pools) if (one !== other) sharers[one]?.add(other);
  return sharers.map((places) => [...places].sort((a, b) => a - b));
}

/** Names that do not tell as many nodes as there are stand for all of them together. */
function hostsOf({ names, count }: NodeGroup): readonly (readonly [name: string, count: number])[] {
  const hosts = hostNames(names);
  return hosts?.length === count ? hosts.map((name) => [name, 1]) : [[names, count]];
}
