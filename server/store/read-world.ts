import type pg from "pg";
import { isHeldByUser, type RunWait } from "#core/centre/waiting.ts";
import {
  type CentreId,
  type JobId,
  jobId,
  type PersonId,
  type ProjectId,
  type RunId,
  runId,
  type TaskRef,
  type TenantId,
} from "#core/ids.ts";
import { type Demanding, type Demands, demandsOf } from "#core/job/demands.ts";
import type { ArraySpec, CentreWishes, Dependency, Preemptible, Shape } from "#core/job/spec.ts";
import type { StateKind } from "#core/job/state.ts";
import type { Allocation } from "#core/run-order.ts";
import { type MovesMade, withMove } from "#core/scheduling/placing/moves.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";
import { boundsEvent } from "./bounds.ts";
import { coreLimitsEvent } from "./core-limits.ts";
import { type Database, isConnectionLost } from "./database.ts";
import { rangesOf } from "./end-queued-tasks.ts";
import { grantsEvent } from "./grants.ts";
import { homesEvent } from "./homes.ts";
import { unasked } from "./job-spec.ts";
import { readOrderMemory } from "./order-memory.ts";
import { policyEvent } from "./policy.ts";
import { readCentreStates } from "./read-centre-states.ts";
import { readLearnt } from "./read-learnt.ts";
import type { Cancel } from "./sheet.ts";
import { parseSnapshot, type Snapshot } from "./snapshot.ts";

/** A run that has not ended, or was declared lost and not heard of since, as the desk of its centre needs it. */
export type LiveRun = {
  readonly run: RunId;
  readonly centre: CentreId;
  readonly state: StateKind;
  readonly cancel: Cancel | null;
  /** To be taken back if it has not started. */
  readonly withdraw: boolean;
};

/**
 * Reads all that is not over, in one snapshot, and gives it to `apply` as the world wants it. The feed that follows
 * starts from the snapshot that is returned, so that nothing is missed or told twice.
 */
export async function readWorld(
  db: Database,
  apply: (event: WorldEvent) => void,
): Promise<{ readonly snapshot: Snapshot; readonly runs: readonly LiveRun[] }> {
  const client = await db.connect("fill");
  try {
    await client.query("begin isolation level repeatable read read only");
    const { rows } = await client.query<{ snapshot: string }>("select pg_current_snapshot()::text as snapshot");
    for (const centre of await readCentreStates(client, null)) apply({ kind: "centre-changed", centre });
    apply(await policyEvent(client));
    apply(await homesEvent(client, Date.now()));
    apply(await coreLimitsEvent(client));
    apply(await grantsEvent(client));
    apply(await boundsEvent(client));
    for (const event of await readOrderMemory(client)) apply(event);
    const page = (state: string, after: number) =>
      client.query<JobRow>(`${jobsText} where state = $1 and state <> 'ended' and id > $2 order by id limit 10000`, [
        state,
        after,
      ]);
    // State by state, as the index of what is not over lies. PostgreSQL makes the next page while one is applied.
    for (const state of ["running", "starting", "placed", "queued"])
      for (let jobs = await page(state, 0); jobs.rows.length > 0; ) {
        const events = await eventsOf(client, jobs.rows);
        const next = page(state, jobs.rows.at(-1)?.id ?? 0);
        next.catch(() => undefined);
        for (const event of events) apply(event);
        jobs = await next;
      }
    for (const event of await readLearnt(client)) apply(event);
    for (const event of await readPreempted(client)) apply(event);
    const live = await client.query<RunRow & { state: StateKind; cancel: Cancel | null; withdraw: boolean }>(
      `select job_id, index, attempt, centre_id, state, cancel, withdraw_ms is not null as withdraw from run where ended_ms is null
       union all select job_id, index, attempt, centre_id, state, coalesce(cancel, '{"by": "operator", "reason": null}'), false
       from run where ended_ms is not null and usage is null`,
    );
    const runs = live.rows.map((row) => ({
      run: runId({ job: jobId(row.job_id), index: row.index, attempt: row.attempt }),
      centre: row.centre_id,
      state: row.state,
      cancel: row.cancel,
      withdraw: row.withdraw,
    }));
    // A crash may give out again the ids of transactions that wrote nothing durable, and the feed would take those for
    // seen. Whatever the snapshot saw is older than this commit, and a commit on the disk is never passed again.
    await db.pool.query("update counter set value = value where name = 'leader'");
    return { snapshot: parseSnapshot(rows[0]?.snapshot ?? ""), runs };
  } finally {
    await client.end().catch((error: unknown) => {
      if (!isConnectionLost(error)) throw error;
    });
  }
}

