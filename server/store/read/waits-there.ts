import type pg from "pg";
import type { RunWait } from "#core/centre/waiting.ts";

/** Of each of these jobs the wait of its first run that stands in a centre's own queue, where its agent told of it. */
export async function readWaitsThere(pool: pg.Pool, jobs: readonly number[]): Promise<ReadonlyMap<number, RunWait>> {
  if (jobs.length === 0) return new Map();
  const { rows } = await pool.query<{ readonly job_id: number; readonly waiting: RunWait }>(
    `select first.job_id, first.waiting from unnest($1::bigint[]) as asked (id) cross join lateral (
       select job_id, waiting from run
       where job_id = asked.id and state in ('placed', 'starting') and waiting is not null order by index limit 1
     ) first`,
    [jobs],
  );
  return new Map(rows.map((row) => [row.job_id, row.waiting]));
}
