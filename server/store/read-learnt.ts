import type pg from "pg";
import { type CentreId, jobId } from "#core/ids.ts";
import { type PastStart, spans } from "#core/scheduling/estimate/starts.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";

/**
 * What the newest events teach a world that starts: how far estimates of starts were off, how many runs nodes lost, and
 * which tasks were told something and wait still. Older events weigh next to nothing.
 */
export async function readLearnt(client: pg.ClientBase): Promise<readonly WorldEvent[]> {
  const { rows } = await client.query<Row>(
    `select e.kind, e.at_ms, e.job_id, e.index, e.attempt, e.centre_id, e.detail, r.pool, r.placed_ms, r.started_ms,
       r.waiting -> 'firstTold' as first_told, r.waiting is not null as waited,
       (r.allocation ->> 'nodes')::int * (r.allocation ->> 'coresPerNode')::int as processors,
       (j.spec ->> 'timeLimitS')::int as time_limit_s
     from (select * from event order by xid desc, seq desc limit $1) e
     left join run r on r.job_id = e.job_id and r.index = e.index and r.attempt = e.attempt
     left join job j on j.id = e.job_id and e.kind = 'started'
     where e.kind in ('estimated', 'started', 'ended', 'run-ended') and e.index is not null order by e.xid, e.seq`,
    [newestEvents],
  );
  const told = new Map<string, Row>();
  const starts: PastStart[] = [];
  const ends: { readonly centre: CentreId; readonly lost: boolean }[] = [];
  for (const row of rows) {
    const task = `${row.job_id}.${row.index}`;
    if (row.kind === "estimated") told.set(task, told.get(task) ?? row);
    else if (row.kind === "started") {
      starts.push(...startsOf(row, told.get(task) ?? null));
      told.delete(task);
    } else {
      if (row.kind === "ended") told.delete(task);
      const { end } = row.detail ?? {};
      if (row.started_ms !== null && end !== undefined) ends.push({ centre: row.centre_id, lost: isLost(end) });
    }
  }
  return [{ kind: "learnt-before", starts, ends }, ...[...told.values()].flatMap(stillTold)];
}

const newestEvents = 10_000;

type Row = {
  readonly kind: "estimated" | "started" | "ended" | "run-ended";
  readonly at_ms: number;
  readonly job_id: number;
  readonly index: number;
  readonly attempt: number | null;
  readonly centre_id: CentreId;
  readonly detail: Detail | null;
  readonly pool: string | null;
  readonly placed_ms: number | null;
  readonly started_ms: number | null;
  readonly first_told: { readonly madeMs: number; readonly startsMs: number } | null;
  readonly waited: boolean;
  readonly processors: number | null;
  readonly time_limit_s: number | null;
};
type Detail = {
  readonly end?: string;
  readonly startsMs?: number;
  readonly pool?: string;
  readonly processors?: number;
  readonly timeLimitS?: number;
};

function startsOf(row: Row, told: Row | null): readonly PastStart[] {
  const { pool, processors, time_limit_s: timeLimitS, placed_ms: placedMs, first_told: first } = row;
  const startedMs = row.started_ms ?? row.at_ms;
  if (pool === null || processors === null || timeLimitS === null || placedMs === null) return [];
  const starts: PastStart[] = [];
  const size = { processors, timeLimitS };
  const { startsMs, pool: toldPool } = told?.detail ?? {};
  if (told && startsMs !== undefined && toldPool !== undefined)
    starts.push({
      ...{ basis: "profile", centre: told.centre_id, pool: toldPool, ...size },
      ...spans(told.at_ms, startsMs, startedMs),
    });
  if (!row.waited) return starts;
  const there = { centre: row.centre_id, pool, ...size };
  starts.push({ basis: "queue", ...there, ...spans(placedMs, placedMs, startedMs) });
  if (first) starts.push({ basis: "engine", ...there, ...spans(first.madeMs, first.startsMs, startedMs) });
  return starts;
}

/** The world ignores what is no longer queued. */
function stillTold({ job_id, index, centre_id: centre, at_ms: madeMs, detail }: Row): readonly WorldEvent[] {
  const { startsMs, pool } = detail ?? {};
  if (startsMs === undefined || pool === undefined) return [];
  return [{ kind: "start-told", job: jobId(job_id), index, centre, pool, madeMs, startsMs }];
}

/** Lost to the centre's machines, not by anybody's doing. */
export function isLost(end: string): boolean {
  return end === "node-failed" || end === "lost";
}
