import type pg from "pg";
import { runId } from "#core/ids.ts";
import { tariffInForce } from "#core/ledger/tariff.ts";
import type { Transfer } from "#core/ledger/transfer.ts";
import { holdOf } from "#core/ledger/usage.ts";
import { type AccountIds, changesOf } from "./accounts.ts";
import { int4s, int8s, jsonbs, texts } from "./arrays.ts";
import type { NewEvent } from "./event.ts";
import { type JobLine, jobState, type RunLine, type Sheet, type TaskLine } from "./sheet.ts";

/**
 * Writes back what changed on a sheet, all of it in one statement: a table is a part of it, and what each statement costs
 * both sides is paid once. No part sees what another one writes. The caller commits; a sheet that is wrong throws before
 * anything is sent. Accounts are updated once each, in the order of their ids (M12).
 */
export function saveSheet(client: pg.Client, sheet: Sheet, accounts: AccountIds): readonly Promise<unknown>[] {
  const changedRuns = [...sheet.changedRuns].filter((run) => !sheet.newRuns.has(run));
  const parts = [
    saveTasks([...sheet.changedTasks]),
    insertRuns([...sheet.newRuns]),
    saveRuns(changedRuns),
    saveJobs([...sheet.changedJobs]),
    insertRefusals(sheet.refusals, sheet.nowMs),
    ...insertTransfers(sheet.transfers, accounts, heldBy(sheet)),
    insertEvents(sheet.events),
  ].filter((part) => part !== null);
  if (parts.length === 0) return [];
  // PostgreSQL tells names apart by their first 63 bytes; all eight together have 59.
  const name = parts.map((part) => part.name).join("+");
  const saved = client.query({
    name,
    text: together(name, parts),
    values: parts.flatMap(({ values }) => values),
  });
  const marked = [...sheet.changedJobs].filter((job) => job.unreachable);
  return marked.length === 0 ? [saved] : [saved, deriveUnreachable(client, marked)];
}

/** Of the tasks as they are saved, so after them. */
function deriveUnreachable(client: pg.Client, jobs: readonly JobLine[]): Promise<unknown> {
  return client.query({
    name: "derive-unreachable",
    text: `
        update job j set unreachable_since_ms = (
          select min(t.unreachable_since_ms) from task t where t.job_id = j.id and t.state <> 'ended')
        where j.id = any($1::int8[])`,
    values: [int8s(jobs.map((job) => job.id))],
  });
}

/** Of a statement that writes to one table; its values count from $1. */
type Part = { readonly name: string; readonly text: string; readonly values: readonly unknown[] };

/** One for each way in which parts come together: it is planned once. */
const textsByName = new Map<string, string>();

function together(name: string, parts: readonly Part[]): string {
  const known = textsByName.get(name);
  if (known !== undefined) return known;
  let before = 0;
  const written = parts.map(({ text, values }) => {
    const offset = before;
    before += values.length;
    return text.replaceAll(/\$(\d+)/g, (_, number: string) => `$${Number(number) + offset}`);
  });
  const last = written.pop() ?? "";
  const text =
    written.length === 0 ? last : `with ${written.map((one, at) => `part_${at} as (${one})`).join(", ")} ${last}`;
  textsByName.set(name, text);
  return text;
}

function saveTasks(tasks: readonly TaskLine[]): Part | null {
  if (tasks.length === 0) return null;
  return {
    name: "tasks",
    text: `
        update task t set state = s.state, since_ms = s.since_ms, attempts = s.attempts, retries_left = s.retries_left,
          centre_id = s.centre_id, started_ms = s.started_ms, ended_ms = s.ended_ms, outcome = s.outcome,
          unreachable_since_ms = s.unreachable_since_ms
        from unnest($1::int8[], $2::int4[], $3::text[], $4::int8[], $5::int4[], $6::int4[], $7::text[], $8::int8[], $9::int8[],
          $10::jsonb[], $11::int8[])
          as s (job_id, index, state, since_ms, attempts, retries_left, centre_id, started_ms, ended_ms, outcome, unreachable_since_ms)
        where t.job_id = s.job_id and t.index = s.index`,
    values: [
      int8s(tasks.map((task) => task.job)),
      int4s(tasks.map((task) => task.index)),
      texts(tasks.map((task) => task.state)),
      int8s(tasks.map((task) => task.sinceMs)),
      int4s(tasks.map((task) => task.attempts)),
      int4s(tasks.map((task) => task.retriesLeft)),
      texts(tasks.map((task) => task.centre)),
      int8s(tasks.map((task) => task.startedMs)),
      int8s(tasks.map((task) => task.endedMs)),
      jsonbs(tasks.map((task) => json(task.outcome))),
      int8s(tasks.map((task) => task.unreachableSinceMs)),
    ],
  };
}

