import type pg from "pg";
import type { z } from "zod";
import type { Centre, node, pool } from "#api/network.ts";
import type { DriverName } from "#core/centre/centre.ts";
import {
  type EnginePool,
  type EngineReport,
  type ForeignLoad,
  type NodeGroup,
  type Nodes,
  poolTotals,
  type TimeWindow,
} from "#core/centre/engine.ts";
import { hostNames } from "#core/centre/host-list.ts";
import { eachOnce, sharersOf } from "#core/centre/shared-nodes.ts";
import { capacityTotals, type StatedCapacity, statedStage } from "#core/centre/stated-capacity.ts";
import { type CentreTerms, defaultTerms, poolTerms, regionOf } from "#core/centre/terms.ts";
import { unreachable } from "#core/unreachable.ts";
import { readLines } from "#server/store/stated-capacity.ts";
import { type UseOfNode, usedOnNodes } from "./use-of-nodes.ts";

type PoolView = z.output<typeof pool>;
export type NodeView = z.output<typeof node>;

/** Centres in the order of their ids, with their pools and what runs there now. `only`: the one of that id. */
export async function readCentres(db: Query, page: CentrePage): Promise<readonly Centre[]> {
  const centres = await db.query<CentreRow>(
    `select id, name, name_zh, region_code, driver, life_cycle, intake, agent_version, engine, engine_ms, last_seen_ms, unreachable_since_ms,
       (select terms from centre_terms t where t.centre_id = centre.id order by t.id desc limit 1) as terms
     from centre where ($1::text is null or id > $1) and ($2::text is null or id = $2) order by id limit $3`,
    [page.after, page.only ?? null, page.limit],
  );
  const ids = centres.rows.map((row) => row.id);
  const pools = await readPools(db, ids);
  const stated = await readLines(db, ids);
  const uses = await readUses(db, ids);
  return centres.rows.map((row) =>
    centreView(
      row,
      pools.filter((pool) => pool.centre_id === row.id),
      stated.filter(({ centre }) => centre === row.id),
      uses,
    ),
  );
}

function centreView(
  row: CentreRow,
  pools: readonly PoolRow[],
  stated: readonly StatedCapacity[],
  uses: readonly PoolUse[],
): Centre {
  const told = row.engine?.pools.map((pool) => (row.life_cycle === "retired" ? asLeft(pool) : pool)) ?? [];
  const described = pools.map(({ name }) => told.find((pool) => pool.name === name) ?? null);
  const nodes = described.map((told) => ({ nodes: told?.nodes ?? [] }));
  const sharers = sharersOf(nodes);
  return {
    id: row.id,
    name: row.name,
    nameZh: row.name_zh,
    regionCode: row.region_code,
    region: regionOf(row.terms, row.region_code),
    driver: row.driver,
    lifeCycle: row.life_cycle,
    intake: row.intake,
    state: stateOf(row),
    lastSeenMs: row.last_seen_ms,
    unreachableSinceMs: row.unreachable_since_ms,
    agentVersion: row.agent_version,
    mechanisms: row.engine?.mechanisms ?? {},
    capacity: capacityTotals(stated, row.life_cycle).map(({ gigaflops, ...total }) => ({
      ...total,
      valueGigaflops: `${gigaflops}`,
    })),
    pools: pools.map((pool, place) => ({
      ...poolView(row, pool, described[place] ?? null, uses),
      lifeCycle: statedStage(stated, pool.name) ?? pool.life_cycle,
      sharesNodesWith: (sharers[place] ?? []).flatMap((other) => pools[other]?.name ?? []),
    })),
    together: nodesView(eachOnce(nodes)),
  };
}

/** What it had by its last report, of which nothing is there for anybody any more. */
function asLeft(pool: EnginePool): EnginePool {
  const free = { cores: 0, memoryMib: 0, accelerators: [] };
  const nodes = pool.nodes.map(({ maintenance: _, ...group }) => ({ ...group, free }));
  return { ...pool, nodes, foreign: { kind: "none" } };
}

type Query = Pick<pg.Pool, "query">;
export type CentrePage = { readonly after: string | null; readonly limit: number; readonly only?: string };

type CentreRow = {
  readonly id: string;
  readonly name: string;
  readonly name_zh: string | null;
  readonly region_code: string | null;
  readonly driver: DriverName;
  readonly life_cycle: Centre["lifeCycle"];
  readonly intake: Centre["intake"];
  readonly terms: CentreTerms | null;
  readonly agent_version: string | null;
  readonly engine: EngineReport | null;
  /** null: reported by an earlier server. */
  readonly engine_ms: number | null;
  readonly last_seen_ms: number | null;
  readonly unreachable_since_ms: number | null;
};

