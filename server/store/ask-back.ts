import type { CentreId } from "#core/ids.ts";
import { type Placed, readEpoch, type Transaction } from "./transaction.ts";

/** Of what a centre has not started, all, or what of one pool may start later than then (ms). */
export type AskedBack = { readonly centre: CentreId; readonly cause: string } & (
  | { readonly pool?: undefined }
  | { readonly pool: string; readonly beyondMs: number }
);

/**
 * Asks for runs back that have not started, as far as is known here: the centre knows better, and answers. Each is placed
 * again once its agent has told that it did not start (R1).
 */
export async function askBack({ client, nowMs }: Pick<Transaction, "client" | "nowMs">, asked: AskedBack) {
  const [pool, beyondMs] = asked.pool === undefined ? [null, null] : [asked.pool, asked.beyondMs];
  const { rowCount } = await client.query(
    `with asked as (
       update run set withdraw_ms = $2
       where centre_id = $1 and ended_ms is null and started_ms is null and withdraw_ms is null and cancel_ms is null
         and ($4::text is null or (pool = $4 and latest_start_ms > $5::bigint))
       returning job_id, index, attempt
     )
     insert into event (at_ms, project_id, job_id, index, attempt, kind, centre_id, cause)
     select $2::bigint, j.project_id, a.job_id, a.index, a.attempt, 'withdraw-requested', $1, $3::text
     from asked a join job j on j.id = a.job_id`,
    [asked.centre, nowMs, asked.cause, pool, beyondMs],
  );
  return rowCount ?? 0;
}

export async function askAllBack(transaction: Transaction, all: readonly AskedBack[], epoch: number): Promise<Placed> {
  if ((await readEpoch(transaction.client)) !== epoch) return { kind: "fenced" };
  let written = 0;
  for (const asked of all) written += await askBack(transaction, asked);
  return { kind: "written", written, stale: 0, xid: transaction.xid };
}
