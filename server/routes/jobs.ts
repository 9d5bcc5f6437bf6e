import type { z } from "zod";
import type { JobDetail, jobsQuery, TaskDetail } from "#api/job.ts";
import { specView } from "#api/spec-view.ts";
import { cancellable } from "#core/job/state.ts";
import type { Language } from "#core/language.ts";
import { tariffInForce } from "#core/ledger/tariff.ts";
import type { World } from "#core/scheduling/world.ts";
import { assert } from "#core/unreachable.ts";
import { answer, type Handlers, refused } from "#server/http/handler.ts";
import { maySee, type Person } from "#server/identity/caller.ts";
import type { Database } from "#server/store/database.ts";
import { parsePosition } from "#server/store/event.ts";
import { amountsView, costView, readJobAmounts } from "#server/store/read/amounts.ts";
import { readHistory } from "#server/store/read/history.ts";
import { hasUnseenRun, type JobRow, readJob } from "#server/store/read/job.ts";
import { type JobFilter, type JobRead, readJobs, summaryOf } from "#server/store/read/jobs.ts";
import type { Names } from "#server/store/read/names.ts";
import { readRuns } from "#server/store/read/runs.ts";
import { readOutcomes, readTask, readTasks } from "#server/store/read/tasks.ts";
import { cutPage, readCursor } from "./paging.ts";
import { saidView } from "./said.ts";
import { withStarts } from "./start-view.ts";
import { boundedProjects, idOf, noSuchJob, noSuchTask, unknownCentre, visibleJob } from "./visible.ts";
import { withWaits } from "./waits.ts";

/** Jobs and their tasks as they are and were. */
export function jobHandlers({ db, names, world, now }: JobContext): Pick<Handlers, JobRoute> {
  const started = (runs: TaskDetail["runs"], job: number, index: number, language: Language) =>
    withStarts(runs, job, index, world(), now(), language);
  const waitsTold = (jobs: readonly JobRead[], language: Language) =>
    withWaits(jobs, { pool: db.pool, world: world(), nowMs: now() }, language);
  return {
    async jobs({ caller, query, language }) {
      const before = readCursor(query.cursor);
      if (typeof before === "object" && before !== null) return before;
      const bounded = await boundedProjects(db, caller, query.project);
      if (bounded.kind === "refused") return bounded;
      const unknown = await unknownCentre(db, query.centre);
      if (unknown) return unknown;
      const filter = await filterOf(db, query, { projects: bounded.projects, before, limit: query.limit + 1 });
      const found = filter === null ? [] : await readJobs(db, filter);
      if (found.length === 0 && query.person !== undefined && !(await isKnown(db, caller, query.person)))
        return refused({ kind: "not-found", what: "person", id: query.person });
      const page = cutPage(found, query.limit, (job) => job.id);
      return answer({ jobs: await waitsTold(page.rows, language), next: page.next });
    },

    async job({ caller, params, language }) {
      const job = await readJob(db.pool, params.job);
      if (job === null || !maySee(caller, job.projectId)) return noSuchJob(params.job);
      const tasks = await readTasks(db.pool, job.id, { after: null, limit: firstTasks });
      const indices = tasks.map((task) => task.index);
      const [runs, amounts, outcomes] = await Promise.all([
        readRuns(db.pool, job.id, indices, language),
        readJobAmounts(db.pool, job.id, job.task_count),
        outcomesOf(db, job, indices[0] ?? 0),
      ]);
      const [summary] = await waitsTold([summaryOf(job)], language);
      assert(summary !== undefined, "what was read is told");
      return answer({
        ...summary,
        spec: specView(job.spec),
        usage: amountsView(amounts),
        cost: costView(tariffInForce, amounts),
        outcomes,
        firstTasks: tasks.map((task) => ({
          ...task,
          runs: started([...(runs.get(task.index) ?? [])], job.id, task.index, language),
        })),
        ...saidView(job, language),
        actions: {
          cancel: cancellable.includes(job.state) && mayCancel(caller, job.personId),
          declareLost:
            caller.administrator && (job.unreachable_since_ms !== null || (await hasUnseenRun(db.pool, job.id))),
        },
      });
    },

    async tasks({ caller, params, query }) {
      const after = readCursor(query.cursor);
      if (typeof after === "object" && after !== null) return after;
      const found = await visibleJob(db, caller, params.job);
      if (found.kind === "refused") return found;
      const tasks = await readTasks(db.pool, params.job, { after, limit: query.limit + 1 });
      const page = cutPage(tasks, query.limit, (task) => task.index);
      return answer({ tasks: [...page.rows], next: page.next });
    },

    async task({ caller, params, language }) {
      const found = await visibleJob(db, caller, params.job);
      if (found.kind === "refused") return found;
      const task = await readTask(db.pool, params.job, params.index);
      if (task === null) return noSuchTask(params.job, params.index);
      const runs = await readRuns(db.pool, params.job, [task.index], language);
      return answer({ ...task, runs: started([...(runs.get(task.index) ?? [])], params.job, task.index, language) });
    },

    async history({ caller, params, query }) {
      const after = query.cursor === undefined ? null : parsePosition(query.cursor);
      if (after === null && query.cursor !== undefined) return refused({ kind: "bad-cursor" });
      const found = await visibleJob(db, caller, params.job);
      if (found.kind === "refused") return found;
      const events = await readHistory(db.pool, names, params.job, {
        index: query.index ?? null,
        after,
        limit: query.limit + 1,
      });
      const page = cutPage(events, query.limit, (event) => event.id);
      return answer({ events: [...page.rows], next: page.next });
    },
  };
}

/** Of an array that ended as one should, its tasks need not be read. */
async function outcomesOf({ pool }: Database, job: JobRow, first: number): Promise<JobDetail["outcomes"]> {
  if (job.spec.array === null) return [];
  if (job.outcome?.kind === "succeeded") return [{ kind: "succeeded", count: job.task_count, first, exitCodes: null }];
  return readOutcomes(pool, job.id);
}

export type JobContext = {
  readonly db: Database;
  readonly names: Names;
  readonly world: () => Pick<World, "explain" | "firstReasons" | "hidesLoad">;
  readonly now: () => number;
};
type JobRoute = "jobs" | "job" | "tasks" | "task" | "history";

const firstTasks = 10;

/** One's own jobs, and an administrator's any: what others of a project run is theirs to end. */
export function mayCancel(caller: Person, owner: number): boolean {
  return caller.administrator || caller.id === owner;
}

/** Whether there is somebody of that name of whom the caller may know: an empty answer would hide a slip of the pen. */
async function isKnown({ pool }: Database, { administrator, projects }: Person, name: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    `select from person where name = $1 and ($2 or exists (
       select from membership where person_id = person.id and project_id = any($3)))`,
    [name, administrator, projects.map(({ id }) => id)],
  );
  return rowCount !== 0;
}

/** null: it names somebody who is not there, so nothing can match. */
async function filterOf(
  db: Database,
  query: z.output<typeof jobsQuery>,
  page: Pick<JobFilter, "projects" | "before" | "limit">,
): Promise<JobFilter | null> {
  const { state, outcome, name, centre, submittedFromMs, submittedToMs } = query;
  const person = query.person && (await idOf(db, "select id from person where name = $1", query.person));
  if (person === null) return null;
  const [key, ...value] = query.label?.split("=") ?? [];
  const label = key === undefined ? undefined : { key, value: value.join("=") };
  return {
    ...page,
    state,
    outcome,
    name,
    centre,
    label,
    person: person || undefined,
    submittedFromMs,
    submittedToMs,
  };
}
