import { needsAccounts } from "#core/centre/accounts.ts";
import type { DriverName } from "#core/centre/centre.ts";
import { centreId, personId, projectId } from "#core/ids.ts";
import { answer, type Handlers, refused } from "#server/http/handler.ts";
import type { Database } from "#server/store/database.ts";
import { readWanted, wantAccounts } from "#server/store/wanted-accounts.ts";

/** Accounts of people at centres whose runs are local users' own. */
export function centreAccountHandlers(context: AccountsContext): Pick<Handlers, "accounts" | "askAccounts"> {
  const { db, feed, now } = context;

  async function accountsOf(name: string) {
    const { rows } = await db.pool.query<{ driver: DriverName }>("select driver from centre where id = $1", [name]);
    const [found] = rows;
    if (!found) return refused({ kind: "not-found", what: "centre", id: name });
    const accounts = (await readWanted(db.pool, centreId(name))).map((one) => ({
      person: { id: one.person, name: one.personName },
      project: { id: one.project, name: one.projectName },
      readiness: one.readiness,
      sinceMs: one.sinceMs,
      answered: one.settledMs !== null,
    }));
    return answer({ centre: name, needed: needsAccounts(found.driver), accounts });
  }

  return {
    accounts: ({ params }) => accountsOf(params.centre),

    async askAccounts({ params, body }) {
      const found = await accountsOf(params.centre);
      if (found.kind === "refused") return found;
      const { rows } = await db.pool.query<{ person: number; project: number }>(
        `select person.id as person, project.id as project from person
         join membership on membership.person_id = person.id join project on project.id = membership.project_id
         where person.name = $1 and ($2::text is null or project.name = $2)`,
        [body.person, body.project ?? null],
      );
      if (rows.length === 0) {
        const what = body.project === undefined ? "person" : `member of ${body.project}:`;
        return refused({ kind: "not-found", what, id: body.person });
      }
      const centre = centreId(params.centre);
      const pairs = rows.map((row) => ({ centre, person: personId(row.person), project: projectId(row.project) }));
      if (await wantAccounts(db.pool, pairs, now())) feed.wake();
      return accountsOf(params.centre);
    },
  };
}

export type AccountsContext = {
  readonly db: Database;
  readonly feed: { readonly wake: () => void };
  readonly now: () => number;
};
