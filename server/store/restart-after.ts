import { type CentreId, jobId, runId } from "#core/ids.ts";
import { supersedeRun } from "./sheet.ts";
import { readEpoch, type Transaction } from "./transaction.ts";

/**
 * R2, `onUnreachable: restart-after`: a task whose centre could not be reached for as long as its job said goes back
 * to the queue. Its run is asked to end, is shown whatever becomes of it, and is not billed.
 */
export async function restartAfter(transaction: Transaction, epoch: number): Promise<number> {
  const { client, nowMs } = transaction;
  if ((await readEpoch(client)) !== epoch) return 0;
  const { rows } = await client.query<{ job_id: number; index: number; attempt: number; centre_id: CentreId }>(
    `select r.job_id, r.index, r.attempt, r.centre_id
     from run r join job j on j.id = r.job_id
     where r.centre_id in (select id from centre where unreachable_since_ms is not null) and r.ended_ms is null
       and not r.superseded and j.spec -> 'onUnreachable' ->> 'kind' = 'restart-after'
       and r.unreachable_since_ms + 1000 * (j.spec -> 'onUnreachable' ->> 'delayS')::bigint <= $1
     limit 1000`,
    [nowMs],
  );
  if (rows.length === 0) return 0;
  const refs = rows.map((row) => ({ job: jobId(row.job_id), index: row.index, attempt: row.attempt }));
  const sheet = await transaction.load({ tasks: [], runs: refs.map(runId) });
  for (const ref of refs) {
    const run = sheet.runs.get(runId(ref));
    if (run) supersedeRun(sheet, run, `restart-after: ${run.centre} cannot be reached`);
  }
  await transaction.save(sheet);
  return rows.length;
}
