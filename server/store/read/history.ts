import type pg from "pg";
import type { Event } from "#api/job.ts";
import type { StateKind } from "#core/job/state.ts";
import { origin, type Position, positionText } from "../event.ts";
import type { Names } from "./names.ts";

const columns = `event.xid::text as xid, event.seq, event.at_ms, event.job_id, event.index, event.attempt,
  event.kind, event.state, event.centre_id, event.cause`;

type EventRow = {
  readonly xid: string;
  readonly seq: number;
  readonly at_ms: number;
  readonly job_id: number;
  readonly index: number | null;
  readonly attempt: number | null;
  readonly kind: string;
  readonly state: StateKind | null;
  readonly centre_id: string | null;
  readonly cause: string;
};

/**
 * The steps of a job (or of one task of it, with those of the job as a whole), oldest first. The first step, its
 * submission, is told by the job itself: the feed has it in a row that many jobs share.
 */
export async function readHistory(
  pool: pg.Pool,
  names: Names,
  job: number,
  page: { readonly index: number | null; readonly after: Position | null; readonly limit: number },
): Promise<readonly Event[]> {
  const { rows } = await pool.query<EventRow>(
    `select ${columns} from event
     where job_id = $1 and xid < pg_snapshot_xmin(pg_current_snapshot())
       and ($2::int is null or index is null or index = $2)
       and ($3::text is null or (xid, seq) > ($3::text::xid8, $4::bigint))
     order by event.xid, event.seq limit $5`,
    [job, page.index, page.after?.xid.toString() ?? null, page.after?.seq ?? 0, page.limit],
  );
  const steps = page.after === null ? [...(await submissionOf(pool, job)), ...rows].slice(0, page.limit) : rows;
  await names.learn(steps.map((row) => row.cause));
  return steps.map((row) => eventView(row, names));
}

async function submissionOf(pool: pg.Pool, job: number): Promise<readonly EventRow[]> {
  const { rows } = await pool.query<EventRow>(
    `select $2 as xid, $3::int as seq, submitted_ms as at_ms, id as job_id, null as index, null as attempt,
       'submitted' as kind, 'queued' as state, null as centre_id, 'person:' || person_id as cause
     from job where id = $1`,
    [job, String(origin.xid), origin.seq],
  );
  return rows;
}

function eventView(row: EventRow, names: Names): Event {
  return {
    id: positionText({ xid: BigInt(row.xid), seq: row.seq }),
    atMs: row.at_ms,
    job: row.job_id,
    index: row.index,
    attempt: row.attempt,
    kind: row.kind,
    state: row.state,
    centre: row.centre_id,
    cause: names.words(row.cause),
  };
}
