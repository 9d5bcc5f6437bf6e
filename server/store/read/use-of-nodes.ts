/** Runs of one size on the same nodes. */
export type RunsOnNodes = {
  readonly centre: string;
  readonly on: readonly string[];
  readonly coresPerNode: number;
  readonly memoryMibPerNode: number;
  readonly runs: number;
};

export type UseOfNode = { readonly coresInUse: number; readonly memoryMibInUse: number; readonly runs: number };

/** What runs use of each group of nodes: by the names of nodes, so that many groups and many runs are each gone through once. */
export function usedOnNodes(
  groups: readonly { readonly centre: string; readonly names: readonly string[] }[],
  runs: readonly RunsOnNodes[],
): readonly UseOfNode[] {
  const uses = groups.map(() => ({ coresInUse: 0, memoryMibInUse: 0, runs: 0 }));
  const groupsOf = new Map<string, number[]>();
  for (const [at, { centre, names }] of groups.entries())
    for (const name of new Set(names)) {
      const key = `${centre} ${name}`;
      const known = groupsOf.get(key);
      if (known) known.push(at);
      else groupsOf.set(key, [at]);
    }
  for (const { centre, on, coresPerNode, memoryMibPerNode, runs: count } of runs) {
    const nodesIn = new Map<number, number>();
    for (const name of on)
      for (const at of groupsOf.get(`${centre} ${name}`) ?? []) nodesIn.set(at, (nodesIn.get(at) ?? 0) + 1);
    for (const [at, nodes] of nodesIn) {
      const use = uses[at];
      if (!use) continue;
      use.coresInUse += nodes * count * coresPerNode;
      use.memoryMibInUse += nodes * count * memoryMibPerNode;
      use.runs += count;
    }
  }
  return uses;
}
