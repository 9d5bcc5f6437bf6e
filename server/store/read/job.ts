import type pg from "pg";
import type { CancelWait } from "#core/centre/waiting.ts";
import type { FilledIn } from "#core/job/admit.ts";
import type { Phrase } from "#core/job/phrase.ts";
import type { JobSpec } from "#core/job/spec.ts";
import { specOfRow } from "../job-spec.ts";
import { type SummaryRow, summaryColumns } from "./jobs.ts";

/** One job whole, whoever may see it: the caller checks `projectId`. null where there is none. */
export async function readJob(pool: pg.Pool, job: number): Promise<JobRow | null> {
  const { rows } = await pool.query<RawRow>(
    `select ${summaryColumns}, job.project_id, job.person_id, job.spec, job.script, job.input_files, job.defaults,
       job.warnings
     from job join project on project.id = job.project_id join person on person.id = job.person_id
     where job.id = $1`,
    [job],
  );
  const row = rows[0];
  if (row === undefined) return null;
  return { ...row, projectId: row.project_id, personId: row.person_id, spec: specOfRow(row) };
}

/** Whether a run of it was asked to end at a centre that lets nobody act as its local user: it can say nothing of it. */
export async function hasUnseenRun(pool: pg.Pool, job: number): Promise<boolean> {
  const { rows } = await pool.query<{ found: boolean }>(
    `select exists (select from run where job_id = $1 and ended_ms is null and cancel ->> 'waitsFor' = $2) as found`,
    [job, "let-in" satisfies CancelWait],
  );
  return rows[0]?.found ?? false;
}

/** What a route needs to know of a job before it acts on it. */
export async function readJobHead(pool: pg.Pool, job: number): Promise<JobHead | null> {
  const { rows } = await pool.query<JobHead>(
    `select id, project_id as "projectId", person_id as "personId", tenant_id as "tenantId", task_count as "taskCount",
       array_text is not null as "isArray"
     from job where id = $1`,
    [job],
  );
  return rows[0] ?? null;
}

export type JobHead = {
  readonly id: number;
  readonly projectId: number;
  readonly personId: number;
  readonly tenantId: number;
  readonly taskCount: number;
  readonly isArray: boolean;
};

export type JobRow = SummaryRow & {
  readonly projectId: number;
  readonly personId: number;
  readonly spec: JobSpec;
  readonly defaults: readonly FilledIn[];
  readonly warnings: readonly Phrase[];
};

type RawRow = Omit<JobRow, "projectId" | "personId"> & {
  readonly project_id: number;
  readonly person_id: number;
  readonly script: string | null;
  readonly input_files: JobSpec["inputFiles"] | null;
};
