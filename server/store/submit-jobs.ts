import pg from "pg";
import { type JobId, jobId, type PersonId, type ProjectId } from "#core/ids.ts";
import { type IndexRange, type JobSpec, taskCount } from "#core/job/spec.ts";
import { byteas, int4s, int8s, jsonbs, jsons, texts } from "./arrays.ts";
import { type SpecColumns, specColumns } from "./job-spec.ts";
import type { AdmittedJob, Submission } from "./submission.ts";

/**
 * The one statement that commits a batch of submissions: the ids, the idempotency rows, then job, task and event rows.
 * It is a transaction by itself, one round trip.
 *
 * The ids are chosen beforehand from what the counter is believed to be, so that answers are made only once. False: it
 * did nothing at all, since another server has moved the counter meanwhile, or a key was used before.
 */
export async function submitJobs(client: pg.Client, values: SubmitParameters): Promise<boolean> {
  try {
    const { rows } = await client.query<{ moved: boolean }>({ name: "submit-jobs", text, values: [...values] });
    return rows[0]?.moved ?? false;
  } catch (error) {
    // Used just now, by something else than a submission.
    if (error instanceof pg.DatabaseError && error.constraint === "idempotency_pkey") return false;
    throw error;
  }
}

export type SubmitParameters = readonly unknown[];
export type NumberedBatch = {
  readonly nonce: string;
  readonly atMs: number;
  readonly counterBefore: number;
  readonly counterAfter: number;
  readonly entries: readonly NumberedSubmission[];
};
export type NumberedSubmission = {
  readonly submission: Submission;
  readonly ids: readonly JobId[];
  /** As kept: dependencies on jobs of the same submission have their ids. */
  readonly specs: readonly JobSpec[];
  readonly body: string;
};
/** Numbers a batch: consecutive ids, as many for each job as it has tasks. */
export function numbered(
  submissions: readonly Submission[],
  counterBefore: number,
  nonce: string,
  atMs: number,
): NumberedBatch {
  let counter = counterBefore;
  const entries = submissions.map((submission) => {
    const ids = submission.jobs.map((job) => {
      const id = jobId(counter + 1);
      counter += taskCount(job.spec.array);
      return id;
    });
    const specs = submission.jobs.map((job) => withBulkDependencies(job, ids));
    return { submission, ids, specs, body: submission.answer(ids) };
  });
  return { nonce, atMs, counterBefore, counterAfter: counter, entries };
}

/**
 * Each array is unnested in the select list, not in the from clause: there PostgreSQL would lay every array down as a table
 * of its own first, which costs a quarter of the whole statement. That no key is in use is asked once for all: \`on conflict\`
 * would have each row written in two steps. \`offset 0\` keeps the planner from reading the whole table for it.
 * Jobs of one call in a row that ask for the same are one element of each array, with their first and their last id.
 */
