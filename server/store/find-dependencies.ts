import type pg from "pg";
import { hasIndex, sameIndices } from "#core/job/array.ts";
import type { ArraySpec, JobSpec } from "#core/job/spec.ts";
import type { Refusal } from "#core/refusal.ts";
import { int8s } from "./arrays.ts";

/**
 * For each submission the first dependency on a job that its person cannot see, or whose indices do not agree; null
 * where all are good. Jobs are never deleted, so what is found here still holds when the batch commits.
 */
export async function findDependencies(
  client: Pick<pg.Pool | pg.ClientBase, "query">,
  submissions: readonly Asking[],
): Promise<readonly (Refusal | null)[]> {
  const persons: number[] = [];
  const jobs: number[] = [];
  for (const submission of submissions)
    for (const { spec } of submission.jobs)
      for (const dependency of spec.dependencies) {
        if (dependency.kind === "singleton") continue;
        persons.push(submission.person);
        jobs.push(dependency.job);
      }
  const { rows } = await client.query<{ person_id: number; id: number; array: ArraySpec | null }>({
    name: "find-dependencies",
    text: `
      select d.person_id, j.id, j.spec -> 'array' as array
      from (select distinct person_id, job_id from unnest($1::int8[], $2::int8[]) as asked (person_id, job_id)) as d
      join job j on j.id = d.job_id
      where exists (select from membership m where m.person_id = d.person_id and m.project_id = j.project_id)
        or exists (select from person p where p.id = d.person_id and p.administrator)`,
    values: [int8s(persons), int8s(jobs)],
  });
  const visible = new Map(rows.map((row) => [`${row.person_id} ${row.id}`, row]));
  return submissions.map((submission) => {
    for (const { spec } of submission.jobs)
      for (const dependency of spec.dependencies) {
        if (dependency.kind === "singleton") continue;
        const found = visible.get(`${submission.person} ${dependency.job}`);
        if (!found) return { kind: "unknown-dependency", job: String(dependency.job) };
        if (dependency.kind === "aftercorr") {
          if (!sameIndices(spec.array, found.array)) return { kind: "array-mismatch", job: dependency.job };
        } else if (dependency.index !== null && !hasIndex(found.array, dependency.index))
          return { kind: "unknown-dependency", job: `${dependency.job}_${dependency.index}` };
      }
    return null;
  });
}

type Asking = {
  readonly person: number;
  readonly jobs: readonly { readonly spec: Pick<JobSpec, "dependencies" | "array"> }[];
};
