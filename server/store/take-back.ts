import { centreId } from "#core/ids.ts";
import type { TaskTold } from "#core/scheduling/explanation.ts";
import { type Withdrawal, withdrawalWords } from "#core/scheduling/placing/moves.ts";
import { int4s, int8s, jsonbs, texts } from "./arrays.ts";
import { type Placed, readEpoch, type Transaction } from "./transaction.ts";

/**
 * Asks for runs back that wait in a centre's own queue and would be done earlier elsewhere. Each is placed again only after
 * its agent has told that it did not start (R1); one that started or was asked back meanwhile is left alone.
 */
export async function takeBack(
  { client, nowMs, xid }: Transaction,
  withdrawals: readonly Withdrawal[],
  epoch: number,
): Promise<Placed> {
  if ((await readEpoch(client)) !== epoch) return { kind: "fenced" };
  const { rowCount } = await client.query({
    name: "take-back",
    text: `
      with wished as (
        select unnest($2::int8[]) as job_id, unnest($3::int4[]) as index, unnest($4::int4[]) as attempt,
          unnest($5::text[]) as cause, unnest($6::jsonb[]) as detail
      ), asked as (
        update run r set withdraw_ms = $1 from wished w
        where r.job_id = w.job_id and r.index = w.index and r.attempt = w.attempt and r.ended_ms is null
          and r.started_ms is null and r.withdraw_ms is null and r.cancel_ms is null
        returning r.job_id, r.index, r.attempt, r.centre_id, w.cause, w.detail
      )
      insert into event (at_ms, project_id, job_id, index, attempt, kind, centre_id, cause, detail)
      select $1::bigint, j.project_id, a.job_id, a.index, a.attempt, 'withdraw-requested', a.centre_id, a.cause, a.detail
      from asked a join job j on j.id = a.job_id`,
    values: [
      nowMs,
      int8s(withdrawals.map(({ job }) => job)),
      int4s(withdrawals.map(({ index }) => index)),
      int4s(withdrawals.map(({ attempt }) => attempt)),
      texts(withdrawals.map(withdrawalWords)),
      jsonbs(withdrawals.map(({ to, toPool }) => JSON.stringify({ to: { centre: to, pool: toPool } }))),
    ],
  });
  const written = rowCount ?? 0;
  return { kind: "written", written, stale: withdrawals.length - written, xid };
}

/** Tells a queued task when it may start: in its history, and to every server's world. */
export async function tellStart({ client, nowMs, xid }: Transaction, told: TaskTold, epoch: number): Promise<Placed> {
  if ((await readEpoch(client)) !== epoch) return { kind: "fenced" };
  const { job, index, centre, pool, startsMs, processors, timeLimitS } = told;
  const cause = `by the time limits of what runs, ${centre} may start it at ${new Date(startsMs).toISOString()}`;
  const { rowCount } = await client.query({
    name: "tell-start",
    text: `
      insert into event (at_ms, project_id, job_id, index, kind, centre_id, cause, detail)
      select $1::bigint, j.project_id, t.job_id, t.index, 'estimated', $4::text, $5::text, $6::jsonb
      from task t join job j on j.id = t.job_id where t.job_id = $2 and t.index = $3 and t.state = 'queued'`,
    values: [nowMs, job, index, centreId(centre), cause, JSON.stringify({ startsMs, pool, processors, timeLimitS })],
  });
  const written = rowCount ?? 0;
  return { kind: "written", written, stale: 1 - written, xid };
}