const text = `
with moved as (
  update counter set value = $2::bigint, nonce = $3::text where name = 'job' and value = $1::bigint and not exists (
    select from (select unnest($5::int8[]) as tenant_id, unnest($6::text[]) as key) as k cross join lateral (
      select from idempotency as i where i.tenant_id = k.tenant_id and i.key = k.key offset 0
    ) as used
  ) returning value
), new_key as (
  insert into idempotency (tenant_id, key, body_hash, status, answer, at_ms)
  select k.tenant_id, k.key, k.body_hash, k.status, k.answer, $4::bigint from moved, (
    select unnest($5::int8[]) as tenant_id, unnest($6::text[]) as key, unnest($7::bytea[]) as body_hash,
      unnest($8::int4[]) as status, unnest($9::text[]) as answer
  ) as k
), new_job as (
  insert into job (id, tenant_id, project_id, person_id, name, spec, script, input_files, array_text, task_count, defaults,
    warnings, submitted_ms, state, queued, placed, starting, running, ended, runs, centres)
  select j.id, j.tenant_id, j.project_id, j.person_id, j.name, j.spec, j.script, j.input_files, j.array_text, j.task_count,
    j.defaults, j.warnings, $4::bigint, 'queued', j.task_count, 0, 0, 0, 0, 0, '{}'
  from moved, (
    select r.*, generate_series(r.first_id, r.last_id, r.task_count) as id
    from (
      select unnest($10::int8[]) as first_id, unnest($11::int8[]) as last_id, unnest($12::int8[]) as tenant_id,
        unnest($13::int8[]) as project_id, unnest($14::int8[]) as person_id, unnest($15::text[]) as name,
        unnest($16::json[]) as spec, unnest($17::text[]) as script, unnest($18::json[]) as input_files,
        unnest($19::text[]) as array_text, unnest($20::int4[]) as task_count, unnest($21::json[]) as defaults,
        unnest($22::json[]) as warnings
    ) as r
  ) as j
), new_task as (
  insert into task (job_id, index, position, state, since_ms, attempts, retries_left)
  select t.job_id, t.index, t.position + (t.index - t.first) / t.step, 'queued', $4::bigint, 0, t.retries
  from moved, (
    select j.*, generate_series(j.first, j.last, j.step) as index
    from (
      select r.*, generate_series(r.first_id, r.last_id, r.task_count) as job_id
      from (
        select unnest($23::int8[]) as first_id, unnest($24::int8[]) as last_id, unnest($25::int4[]) as task_count,
          unnest($26::int4[]) as first, unnest($27::int4[]) as last, unnest($28::int4[]) as step,
          unnest($29::int4[]) as position, unnest($30::int4[]) as retries
      ) as r
    ) as j
  ) as t
), new_label as (
  insert into job_label (key, value, job_id)
  select l.key, l.value, l.job_id from moved, (
    select unnest($31::int8[]) as job_id, unnest($32::text[]) as key, unnest($33::text[]) as value
  ) as l
), new_event as (
  insert into event (at_ms, project_id, kind, state, cause, detail)
  select $4::bigint, e.project_id, 'submitted', 'queued', e.cause, e.detail from moved, (
    select unnest($34::int8[]) as project_id, unnest($35::text[]) as cause, unnest($36::jsonb[]) as detail
  ) as e
)
select exists (select from moved) as moved`;

/** The batch as the statement takes it. */
export function submitParameters(batch: NumberedBatch): SubmitParameters {
  const keys: NumberedSubmission[] = [];
  const alike: LikeJobs[] = [];
  const labels: [job: number, key: string, value: string][] = [];
  for (const entry of batch.entries) {
    const { submission, ids, specs } = entry;
    if (submission.idempotency) keys.push(entry);
    for (const [at, job] of submission.jobs.entries()) {
      const id = ids[at];
      const spec = specs[at];
      if (id === undefined || spec === undefined) throw new Error("broken invariant: each job has an id and a spec");
      for (const [key, value] of Object.entries(spec.labels)) labels.push([id, key, value]);
      const before = alike.at(-1);
      if (before?.by === submission && before.texts.of === job && before.texts.spec === spec) before.last = id;
      else
        alike.push({ first: id, last: id, tasks: taskCount(spec.array), by: submission, texts: specTexts(job, spec) });
    }
  }
  const ranges = alike.flatMap(rangesOf);
  const events = eventsOf(alike);
  return [
    batch.counterBefore,
    batch.counterAfter,
    batch.nonce,
    batch.atMs,
    int8s(keys.map(({ submission }) => submission.tenant)),
    texts(keys.map(({ submission }) => submission.idempotency?.key ?? null)),
    byteas(keys.map(({ submission }) => submission.idempotency?.bodyHash ?? null)),
    int4s(keys.map(({ submission }) => submission.status)),
    texts(keys.map(({ body }) => body)),
    int8s(alike.map((jobs) => jobs.first)),
    int8s(alike.map((jobs) => jobs.last)),
    int8s(alike.map((jobs) => jobs.by.tenant)),
    int8s(alike.map((jobs) => jobs.texts.of.project)),
    int8s(alike.map((jobs) => jobs.by.person)),
    texts(alike.map((jobs) => jobs.texts.spec.name)),
    jsons(alike.map((jobs) => jobs.texts.columns.spec)),
    texts(alike.map((jobs) => jobs.texts.columns.script)),
    jsons(alike.map((jobs) => jobs.texts.columns.inputFiles)),
    texts(alike.map((jobs) => jobs.texts.of.arrayText)),
    int4s(alike.map((jobs) => jobs.tasks)),
    jsons(alike.map((jobs) => jobs.texts.defaults)),
    jsons(alike.map((jobs) => jobs.texts.warnings)),
    int8s(ranges.map((range) => range.of.first)),
    int8s(ranges.map((range) => range.of.last)),
    int4s(ranges.map((range) => range.of.tasks)),
    int4s(ranges.map((range) => range.first)),
    int4s(ranges.map((range) => range.last)),
    int4s(ranges.map((range) => range.step)),
    int4s(ranges.map((range) => range.position)),
    int4s(ranges.map((range) => range.of.texts.spec.retries)),
    int8s(labels.map((label) => label[0])),
    texts(labels.map((label) => label[1])),
    texts(labels.map((label) => label[2])),
    int8s(events.map((event) => event.project)),
    texts(events.map((event) => event.cause)),
    jsonbs(events.map((event) => JSON.stringify({ jobs: event.jobs }))),
  ];
}

