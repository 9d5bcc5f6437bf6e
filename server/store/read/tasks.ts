import type pg from "pg";
import type { z } from "zod";
import { type JobDetail, outcomeKinds, type task } from "#api/job.ts";
import { outcomeView } from "#api/outcome-view.ts";
import type { RunWait } from "#core/centre/waiting.ts";
import type { Outcome, StateKind } from "#core/job/state.ts";
import type { Decision, EarlierDecision } from "#core/scheduling/decision.ts";
import type { Cancel } from "#server/store/sheet.ts";

export type TaskView = z.output<typeof task>;

/** Tasks of a job in the order of their indices, those above `after`. */
export async function readTasks(
  pool: pg.Pool,
  job: number,
  page: { readonly after: number | null; readonly limit: number },
): Promise<readonly TaskView[]> {
  const { rows } = await pool.query<TaskRow>(
    `select index, position, state, outcome, attempts, ended_ms, unreachable_since_ms, case
         when attempts = 0 or attempts = 1 and state <> 'queued' then started_ms
         else (select min(run.started_ms) from run where run.job_id = task.job_id and run.index = task.index)
       end as started_ms
     from task where job_id = $1 and index > $2 order by index limit $3`,
    [job, page.after ?? -1, page.limit],
  );
  return rows.map((row) => taskView(job, row));
}

export async function readTask(pool: pg.Pool, job: number, index: number): Promise<TaskView | null> {
  const [task] = await readTasks(pool, job, { after: index - 1, limit: 1 });
  return task?.index === index ? task : null;
}

/** How many tasks of a job ended in which way, and the least index of them, in the order of `outcomeKinds`; reads each of its ended tasks. */
export async function readOutcomes(pool: pg.Pool, job: number): Promise<JobDetail["outcomes"]> {
  const { rows } = await pool.query<OutcomeRow>(
    `select outcome->>'kind' as kind, count(*)::int as count, min(index) as first,
       min((outcome->>'exitCode')::int) as least, max((outcome->>'exitCode')::int) as greatest
     from task where job_id = $1 and state = 'ended' group by 1`,
    [job],
  );
  return outcomeKinds.flatMap((kind) => {
    const of = rows.filter((row) => row.kind === kind || (kind === "failed" && row.kind === "signalled"));
    const count = of.reduce((sum, row) => sum + row.count, 0);
    const [coded] = of;
    const exitCodes =
      of.length > 1 || coded?.least == null || coded.greatest == null
        ? null
        : { least: coded.least, greatest: coded.greatest };
    return count === 0 ? [] : [{ kind, count, first: Math.min(...of.map(({ first }) => first)), exitCodes }];
  });
}

type OutcomeRow = {
  readonly kind: Outcome["kind"];
  readonly count: number;
  readonly first: number;
  readonly least: number | null;
  readonly greatest: number | null;
};

/** The index one means by a job's number alone: its first queued task, else its first. */
export async function readWaiting(pool: pg.Pool, job: number): Promise<number> {
  const { rows } = await pool.query<{ index: number }>(
    "select index from task where job_id = $1 order by (state = 'queued') desc, index limit 1",
    [job],
  );
  return rows[0]?.index ?? 0;
}

export type Placed = {
  readonly centre: string;
  /** What it said of its end. */
  readonly words: string | null;
  /** What is known of its wait in the centre's own queue, while it is there. */
  readonly waiting: RunWait | null;
  /** Asked to end, while it has not. */
  readonly cancel: Cancel | null;
  /** Asked back, while it has not started; null: it was not. */
  readonly back: { readonly waitsFor: string | null } | null;
  /** What is wrong at its centre, in the agent's words, while the run has not started; null: nothing. */
  readonly trouble: string | null;
  readonly decision: Decision | EarlierDecision;
};

/** Where its newest run was placed, what each centre said then, and how it went. */
export async function readPlaced(pool: pg.Pool, job: number, index: number): Promise<Placed | null> {
  const { rows } = await pool.query<Placed>(
    `select centre_id as centre, words, decision, case when state in ('placed', 'starting') then waiting end as waiting,
       case when state <> 'ended' then cancel end as cancel,
       case when state in ('placed', 'starting') and withdraw_ms is not null
         then jsonb_build_object('waitsFor', withdraw_waits) end as back,
       case when state in ('placed', 'starting')
         then (select engine -> 'mechanisms' ->> 'trouble' from centre where centre.id = run.centre_id) end as trouble
     from run where job_id = $1 and index = $2 order by attempt desc limit 1`,
    [job, index],
  );
  return rows[0] ?? null;
}

type TaskRow = {
  readonly index: number;
  readonly position: number;
  readonly state: StateKind;
  readonly outcome: Outcome | null;
  readonly attempts: number;
  readonly started_ms: number | null;
  readonly ended_ms: number | null;
  readonly unreachable_since_ms: number | null;
};

function taskView(job: number, row: TaskRow): TaskView {
  return {
    job,
    index: row.index,
    taskJob: job + row.position,
    state: row.state,
    outcome: row.outcome && outcomeView(row.outcome),
    attempts: row.attempts,
    startedMs: row.started_ms,
    endedMs: row.ended_ms,
    unreachableSinceMs: row.unreachable_since_ms,
  };
}
