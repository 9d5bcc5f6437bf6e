import type pg from "pg";
import type { RunWait } from "#core/centre/waiting.ts";
import { type CentreId, jobId, type ProjectId, parseRunId, type RunId, type TaskRef } from "#core/ids.ts";
import type { Outcome, RunEnd, StateKind } from "#core/job/state.ts";
import type { Allocation, RunUsage } from "#core/run-order.ts";
import { int4s, int8s } from "./arrays.ts";
import { type Cancel, emptySheet, type JobLine, type RunLine, type Sheet, type TaskLine, taskKey } from "./sheet.ts";

/** What a transaction is going to work on; the job of each task and the task of each run come with it. */
export type Wanted = {
  readonly tasks: readonly TaskRef[];
  readonly runs: readonly RunId[];
  /** The newest run of each of `tasks` too. */
  readonly newestRuns?: boolean;
};

/** Two queries, in one round trip. The caller holds the lock of transitions, so nothing of it changes meanwhile. */
export async function loadSheet(client: pg.Client, wanted: Wanted, nowMs: number): Promise<Sheet> {
  const runs = wanted.runs.flatMap((id) => parseRunId(id) ?? []);
  const tasks = distinct(wanted.newestRuns ? [...wanted.tasks, ...runs] : wanted.tasks);
  if (tasks.length + runs.length === 0) return emptySheet(nowMs, [], [], []);
  const [jobRows, { rows }] = await Promise.all([
    client.query<JobRow>({
      name: "sheet-jobs",
      text: jobsText,
      values: [int8s([...new Set([...tasks, ...runs].map((task) => task.job))])],
    }),
    client.query<TaskRow & RunOfTaskRow>({
      name: wanted.newestRuns ? "sheet-newest-runs" : "sheet-tasks",
      text: tasksText(wanted.newestRuns ? "coalesce(w.attempt, t.attempts)" : "w.attempt"),
      values: [
        int8s([...tasks.map((task) => task.job), ...runs.map((run) => run.job)]),
        int4s([...tasks.map((task) => task.index), ...runs.map((run) => run.index)]),
        int4s([...tasks.map(() => null), ...runs.map((run) => run.attempt)]),
      ],
    }),
  ]);
  return emptySheet(
    nowMs,
    jobRows.rows.map(jobLine),
    // A task comes once for each of its runs, and a run may come by both ways; each has one line.
    rows.map(taskLine),
    rows.flatMap((row) => (row.attempt === null ? [] : [runLine(row)])),
  );
}

const jobsText = `
select id, project_id, task_count, queued, placed, starting, running, ended, runs, outcome, centres, started_ms, ended_ms,
  (spec ->> 'timeLimitS')::int as time_limit_s, (spec ->> 'graceS')::int as grace_s,
  (spec ->> 'deadlineMs')::int8 as deadline_ms,
  coalesce(spec -> 'onUnreachable' ->> 'kind' = 'restart-after', false) as restarts_when_lost,
  coalesce((spec ->> 'requeue')::boolean, false) as requeues, spec ->> 'preemptible' is not null as gives_way,
  unreachable_since_ms is not null as unreachable
from job where id = any($1::int8[])`;

/**
 * Row by row by the whole key: `offset 0` keeps the planner, who plans this once and does not know how long a job's array
 * or a list of runs will be, from reading all of one to find a few.
 */
function tasksText(attempt: string): string {
  return `
select t.*, r.*
from unnest($1::int8[], $2::int4[], $3::int4[]) as w (job_id, index, attempt)
cross join lateral (
  select job_id, index, state as task_state, since_ms, attempts, retries_left, centre_id as task_centre_id,
    started_ms as task_started_ms, ended_ms as task_ended_ms, outcome, unreachable_since_ms as task_unreachable_since_ms
  from task where task.job_id = w.job_id and task.index = w.index offset 0
) as t
left join lateral (
  select attempt, centre_id, pool, state, allocation, placed_ms, latest_start_ms, accepted_ms, started_ms, ended_ms, "end",
    usage, words, billed, unreachable_since_ms, cancel_ms, cancel, withdraw_waits, superseded, waiting, nodes
  from run where run.job_id = w.job_id and run.index = w.index and run.attempt = ${attempt} offset 0
) as r on true`;
}

function distinct(tasks: readonly TaskRef[]): readonly TaskRef[] {
  return [...new Map(tasks.map((task) => [taskKey(task), task])).values()];
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
  readonly unreachable: boolean;
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
    unreachable: row.unreachable,
  };
}

type TaskRow = {
  readonly job_id: number;
  readonly index: number;
  readonly task_state: StateKind;
  readonly since_ms: number;
  readonly attempts: number;
  readonly retries_left: number;
  readonly task_centre_id: CentreId | null;
  readonly task_started_ms: number | null;
  readonly task_ended_ms: number | null;
  readonly outcome: Outcome | null;
  readonly task_unreachable_since_ms: number | null;
};

function taskLine(row: TaskRow): TaskLine {
  return {
    job: jobId(row.job_id),
    index: row.index,
    state: row.task_state,
    sinceMs: row.since_ms,
    attempts: row.attempts,
    retriesLeft: row.retries_left,
    centre: row.task_centre_id,
    startedMs: row.task_started_ms,
    endedMs: row.task_ended_ms,
    outcome: row.outcome,
    unreachableSinceMs: row.task_unreachable_since_ms,
  };
}

/** A task may have come for itself. */
type RunOfTaskRow = RunRow | { readonly attempt: null };

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
