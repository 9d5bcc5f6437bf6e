import type { SyncAnswer } from "#api/agent.ts";
import { type CentreId, jobId, parseRunId, type RunId, type RunRef, runId } from "#core/ids.ts";
import { demandsOf } from "#core/job/demands.ts";
import type { InputFile, JobSpec } from "#core/job/spec.ts";
import type { Allocation } from "#core/run-order.ts";
import { int4s, int8s } from "./arrays.ts";
import type { Database } from "./database.ts";
import { type StoredSpec, specOfRow } from "./job-spec.ts";

type Order = SyncAnswer["start"][number];

/**
 * The whole orders of some runs that have not ended, in one query; none for a session that is not the newest of the centre
 * any more (R7). The lease travels as what is left of it (R1).
 */
export async function readRunOrders(
  db: Database,
  runs: readonly RunId[],
  session: number,
  nowMs: number,
): Promise<Order[]> {
  const refs = runs.flatMap((run) => parseRunId(run) ?? []);
  const { rows } = await db.planned.query<Row>({
    name: "read-run-orders",
    text: `
      select r.job_id, r.index, r.attempt, r.pool, r.allocation, r.latest_start_ms, t.position, j.name, j.spec, j.script, j.input_files,
        p.id as project_id, p.name as project_name, a.id as person_id, a.name as person_name
      from unnest($1::int8[], $2::int4[], $3::int4[]) as w (job_id, index, attempt)
      -- Each by its whole key (offset 0), however many run and however long the array: this is planned once.
      cross join lateral (
        select * from run where run.job_id = w.job_id and run.index = w.index and run.attempt = w.attempt offset 0) as r
      cross join lateral (select position from task where task.job_id = w.job_id and task.index = w.index offset 0) as t
      join job j on j.id = r.job_id join project p on p.id = j.project_id join person a on a.id = j.person_id
      join centre c on c.id = r.centre_id and c.session = $4
      where r.ended_ms is null`,
    values: [
      int8s(refs.map((ref) => ref.job)),
      int4s(refs.map((ref) => ref.index)),
      int4s(refs.map((ref) => ref.attempt)),
      session,
    ],
  });
  return rows.map((row) => orderOf(row, nowMs));
}

/** Where a run is, whether that centre can be reached, or has left and is not to be any more; null where there is no such run. */
export async function readRunCentre(
  db: Database,
  run: RunRef,
  nowMs: number,
): Promise<{ readonly centre: CentreId; readonly unreachable: boolean; readonly left: boolean } | null> {
  const { rows } = await db.pool.query<{ centre: CentreId; unreachable: boolean; left: boolean }>({
    name: "read-run-centre",
    text: `
      select c.id as centre, c.unreachable_since_ms is not null as unreachable,
        c.intake = 'left' and not exists (
          select from centre_credential k where k.centre_id = c.id and k.kind = 'credential' and k.spent_ms is null
            and k.expires_ms > $4) as left
      from run r join centre c on c.id = r.centre_id where r.job_id = $1 and r.index = $2 and r.attempt = $3`,
    values: [run.job, run.index, run.attempt, nowMs],
  });
  return rows[0] ?? null;
}

type Row = {
  readonly job_id: number;
  readonly index: number;
  readonly attempt: number;
  readonly pool: string;
  readonly allocation: Allocation;
  readonly latest_start_ms: number;
  readonly position: number;
  readonly name: string;
  readonly spec: StoredSpec;
  readonly script: string | null;
  readonly input_files: readonly InputFile[] | null;
  readonly project_id: number;
  readonly project_name: string;
  readonly person_id: number;
  readonly person_name: string;
};

function orderOf(row: Row, nowMs: number): Order {
  const spec = specOfRow(row);
  const { job_id: job, index, attempt } = row;
  return {
    run: runId({ job: jobId(job), index, attempt }),
    taskJob: job + row.position,
    job,
    index,
    attempt,
    name: row.name,
    project: { id: row.project_id, name: row.project_name },
    person: { id: row.person_id, name: row.person_name },
    work:
      spec.work.kind === "script"
        ? { kind: "script", text: spec.work.text, arguments: [...spec.work.arguments] }
        : { kind: "command", argv: [...spec.work.argv] },
    environment: { ...spec.environment },
    workingDirectory: spec.workingDirectory,
    stdout: spec.stdout,
    stderr: spec.stderr,
    inputFiles: [...spec.inputFiles],
    array: spec.array && { ranges: [...spec.array.ranges], throttle: spec.array.throttle },
    ...demandsIn(spec),
    pool: row.pool,
    allocation: row.allocation,
    memoryMibPerCore: spec.shape.memory.kind === "per-core" ? spec.shape.memory.mib : null,
    timeLimitS: spec.timeLimitS,
    graceS: spec.graceS,
    ...(spec.warning && { warning: spec.warning }),
    startWithinMs: Math.max(0, row.latest_start_ms - nowMs),
  };
}

/** Software inside a container is the container's affair; where its input is, is for whoever places it. */
function demandsIn(spec: JobSpec): Pick<Order, "demands"> {
  if (demandsOf({ ...spec, data: null }) === null) return {};
  const { siteWords, container, fileSystems, licences } = spec;
  const words = Object.fromEntries(Object.entries(siteWords).map(([kind, list]) => [kind, [...list]]));
  return {
    demands: {
      siteWords: words,
      software: container === null ? [...spec.software] : [],
      container,
      fileSystems: [...fileSystems],
      licences: licences.map((licence) => ({ ...licence })),
    },
  };
}
