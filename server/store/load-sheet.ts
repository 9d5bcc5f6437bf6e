import type pg from "pg";
import type { RunWait } from "#core/centre/waiting.ts";
import { type CentreId, jobId, type ProjectId, parseRunId, type RunId, type TaskRef } from "#core/ids.ts";
import type { Outcome, RunEnd, StateKind } from "#core/job/state.ts";
import type { Allocation, RunUsage } from "#core/run-order.ts";
import { int4s, int8s } from "./arrays.ts";
import { type Cancel, emptySheet, type JobLine, type RunLine, type Sheet, type TaskLine } from "./sheet.ts";

/** What a transaction is going to work on; the job of each task and the task of each run come with it. */
export type Wanted = {
  readonly tasks: readonly TaskRef[];
  readonly runs: readonly RunId[];
  /** The newest run of each of `tasks` too. */
  readonly newestRuns?: boolean;
};

/** At most four queries, in one round trip. The caller holds the lock of transitions, so nothing of it changes meanwhile. */
export async function loadSheet(client: pg.Client, wanted: Wanted, nowMs: number): Promise<Sheet> {
  const runs = wanted.runs.flatMap((id) => parseRunId(id) ?? []);
  const tasks = distinct([...wanted.tasks, ...runs]);
  const jobs = [...new Set(tasks.map((task) => task.job))];
  const tasksWanted = [int8s(tasks.map((task) => task.job)), int4s(tasks.map((task) => task.index))];
  const runsWanted = [
    int8s(runs.map((run) => run.job)),
    int4s(runs.map((run) => run.index)),
    int4s(runs.map((run) => run.attempt)),
  ];
  const ask = <Row extends pg.QueryResultRow>(
    asked: boolean,
    name: string,
    text: string,
    values: readonly unknown[],
  ) => (asked ? client.query<Row>({ name, text, values: [...values] }) : Promise.resolve({ rows: [] }));
  const [jobRows, taskRows, newestRuns, namedRuns] = await Promise.all([
    ask<JobRow>(jobs.length > 0, "sheet-jobs", jobsText, [int8s(jobs)]),
    ask<TaskRow>(tasks.length > 0, "sheet-tasks", tasksText, tasksWanted),
    ask<RunRow>(wanted.newestRuns === true, "sheet-newest-runs", newestRunsText, tasksWanted),
    ask<RunRow>(runs.length > 0, "sheet-runs", namedRunsText, runsWanted),
  ]);
  return emptySheet(
    nowMs,
    jobRows.rows.map(jobLine),
    taskRows.rows.map(taskLine),
    // A run may come by both ways; each has one line.
    [...newestRuns.rows, ...namedRuns.rows].map(runLine),
  );
}

const jobsText = `
select id, project_id, task_count, queued, placed, starting, running, ended, runs, outcome, centres, started_ms, ended_ms,
  (spec ->> 'timeLimitS')::int as time_limit_s, (spec ->> 'graceS')::int as grace_s,
  (spec ->> 'deadlineMs')::int8 as deadline_ms,
  coalesce(spec -> 'onUnreachable' ->> 'kind' = 'restart-after', false) as restarts_when_lost,
  coalesce((spec ->> 'requeue')::boolean, false) as requeues, spec ->> 'preemptible' is not null as gives_way
from job where id = any($1::int8[])`;

const tasksText = `
select t.job_id, t.index, t.state, t.since_ms, t.attempts, t.retries_left, t.centre_id, t.started_ms, t.ended_ms, t.outcome,
  t.unreachable_since_ms
from unnest($1::int8[], $2::int4[]) as w (job_id, index) join task t using (job_id, index)`;

const runColumns = `
r.job_id, r.index, r.attempt, r.centre_id, r.pool, r.state, r.allocation, r.placed_ms, r.latest_start_ms, r.accepted_ms,
  r.started_ms, r.ended_ms, r."end", r.usage, r.words, r.billed, r.unreachable_since_ms, r.cancel_ms, r.cancel, r.withdraw_waits, r.superseded, r.waiting, r.nodes`;

const newestRunsText = `
select ${runColumns}
from unnest($1::int8[], $2::int4[]) as w (job_id, index) join task t using (job_id, index)
join run r on r.job_id = t.job_id and r.index = t.index and r.attempt = t.attempts`;

