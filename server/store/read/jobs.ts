import type pg from "pg";
import type { JobSummary } from "#api/job.ts";
import { outcomeView } from "#api/outcome-view.ts";
import type { Outcome, StateKind } from "#core/job/state.ts";
import type { Database } from "#server/store/database.ts";

/**
 * A page of jobs, newest first, of those the caller may see. Each filter alone is read from an index in the order of the
 * page, so its time does not grow with the table; bench/list.ts measures that on a million jobs.
 */
export async function readJobs(
  { pool, planned }: Pick<Database, "pool" | "planned">,
  filter: JobFilter,
): Promise<readonly JobRead[]> {
  const name = planName(filter);
  if (name !== null) {
    const { text, values } = jobsQuery({ ...filter, limit: roundLimit(filter.limit) }, false);
    const { rows } = await planned.query<SummaryRow>({ name, text, values });
    return rows.slice(0, filter.limit).map(summaryOf);
  }
  const { text, values } = jobsQuery(filter, await isRareName(pool, filter));
  const { rows } = await pool.query<SummaryRow>(text, values);
  return rows.map(summaryOf);
}

/**
 * What everybody reads most, the jobs there are, is planned once: planning costs three times what reading does. Other
 * filters are planned for their values. The limit stands in the text, since a plan for any limit is one for many rows.
 */
function planName({ projects, before, limit, ...filters }: JobFilter): string | null {
  if (Object.values(filters).some((filter) => filter !== undefined)) return null;
  return `jobs ${projects === null ? "all" : "own"} ${before === null ? "newest" : "before"} ${roundLimit(limit)}`;
}

/** Of few sizes, so that few statements are kept. Pages ask for one row more than they show. */
function roundLimit(limit: number): number {
  return [11, 21, 31, 51, 101, 201, 501].find((size) => size >= limit) ?? 1001;
}

