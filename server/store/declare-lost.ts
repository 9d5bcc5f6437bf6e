import type { CancelWait } from "#core/centre/waiting.ts";
import { type CentreId, jobId, type RunId, runId } from "#core/ids.ts";
import type { CancelRequest } from "./cancel-tasks.ts";
import { findKeys, keepAnswer } from "./find-keys.ts";
import { noteAct } from "./note-act.ts";
import { declareRunLost } from "./sheet.ts";
import type { Submitted } from "./submission.ts";
import type { Transaction } from "./transaction.ts";

/**
 * R2: `lost` without evidence is an operator's word, given by name, and only for runs whose centre cannot be reached, or
 * that were asked to end while their centre lets nobody act as their local user: else it says itself what became of a run.
 */
export async function declareLost(transaction: Transaction, request: LostRequest): Promise<Submitted> {
  const { client } = transaction;
  const { tenant, idempotency, job, index, person, reason } = request;
  const [earlier] = await findKeys(client, [{ tenant, idempotency }]);
  if (earlier) return earlier;
  const { rows } = await client.query<Row>(
    `select t.index, t.state, t.attempts, r.centre_id, r.unreachable_since_ms is not null or r.cancel ->> 'waitsFor' = $3 as unreachable
     from task t left join run r on r.job_id = t.job_id and r.index = t.index and r.attempt = t.attempts and r.ended_ms is null
     where t.job_id = $1 and ($2::int is null or t.index = $2)`,
    [job, index, "let-in" satisfies CancelWait],
  );
  const name = index === null ? `${job}` : `${job}_${index}`;
  if (rows.length === 0)
    return { kind: "refused", refusal: { kind: "not-found", what: index === null ? "job" : "task", id: name } };
  if (rows.every((row) => row.state === "ended"))
    return { kind: "refused", refusal: { kind: "already-ended", job: name } };
  const runs = rows.flatMap(({ unreachable, state, index, attempts }): readonly RunId[] =>
    unreachable && state !== "queued" ? [runId({ job: jobId(job), index, attempt: attempts })] : [],
  );
  if (runs.length === 0) {
    const centres = [...new Set(rows.flatMap((row) => row.centre_id ?? []))];
    return { kind: "refused", refusal: { kind: "not-unreachable", job: name, centres } };
  }
  const sheet = await transaction.load({ tasks: [], runs });
  for (const id of runs) {
    const run = sheet.runs.get(id);
    if (run) declareRunLost(sheet, run, { person, reason });
  }
  await transaction.save(sheet);
  const act = { kind: "declared-lost", runs: runs.length } as const;
  await noteAct(client, { by: person, about: { kind: "job", id: name }, act, nowMs: transaction.nowMs });
  const body = request.answer(runs.length);
  await keepAnswer(transaction, request, body);
  return { kind: "committed", status: request.status, body, replayed: false };
}

type Row = {
  readonly index: number;
  readonly state: string;
  readonly attempts: number;
  readonly centre_id: CentreId | null;
  /** Or its centre can say nothing of it. */
  readonly unreachable: boolean | null;
};

export type LostRequest = Omit<CancelRequest, "by" | "reason" | "answer"> & {
  readonly reason: string;
  readonly answer: (tasks: number) => string;
};
