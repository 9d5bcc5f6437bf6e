import type pg from "pg";
import type { Dependency } from "#core/job/spec.ts";

/**
 * Those of the dependencies that what has ended already keeps from ever being met, by the rules of
 * core/scheduling/dependencies.ts; of aftercorr, where a counterpart ended so. A job that is not there is left to
 * the writer, which refuses it.
 */
export async function readNeverMet(
  pool: pg.Pool,
  dependencies: readonly Dependency[],
): Promise<readonly Exclude<Dependency, { kind: "singleton" }>[]> {
  const never: Exclude<Dependency, { kind: "singleton" }>[] = [];
  for (const dependency of dependencies) {
    if (dependency.kind === "singleton" || dependency.kind === "afterany") continue;
    const { kind, job } = dependency;
    const { rows } = await pool.query<{ failed: boolean; succeeded: boolean }>(
      `select exists (select from task where job_id = $1 and ($2::int is null or index = $2)
           and state = 'ended' and outcome ->> 'kind' <> 'succeeded') as failed,
         exists (select from task where job_id = $1 and ($2::int is null or index = $2))
           and not exists (select from task where job_id = $1 and ($2::int is null or index = $2)
             and (state <> 'ended' or outcome ->> 'kind' <> 'succeeded')) as succeeded`,
      [job, kind === "aftercorr" ? null : dependency.index],
    );
    if (kind === "afternotok" ? rows[0]?.succeeded : rows[0]?.failed) never.push(dependency);
  }
  return never;
}