function stateOf(row: CentreRow): Centre["state"] {
  if (row.engine === null) return "never-connected";
  return row.unreachable_since_ms === null ? "connected" : "unreachable";
}

type PoolRow = Pick<PoolView, "name" | "contract"> & {
  readonly centre_id: string;
  readonly life_cycle: PoolView["lifeCycle"];
};

async function readPools(db: Query, centres: readonly string[]): Promise<readonly PoolRow[]> {
  const { rows } = await db.query<PoolRow>(
    `select pool.centre_id, pool.name, pool.contract, pool.life_cycle
     from pool where centre_id = any($1) order by pool.id`,
    [centres],
  );
  return rows;
}

function poolView(
  { terms, driver, engine_ms, last_seen_ms }: CentreRow,
  row: PoolRow,
  described: EnginePool | null,
  uses: readonly PoolUse[],
): Omit<PoolView, "sharesNodesWith" | "lifeCycle"> {
  const { contract, maxPending, leaseMs, domestic } = poolTerms(terms ?? defaultTerms(driver), row, driver);
  const use = uses.find((one) => one.centre === row.centre_id && one.pool === row.name);
  const nodes = described?.nodes ?? [];
  return {
    name: row.name,
    contract,
    maxPending,
    leaseS: leaseMs === null ? null : leaseMs / 1000,
    state: described?.state ?? null,
    shut: described?.shut ?? null,
    reserved: described?.window ? windowView(described.window, engine_ms ?? last_seen_ms ?? 0) : null,
    limits: described?.limits ?? { timeLimitS: null, leastNodes: 1, mostNodes: null },
    foreign: foreignView(described?.foreign ?? { kind: "none" }),
    maintenance: maintenanceView(nodes, engine_ms ?? last_seen_ms ?? 0),
    // The scheduler knows it; the route puts it in.
    startable: [],
    ...nodesView(nodes),
    memoryMibPerCore: described?.memoryMibPerCore ?? 0,
    domestic,
    coresInUse: use?.cores ?? 0,
    memoryMibInUse: use?.memoryMib ?? 0,
    runs: use?.runs ?? 0,
    waiting: use?.waiting ?? 0,
  };
}

function foreignView(foreign: ForeignLoad): PoolView["foreign"] {
  const none = { why: null, runningCores: 0, nextEndsInMs: null, waitingJobs: 0, waitingCores: 0 };
  switch (foreign.kind) {
    case "none":
      return { ...none, kind: "none" };
    case "hidden":
      return { ...none, kind: "hidden", why: foreign.why };
    case "seen":
      return {
        kind: "seen",
        why: null,
        runningCores: foreign.running.reduce((sum, each) => sum + each.cores, 0),
        nextEndsInMs: foreign.running[0]?.endsInMs ?? null,
        waitingJobs: foreign.waiting.jobs,
        waitingCores: foreign.waiting.cores,
      };
    default:
      return unreachable(foreign);
  }
}

function windowView({ startsInMs, endsInMs }: TimeWindow, reportedMs: number): NonNullable<PoolView["reserved"]> {
  return { startsMs: reportedMs + startsInMs, endsMs: reportedMs + endsInMs };
}

/** Soonest first; groups of nodes that go together stand together. */
function maintenanceView(nodes: readonly NodeGroup[], reportedMs: number): PoolView["maintenance"] {
  const windows = new Map<string, PoolView["maintenance"][number]>();
  for (const { names, count, maintenance } of nodes) {
    if (!maintenance) continue;
    const { startsInMs, endsInMs } = maintenance;
    const known = windows.get(`${startsInMs} ${endsInMs}`);
    windows.set(`${startsInMs} ${endsInMs}`, {
      names: known ? `${known.names},${names}` : names,
      nodes: (known?.nodes ?? 0) + count,
      ...windowView(maintenance, reportedMs),
    });
  }
  return [...windows.values()].sort((a, b) => a.startsMs - b.startsMs);
}

/** How many there are, and what those have that are up. */
function nodesView(nodes: readonly Nodes[]): Centre["together"] {
  const totals = poolTotals({ nodes });
  return {
    nodes: nodes.reduce((sum, group) => sum + group.count, 0),
    nodesUp: nodes.reduce((sum, group) => sum + (group.state === "up" ? group.count : 0), 0),
    ...totals,
    accelerators: [...totals.accelerators],
    free: freeOf(nodes),
  };
}

/** Of the nodes that are up. */
function freeOf(nodes: readonly Nodes[]): PoolView["free"] {
  const { cores, memoryMib, accelerators } = poolTotals({ nodes: nodes.map((group) => ({ ...group, ...group.free })) });
  return { cores, memoryMib, accelerators: [...accelerators] };
}

