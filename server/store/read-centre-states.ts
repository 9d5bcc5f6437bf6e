import type pg from "pg";
import { limitsByWho } from "#core/centre/account-limits.ts";
import { needsAccounts, type Readiness } from "#core/centre/accounts.ts";
import { type DriverName, driverNames, type PoolContract } from "#core/centre/centre.ts";
import { type EnginePool, type EngineReport, noOffers, type TimeWindow } from "#core/centre/engine.ts";
import type { Intake } from "#core/centre/intake.ts";
import type { LifeCycle } from "#core/centre/life-cycle.ts";
import { type StatedCapacity, statedStage } from "#core/centre/stated-capacity.ts";
import { type CentreTerms, defaultTerms, poolTerms, regionOf } from "#core/centre/terms.ts";
import type { CentreId } from "#core/ids.ts";
import type { CentreState, PoolState } from "#core/scheduling/world-event.ts";

/** Centres as the world sees them; `ids` null: all. A pool that the agent does not report has no capacity. */
export async function readCentreStates(
  client: pg.ClientBase | pg.Pool,
  ids: readonly CentreId[] | null,
): Promise<readonly CentreState[]> {
  const { rows } = await client.query<Row>(
    `select c.id, c.region_code, c.driver, c.life_cycle, c.intake, c.engine, coalesce(c.engine_ms, c.last_seen_ms, 0) as told_ms, c.unreachable_since_ms,
       (select coalesce(jsonb_agg(jsonb_build_object('name', p.name, 'lifeCycle', p.life_cycle, 'contract', p.contract) order by p.id), '[]')
        from pool p where p.centre_id = c.id) as pools,
       (select coalesce(jsonb_agg(jsonb_build_object('pool', s.pool, 'lifeCycle', s.life_cycle)), '[]')
        from stated_capacity s where s.centre_id = c.id) as stated,
       case when c.driver = any($2) then (
         select coalesce(jsonb_agg(jsonb_build_array(a.person_id || '.' || a.project_id, a.readiness)), '[]')
         from wanted_account a where a.centre_id = c.id) end as accounts,
       (select jsonb_agg(jsonb_build_array(a.person_id || '.' || a.project_id, a.local_account)
          order by a.person_id, a.project_id)
        from wanted_account a where a.centre_id = c.id and a.local_account is not null) as local_accounts,
       (select terms from centre_terms t where t.centre_id = c.id order by t.id desc limit 1) as terms
     from centre c where $1::text[] is null or c.id = any($1) order by c.id`,
    [ids, driverNames.filter(needsAccounts)],
  );
  return rows.map((row) => ({
    id: row.id,
    driver: row.driver,
    lifeCycle: row.life_cycle,
    intake: row.intake,
    connection:
      row.engine === null ? "never-connected" : row.unreachable_since_ms === null ? "connected" : "unreachable",
    // A centre that never described itself has no pools yet: what it will have is not known, so nothing is refused.
    offers: row.engine && (row.engine.offers ?? noOffers),
    accounts: row.accounts && new Map(row.accounts),
    ...(row.local_accounts && { localAccounts: new Map(row.local_accounts) }),
    limits: row.engine?.limits && limitsByWho(row.engine.limits),
    region: regionOf(row.terms, row.region_code),
    pools: row.engine === null ? [] : row.pools.map((pool) => poolState(pool, row)),
  }));
}

function poolState(pool: PoolRow, { engine, driver, terms, stated, told_ms }: Row): PoolState {
  const told = engine?.pools.find((one) => one.name === pool.name) ?? unreported;
  const { state, memoryMibPerCore, limits, nodes, ours, foreign } = told;
  const agreed = poolTerms(terms ?? defaultTerms(driver), pool, driver);
  const kept = { state, memoryMibPerCore, limits, nodes, ours, foreign: foreign.kind };
  const isWithout = told.givesWholeNodes === false;
  const said = {
    ...(isAlone(told) && { alone: true }),
    ...(isWithout && { givesWholeNodes: false as const }),
    ...(told.row !== undefined && { row: told.row }),
    ...(told.window && { reserved: windowAt(told.window, told_ms) }),
    ...(told.shut && { shut: told.shut }),
  };
  const lifeCycle = statedStage(stated, pool.name) ?? pool.lifeCycle;
  return { ...pool, lifeCycle, ...agreed, ...kept, ...said };
}

function windowAt({ startsInMs, endsInMs }: TimeWindow, toldMs: number): PoolState["reserved"] {
  return { startsMs: toldMs + startsInMs, endsMs: toldMs + endsInMs, lastsMs: endsInMs - startsInMs };
}

/** Of others nothing runs and nothing waits there, and what is in use on its nodes is what the network's runs use. */
function isAlone({ nodes, ours, foreign }: Pick<EnginePool, "nodes" | "ours" | "foreign">): boolean {
  if (foreign.kind !== "seen" || foreign.running.length > 0 || foreign.waiting.jobs > 0) return false;
  const inUse = nodes.reduce((sum, { count, cores, free }) => sum + count * (cores - free.cores), 0);
  return inUse === ours.cores;
}

const unreported: Omit<EnginePool, "name"> = {
  state: "down",
  memoryMibPerCore: 0,
  limits: { timeLimitS: null, leastNodes: 1, mostNodes: null },
  nodes: [],
  ours: { cores: 0, memoryMib: 0, accelerators: [] },
  foreign: { kind: "none" },
};

type PoolRow = { readonly name: string; readonly lifeCycle: LifeCycle; readonly contract: PoolContract };

type Row = {
  readonly id: CentreId;
  readonly region_code: string | null;
  readonly driver: DriverName;
  readonly life_cycle: LifeCycle;
  readonly intake: Intake;
  readonly terms: CentreTerms | null;
  readonly accounts: readonly (readonly [pair: string, readiness: Readiness])[] | null;
  readonly local_accounts: readonly (readonly [pair: string, account: string])[] | null;
  readonly engine: EngineReport | null;
  readonly told_ms: number;
  readonly unreachable_since_ms: number | null;
  readonly pools: readonly PoolRow[];
  readonly stated: readonly Pick<StatedCapacity, "pool" | "lifeCycle">[];
};
