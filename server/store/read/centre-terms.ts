import type pg from "pg";
import type { DriverName } from "#core/centre/centre.ts";
import { type CentreTerms, defaultTerms } from "#core/centre/terms.ts";

export type TermsVersion = {
  readonly version: number;
  readonly terms: CentreTerms;
  readonly setBy: string;
  readonly setMs: number;
};

/** The terms in force, newest version first with at most twenty before it; null where there is no such centre. */
export async function readTerms(
  db: Pick<pg.ClientBase | pg.Pool, "query">,
  centre: string,
): Promise<{ readonly terms: CentreTerms; readonly versions: readonly TermsVersion[] } | null> {
  const found = await db.query<{ driver: DriverName }>("select driver from centre where id = $1", [centre]);
  const [of] = found.rows;
  if (!of) return null;
  const { rows } = await db.query<TermsVersion>(
    `select t.id as version, t.terms, p.name as "setBy", t.at_ms as "setMs"
     from centre_terms t join person p on p.id = t.person_id where t.centre_id = $1 order by t.id desc limit 20`,
    [centre],
  );
  return { terms: rows[0]?.terms ?? defaultTerms(of.driver), versions: rows };
}
