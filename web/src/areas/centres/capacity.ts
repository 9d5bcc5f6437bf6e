import type { Answer } from "#api/client.ts";
import type { Centre } from "#api/network.ts";

type Pool = Centre["pools"][number];

export function cardsOf(pools: readonly Pool[]): number {
  return pools.reduce((sum, pool) => sum + pool.accelerators.reduce((of, one) => of + one.count, 0), 0);
}

/** "64 × Ascend 910b, 8 × …" */
export function cardsText(pools: readonly Pick<Pool, "accelerators">[]): string {
  const counts = new Map<string, number>();
  for (const { vendor, model, count } of pools.flatMap((pool) => pool.accelerators)) {
    const name = `${vendor} ${model}`.trim();
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return [...counts]
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} × ${name}`)
    .join(", ");
}

/** Of pools together: what the network's runs hold, what others hold, and what is left for anybody. */
export type Load = { readonly used: number; readonly others: number; readonly free: number; readonly total: number };

/**
 * Where others work too, what is neither the network's nor free counts as theirs (their jobs, and nodes that are out).
 * Where nobody else does, the network's own figures say all: those of the engine come later.
 */
export function loadOf(pools: readonly Pool[], of: (pool: Pool) => Omit<Load, "others">): Load {
  return together(
    pools.map((pool) => {
      const { used, free, total } = of(pool);
      const others = pool.foreign.kind === "none" ? 0 : Math.max(0, total - used - free);
      return { used, others, free: Math.max(0, total - used - others), total };
    }),
  );
}

/** Its pools; where some share nodes, all as one that has each node once. */
function poolsOnce({ pools, together }: Sited): readonly Pool[] {
  const [first] = pools;
  if (!first || pools.every(({ sharesNodesWith }) => sharesNodesWith.length === 0)) return pools;
  const one = pools.find(({ foreign }) => foreign.kind !== "none") ?? first;
  const serving = pools.find(({ lifeCycle }) => lifeCycle === "in-service");
  const inUse = {
    lifeCycle: (serving ?? one).lifeCycle,
    coresInUse: pools.reduce((sum, pool) => sum + pool.coresInUse, 0),
    memoryMibInUse: pools.reduce((sum, pool) => sum + pool.memoryMibInUse, 0),
  };
  return [{ ...one, ...together, ...inUse }];
}

type Sited = Pick<Centre, "lifeCycle" | "intake" | "state" | "pools" | "together">;

/** Of centres together: nothing is free where nothing can start, as where nobody is reached. */
export function loadOfCentres(centres: readonly Sited[], of: (pools: readonly Pool[]) => Load): Load {
  return together(
    centres.flatMap((centre) => {
      const { lifeCycle, intake, state } = centre;
      const pools = poolsOnce(centre);
      const takesWork = lifeCycle === "in-service" && intake === "open" && state === "connected";
      const shut = pools.filter((pool) => !takesWork || pool.lifeCycle !== "in-service");
      if (takesWork && shut.length === 0) return [of(pools)];
      const serving = pools.filter((pool) => !shut.includes(pool));
      return [...(serving.length === 0 ? [] : [of(serving)]), { ...of(shut), free: 0 }];
    }),
  );
}

/** Of the nodes of one line together, as the command line has it: what the network's runs hold on them, of all there is. */
export function nodesLoad(nodes: NodesLine): {
  readonly cores: Omit<Load, "others">;
  readonly memory: Omit<Load, "others">;
} {
  const { count, cores, memoryMib, free, coresInUse, memoryMibInUse } = nodes;
  const of = (used: number, total: number, freeOfOne: number) => ({
    used,
    total: count * total,
    free: Math.min(count * freeOfOne, Math.max(0, count * total - used)),
  });
  return { cores: of(coresInUse, cores, free.cores), memory: of(memoryMibInUse, memoryMib, free.memoryMib) };
}

type NodesLine = Pick<
  Answer<"nodes">["nodes"][number],
  "count" | "cores" | "memoryMib" | "free" | "coresInUse" | "memoryMibInUse"
>;

function together(loads: readonly Load[]): Load {
  return loads.reduce(
    (sum, one) => ({
      used: sum.used + one.used,
      others: sum.others + one.others,
      free: sum.free + one.free,
      total: sum.total + one.total,
    }),
    { used: 0, others: 0, free: 0, total: 0 },
  );
}

export const coresLoad = (pools: readonly Pool[]) =>
  loadOf(pools, ({ coresInUse, free, cores }) => ({ used: coresInUse, free: free.cores, total: cores }));
export const memoryLoad = (pools: readonly Pool[]) =>
  loadOf(pools, ({ memoryMibInUse, free, memoryMib }) => ({
    used: memoryMibInUse,
    free: free.memoryMib,
    total: memoryMib,
  }));
