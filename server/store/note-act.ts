import type pg from "pg";
import type { AboutKind, Act } from "#core/act.ts";
import type { PersonId } from "#core/ids.ts";

/** Notes what was done, in the transaction in which it was. */
export async function noteAct(
  db: Pick<pg.ClientBase | pg.Pool, "query">,
  { by, about, act: { kind, ...facts }, nowMs }: NewAct,
): Promise<void> {
  await db.query(
    "insert into act (at_ms, person_id, kind, about_kind, about, facts) values ($1, $2, $3, $4, $5, $6::jsonb)",
    [nowMs, by, kind, about?.kind ?? null, about?.id ?? null, JSON.stringify(facts)],
  );
}

export type NewAct = {
  /** null: the network itself. */
  readonly by: PersonId | null;
  readonly about: About | null;
  readonly act: Act;
  readonly nowMs: number;
};

/** A person by number, the others by their names. */
type About = { readonly kind: AboutKind; readonly id: string | number };
