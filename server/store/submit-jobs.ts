import pg from "pg";
import { type JobId, jobId, type PersonId, type ProjectId } from "#core/ids.ts";
import { type JobSpec, taskCount } from "#core/job/spec.ts";
import { byteas, int4s, int8s, jsonbs, jsons, texts } from "./arrays.ts";
import { type SpecColumns, specColumns } from "./job-spec.ts";
import type { AdmittedJob, Submission } from "./writer.ts";

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
    select unnest($10::int8[]) as id, unnest($11::int8[]) as tenant_id, unnest($12::int8[]) as project_id,
      unnest($13::int8[]) as person_id, unnest($14::text[]) as name, unnest($15::json[]) as spec, unnest($16::text[]) as script,
      unnest($17::json[]) as input_files, unnest($18::text[]) as array_text, unnest($19::int4[]) as task_count,
      unnest($20::json[]) as defaults, unnest($21::json[]) as warnings
  ) as j
), new_task as (
  insert into task (job_id, index, position, state, since_ms, attempts, retries_left)
  select r.job_id, r.index, r.position + (r.index - r.first) / r.step, 'queued', $4::bigint, 0, r.retries
  from moved, (
    select r.*, generate_series(r.first, r.last, r.step) as index
    from (
      select unnest($22::int8[]) as job_id, unnest($23::int4[]) as first, unnest($24::int4[]) as last,
        unnest($25::int4[]) as step, unnest($26::int4[]) as position, unnest($27::int4[]) as retries
    ) as r
  ) as r
), new_label as (
  insert into job_label (key, value, job_id)
  select l.key, l.value, l.job_id from moved, (
    select unnest($28::int8[]) as job_id, unnest($29::text[]) as key, unnest($30::text[]) as value
  ) as l
), new_event as (
  insert into event (at_ms, project_id, kind, state, cause, detail)
  select $4::bigint, e.project_id, 'submitted', 'queued', e.cause, e.detail from moved, (
    select unnest($31::int8[]) as project_id, unnest($32::text[]) as cause, unnest($33::jsonb[]) as detail
  ) as e
)
select exists (select from moved) as moved`;

/** The batch as the statement takes it. */
export function submitParameters(batch: NumberedBatch): SubmitParameters {
  const keys: NumberedSubmission[] = [];
  const jobs: JobLine[] = [];
  const ranges: RangeLine[] = [];
  const labels: [job: number, key: string, value: string][] = [];
  for (const entry of batch.entries) {
    const { submission, ids, specs } = entry;
    if (submission.idempotency) keys.push(entry);
    let same: SpecTexts | null = null;
    for (const [at, job] of submission.jobs.entries()) {
      const id = ids[at];
      const spec = specs[at];
      if (id === undefined || spec === undefined) throw new Error("broken invariant: each job has an id and a spec");
      for (const [key, value] of Object.entries(spec.labels)) labels.push([id, key, value]);
      let count = 0;
      for (const { first, last, step } of job.spec.array?.ranges ?? plain) {
        ranges.push({ job: id, first, last, step, position: count, retries: job.spec.retries });
        count += Math.floor((last - first) / step) + 1;
      }
      // Jobs of one call that ask for the same share their spec.
      if (same?.of !== job || same.spec !== spec) same = specTexts(job, spec);
      jobs.push({ id, by: submission, texts: same, count });
    }
  }
  const events = eventsOf(jobs);
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
    int8s(jobs.map((line) => line.id)),
    int8s(jobs.map((line) => line.by.tenant)),
    int8s(jobs.map((line) => line.texts.of.project)),
    int8s(jobs.map((line) => line.by.person)),
    texts(jobs.map((line) => line.texts.spec.name)),
    jsons(jobs.map((line) => line.texts.columns.spec)),
    texts(jobs.map((line) => line.texts.columns.script)),
    jsons(jobs.map((line) => line.texts.columns.inputFiles)),
    texts(jobs.map((line) => line.texts.of.arrayText)),
    int4s(jobs.map((line) => line.count)),
    jsons(jobs.map((line) => line.texts.defaults)),
    jsons(jobs.map((line) => line.texts.warnings)),
    int8s(ranges.map((range) => range.job)),
    int4s(ranges.map((range) => range.first)),
    int4s(ranges.map((range) => range.last)),
    int4s(ranges.map((range) => range.step)),
    int4s(ranges.map((range) => range.position)),
    int4s(ranges.map((range) => range.retries)),
    int8s(labels.map((label) => label[0])),
    texts(labels.map((label) => label[1])),
    texts(labels.map((label) => label[2])),
    int8s(events.map((event) => event.project)),
    texts(events.map((event) => event.cause)),
    jsonbs(events.map((event) => JSON.stringify({ jobs: event.jobs }))),
  ];
}

type SubmittedEvent = { readonly project: ProjectId; readonly cause: string; readonly jobs: JobId[] };

/** One tells of all jobs of one person and project. */
function eventsOf(jobs: readonly JobLine[]): readonly SubmittedEvent[] {
  const events: SubmittedEvent[] = [];
  const byWho = new Map<PersonId, Map<ProjectId, SubmittedEvent>>();
  for (const { id, by, texts } of jobs) {
    const { project } = texts.of;
    const ofPerson = byWho.get(by.person) ?? new Map<ProjectId, SubmittedEvent>();
    let event = ofPerson.get(project);
    if (event === undefined) {
      event = { project, cause: `person:${by.person}`, jobs: [] };
      events.push(event);
      byWho.set(by.person, ofPerson.set(project, event));
    }
    event.jobs.push(id);
  }
  return events;
}

type JobLine = {
  readonly id: JobId;
  readonly by: Submission;
  readonly texts: SpecTexts;
  readonly count: number;
};
type RangeLine = {
  readonly job: number;
  readonly first: number;
  readonly last: number;
  readonly step: number;
  readonly position: number;
  readonly retries: number;
};
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

const plain = [{ first: 0, last: 0, step: 1 }] as const;

function withBulkDependencies(job: AdmittedJob, ids: readonly JobId[]): AdmittedJob["spec"] {
  if (job.after.length === 0) return job.spec;
  const resolved = job.after.map(({ dependency, position }) => {
    const id = ids[position];
    if (id === undefined) throw new Error("broken invariant: a dependency names a job of its own submission");
    return { ...dependency, job: id };
  });
  return { ...job.spec, dependencies: [...job.spec.dependencies, ...resolved] };
}