/** The first refusal of a centre stands: those of the other tasks of an array say the same. */
function insertRefusals(refusals: Sheet["refusals"], nowMs: number): Part | null {
  if (refusals.length === 0) return null;
  return {
    name: "refusals",
    text: `
        insert into job_refusal (job_id, centre_id, words, at_ms)
        select job_id, centre_id, words, $4 from unnest($1::int8[], $2::text[], $3::text[]) as r (job_id, centre_id, words)
        on conflict do nothing`,
    values: [
      int8s(refusals.map(({ job }) => job)),
      texts(refusals.map(({ centre }) => centre)),
      texts(refusals.map(({ words }) => words)),
      nowMs,
    ],
  };
}

function insertRuns(runs: readonly RunLine[]): Part | null {
  if (runs.length === 0) return null;
  return {
    name: "new",
    text: `
        insert into run (job_id, index, attempt, centre_id, pool, state, allocation, tariff_version, decision, placed_ms, latest_start_ms)
        select job_id, index, attempt, centre_id, pool, state, allocation, $11::text, decision, placed_ms, latest_start_ms
        from unnest($1::int8[], $2::int4[], $3::int4[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::jsonb[], $9::int8[], $10::int8[])
          as r (job_id, index, attempt, centre_id, pool, state, allocation, decision, placed_ms, latest_start_ms)`,
    values: [
      int8s(runs.map((run) => run.job)),
      int4s(runs.map((run) => run.index)),
      int4s(runs.map((run) => run.attempt)),
      texts(runs.map((run) => run.centre)),
      texts(runs.map((run) => run.pool)),
      texts(runs.map((run) => run.state)),
      jsonbs(runs.map((run) => JSON.stringify(run.allocation))),
      jsonbs(runs.map((run) => run.decision)),
      int8s(runs.map((run) => run.placedMs)),
      int8s(runs.map((run) => run.latestStartMs)),
      tariffInForce,
    ],
  };
}

function saveRuns(runs: readonly RunLine[]): Part | null {
  if (runs.length === 0) return null;
  return {
    name: "runs",
    text: `
        update run r set state = s.state, accepted_ms = s.accepted_ms, started_ms = s.started_ms, ended_ms = s.ended_ms,
          "end" = s."end", usage = s.usage, words = s.words, billed = s.billed = 1, unreachable_since_ms = s.unreachable_since_ms,
          cancel_ms = s.cancel_ms, cancel = s.cancel, superseded = s.superseded = 1, waiting = s.waiting,
          withdraw_waits = s.withdraw_waits, nodes = s.nodes
        from unnest($1::int8[], $2::int4[], $3::int4[], $4::text[], $5::int8[], $6::int8[], $7::int8[], $8::jsonb[], $9::jsonb[],
          $10::text[], $11::int4[], $12::int8[], $13::int8[], $14::jsonb[], $15::int4[], $16::jsonb[], $17::text[], $18::text[])
          as s (job_id, index, attempt, state, accepted_ms, started_ms, ended_ms, "end", usage, words, billed,
            unreachable_since_ms, cancel_ms, cancel, superseded, waiting, withdraw_waits, nodes)
        where r.job_id = s.job_id and r.index = s.index and r.attempt = s.attempt`,
    values: [
      int8s(runs.map((run) => run.job)),
      int4s(runs.map((run) => run.index)),
      int4s(runs.map((run) => run.attempt)),
      texts(runs.map((run) => run.state)),
      int8s(runs.map((run) => run.acceptedMs)),
      int8s(runs.map((run) => run.startedMs)),
      int8s(runs.map((run) => run.endedMs)),
      jsonbs(runs.map((run) => json(run.end))),
      jsonbs(runs.map((run) => json(run.usage))),
      texts(runs.map((run) => run.words)),
      int4s(runs.map((run) => Number(run.billed))),
      int8s(runs.map((run) => run.unreachableSinceMs)),
      int8s(runs.map((run) => run.cancelMs)),
      jsonbs(runs.map((run) => json(run.cancel))),
      int4s(runs.map((run) => Number(run.superseded))),
      jsonbs(runs.map((run) => json(run.waiting))),
      texts(runs.map((run) => run.withdrawWaits)),
      texts(runs.map((run) => run.nodes)),
    ],
  };
}

