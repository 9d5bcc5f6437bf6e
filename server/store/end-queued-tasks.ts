import { deadlineReason } from "#core/job/end-reason.ts";
import type { IndexRange } from "#core/job/spec.ts";
import type { Outcome } from "#core/job/state.ts";
import { reasonWords } from "#core/scheduling/reasons.ts";
import type { QueuedEnd } from "#core/scheduling/world-plan.ts";
import { int4s } from "./arrays.ts";
import { countEnded, type JobLine, type Sheet } from "./sheet.ts";
import { type Placed, readEpoch, type Transaction } from "./transaction.ts";

/**
 * Tasks that can never start end cancelled by the network, and those that no centre takes after one refused as
 * refused; those that are queued no more are left alone.
 */
export async function endQueuedTasks(
  transaction: Transaction,
  ends: readonly QueuedEnd[],
  epoch: number,
): Promise<Placed> {
  if ((await readEpoch(transaction.client)) !== epoch) return { kind: "fenced" };
  const sheet = await transaction.load({ tasks: ends.map(({ job }) => ({ job, index: 0 })), runs: [] });
  let written = 0;
  for (const end of ends) {
    const line = sheet.jobs.get(end.job);
    if (!line) continue;
    const { outcome, cause } = endOf(end);
    written += await endQueued(transaction, sheet, line, end.indices, outcome, cause);
  }
  await transaction.save(sheet);
  return { kind: "written", written, stale: 0, xid: transaction.xid };
}

function endOf(end: QueuedEnd): { readonly outcome: Outcome; readonly cause: string } {
  if ("refusedBy" in end) {
    const cause = `refused by ${end.refusedBy}, and no other centre could take it: ${end.words}`;
    return { outcome: { kind: "refused", reason: end.words }, cause };
  }
  const { rule, facts } = end;
  const missed = rule === "deadline-cannot-be-met" ? deadlineReason(`${facts.deadline}`) : null;
  return {
    outcome: { kind: "cancelled", by: "network", reason: missed ?? rule },
    cause: missed ?? reasonWords(rule, facts, "en"),
  };
}

/**
 * Ends the queued tasks of a job by one statement, however many: `indices` null for all. The sheet gets the job's
 * counts and one event that names them all. Resolves to how many there were.
 */
export async function endQueued(
  { client, nowMs }: Transaction,
  sheet: Sheet,
  job: JobLine,
  indices: readonly IndexRange[] | null,
  outcome: Outcome,
  cause: string,
): Promise<number> {
  if (job.counts.queued === 0) return 0;
  const { rows } = await client.query<{ indices: number[] | null }>({
    name: indices === null ? "end-all-queued" : "end-queued",
    text: `
      with done as (
        update task t set state = 'ended', since_ms = $2, ended_ms = $2, outcome = $3::jsonb
        ${indices === null ? "" : "from (select distinct i from unnest($4::int4[], $5::int4[], $6::int4[]) as r (first, last, step), generate_series(first, last, step) as i) as w"}
        where t.job_id = $1 and t.state = 'queued' ${indices === null ? "" : "and t.index = w.i"}
        returning t.index
      )
      select array_agg(index order by index) as indices from done`,
    values: [
      job.id,
      nowMs,
      JSON.stringify(outcome),
      ...(indices === null
        ? []
        : [
            int4s(indices.map(({ first }) => first)),
            int4s(indices.map(({ last }) => last)),
            int4s(indices.map(({ step }) => step)),
          ]),
    ],
  });
  const ended = rows[0]?.indices ?? [];
  if (ended.length === 0) return 0;
  countEnded(sheet, job, ended.length, outcome, nowMs);
  sheet.events.push({
    atMs: nowMs,
    project: job.project,
    job: job.id,
    index: ended.length === 1 ? (ended[0] ?? null) : null,
    attempt: null,
    kind: "ended",
    state: "ended",
    centre: null,
    cause,
    detail: { outcome: outcome.kind, indices: rangesOf(ended) },
  });
  return ended.length;
}

/** Ascending indices as ranges with one step each. */
export function rangesOf(indices: readonly number[]): readonly IndexRange[] {
  const ranges: { first: number; last: number; step: number }[] = [];
  for (const index of indices) {
    const range = ranges.at(-1);
    if (range && range.first === range.last) {
      range.step = index - range.last;
      range.last = index;
    } else if (range && index === range.last + range.step) range.last = index;
    else ranges.push({ first: index, last: index, step: 1 });
  }
  return ranges;
}
