import type { AccountLimits } from "#core/centre/account-limits.ts";

/**
 * What a centre's engine says of itself, as its agent reports it: figures of the engine, never of the network. A pool is
 * one place where work queues (a partition of Slurm; the whole machine at a process centre).
 */
export type EngineReport = {
  readonly pools: readonly EnginePool[];
  readonly offers: EngineOffers;
  /** Which mechanisms are in use, in words for `weir centres` and the doctor: versions, cgroups, uids or none. */
  readonly mechanisms: Readonly<Record<string, string>>;
  /** Where runs are local users' own: what binds each person and project there. Absent: nothing is known to. */
  readonly limits?: readonly AccountLimits[] | undefined;
};

/**
 * What of a report is told as soon as it is seen: pools and nodes that came, went or are set aside, and an alarm of the
 * centre's. Its load is not.
 */
export function urgentOf({ pools, mechanisms }: EngineReport): string {
  const known = pools.map(({ name, state, nodes, shut, window }) => {
    const counts = new Map<string, number>();
    for (const { state: of, count, maintenance } of nodes) {
      const key = maintenance ? `${of}, maintenance is known` : of;
      counts.set(key, (counts.get(key) ?? 0) + count);
    }
    return [name, state, [...counts].sort(), shut ?? null, window !== undefined && window.startsInMs === 0];
  });
  return JSON.stringify([known, mechanisms.alarm ?? null]);
}

export type EnginePool = {
  readonly name: string;
  /** Whether the engine takes and starts work there at all. */
  readonly state: "up" | "drained" | "down";
  /** For jobs that name no memory. */
  readonly memoryMibPerCore: number;
  readonly limits: PoolLimits;
  /** Nodes that are alike in everything said here, together. */
  readonly nodes: readonly NodeGroup[];
  /** What the runs of this network hold there, as the engine counts it. */
  readonly ours: Amounts;
  readonly foreign: ForeignLoad;
  /** Absent: a job may ask that nobody else is on its nodes. */
  readonly givesWholeNodes?: false | undefined;
  /**
   * Its nodes in the order in which the engine counts which are next to each other, as engines write lists of hosts; names of
   * none of its nodes part what is before them from what is behind. Absent: a job cannot ask for nodes in a row there.
   */
  readonly row?: string | undefined;
  /** Of a pool whose nodes are the network's for a time (a reservation): that time, or its next one. Absent: always. */
  readonly window?: TimeWindow | undefined;
  /** Why there is nothing of a pool that its site has named; it is down then. Absent: it is there. */
  readonly shut?: ShutPool | undefined;
};

/**
 * `no-reservation`: the engine shows none of the name that the site gave it. `parts-of-nodes`: that does not hold whole
 * nodes. `no-partition`: there is none of that name. `not-allowed`: the site's own policy does not name what the pool is.
 */
export const shutPools = ["no-reservation", "parts-of-nodes", "no-partition", "not-allowed"] as const;
export type ShutPool = (typeof shutPools)[number];

/** What the engine enforces for one job; null: no limit. */
export type PoolLimits = {
  readonly timeLimitS: number | null;
  readonly leastNodes: number;
  readonly mostNodes: number | null;
};

export type NodeGroup = {
  /** As the engine writes lists of hosts: `c[001-120]`. */
  readonly names: string;
  readonly count: number;
  readonly state: "up" | "draining" | "down" | "maintenance";
  /** Why it is not up, in the engine's words. */
  readonly reason: string | null;
  /** Of ONE node. */
  readonly cores: number;
  readonly memoryMib: number;
  readonly accelerators: readonly DeviceCount[];
  readonly features: readonly string[];
  /** Of ONE node, not taken by anybody's work at the time of the report. */
  readonly free: Amounts;
  /** The group of nodes they are in, of which messages need not leave it (a leaf switch); absent: it is not known. */
  readonly within?: string | undefined;
  /** The next time that these nodes are taken out for maintenance, or this one while it lasts; absent: none is known. */
  readonly maintenance?: TimeWindow | undefined;
};

/** So many nodes that are alike, wherever they stand. */
export type Nodes = Omit<NodeGroup, "names">;

/** Milliseconds from the report; 0: it has begun. */
export type TimeWindow = { readonly startsInMs: number; readonly endsInMs: number };

export type Amounts = {
  readonly cores: number;
  readonly memoryMib: number;
  readonly accelerators: readonly DeviceCount[];
};

export type DeviceCount = {
  readonly vendor: string;
  readonly model: string;
  readonly count: number;
  /** Into how many equal parts one of them may be given out; absent: whole ones alone. */
  readonly parts?: number | undefined;
  /** The numbers of them that a job may have on a node (Ascend: pairs, or whole modules); absent: any. */
  readonly counts?: readonly number[] | undefined;
  /** Of what is free, beside `count`: of each that some parts are given out of, how many are left. */
  readonly partsLeft?: readonly number[] | undefined;
};