function saveJobs(jobs: readonly JobLine[]): Part | null {
  if (jobs.length === 0) return null;
  return {
    name: "jobs",
    // Centre ids hold no comma.
    text: `
        update job j set state = s.state, queued = s.queued, placed = s.placed, starting = s.starting, running = s.running,
          ended = s.ended, runs = s.runs, outcome = s.outcome, centres = string_to_array(s.centres, ','),
          started_ms = s.started_ms, ended_ms = s.ended_ms
        from unnest($1::int8[], $2::text[], $3::int4[], $4::int4[], $5::int4[], $6::int4[], $7::int4[], $8::int4[], $9::jsonb[],
          $10::text[], $11::int8[], $12::int8[])
          as s (id, state, queued, placed, starting, running, ended, runs, outcome, centres, started_ms, ended_ms)
        where j.id = s.id`,
    values: [
      int8s(jobs.map((job) => job.id)),
      texts(jobs.map(jobState)),
      int4s(jobs.map((job) => job.counts.queued)),
      int4s(jobs.map((job) => job.counts.placed)),
      int4s(jobs.map((job) => job.counts.starting)),
      int4s(jobs.map((job) => job.counts.running)),
      int4s(jobs.map((job) => job.counts.ended)),
      int4s(jobs.map((job) => job.runs)),
      jsonbs(jobs.map((job) => json(job.outcome))),
      texts(jobs.map((job) => job.centres.join(","))),
      int8s(jobs.map((job) => job.startedMs)),
      int8s(jobs.map((job) => job.endedMs)),
    ],
  };
}

function insertTransfers(
  transfers: readonly Transfer[],
  accounts: AccountIds,
  held: (transfer: Transfer) => bigint,
): readonly Part[] {
  if (transfers.length === 0) return [];
  const changes = changesOf(transfers, accounts, held);
  return [
    {
      name: "transfers",
      text: `
        insert into transfer (id, kind, pending_id, unit, debit_account, credit_account, amount, job_id, index, attempt, at_ms)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int8[], $6::int8[], $7::int8[], $8::int8[],
          $9::int4[], $10::int4[], $11::int8[])`,
      values: [
        texts(transfers.map((transfer) => transfer.id)),
        texts(transfers.map((transfer) => transfer.kind)),
        texts(transfers.map((transfer) => ("pending" in transfer ? transfer.pending : null))),
        texts(transfers.map((transfer) => transfer.unit)),
        int8s(transfers.map((transfer) => accounts.idOf(transfer.debit, transfer.unit))),
        int8s(transfers.map((transfer) => accounts.idOf(transfer.credit, transfer.unit))),
        int8s(transfers.map((transfer) => transfer.amount)),
        int8s(transfers.map((transfer) => transfer.run.job)),
        int4s(transfers.map((transfer) => transfer.run.index)),
        int4s(transfers.map((transfer) => transfer.run.attempt)),
        int8s(transfers.map((transfer) => transfer.atMs)),
      ],
    },
    {
      name: "accounts",
      text: `
        update account a set debits_pending = a.debits_pending + c.debits_pending, debits_posted = a.debits_posted + c.debits_posted,
          credits_pending = a.credits_pending + c.credits_pending, credits_posted = a.credits_posted + c.credits_posted
        from (select * from unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[])
          as c (id, debits_pending, debits_posted, credits_pending, credits_posted) order by 1) as c
        where a.id = c.id`,
      values: [
        int8s(changes.map((change) => change.account)),
        int8s(changes.map((change) => change.debitsPending)),
        int8s(changes.map((change) => change.debitsPosted)),
        int8s(changes.map((change) => change.creditsPending)),
        int8s(changes.map((change) => change.creditsPosted)),
      ],
    },
  ];
}

function insertEvents(events: readonly NewEvent[]): Part | null {
  if (events.length === 0) return null;
  return {
    name: "events",
    text: `
        insert into event (at_ms, project_id, job_id, index, attempt, kind, state, centre_id, cause, detail)
        select * from unnest($1::int8[], $2::int8[], $3::int8[], $4::int4[], $5::int4[], $6::text[], $7::text[], $8::text[],
          $9::text[], $10::jsonb[])`,
    values: [
      int8s(events.map((event) => event.atMs)),
      int8s(events.map((event) => event.project)),
      int8s(events.map((event) => event.job)),
      int4s(events.map((event) => event.index)),
      int4s(events.map((event) => event.attempt)),
      texts(events.map((event) => event.kind)),
      texts(events.map((event) => event.state)),
      texts(events.map((event) => event.centre)),
      texts(events.map((event) => event.cause)),
      jsonbs(events.map((event) => json(event.detail))),
    ],
  };
}

/** What the hold that a post or a void ends had taken: made anew from the run, since transfers are derived from it. */
function heldBy(sheet: Sheet): (transfer: Transfer) => bigint {
  return (transfer) => {
    const run = sheet.runs.get(runId(transfer.run));
    const job = sheet.jobs.get(transfer.run.job);
    const held = run && job && holdOf(run.allocation, job.timeLimitS, job.graceS).get(transfer.unit);
    if (held === undefined) throw new Error(`broken invariant: ${transfer.id} ends a hold`);
    return held;
  };
}

function json(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