const namedRunsText = `
select ${runColumns}
from unnest($1::int8[], $2::int4[], $3::int4[]) as w (job_id, index, attempt) join run r using (job_id, index, attempt)`;

function distinct(tasks: readonly TaskRef[]): readonly TaskRef[] {
  return [...new Map(tasks.map((task) => [`${task.job}.${task.index}`, task])).values()];
}

type JobRow = Readonly<Record<StateKind, number>> & {
  readonly id: number;
  readonly project_id: ProjectId;
  readonly task_count: number;
  readonly runs: number;
  readonly outcome: Outcome | null;
  readonly centres: string[];
  readonly started_ms: number | null;
  readonly ended_ms: number | null;
  readonly time_limit_s: number;
  readonly grace_s: number;
  readonly deadline_ms: number | null;
  readonly restarts_when_lost: boolean;
  readonly requeues: boolean;
  readonly gives_way: boolean;
};

function jobLine(row: JobRow): JobLine {
  const { queued, placed, starting, running, ended } = row;
  return {
    id: jobId(row.id),
    project: row.project_id,
    taskCount: row.task_count,
    timeLimitS: row.time_limit_s,
    graceS: row.grace_s,
    deadlineMs: row.deadline_ms,
    restartsWhenLost: row.restarts_when_lost,
    requeues: row.requeues,
    givesWay: row.gives_way,
    counts: { queued, placed, starting, running, ended },
    runs: row.runs,
    outcome: row.outcome,
    centres: row.centres,
    startedMs: row.started_ms,
    endedMs: row.ended_ms,
  };
}

type TaskRow = {
  readonly job_id: number;
  readonly index: number;
  readonly state: StateKind;
  readonly since_ms: number;
  readonly attempts: number;
  readonly retries_left: number;
  readonly centre_id: CentreId | null;
  readonly started_ms: number | null;
  readonly ended_ms: number | null;
  readonly outcome: Outcome | null;
  readonly unreachable_since_ms: number | null;
};

function taskLine(row: TaskRow): TaskLine {
  return {
    job: jobId(row.job_id),
    index: row.index,
    state: row.state,
    sinceMs: row.since_ms,
    attempts: row.attempts,
    retriesLeft: row.retries_left,
    centre: row.centre_id,
    startedMs: row.started_ms,
    endedMs: row.ended_ms,
    outcome: row.outcome,
    unreachableSinceMs: row.unreachable_since_ms,
  };
}

type RunRow = {
  readonly job_id: number;
  readonly index: number;
  readonly attempt: number;
  readonly centre_id: CentreId;
  readonly pool: string;
  readonly state: StateKind;
  readonly allocation: Allocation;
  readonly placed_ms: number;
  readonly latest_start_ms: number;
  readonly accepted_ms: number | null;
  readonly started_ms: number | null;
  readonly ended_ms: number | null;
  readonly end: RunEnd | null;
  readonly usage: RunUsage | null;
  readonly words: string | null;
  readonly billed: boolean;
  readonly unreachable_since_ms: number | null;
  readonly cancel_ms: number | null;
  readonly cancel: Cancel | null;
  readonly withdraw_waits: string | null;
  readonly superseded: boolean;
  readonly waiting: RunWait | null;
  readonly nodes: string | null;
};

function runLine(row: RunRow): RunLine {
  return {
    job: jobId(row.job_id),
    index: row.index,
    attempt: row.attempt,
    centre: row.centre_id,
    pool: row.pool,
    allocation: row.allocation,
    decision: null,
    placedMs: row.placed_ms,
    latestStartMs: row.latest_start_ms,
    state: row.state,
    acceptedMs: row.accepted_ms,
    startedMs: row.started_ms,
    endedMs: row.ended_ms,
    end: row.end,
    usage: row.usage,
    words: row.words,
    billed: row.billed,
    unreachableSinceMs: row.unreachable_since_ms,
    cancelMs: row.cancel_ms,
    cancel: row.cancel,
    withdrawWaits: row.withdraw_waits,
    superseded: row.superseded,
    waiting: row.waiting,
    nodes: row.nodes,
  };
}
