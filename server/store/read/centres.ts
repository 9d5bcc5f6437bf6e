import type pg from "pg";
import type { z } from "zod";
import type { engine } from "#api/agent.ts";
import type { Centre, node, pool } from "#api/network.ts";

type Engine = z.output<typeof engine>;
type PoolView = z.output<typeof pool>;
export type NodeView = z.output<typeof node>;

/** Centres in the order of their ids, with their pools and what runs there now. `only`: the one of that id. */
export async function readCentres(db: Query, page: CentrePage): Promise<readonly Centre[]> {
  const centres = await db.query<CentreRow>(
    `select id, name, region_code, driver, life_cycle, agent_version, engine, last_seen_ms, unreachable_since_ms
     from centre where ($1::text is null or id > $1) and ($2::text is null or id = $2) order by id limit $3`,
    [page.after, page.only ?? null, page.limit],
  );
  const ids = centres.rows.map((row) => row.id);
  const pools = await readPools(db, ids);
  const uses = await readUses(db, ids);
  return centres.rows.map((row) => ({
    id: row.id,
    name: row.name,
    regionCode: row.region_code,
    driver: row.driver,
    lifeCycle: row.life_cycle,
    state: stateOf(row),
    lastSeenMs: row.last_seen_ms,
    unreachableSinceMs: row.unreachable_since_ms,
    agentVersion: row.agent_version,
    mechanisms: row.engine?.mechanisms ?? {},
    pools: pools
      .filter((pool) => pool.centre_id === row.id)
      .map((pool, place) => poolView(pool, place === 0 ? row.engine : null, uses)),
  }));
}

type Query = Pick<pg.Pool, "query">;
export type CentrePage = { readonly after: string | null; readonly limit: number; readonly only?: string };

type CentreRow = {
  readonly id: string;
  readonly name: string;
  readonly region_code: string | null;
  readonly driver: string;
  readonly life_cycle: Centre["lifeCycle"];
  readonly agent_version: string | null;
  readonly engine: Engine | null;
  readonly last_seen_ms: number | null;
  readonly unreachable_since_ms: number | null;
};

function stateOf(row: CentreRow): Centre["state"] {
  if (row.engine === null) return "never-connected";
  return row.unreachable_since_ms === null ? "connected" : "unreachable";
}

type PoolRow = Pick<PoolView, "name" | "contract" | "capacities"> & {
  readonly centre_id: string;
  readonly life_cycle: PoolView["lifeCycle"];
};

async function readPools(db: Query, centres: readonly string[]): Promise<readonly PoolRow[]> {
  const { rows } = await db.query<PoolRow>(
    `select pool.centre_id, pool.name, pool.contract, pool.life_cycle, coalesce((
       select jsonb_agg(jsonb_build_object('precision', precision, 'sparsity', sparsity, 'basis', basis,
         'valueGigaflops', value_gigaflops::text, 'evidence', evidence) order by capacity.id)
       from capacity where capacity.pool_id = pool.id), '[]') as capacities
     from pool where centre_id = any($1) order by pool.id`,
    [centres],
  );
  return rows;
}

/** An agent describes its whole engine, which is the centre's first pool; the others wait for drivers with partitions. */
function poolView(row: PoolRow, described: Engine | null, uses: readonly PoolUse[]): PoolView {
  const use = uses.find((one) => one.centre === row.centre_id && one.pool === row.name);
  return {
    name: row.name,
    contract: row.contract,
    lifeCycle: row.life_cycle,
    nodes: described?.nodes.length ?? 0,
    cores: described?.cores ?? 0,
    memoryMib: described?.memoryMib ?? 0,
    memoryMibPerCore: described?.memoryMibPerCore ?? 0,
    accelerators: described?.accelerators ?? [],
    capacities: row.capacities,
    coresInUse: use?.cores ?? 0,
    memoryMibInUse: use?.memoryMib ?? 0,
    runs: use?.runs ?? 0,
  };
}

export type PoolUse = {
  readonly centre: string;
  readonly pool: string;
  readonly runs: number;
  readonly cores: number;
  readonly memoryMib: number;
  readonly accelerators: number;
};

/** What the runs that have not ended hold, pool by pool. Bounded by what the network can run at once. */
export async function readUses(db: Query, centres: readonly string[] | null): Promise<readonly PoolUse[]> {
  const { rows } = await db.query<PoolUse>(
    `select centre_id as centre, pool, count(*) as runs,
       sum((allocation ->> 'nodes')::bigint * (allocation ->> 'coresPerNode')::bigint)::bigint as cores,
       sum((allocation ->> 'nodes')::bigint * (allocation ->> 'memoryMibPerNode')::bigint)::bigint as "memoryMib",
       sum((allocation ->> 'nodes')::bigint * (allocation ->> 'acceleratorsPerNode')::bigint)::bigint as accelerators
     from run where ended_ms is null and ($1::text[] is null or centre_id = any($1)) group by 1, 2`,
    [centres],
  );
  return rows;
}

/** Nodes of all centres, in the order of centre and report; `skip` of them come before this page. */
export async function readNodes(
  pool: pg.Pool,
  page: { readonly centre: string | null; readonly skip: number; readonly limit: number },
): Promise<readonly NodeView[]> {
  const { rows } = await pool.query<{
    centre: string;
    pool: string;
    name: string;
    cores: number;
    memoryMib: number;
    alone: boolean;
  }>(
    `select centre.id as centre, (select name from pool where pool.centre_id = centre.id order by id limit 1) as pool,
       node.value ->> 'name' as name, (node.value ->> 'cores')::int as cores,
       (node.value ->> 'memoryMib')::int as "memoryMib", jsonb_array_length(centre.engine -> 'nodes') = 1 as alone
     from centre, jsonb_array_elements(centre.engine -> 'nodes') with ordinality as node (value, place)
     where $1::text is null or centre.id = $1
     order by centre.id, node.place offset $2 limit $3`,
    [page.centre, page.skip, page.limit],
  );
  const uses = await readUses(pool, [...new Set(rows.map((row) => row.centre))]);
  return rows.map(({ alone, ...node }) => {
    // Runs are placed on pools; only where a centre has one node is it known which one they are on.
    const use = alone ? uses.find((one) => one.centre === node.centre && one.pool === node.pool) : undefined;
    return { ...node, coresInUse: use?.cores ?? 0, memoryMibInUse: use?.memoryMib ?? 0, runs: use?.runs ?? 0 };
  });
}

/** The most memory per core that a centre in service gives to jobs that named none, in MiB. */
export async function readMemoryMibPerCore(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ most: number | null }>(
    `select max((engine ->> 'memoryMibPerCore')::bigint) as most from centre where life_cycle = 'in-service'`,
  );
  return rows[0]?.most ?? 0;
}
