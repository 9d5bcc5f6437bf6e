import type pg from "pg";
import { type JobId, jobId } from "#core/ids.ts";
import { type JobSpec, taskCount } from "#core/job/spec.ts";
import { byteas, int4s, int8s, jsons, texts } from "./arrays.ts";
import { type SpecColumns, specColumns } from "./job-spec.ts";
import type { AdmittedJob, Submission } from "./writer.ts";

/**
 * The one statement that commits a batch of submissions: the ids, the idempotency rows, then job, task and event rows
 * of those whose key is new. It is a transaction by itself, one round trip.
 *
 * The ids are chosen beforehand from what the counter is believed to be, so that answers are made only once; the
 * statement does nothing at all where another server has moved the counter meanwhile.
 */
export async function submitJobs(client: pg.Client, values: SubmitParameters): Promise<SubmittedBatch> {
  const { rows } = await client.query<{ moved: boolean; won: number[] | null }>({
    name: "submit-jobs",
    text,
    values: [...values],
  });
  const row = rows[0];
  if (!row?.moved) return { kind: "counter-moved" };
  return { kind: "done", won: new Set(row.won ?? []) };
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
export type SubmittedBatch =
  | { readonly kind: "counter-moved" }
  /** Places (from 1) in `entries` of those whose key was new; entries without a key are always written. */
  | { readonly kind: "done"; readonly won: ReadonlySet<number> };

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
 * of its own first, which costs a quarter of the whole statement.
 */
const text = `
with moved as (
  update counter set value = $2::bigint, nonce = $3::text where name = 'job' and value = $1::bigint returning value
), key as (
  select * from unnest($5::int4[], $6::int8[], $7::text[], $8::bytea[], $9::int4[], $10::text[])
    as k (entry, tenant_id, key, body_hash, status, answer)
), kept as (
  insert into idempotency (tenant_id, key, body_hash, status, answer, at_ms)
  select key.tenant_id, key.key, key.body_hash, key.status, key.answer, $4::bigint from moved, key
  on conflict do nothing
  returning tenant_id, key
), won as (
  select 0 as entry union all
  select key.entry from kept join key using (tenant_id, key)
), new_job as (
  insert into job (id, tenant_id, project_id, person_id, name, spec, script, input_files, array_text, task_count, defaults,
    warnings, submitted_ms, state, queued, placed, starting, running, ended, runs, centres)
  select j.id, j.tenant_id, j.project_id, j.person_id, j.name, j.spec, j.script, j.input_files, j.array_text, j.task_count,
    j.defaults, j.warnings, $4::bigint, 'queued', j.task_count, 0, 0, 0, 0, 0, '{}'
  from moved, (
    select unnest($11::int4[]) as entry, unnest($12::int8[]) as id, unnest($13::int8[]) as tenant_id,
      unnest($14::int8[]) as project_id, unnest($15::int8[]) as person_id, unnest($16::text[]) as name, unnest($17::json[]) as spec,
      unnest($18::text[]) as script, unnest($19::json[]) as input_files, unnest($20::text[]) as array_text,
      unnest($21::int4[]) as task_count, unnest($22::json[]) as defaults, unnest($23::json[]) as warnings
  ) as j
  where j.entry in (select entry from won)
), new_label as (
  insert into job_label (key, value, job_id)
  select l.key, l.value, l.job_id from moved, (
    select unnest($31::int4[]) as entry, unnest($32::int8[]) as job_id, unnest($33::text[]) as key, unnest($34::text[]) as value
  ) as l
  where l.entry in (select entry from won)
), new_event as (
  insert into event (at_ms, project_id, kind, state, cause, detail)
  select $4::bigint, j.project_id, 'submitted', 'queued', 'person:' || j.person_id,
    jsonb_build_object('jobs', jsonb_agg(j.id order by j.id))
  from moved, (
    select unnest($11::int4[]) as entry, unnest($12::int8[]) as id, unnest($14::int8[]) as project_id,
      unnest($15::int8[]) as person_id
  ) as j
  where j.entry in (select entry from won) group by j.project_id, j.person_id
), new_task as (
  insert into task (job_id, index, position, state, since_ms, attempts, retries_left)
  select r.job_id, r.index, r.position + (r.index - r.first) / r.step, 'queued', $4::bigint, 0, r.retries
  from moved, (
    select r.*, generate_series(r.first, r.last, r.step) as index
    from (
      select unnest($24::int4[]) as entry, unnest($25::int8[]) as job_id, unnest($26::int4[]) as first, unnest($27::int4[]) as last,
        unnest($28::int4[]) as step, unnest($29::int4[]) as position, unnest($30::int4[]) as retries
    ) as r
  ) as r
  where r.entry in (select entry from won)
)
select exists (select from moved) as moved, array(select entry from won where entry > 0) as won`;

/** The batch as the statement takes it. */
export function submitParameters(batch: NumberedBatch): SubmitParameters {
  const keys: NumberedSubmission[] = [];
  const keyEntries: number[] = [];
  const jobs: JobLine[] = [];
  const ranges: RangeLine[] = [];
  const labels: [entry: number, job: number, key: string, value: string][] = [];
  for (const [place, entry] of batch.entries.entries()) {
    const { submission, ids, specs } = entry;
    const no = submission.idempotency ? place + 1 : 0;
    if (submission.idempotency) {
      keys.push(entry);
      keyEntries.push(no);
    }
    let same: SpecTexts | null = null;
    for (const [at, job] of submission.jobs.entries()) {
      const id = ids[at];
      const spec = specs[at];
      if (id === undefined || spec === undefined) throw new Error("broken invariant: each job has an id and a spec");
      for (const [key, value] of Object.entries(spec.labels)) labels.push([no, id, key, value]);
      let count = 0;
      for (const { first, last, step } of job.spec.array?.ranges ?? plain) {
        ranges.push({ entry: no, job: id, first, last, step, position: count, retries: job.spec.retries });
        count += Math.floor((last - first) / step) + 1;
      }
      // Jobs of one call that ask for the same share their spec.
      if (same?.of !== job || same.spec !== spec) same = specTexts(job, spec);
      jobs.push({ entry: no, id, by: submission, texts: same, count });
    }
  }
  return [
    batch.counterBefore,
    batch.counterAfter,
    batch.nonce,
    batch.atMs,
    int4s(keyEntries),
    int8s(keys.map(({ submission }) => submission.tenant)),
    texts(keys.map(({ submission }) => submission.idempotency?.key ?? null)),
    byteas(keys.map(({ submission }) => submission.idempotency?.bodyHash ?? null)),
    int4s(keys.map(({ submission }) => submission.status)),
    texts(keys.map(({ body }) => body)),
    int4s(jobs.map((line) => line.entry)),
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
    int4s(ranges.map((range) => range.entry)),
    int8s(ranges.map((range) => range.job)),
    int4s(ranges.map((range) => range.first)),
    int4s(ranges.map((range) => range.last)),
    int4s(ranges.map((range) => range.step)),
    int4s(ranges.map((range) => range.position)),
    int4s(ranges.map((range) => range.retries)),
    int4s(labels.map((label) => label[0])),
    int8s(labels.map((label) => label[1])),
    texts(labels.map((label) => label[2])),
    texts(labels.map((label) => label[3])),
  ];
}

type JobLine = {
  readonly entry: number;
  readonly id: JobId;
  readonly by: Submission;
  readonly texts: SpecTexts;
  readonly count: number;
};
type RangeLine = {
  readonly entry: number;
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
