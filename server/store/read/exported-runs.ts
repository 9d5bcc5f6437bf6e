import type pg from "pg";
import type { z } from "zod";
import type { exportedRun } from "#api/history-export.ts";
import { deviceClass } from "#core/ledger/unit.ts";

export type ExportedRun = z.output<typeof exportedRun>;

/** When its input was at some centre first, as it said (docs/decisions/0093): no scheduler could have started it before. */
const firstData = `least(
         (select min((place ->> 'fromMs')::int8) from json_array_elements(job.spec #> '{data,at}') as place),
         (job.spec #>> '{data,elsewhereMs}')::int8)`;

/** The last run of each task that started and ended, in the order of (job, index) or the other way round, those behind `after`. */
export async function readExportedRuns(
  pool: pg.Pool,
  page: {
    readonly after: { readonly job: number; readonly index: number } | null;
    readonly limit: number;
    readonly order: "oldest" | "newest";
  },
): Promise<readonly ExportedRun[]> {
  const [isBehind, way] = page.order === "oldest" ? [">", "asc"] : ["<", "desc"];
  const [job, index] = page.order === "oldest" ? [0, -1] : [Number.MAX_SAFE_INTEGER, 0];
  // By the primary keys of task and run alone: a page costs the same wherever it is in the history.
  const { rows } = await pool.query<Row>(
    `select task.job_id as job, task.index, task.job_id + task.position as number, run.centre_id as centre,
       job.project_id as project, job.person_id as person,
       (run.allocation->>'nodes')::int * (run.allocation->>'coresPerNode')::int as cores,
       (run.allocation->>'nodes')::int * (run.allocation->>'acceleratorsPerNode')::int as accelerators,
       run.allocation->>'acceleratorVendor' as vendor, run.allocation->>'acceleratorModel' as model,
       coalesce((run.allocation->>'acceleratorShareMilli')::int, 1000) as "shareMilli",
       (job.spec->>'timeLimitS')::int as "timeLimitS", greatest(job.submitted_ms, ${firstData}) as "submittedMs",
       run.started_ms as "startedMs", run.ended_ms as "endedMs"
     from task
     join run on run.job_id = task.job_id and run.index = task.index and run.attempt = task.attempts
     join job on job.id = task.job_id
     where (task.job_id, task.index) ${isBehind} ($1::bigint, $2::int) and task.state = 'ended'
       and run.started_ms is not null and run.ended_ms is not null
     order by task.job_id ${way}, task.index ${way} limit $3`,
    [page.after?.job ?? job, page.after?.index ?? index, page.limit],
  );
  return rows.map(({ vendor, model, ...run }) => ({
    ...run,
    deviceClass: run.accelerators === 0 ? null : deviceClass(vendor, model),
  }));
}

type Row = Omit<ExportedRun, "deviceClass"> & { readonly vendor: string | null; readonly model: string | null };
