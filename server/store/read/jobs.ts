import type pg from "pg";
import type { JobSummary } from "#api/job.ts";
import { outcomeView } from "#api/outcome-view.ts";
import type { Outcome, StateKind } from "#core/job/state.ts";

/**
 * A page of jobs, newest first, of those the caller may see. Each filter alone is read from an index in the order of the
 * page, so its time does not grow with the table; bench/list.ts measures that on a million jobs.
 */
export async function readJobs(pool: pg.Pool, filter: JobFilter): Promise<readonly JobSummary[]> {
  const { text, values } = jobsQuery(filter);
  const { rows } = await pool.query<SummaryRow>(text, values);
  return rows.map(summaryOf);
}

export type JobFilter = {
  /** null: of all projects. */
  readonly projects: readonly number[] | null;
  /** Only ids below this one. */
  readonly before: number | null;
  readonly limit: number;
  readonly state?: StateKind | undefined;
  readonly outcome?: string | undefined;
  readonly person?: number | undefined;
  /** How the name begins. */
  readonly name?: string | undefined;
  readonly centre?: string | undefined;
  readonly label?: { readonly key: string; readonly value: string } | undefined;
  readonly submittedFromMs?: number | undefined;
  readonly submittedToMs?: number | undefined;
};

export type SummaryRow = {
  readonly id: number;
  readonly name: string;
  readonly project: string;
  readonly person: string;
  readonly state: StateKind;
  readonly outcome: Outcome | null;
  readonly task_count: number;
  readonly array_text: string | null;
  readonly queued: number;
  readonly placed: number;
  readonly starting: number;
  readonly running: number;
  readonly ended: number;
  readonly centres: string[];
  readonly submitted_ms: number;
  readonly started_ms: number | null;
  readonly ended_ms: number | null;
  readonly unreachable_since_ms: number | null;
};

/** For `select ${summaryColumns} from job join project … join person …`. */
export const summaryColumns = `job.id, job.name, project.name as project, person.name as person, job.state, job.outcome,
  job.task_count, job.array_text, job.queued, job.placed, job.starting, job.running, job.ended, job.centres,
  job.submitted_ms, job.started_ms, job.ended_ms, job.unreachable_since_ms`;

export function summaryOf(row: SummaryRow): JobSummary {
  return {
    id: row.id,
    name: row.name,
    project: row.project,
    person: row.person,
    state: row.state,
    // The row has the first failure as soon as there is one; it is the job's outcome once all tasks ended.
    outcome: row.state === "ended" && row.outcome !== null ? outcomeView(row.outcome) : null,
    tasks: row.task_count,
    array: row.array_text,
    counts: {
      queued: row.queued,
      placed: row.placed,
      starting: row.starting,
      running: row.running,
      ended: row.ended,
    },
    centres: row.centres,
    submittedMs: row.submitted_ms,
    startedMs: row.started_ms,
    endedMs: row.ended_ms,
    unreachableSinceMs: row.unreachable_since_ms,
  };
}

/**
 * The page's ids first, then their rows. Filters that have a table of their own (label, centre) lead; a caller bounded
 * to several projects gets the page of each, merged, because one index scan can order only one project by id.
 */
function jobsQuery(filter: JobFilter): { readonly text: string; readonly values: unknown[] } {
  const values: unknown[] = [];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const conditions = conditionsOf(filter, bind);
  const limit = bind(filter.limit);
  const rows = (ids: string) => `
    with page as materialized (${ids})
    select ${summaryColumns} from page
    join job on job.id = page.id join project on project.id = job.project_id join person on person.id = job.person_id
    order by job.id desc`;
  const where = (more: readonly string[]) => {
    const all = [...conditions, ...more];
    return all.length > 0 ? `where ${all.join(" and ")}` : "";
  };
  const { projects, label, centre, before } = filter;
  const bounded = projects === null ? [] : [`job.project_id = any(${bind(projects)})`];

  if (label !== undefined) {
    const named = `job_label.key = ${bind(label.key)} and job_label.value = ${bind(label.value)}`;
    const below = before === null ? "" : `and job_label.job_id < ${bind(before)}`;
    const ids = `select job.id from job_label join job on job.id = job_label.job_id
      ${where([...bounded, named])} ${below} order by job_label.job_id desc limit ${limit}`;
    return { text: rows(ids), values };
  }
  if (centre !== undefined) {
    const below = before === null ? "" : `and run.job_id < ${bind(before)}`;
    const ids = `select job.id from (
        select distinct on (job_id) job_id from run where centre_id = ${bind(centre)} ${below} order by job_id desc
      ) ran join job on job.id = ran.job_id ${where(bounded)} order by ran.job_id desc limit ${limit}`;
    return { text: rows(ids), values };
  }
  if (projects !== null && projects.length !== 1) {
    const ids = `select own.id from unnest(${bind(projects)}::bigint[]) as project (id) cross join lateral (
        select job.id from job ${where(["job.project_id = project.id"])} order by job.id desc limit ${limit}
      ) own order by own.id desc limit ${limit}`;
    return { text: rows(ids), values };
  }
  const one = projects === null ? [] : [`job.project_id = ${bind(projects[0])}`];
  return { text: rows(`select job.id from job ${where(one)} order by job.id desc limit ${limit}`), values };
}

function conditionsOf(filter: JobFilter, bind: (value: unknown) => string): string[] {
  const conditions: string[] = [];
  if (filter.before !== null) conditions.push(`job.id < ${bind(filter.before)}`);
  // Spelt out, so that the planner sees which partial index holds all of them.
  if (filter.state !== undefined) conditions.push(`job.state = '${filter.state}'`);
  if (filter.outcome !== undefined)
    conditions.push(`job.state = 'ended' and outcome_kind(job.outcome) = ${bind(filter.outcome)}`);
  if (filter.person !== undefined) conditions.push(`job.person_id = ${bind(filter.person)}`);
  if (filter.name !== undefined) conditions.push(`job.name like ${bind(`${filter.name.replace(/[\\%_]/g, "\\$&")}%`)}`);
  if (filter.submittedFromMs !== undefined) {
    const from = bind(filter.submittedFromMs);
    conditions.push(`job.submitted_ms >= ${from}`);
    conditions.push(`job.id >= coalesce((select id from job where submitted_ms >= ${from} - ${disorderMs}
      order by submitted_ms limit 1), 0)`);
  }
  if (filter.submittedToMs !== undefined) {
    const to = bind(filter.submittedToMs);
    conditions.push(`job.submitted_ms < ${to}`);
    conditions.push(`job.id <= coalesce((select id from job where submitted_ms > ${to} + ${disorderMs}
      order by submitted_ms limit 1), 9007199254740991)`);
  }
  return conditions;
}

/**
 * Ids rise with the time of submission but for clocks that were set: up to this much. It lets a period of long ago begin
 * at the right id instead of at the newest.
 */
const disorderMs = 600_000;