/** What makes way for others, did so for tasks that are not over, or did within the last hour. */
async function readPreempted(client: pg.ClientBase): Promise<readonly WorldEvent[]> {
  const { rows } = await client.query<
    RunRow & { pool: string; project_id: ProjectId; tenant_id: TenantId; claimant: TaskRef; at_ms: number }
  >(
    `select r.job_id, r.index, r.attempt, r.centre_id, r.pool, j.project_id, j.tenant_id, r.cancel -> 'claimant' as claimant, r.cancel_ms as at_ms
     from run r join task t on t.job_id = r.job_id and t.index = r.index join job j on j.id = r.job_id
     where r.cancel ? 'claimant' and (t.state <> 'ended' or r.cancel_ms > $1) order by r.cancel_ms, r.job_id, r.index`,
    [Date.now() - 3_600_000],
  );
  return rows.map((row) => ({
    kind: "run-makes-way",
    job: jobId(row.job_id),
    index: row.index,
    attempt: row.attempt,
    project: row.project_id,
    tenant: row.tenant_id,
    centre: row.centre_id,
    pool: row.pool,
    claimant: row.claimant,
    atMs: row.at_ms,
  }));
}

/** The same for some jobs, ended or not, as the store has them now. */
export async function readJobEvents(db: Database, jobs: readonly JobId[]): Promise<readonly WorldEvent[]> {
  const client = await db.pool.connect();
  let isWhole = false;
  try {
    await client.query("begin isolation level repeatable read read only");
    const { rows } = await client.query<JobRow>(`${jobsText} where id = any($1)`, [jobs]);
    const events = await eventsOf(client, rows);
    await client.query("commit");
    isWhole = true;
    return events;
  } finally {
    client.release(!isWhole);
  }
}

/**
 * Shape and wishes come as text: of a million jobs few differ, and each text is parsed once. One look at the text spares
 * nearly every job the reading of fields that nearly none has.
 */
const jobsText = `
select id, submitted_ms, tenant_id, project_id, person_id, name, queued = task_count and runs = 0 as untouched,
  (spec -> 'shape')::text as shape, (spec ->> 'timeLimitS')::int as time_limit_s,
  (spec ->> 'graceS')::int as grace_s, spec ->> 'priorityClass' as priority, spec ->> 'preemptible' as preemptible, (spec -> 'warning' ->> 'beforeS')::int as warn_s, (spec ->> 'deadlineMs')::int8 as deadline_ms, (spec -> 'centres')::text as centres, spec -> 'array' as array,
  spec -> 'dependencies' as dependencies,
  case when spec::text ~ '"(siteWords|software|container|fileSystems|licences|workingDirectory|stdout|stderr|residency|data)":'
    then json_build_object('siteWords', spec -> 'siteWords', 'software', spec -> 'software', 'container', spec -> 'container',
      'fileSystems', spec -> 'fileSystems', 'licences', spec -> 'licences', 'workingDirectory', spec -> 'workingDirectory',
      'stdout', spec -> 'stdout', 'stderr', spec -> 'stderr', 'residency', spec -> 'residency', 'data', spec -> 'data')::text end as demanding
from job`;

type JobRow = {
  readonly id: number;
  readonly submitted_ms: number;
  readonly tenant_id: TenantId;
  readonly project_id: ProjectId;
  readonly person_id: PersonId;
  readonly name: string;
  readonly untouched: boolean;
  readonly shape: string;
  readonly time_limit_s: number;
  readonly grace_s: number;
  /** null: as nearly everybody's. */
  readonly priority: string | null;
  readonly preemptible: Preemptible | null;
  readonly warn_s: number | null;
  readonly deadline_ms: number | null;
  readonly centres: string | null;
  readonly array: ArraySpec | null;
  readonly dependencies: readonly Dependency[] | null;
  /** Of the spec, what demands come from; null: none of it is there. */
  readonly demanding: string | null;
};
type TaskRow = Moved & {
  readonly job_id: number;
  readonly index: number;
  readonly state: StateKind;
  readonly attempts: number;
  readonly succeeded: boolean;
};
type RunRow = {
  readonly job_id: number;
  readonly index: number;
  readonly attempt: number;
  readonly centre_id: CentreId;
};

async function eventsOf(client: pg.ClientBase, jobs: readonly JobRow[]): Promise<readonly WorldEvent[]> {
  const touched = jobs.filter((job) => !job.untouched).map((job) => job.id);
  const tasks = touched.length === 0 ? [] : await readTasks(client, touched);
  const runs = touched.length === 0 ? [] : await readRuns(client, touched);
  const refusals = touched.length === 0 ? [] : await readRefusals(client, touched);
  const ended = new Map<number, { succeeded: number[]; otherwise: number[] }>();
  for (const task of tasks) {
    if (task.state !== "ended") continue;
    const of = ended.get(task.job_id) ?? { succeeded: [], otherwise: [] };
    ended.set(task.job_id, of);
    (task.succeeded ? of.succeeded : of.otherwise).push(task.index);
  }
  return [
    ...jobs.map((row) => jobQueued(row, ended.get(row.id) ?? null)),
    ...refusals,
    ...tasks.flatMap((task): WorldEvent[] =>
      task.state === "queued"
        ? [
            {
              kind: "task-queued",
              job: jobId(task.job_id),
              index: task.index,
              attempts: task.attempts,
              moved: movesOf(task),
            },
          ]
        : [],
    ),
    ...runs,
  ];
}

