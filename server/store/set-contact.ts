import type { CentreId } from "#core/ids.ts";
import type { Transaction } from "./transaction.ts";

export type CentreContact =
  | { readonly kind: "unreachable"; readonly sinceMs: number }
  /** Its agent ended and said so; nothing happens where a newer session has taken over. */
  | { readonly kind: "goodbye"; readonly sinceMs: number; readonly session: number }
  | { readonly kind: "reachable" };

/**
 * R2: a centre that is not heard of leaves its runs "unreachable since", neither lost nor moved; when it is heard of
 * again the mark goes. Each run's history says both. Nothing happens where it is already so.
 */
export async function setContact(
  { client, nowMs }: Transaction,
  centre: CentreId,
  contact: CentreContact,
): Promise<void> {
  const sinceMs = contact.kind === "reachable" ? null : contact.sinceMs;
  const session = contact.kind === "goodbye" ? contact.session : null;
  const changed = await client.query(
    `update centre set unreachable_since_ms = $2
     where id = $1 and (unreachable_since_ms is null) <> ($2::bigint is null) and ($3::int is null or session = $3)`,
    [centre, sinceMs, session],
  );
  if (changed.rowCount === 0) return;
  const cause = causes[contact.kind];
  await client.query(`insert into event (at_ms, kind, centre_id, cause) values ($1, 'centre-changed', $2, $3)`, [
    nowMs,
    centre,
    cause,
  ]);
  await client.query(
    `with marked as (
       update run r set unreachable_since_ms = $2 where r.centre_id = $1 and r.ended_ms is null
       returning r.job_id, r.index, r.attempt, r.superseded
     ), tasks as (
       update task t set unreachable_since_ms = $2 from marked m
       where t.job_id = m.job_id and t.index = m.index and t.attempts = m.attempt and not m.superseded
         and t.state in ('placed', 'starting', 'running')
     )
     insert into event (at_ms, project_id, job_id, index, attempt, kind, centre_id, cause)
     select $3::bigint, j.project_id, m.job_id, m.index, m.attempt, $4::text, $1, $5::text from marked m join job j on j.id = m.job_id`,
    [centre, sinceMs, nowMs, sinceMs === null ? "reachable" : "unreachable", cause],
  );
  await client.query(
    `update job j set unreachable_since_ms = (
       select min(t.unreachable_since_ms) from task t where t.job_id = j.id and t.state in ('placed', 'starting', 'running'))
     where j.id in (select job_id from run where centre_id = $1 and ended_ms is null)`,
    [centre],
  );
}

const causes = {
  reachable: "the centre's agent reports again",
  unreachable: "the centre's agent is not heard of",
  goodbye: "its agent ended cleanly",
} as const satisfies Record<CentreContact["kind"], string>;
