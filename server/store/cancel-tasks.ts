import type { JobId, PersonId, TaskRef, TenantId } from "#core/ids.ts";
import type { Canceller, Outcome } from "#core/job/state.ts";
import { endQueued } from "./end-queued-tasks.ts";
import { findKeys, keepAnswer } from "./find-keys.ts";
import { askToEnd, currentTask, type Sheet } from "./sheet.ts";
import type { Submitted } from "./submission.ts";
import type { Transaction } from "./transaction.ts";

/**
 * Ends what is queued at once, by one statement however many tasks there are, and asks the centres to end what is
 * under way; their agents say when it has ended.
 */
export async function cancelTasks(transaction: Transaction, request: CancelRequest): Promise<Submitted> {
  const { client } = transaction;
  const { tenant, idempotency, job: id, index, by, reason, person, status } = request;
  const [earlier] = await findKeys(client, [{ tenant, idempotency }]);
  if (earlier) return earlier;
  const active = await client.query<{ index: number }>(
    `select index from task where job_id = $1 and ($2::int is null or index = $2) and state in ('placed', 'starting', 'running')`,
    [id, index],
  );
  const tasks: TaskRef[] = active.rows.map((row) => ({ job: id, index: row.index }));
  const sheet = await transaction.load({
    tasks: [...tasks, { job: id, index: index ?? -1 }],
    runs: [],
    newestRuns: true,
  });
  const job = sheet.jobs.get(id);
  const name = index === null ? `${id}` : `${id}_${index}`;
  if (!job || (index !== null && !sheet.tasks.has(`${id}.${index}`)))
    return { kind: "refused", refusal: { kind: "not-found", what: index === null ? "job" : "task", id: name } };
  const outcome: Outcome = { kind: "cancelled", by, reason };
  const cause = `person:${person}${reason === null ? "" : `: ${reason}`}`;
  const range = index === null ? null : [{ first: index, last: index, step: 1 }];
  const endedBefore = index === null ? job.counts.ended : 0;
  const ended = await endQueued(transaction, sheet, job, range, outcome, `cancelled by ${cause}`);
  const asked = askAll(sheet, request);
  if (ended + asked === 0) return { kind: "refused", refusal: { kind: "already-ended", job: name } };
  await transaction.save(sheet);
  const body = request.answer({ ended, asked, endedBefore });
  await keepAnswer(transaction, request, body);
  return { kind: "committed", status, body, replayed: false };
}

function askAll(sheet: Sheet, { by, reason, index }: CancelRequest): number {
  let asked = 0;
  for (const run of [...sheet.runs.values()]) {
    if (!currentTask(sheet, run) || (index !== null && run.index !== index)) continue;
    askToEnd(sheet, run, { by, reason });
    asked += 1;
  }
  return asked;
}

/** What a cancel did: ended of those that waited, asked of those under way, and found ended. */
export type CancelledTasks = { readonly ended: number; readonly asked: number; readonly endedBefore: number };

export type CancelRequest = {
  readonly tenant: TenantId;
  readonly person: PersonId;
  readonly idempotency: { readonly key: string; readonly bodyHash: Uint8Array } | null;
  readonly job: JobId;
  /** null: all tasks. */
  readonly index: number | null;
  readonly by: Canceller;
  readonly reason: string | null;
  readonly status: number;
  readonly answer: (done: CancelledTasks) => string;
};