/** The work of others. */
export type ForeignLoad =
  /** The engine runs nobody else's work: `free` follows from what the network placed. */
  | { readonly kind: "none" }
  | {
      readonly kind: "seen";
      /** What runs, by when its time limit ends it; milliseconds from the report, soonest first. */
      readonly running: readonly { readonly cores: number; readonly endsInMs: number }[];
      readonly waiting: { readonly jobs: number; readonly cores: number };
    }
  /** Other users' jobs are hidden from the agent (PrivateData): load is what nodes report as allocated, without ends. */
  | { readonly kind: "hidden"; readonly why: string };

/** What else a centre declares, for work that names it (W1, W2). */
export type EngineOffers = {
  /** The words of `--partition`, `--qos`, … that the centre's alias table knows. */
  readonly aliases: Readonly<Record<AliasKind, readonly string[]>>;
  /** To which pool a word of `aliases.partition` leads; a word that is not here names the pool itself. */
  readonly partitionPools?: Readonly<Record<string, string>> | undefined;
  /** Which pool a word of `aliases.reservation` is; one that is not here is no pool of the network. */
  readonly reservationPools?: Readonly<Record<string, string>> | undefined;
  /** Of each pool that is a QoS, the words of `aliases.qos` that mean it; a pool that is not here is none. */
  readonly qosPools?: Readonly<Record<string, readonly string[]>> | undefined;
  /** `name/version`, as the centre lists its modules. */
  readonly software: readonly string[];
  readonly containers: readonly string[];
  readonly mpi: readonly string[];
  readonly fileSystems: readonly {
    readonly name: string;
    readonly path: string;
    readonly shared: boolean;
    readonly purgeDays: number | null;
  }[];
  readonly licences: readonly { readonly name: string; readonly total: number; readonly free: number }[];
  /**
   * Each run's own folder is `<run>/work` in this one, so that the network can say where a run's files are. Absent: nothing is
   * kept, or it is not so. At a Slurm centre it never is: runs lie in a folder of each local user's own, which names that user
   * or their home, and neither may be told (P2); within it they lie by chunk and restart. What is told there is the name of the
   * file as the job wrote it, and `weir logs` reads it as that user.
   */
  readonly runsFolder?: string | undefined;
};

export const aliasKinds = ["partition", "qos", "constraint", "gres", "licences", "reservation"] as const;
export type AliasKind = (typeof aliasKinds)[number];

export const noOffers: EngineOffers = {
  aliases: { partition: [], qos: [], constraint: [], gres: [], licences: [], reservation: [] },
  software: [],
  containers: [],
  mpi: [],
  fileSystems: [],
  licences: [],
};

type Whole = Pick<DeviceCount, "vendor" | "model" | "count" | "parts">;

/** What the nodes of a pool that are up have in all; of accelerators that are free, those of which nobody has a part. */
export function poolTotals(pool: {
  readonly nodes: readonly Nodes[];
}): Omit<Amounts, "accelerators"> & { readonly accelerators: readonly Whole[] } {
  let cores = 0;
  let memoryMib = 0;
  const accelerators = new Map<string, Whole>();
  for (const group of pool.nodes) {
    if (group.state !== "up") continue;
    cores += group.count * group.cores;
    memoryMib += group.count * group.memoryMib;
    for (const device of group.accelerators) {
      const key = `${device.vendor}/${device.model}`;
      const { vendor, model, parts } = device;
      const count = (accelerators.get(key)?.count ?? 0) + group.count * device.count;
      accelerators.set(key, { vendor, model, count, ...(parts !== undefined && { parts }) });
    }
  }
  return { cores, memoryMib, accelerators: [...accelerators.values()] };
}

/** One pool of one machine that only this network uses. */
export function oneMachine(
  name: string,
  machine: { readonly cores: number; readonly memoryMib: number; readonly memoryMibPerCore: number },
  accelerators: readonly DeviceCount[] = [],
): EnginePool {
  const { cores, memoryMib, memoryMibPerCore } = machine;
  const size = { cores, memoryMib, accelerators };
  return {
    name: "default",
    state: "up",
    memoryMibPerCore,
    limits: { timeLimitS: null, leastNodes: 1, mostNodes: 1 },
    nodes: [{ names: name, count: 1, state: "up", reason: null, ...size, features: [], free: size }],
    ours: { cores: 0, memoryMib: 0, accelerators: [] },
    foreign: { kind: "none" },
  };
}
