import type pg from "pg";
import type { CentreId } from "#core/ids.ts";

/** Another project of which somebody is the same local account at a centre, as its agent tells. */
export type Sharer = { readonly centre: CentreId; readonly project: number; readonly name: string };

export async function readSharers(
  pool: pg.Pool,
  { personId, projectId }: { readonly personId: number; readonly projectId: number },
  centres: readonly CentreId[],
): Promise<readonly Sharer[]> {
  const { rows } = await pool.query<Sharer>(
    `select distinct other.centre_id as centre, project.id as project, project.name
     from wanted_account own join wanted_account other using (centre_id, local_account)
     join project on project.id = other.project_id
     where own.person_id = $1 and own.project_id = $2 and own.centre_id = any($3)
       and other.project_id <> own.project_id and other.readiness <> 'removed'
     order by project.name`,
    [personId, projectId, centres],
  );
  return rows;
}