export type PoolUse = {
  readonly centre: string;
  readonly pool: string;
  readonly runs: number;
  /** Those of them that have not started. */
  readonly waiting: number;
  /** Of all of them; those below without what waits in a centre's own queue, which has no node yet. */
  readonly coresHeld: number;
  readonly cores: number;
  readonly memoryMib: number;
  readonly accelerators: number;
};

/** What the runs that have not ended hold, pool by pool. Bounded by what the network can run at once. */
export async function readUses(db: Query, centres: readonly string[] | null): Promise<readonly PoolUse[]> {
  const { rows } = await db.query<PoolUse>(
    `select centre_id as centre, pool, count(*) as runs, count(*) filter (where started_ms is null) as waiting,
       coalesce(sum(nodes * (allocation ->> 'coresPerNode')::bigint), 0)::bigint as "coresHeld",
       coalesce(sum(nodes * (allocation ->> 'coresPerNode')::bigint) filter (where on_nodes), 0)::bigint as cores,
       coalesce(sum(nodes * (allocation ->> 'memoryMibPerNode')::bigint) filter (where on_nodes), 0)::bigint as "memoryMib",
       coalesce(ceil(sum(nodes * (allocation ->> 'acceleratorsPerNode')::bigint
         * coalesce((allocation ->> 'acceleratorShareMilli')::bigint, 1000)) filter (where on_nodes) / 1000), 0)::bigint as accelerators
     from (select centre_id, pool, started_ms, allocation, (allocation ->> 'nodes')::bigint as nodes,
         started_ms is not null or waiting is null as on_nodes
       from run where ended_ms is null and ($1::text[] is null or centre_id = any($1))) live group by 1, 2`,
    [centres],
  );
  return rows;
}

/**
 * Nodes of all centres but retired ones, in the order of centre and report, each group once, however many pools name it; `skip` of them come
 * before this page.
 */
export async function readNodes(
  pool: pg.Pool,
  page: { readonly centre: string | null; readonly skip: number; readonly limit: number },
): Promise<readonly NodeView[]> {
  const { rows } = await pool.query<
    Pick<
      NodeView,
      | "centre"
      | "pools"
      | "name"
      | "count"
      | "state"
      | "reason"
      | "cores"
      | "memoryMib"
      | "accelerators"
      | "features"
      | "free"
    > & {
      readonly within: string | null;
    }
  >(
    `select centre.id as centre, array_agg(pool.value ->> 'name' order by pool.place) as pools, node.value ->> 'names' as name,
       (node.value ->> 'count')::int as count, node.value ->> 'state' as state, node.value ->> 'reason' as reason,
       (node.value ->> 'cores')::int as cores, (node.value ->> 'memoryMib')::int as "memoryMib",
       node.value -> 'accelerators' as accelerators, node.value -> 'features' as features, node.value -> 'free' as free,
       node.value ->> 'within' as within
     from centre, jsonb_array_elements(centre.engine -> 'pools') with ordinality as pool (value, place),
       jsonb_array_elements(pool.value -> 'nodes') with ordinality as node (value, place)
     where centre.life_cycle <> 'retired' and ($1::text is null or centre.id = $1)
     group by centre.id, node.value
     order by centre.id, min(pool.place), min(node.place), name offset $2 limit $3`,
    [page.centre, page.skip, page.limit],
  );
  const runs = await readRunsOnNodes(pool, [...new Set(rows.map((row) => row.centre))]);
  const groups = rows.map(({ centre, name }) => ({ centre, names: hostNames(name) ?? [] }));
  const uses = usedOnNodes(groups, runs);
  return rows.map(({ within, ...node }, at) => ({
    ...node,
    pool: node.pools[0] ?? "",
    ...(within !== null && { within }),
    ...(uses[at] ?? nothingUsed),
  }));
}

const nothingUsed: UseOfNode = { coresInUse: 0, memoryMibInUse: 0, runs: 0 };

/** What runs at these centres, runs of one size on the same nodes together; without those of which no engine says on which. */
async function readRunsOnNodes(db: Query, centres: readonly string[]) {
  const { rows } = await db.query<{
    readonly centre: string;
    readonly nodes: string;
    readonly coresPerNode: number;
    readonly memoryMibPerNode: number;
    readonly runs: number;
  }>(
    `select centre_id as centre, nodes, (allocation ->> 'coresPerNode')::bigint as "coresPerNode",
       (allocation ->> 'memoryMibPerNode')::bigint as "memoryMibPerNode", count(*) as runs
     from run where ended_ms is null and nodes is not null and centre_id = any($1) group by 1, 2, 3, 4`,
    [centres],
  );
  return rows.map((row) => ({ ...row, on: hostNames(row.nodes) ?? [] }));
}
