import type pg from "pg";
import type { CentreTerms } from "#core/centre/terms.ts";
import type { PersonId } from "#core/ids.ts";

/** A new version of a centre's terms, in force for whatever is placed from then on. */
export async function setTerms(
  client: pg.ClientBase,
  set: { readonly centre: string; readonly terms: CentreTerms; readonly person: PersonId; readonly nowMs: number },
): Promise<void> {
  const { centre, terms, person, nowMs } = set;
  await client.query("insert into centre_terms (centre_id, terms, person_id, at_ms) values ($1, $2::jsonb, $3, $4)", [
    centre,
    JSON.stringify(terms),
    person,
    nowMs,
  ]);
  await client.query("insert into event (at_ms, kind, centre_id, cause) values ($1, 'centre-changed', $2, $3)", [
    nowMs,
    centre,
    `person:${person}: terms`,
  ]);
}
