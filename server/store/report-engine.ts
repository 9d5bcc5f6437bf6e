import type { EngineReport } from "#core/centre/engine.ts";
import type { CentreId } from "#core/ids.ts";
import type { Database } from "./database.ts";

/**
 * Keeps what an agent reports of its engine, and tells the feed where it differs from what was known. A pool that is
 * reported for the first time comes into service; whose contract nobody has stated, it is shared where others use the
 * engine too, else dedicated, as what its site has named for the network alone is, reserved or not there yet. Nothing is kept of an agent whose
 * session is not the newest any more (R7), nor of a centre that has left. Resolves to
 * whether the report differed.
 */
export async function reportEngine(
  db: Database,
  { centre, session }: Teller,
  agentVersion: string,
  report: EngineReport,
  nowMs: number,
): Promise<boolean> {
  const told = await db.pool.query(
    `with changed as (
       update centre set engine = $2::jsonb, engine_ms = $4, agent_version = $3
       where id = $1 and session = $5 and intake <> 'left' and (engine is distinct from $2::jsonb or agent_version is distinct from $3)
       returning id
     ), pool as (
       insert into pool (centre_id, name, contract, life_cycle)
       select changed.id, told ->> 'name', case when told ?| array['window', 'shut'] or told -> 'foreign' ->> 'kind' = 'none' then 'dedicated' else 'shared' end, 'in-service'
       from changed, jsonb_array_elements($2::jsonb -> 'pools') as told
       on conflict (centre_id, name) do nothing
     )
     insert into event (at_ms, kind, centre_id, cause)
     select $4::bigint, 'centre-changed', id, 'the agent reports its engine' from changed`,
    [centre, JSON.stringify(report), agentVersion, nowMs, session],
  );
  return (told.rowCount ?? 0) > 0;
}

/** An agent, by its session. */
export type Teller = { readonly centre: CentreId; readonly session: number };

/** Each start of an agent takes the next session; older ones are refused from then on (R7). */
export async function takeSession(db: Database, centre: CentreId, nowMs: number): Promise<TakenSession | null> {
  const { rows } = await db.pool.query<TakenSession>(
    `with taken as (update centre set session = session + 1, last_seen_ms = $2 where id = $1 returning id, session, mark),
     told as (
       insert into event (at_ms, kind, centre_id, cause)
       select $2::bigint, 'centre-changed', id, 'a new session of its agent' from taken
     )
     select session, mark from taken`,
    [centre, nowMs],
  );
  return rows[0] ?? null;
}

/** `mark`: what the engine knows this network's runs by; it is the same for every agent of the centre. */
export type TakenSession = { readonly session: number; readonly mark: string };

/** When the centre was last heard of, for the loop that finds it unreachable; written every few seconds at most. */
export async function noteSeen(db: Database, centres: readonly CentreId[], nowMs: number): Promise<void> {
  await db.pool.query("update centre set last_seen_ms = $2 where id = any($1)", [centres, nowMs]);
}