async function readRefusals(client: pg.ClientBase, jobs: readonly number[]): Promise<readonly WorldEvent[]> {
  const { rows } = await client.query<{ job_id: number; centre_id: CentreId; words: string }>(
    "select job_id, centre_id, words from job_refusal where job_id = any($1) order by job_id, at_ms, centre_id",
    [jobs],
  );
  return rows.map((row) => ({ kind: "job-refused", job: jobId(row.job_id), centre: row.centre_id, words: row.words }));
}

async function readTasks(client: pg.ClientBase, jobs: readonly number[]): Promise<readonly TaskRow[]> {
  const { rows } = await client.query<TaskRow>(
    `select t.job_id, t.index, t.state, t.attempts, coalesce(t.outcome ->> 'kind' = 'succeeded', false) as succeeded,
       r.decision -> 'moved' as moved, r.withdraw_ms is not null as withdraw, r.centre_id
     from task t left join run r on t.state = 'queued' and r.job_id = t.job_id and r.index = t.index and r.attempt = t.attempts
     where t.job_id = any($1) and (t.state = 'ended' or t.state = 'queued' and t.attempts > 0) order by t.job_id, t.index`,
    [jobs],
  );
  return rows;
}

async function readRuns(client: pg.ClientBase, jobs: readonly number[]): Promise<readonly WorldEvent[]> {
  const { rows } = await client.query<
    RunRow &
      Moved & {
        pool: string;
        allocation: Allocation;
        state: StateKind;
        waiting: RunWait | null;
        nodes: string | null;
        at_ms: number;
      }
  >(
    `select r.job_id, r.index, r.attempt, r.centre_id, r.pool, r.allocation, r.state, r.waiting, r.nodes,
       r.decision -> 'moved' as moved, r.withdraw_ms is not null as withdraw,
       case when r.state = 'running' then coalesce(r.started_ms, r.placed_ms) else r.placed_ms end as at_ms
     from task t join run r on r.job_id = t.job_id and r.index = t.index and r.attempt = t.attempts
     where t.job_id = any($1) and t.state in ('placed', 'starting', 'running')`,
    [jobs],
  );
  return rows.map((row) => ({
    kind: "task-placed",
    job: jobId(row.job_id),
    index: row.index,
    attempt: row.attempt,
    centre: row.centre_id,
    pool: row.pool,
    allocation: row.allocation,
    phase: row.state === "running" ? "running" : row.waiting ? "waiting" : "sent",
    atMs: row.at_ms,
    ...(row.nodes !== null && { nodes: row.nodes }),
    ...(row.waiting && row.state !== "running" ? waitOf(row.waiting) : {}),
    ...(row.withdraw || row.moved ? { askedBack: row.withdraw, moved: movesOf(row) } : {}),
  }));
}

function waitOf({ startsMs, firstTold, reasonKind }: RunWait) {
  return { startsMs, firstTold: firstTold ?? null, held: isHeldByUser(reasonKind) };
}

type Moved = { readonly moved: MovesMade | null; readonly withdraw: boolean; readonly centre_id: CentreId | null };

/** What its newest run was placed after, and that run too where it was asked back. */
function movesOf({ moved, withdraw, centre_id: centre }: Moved): MovesMade | null {
  return withdraw && centre !== null ? withMove(moved, centre) : moved;
}

function jobQueued(row: JobRow, ended: { succeeded: number[]; otherwise: number[] } | null): WorldEvent {
  return {
    kind: "job-queued",
    job: jobId(row.id),
    submittedMs: row.submitted_ms,
    tenant: row.tenant_id,
    project: row.project_id,
    person: row.person_id,
    name: row.name,
    shape: parsedShape(row.shape),
    timeLimitS: row.time_limit_s,
    graceS: row.grace_s,
    priority: row.priority ?? unasked.priorityClass,
    preemptible: row.preemptible ?? unasked.preemptible,
    warnS: row.warn_s ?? undefined,
    ...(row.deadline_ms !== null && { deadlineMs: row.deadline_ms }),
    array: row.array,
    dependencies: row.dependencies ?? unasked.dependencies,
    wishes: row.centres === null ? unasked.centres : parsedWishes(row.centres),
    demands: row.demanding === null ? null : parsedDemands(row.demanding),
    past: ended && { succeeded: rangesOf(ended.succeeded), otherwise: rangesOf(ended.otherwise) },
  };
}

const parsedShape = remembered((text): Shape => JSON.parse(text));
const parsedWishes = remembered((text): CentreWishes => JSON.parse(text));
const parsedDemands = remembered((text): Demands | null => {
  const said: Partial<Record<keyof Demanding, unknown>> = JSON.parse(text);
  return demandsOf({ ...unasked, ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null)) });
});

/** Parses each text once; forgets all rather than grow without end. */
function remembered<Value>(parse: (text: string) => Value): (text: string) => Value {
  const known = new Map<string, Value>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    if (known.size >= 10_000) known.clear();
    const value = parse(text);
    known.set(text, value);
    return value;
  };
}
