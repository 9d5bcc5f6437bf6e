import type { CentreLimits } from "#api/centre-limits.ts";
import type { AccountLimits } from "#core/centre/account-limits.ts";
import { answer, type Handlers, refused } from "#server/http/handler.ts";
import type { Person } from "#server/identity/caller.ts";
import type { Database } from "#server/store/database.ts";

/** What binds the caller, or for an administrator everybody, at a centre whose runs are local users' own. */
export function centreLimitHandlers({ db }: { readonly db: Database }): Pick<Handlers, "limits"> {
  return {
    async limits({ caller, params }) {
      const { rows } = await db.pool.query<{ told: readonly AccountLimits[] | null }>(
        "select engine -> 'limits' as told from centre where id = $1",
        [params.centre],
      );
      const [found] = rows;
      if (!found) return refused({ kind: "not-found", what: "centre", id: params.centre });
      const told = (found.told ?? []).filter((one) => caller.administrator || concerns(one, caller));
      const nameOf = await readNames(db, told);
      const limits = told.map(({ person, project, othersHold: _, ...bound }): CentreLimits["limits"][number] => ({
        ...bound,
        person: nameOf("person", person),
        project: nameOf("project", project),
        together: [...bound.together],
        togetherMinutes: [...bound.togetherMinutes],
      }));
      return answer({ centre: params.centre, limits });
    },
  };
}

function concerns({ person, project }: AccountLimits, { id, projects }: Person): boolean {
  if (person !== null && person !== id) return false;
  return project === null || projects.some((one) => one.id === project);
}

type Name = { readonly id: number; readonly name: string };

/** An id that the network does not know (the mapping is the site's) stands for itself. */
async function readNames(
  db: Database,
  told: readonly AccountLimits[],
): Promise<(what: "person" | "project", id: number | null) => Name | null> {
  const ids = (of: (one: AccountLimits) => number | null) => [...new Set(told.flatMap((one) => of(one) ?? []))];
  const { rows } = await db.pool.query<{ what: string; id: number; name: string }>(
    `select 'person' as what, id, name from person where id = any($1)
     union all select 'project', id, name from project where id = any($2)`,
    [ids(({ person }) => person), ids(({ project }) => project)],
  );
  const names = new Map(rows.map(({ what, id, name }) => [`${what} ${id}`, name]));
  return (what, id) => (id === null ? null : { id, name: names.get(`${what} ${id}`) ?? `${id}` });
}
