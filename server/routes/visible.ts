import type { Refusal } from "#core/refusal.ts";
import { type Refused, refused } from "#server/http/handler.ts";
import { maySee, type Person } from "#server/identity/caller.ts";
import type { Database } from "#server/store/database.ts";
import { type JobHead, readJobHead } from "#server/store/read/job.ts";

/** The job if the caller may see it; another project's is told apart in nothing from one that is not there. */
export async function visibleJob(db: Database, caller: Person, job: number): Promise<Found> {
  const head = await readJobHead(db.pool, job);
  return head !== null && maySee(caller, head.projectId) ? { kind: "found", head } : noSuchJob(job);
}

type Found = { readonly kind: "found"; readonly head: JobHead } | NoSuch;
type NoSuch = { readonly kind: "refused"; readonly refusal: Extract<Refusal, { kind: "not-found" }> };

export function noSuchJob(job: number): NoSuch {
  return { kind: "refused", refusal: { kind: "not-found", what: "job", id: String(job) } };
}

export function noSuchTask(job: number, index: number): NoSuch {
  return { kind: "refused", refusal: { kind: "not-found", what: "task", id: `${job}_${index}` } };
}

/** The projects a list is bounded to: those the caller may see, or the one named among them. null: all. */
export async function boundedProjects(
  db: Database,
  caller: Person,
  named: string | undefined,
): Promise<{ readonly kind: "bounded"; readonly projects: readonly number[] | null } | NoSuch> {
  if (named === undefined) {
    const projects = caller.administrator ? null : caller.projects.map((project) => project.id);
    return { kind: "bounded", projects };
  }
  const own = caller.projects.find((project) => project.name === named);
  if (own) return { kind: "bounded", projects: [own.id] };
  const project = caller.administrator ? await idOf(db, "select id from project where name = $1", named) : null;
  if (project !== null) return { kind: "bounded", projects: [project] };
  return { kind: "refused", refusal: { kind: "not-found", what: "project", id: named } };
}

/** A centre that is not there is a slip of the pen: an empty answer would hide it. Those that have left are there. */
export async function unknownCentre({ pool }: Database, centre: string | undefined): Promise<Refused | null> {
  if (centre === undefined) return null;
  const { rows } = await pool.query<{ id: string }>("select id from centre order by id");
  const known = rows.map(({ id }) => id);
  if (known.includes(centre)) return null;
  return refused({ kind: "not-offered", option: null, line: null, what: "centre", value: centre, known });
}

export async function idOf(db: Database, text: string, name: string): Promise<number | null> {
  const { rows } = await db.pool.query<{ id: number }>(text, [name]);
  return rows[0]?.id ?? null;
}
