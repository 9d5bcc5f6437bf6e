import type pg from "pg";
import type { CentreTerms } from "#core/centre/terms.ts";
import type { PersonId } from "#core/ids.ts";
import { noteAct } from "./note-act.ts";

/** A new version of a centre's terms, in force for whatever is placed from then on. */
export async function setTerms(
  client: pg.ClientBase,
  set: { readonly centre: string; readonly terms: CentreTerms; readonly person: PersonId; readonly nowMs: number },
): Promise<void> {
  const { centre, terms, person, nowMs } = set;
  const { rows } = await client.query<{ version: number }>(
    "insert into centre_terms (centre_id, terms, person_id, at_ms) values ($1, $2::jsonb, $3, $4) returning id as version",
    [centre, JSON.stringify(terms), person, nowMs],
  );
  const act = { kind: "terms-set", version: rows[0]?.version ?? 0 } as const;
  await noteAct(client, { by: person, about: { kind: "centre", id: centre }, act, nowMs });
  await client.query("insert into event (at_ms, kind, centre_id, cause) values ($1, 'centre-changed', $2, $3)", [
    nowMs,
    centre,
    `person:${person}: terms`,
  ]);
}