/** Jobs of one call, one after another, that ask for the same: their ids are `tasks` apart, which is what each has. */
type LikeJobs = {
  readonly first: JobId;
  last: JobId;
  readonly tasks: number;
  readonly by: Submission;
  readonly texts: SpecTexts;
};

type TaskRange = IndexRange & { readonly of: LikeJobs; readonly position: number };

function rangesOf(of: LikeJobs): readonly TaskRange[] {
  let position = 0;
  return (of.texts.spec.array?.ranges ?? plain).map(({ first, last, step }) => {
    const range = { of, first, last, step, position };
    position += Math.floor((last - first) / step) + 1;
    return range;
  });
}

const plain = [{ first: 0, last: 0, step: 1 }] as const;

type SubmittedEvent = { readonly project: ProjectId; readonly cause: string; readonly jobs: number[] };

/** One tells of all jobs of one person and project. */
function eventsOf(alike: readonly LikeJobs[]): readonly SubmittedEvent[] {
  const events: SubmittedEvent[] = [];
  const byWho = new Map<PersonId, Map<ProjectId, SubmittedEvent>>();
  for (const { first, last, tasks, by, texts } of alike) {
    const { project } = texts.of;
    const ofPerson = byWho.get(by.person) ?? new Map<ProjectId, SubmittedEvent>();
    let event = ofPerson.get(project);
    if (event === undefined) {
      event = { project, cause: `person:${by.person}`, jobs: [] };
      events.push(event);
      byWho.set(by.person, ofPerson.set(project, event));
    }
    for (let id: number = first; id <= last; id += tasks) event.jobs.push(id);
  }
  return events;
}

type SpecTexts = {
  readonly of: AdmittedJob;
  readonly spec: JobSpec;
  readonly columns: SpecColumns;
  readonly defaults: string;
  readonly warnings: string;
};

function specTexts(of: AdmittedJob, spec: JobSpec): SpecTexts {
  const defaults = JSON.stringify(of.defaults);
  return { of, spec, columns: specColumns(spec), defaults, warnings: JSON.stringify(of.warnings) };
}

function withBulkDependencies(job: AdmittedJob, ids: readonly JobId[]): AdmittedJob["spec"] {
  if (job.after.length === 0) return job.spec;
  const resolved = job.after.map(({ dependency, position }) => {
    const id = ids[position];
    if (id === undefined) throw new Error("broken invariant: a dependency names a job of its own submission");
    return { ...dependency, job: id };
  });
  return { ...job.spec, dependencies: [...job.spec.dependencies, ...resolved] };
}