export type JobFilter = {
  /** null: of all projects. */
  readonly projects: readonly number[] | null;
  /** Only ids below this one. */
  readonly before: number | null;
  readonly limit: number;
  /** `active`: any but ended. */
  readonly state?: StateKind | "active" | undefined;
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

/** As the store has it: what it waits for the world knows, and the run that is in a centre's own queue. */
export type JobRead = Omit<JobSummary, "waits">;

export function summaryOf(row: SummaryRow): JobRead {
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
 * The page's ids first, then their rows. One filter leads: it gives ids in the order of the page, and the others are
 * asked of each until the page is full. `offset 0` fixes the lead where the planner would read a large part of the
 * table instead; the rest is its choice, by its statistics.
 */
function jobsQuery(filter: JobFilter, rareName: boolean): Query {
  const values: unknown[] = [];
  const bind = (value: unknown) => `$${values.push(value)}`;
  return { text: rowsOf(rareName ? namedQuery(filter, bind) : idsQuery(filter, bind)), values };
}

type Query = { readonly text: string; readonly values: unknown[] };
type Bind = (value: unknown) => string;

function rowsOf(ids: string): string {
  return `with page as materialized (${ids})
    select ${summaryColumns} from page
    join job on job.id = page.id join project on project.id = job.project_id join person on person.id = job.person_id
    order by job.id desc`;
}

function idsQuery(filter: JobFilter, bind: Bind): string {
  const { projects, label, centre, before } = filter;
  const end = () => `limit ${filter.limit}`;
  const below = (id: string) => (before === null ? "true" : `${id} < ${bind(before)}`);
  const own = () => (projects === null ? [] : [`job.project_id = any(${bind(projects)})`]);
  const led = (lead: string, conditions: readonly string[]) =>
    `select job.id from (${lead}) lead cross join lateral (
       select * from job where job.id = lead.job_id offset 0) job
     ${where(conditions)} order by lead.job_id desc ${end()}`;

  if (label !== undefined) {
    const lead = `select job_id from job_label where key = ${bind(label.key)} and value = ${bind(label.value)}
      and ${below("job_id")} order by job_id desc offset 0`;
    const ran = `exists (select from run where run.job_id = job.id and run.centre_id = `;
    const at = centre === undefined ? [] : [`${ran}${bind(centre)})`];
    return led(lead, [...own(), ...at, ...conditionsOf(filter, bind)]);
  }
  if (centre !== undefined) {
    const lead = `select distinct on (job_id) job_id from run where centre_id = ${bind(centre)} and ${below("job_id")}
      order by job_id desc offset 0`;
    const others = conditionsOf({ ...filter, before: null }, bind);
    if (others.length === 0) return led(lead, own());
    return `select job.id from (${lead}) lead join job on job.id = lead.job_id
      ${where([...own(), ...others])} order by lead.job_id desc ${end()}`;
  }
  const conditions = conditionsOf(filter, bind);
  // What is under way has an index by project only.
  const everywhere = filter.state !== undefined && filter.state !== "ended" && filter.person === undefined;
  if (projects === null && !everywhere)
    return `select job.id from job ${where(conditions)} order by job.id desc ${end()}`;
  // One index scan orders the jobs of one project; the pages of several are merged.
  const each = projects === null ? "project" : `unnest(${bind(projects)}::bigint[]) as project (id)`;
  // So of one state of those that are under way: the index has them by it.
  const [states, ofOne] =
    filter.state === "active" && filter.person === undefined
      ? [" cross join unnest('{queued,placed,starting,running}'::text[]) as under (state)", ["job.state = under.state"]]
      : ["", []];
  return `select one.id from ${each}${states} cross join lateral (
      select job.id from job ${where(["job.project_id = project.id", ...ofOne, ...conditions])} order by job.id desc ${end()}
    ) one order by one.id desc ${end()}`;
}

function where(conditions: readonly string[]): string {
  return conditions.length > 0 ? `where ${conditions.join(" and ")}` : "";
}

/** All jobs whose name begins so, in no order: index by index of each project. */
function namedIds({ projects, name }: JobFilter, bind: Bind): string {
  const each = projects === null ? "project" : `unnest(${bind(projects)}::bigint[]) as project (id)`;
  return `select named.id from ${each} cross join lateral (
      select id from job where project_id = project.id and name like ${bind(beginning(name ?? ""))} limit ${fewNamed + 1}
    ) named limit ${fewNamed + 1}`;
}

/** They are few, so all of them are sorted. */
function namedQuery(filter: JobFilter, bind: Bind): string {
  const { before, limit } = filter;
  const named = namedIds(filter, bind);
  const others = conditionsOf({ ...filter, name: undefined, before: null }, bind);
  // Each looked up by its id: the planner would read all that the other filters match instead.
  const looked = "cross join lateral (select * from job where job.id = named.id offset 0) job";
  const below = before === null ? [] : [`named.id < ${bind(before)}`];
  return `select named.id from (${named}) named ${others.length === 0 ? "" : looked} ${where([...below, ...others])}
    order by named.id desc limit ${limit}`;
}

/** Whether so few jobs have the name that all of them can be sorted; of many, a walk from the newest job meets enough soon. */
async function isRareName(pool: pg.Pool, filter: JobFilter): Promise<boolean> {
  if (filter.name === undefined || filter.label || filter.centre || filter.person) return false;
  const values: unknown[] = [];
  const ids = namedIds(filter, (value) => `$${values.push(value)}`);
  const { rows } = await pool.query<{ count: number }>(`select count(*)::int as count from (${ids}) named`, values);
  return (rows[0]?.count ?? 0) <= fewNamed;
}

const fewNamed = 2000;

function beginning(text: string): string {
  return `${text.replace(/[\\%_]/g, "\\$&")}%`;
}

function conditionsOf(filter: JobFilter, bind: Bind): string[] {
  const conditions: string[] = [];
  if (filter.before !== null) conditions.push(`job.id < ${bind(filter.before)}`);
  // Spelt out, so that the planner sees which partial index holds all of them.
  if (filter.person !== undefined) conditions.push(`job.person_id = ${bind(filter.person)}`);
  if (filter.state === "active") conditions.push("job.state <> 'ended'");
  else if (filter.state !== undefined) conditions.push(`job.state = '${filter.state}'`);
  if (filter.outcome !== undefined)
    conditions.push(`job.state = 'ended' and outcome_kind(job.outcome) = ${bind(filter.outcome)}`);
  if (filter.name !== undefined) conditions.push(`job.name like ${bind(beginning(filter.name))}`);
  if (filter.submittedFromMs !== undefined) {
    const from = bind(filter.submittedFromMs);
    conditions.push(`job.submitted_ms >= ${from}`);
    conditions.push(`job.id >= coalesce((select first_job_at(${from} - ${disorderMs})), 9007199254740991)`);
  }
  if (filter.submittedToMs !== undefined) {
    const to = bind(filter.submittedToMs);
    conditions.push(`job.submitted_ms < ${to}`);
    conditions.push(`job.id <= coalesce((select first_job_at(${to} + ${disorderMs})), 9007199254740991)`);
  }
  return conditions;
}

/**
 * Ids rise with the time of submission but for clocks that were set: up to this much. It lets a period of long ago begin
 * at the right id instead of at the newest.
 */
const disorderMs = 600_000;
