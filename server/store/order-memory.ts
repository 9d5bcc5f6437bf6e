import type pg from "pg";
import type { PersonId, ProjectId, TenantId } from "#core/ids.ts";
import type { Shape } from "#core/job/spec.ts";
import type { Allocation } from "#core/run-order.ts";
import type { OrderMemory } from "#core/scheduling/submitters.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";
import type { Database } from "./database.ts";
import type { Position } from "./event.ts";

/**
 * What the order goes by of work that is over: the memory that was kept last, and the runs that the history has ended since.
 * Where none was kept, of the whole history the newest runs.
 */
export async function readOrderMemory(client: pg.ClientBase): Promise<readonly WorldEvent[]> {
  const { rows } = await client.query<{ xid: string; seq: number; memory: string }>(
    "select xid, seq, memory from order_memory",
  );
  const [kept] = rows;
  const memory: OrderMemory | null = kept ? JSON.parse(kept.memory) : null;
  const past = await client.query<PastRow>(pastText, [kept?.xid ?? "0", kept?.seq ?? 0]);
  return [
    ...(memory ? [{ kind: "order-remembered", memory } as const] : []),
    ...past.rows.map((row): WorldEvent => {
      const { tenant_id, project_id, person_id, shape, time_limit_s, allocation, placed_ms, started_ms } = row;
      const { at_ms, kind, number, lost_ms } = row;
      return {
        kind: "run-past",
        tenant: tenant_id,
        project: project_id,
        person: person_id,
        shape,
        timeLimitS: time_limit_s,
        allocation,
        placedMs: placed_ms,
        startedMs: started_ms,
        endedMs: at_ms,
        isLast: kind === "ended",
        ...(number !== null && { number }),
        ...(lost_ms !== null && { lostMs: lost_ms }),
      };
    }),
  ];
}

/** By the server that leads; `position`: the newest event that the world had taken in. */
export async function keepOrderMemory(db: Database, { xid, seq }: Position, memory: OrderMemory): Promise<void> {
  await db.pool.query(
    `insert into order_memory (xid, seq, memory) values ($1::text::xid8, $2, $3)
     on conflict (one) do update set xid = excluded.xid, seq = excluded.seq, memory = excluded.memory`,
    [String(xid), seq, JSON.stringify(memory)],
  );
}

type PastRow = {
  readonly tenant_id: TenantId;
  readonly project_id: ProjectId;
  readonly person_id: PersonId;
  readonly shape: Shape;
  readonly time_limit_s: number;
  readonly allocation: Allocation;
  readonly placed_ms: number;
  readonly started_ms: number;
  readonly at_ms: number;
  readonly kind: "ended" | "queued";
  readonly number: number | null;
  readonly lost_ms: number | null;
};

/** As the feed tells of them: with their task (\`ended\`), or before it was queued again. */
const pastText = `
select j.tenant_id, j.project_id, j.person_id, j.spec -> 'shape' as shape, (j.spec ->> 'timeLimitS')::int as time_limit_s,
  r.allocation, r.placed_ms, r.started_ms, e.at_ms, e.kind,
  case when n.home_centre is null then null else e.job_id + t.position end as number, e.lost_ms
from (
  select xid, seq, at_ms, kind, job_id, index, attempt, (detail ->> 'lostMs')::int8 as lost_ms from event
  where (xid, seq) > ($1::text::xid8, $2::bigint) and kind in ('ended', 'queued') and attempt is not null
  order by xid desc, seq desc limit 200000
) as e
join run r on r.job_id = e.job_id and r.index = e.index and r.attempt = e.attempt and r.started_ms is not null
join job j on j.id = e.job_id
left join task t on t.job_id = e.job_id and t.index = e.index
left join tenant n on n.id = j.tenant_id
order by e.xid, e.seq`;
