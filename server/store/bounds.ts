import type pg from "pg";
import { noAgreements, type RegionAgreements } from "#core/centre/agreements.ts";
import { type PersonId, projectId, tenantId } from "#core/ids.ts";
import type { TenantPlace } from "#core/scheduling/bounds.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";
import { noteAct } from "./note-act.ts";
import { readCentres } from "./read/centres.ts";

type Query = Pick<pg.ClientBase | pg.Pool, "query">;

/** What the world is told of the rules above jobs. */
export async function boundsEvent(db: Query): Promise<Extract<WorldEvent, { kind: "bounds-set" }>> {
  const { rows } = await db.query<{ of: "tenant" | "project"; id: number; place: Partial<TenantPlace> }>(
    `select 'tenant' as of, id, place from tenant where place is not null
     union all select 'project', id, place from project where place is not null order by 1, 2`,
  );
  const whole = rows.map(({ place, ...row }) => ({ ...row, place: { ...unbound, ...place } }));
  const { document } = await readAgreements(db);
  return {
    kind: "bounds-set",
    tenants: whole.filter(({ of }) => of === "tenant").map(({ id, place }) => [tenantId(id), place] as const),
    projects: whole.filter(({ of }) => of === "project").map(({ id, place }) => [projectId(id), place] as const),
    agreements: document,
  };
}

/** What was said of it; what was not said stays as it is. Answers false where it is so already: that is no act. */
export async function setPlace(
  client: pg.ClientBase,
  of: "tenant" | "project",
  name: string,
  said: Partial<TenantPlace>,
  person: PersonId,
  nowMs: number,
): Promise<boolean> {
  const text = JSON.stringify(said);
  const { rowCount } = await client.query(
    `update ${of} set place = coalesce(place, '{}') || $2::jsonb
     where name = $1 and $3::jsonb || coalesce(place, '{}') || $2::jsonb <> $3::jsonb || coalesce(place, '{}')`,
    [name, text, JSON.stringify(unbound)],
  );
  if (rowCount === 0) return false;
  await client.query("insert into event (at_ms, kind, cause) values ($1, 'bounds-changed', $2)", [
    nowMs,
    `person:${person}: where work of ${of} ${name} may go: ${text}`,
  ]);
  const { region, residency, domestic } = said;
  const act = {
    kind: "place-set",
    ...(region !== undefined && { region }),
    ...(residency !== undefined && { residency }),
    ...(domestic !== undefined && { domestic }),
  } as const;
  await noteAct(client, { by: person, about: { kind: of, id: name }, act, nowMs });
  return true;
}

/** Where nothing was said; of a project without the region, which is its tenant's. */
export const unbound: TenantPlace = { region: null, residency: null, domestic: false };

/** `version` 0: nobody has set any, and all may go everywhere. */
export type AgreementsInForce = {
  readonly version: number;
  readonly document: RegionAgreements;
  readonly setBy: string | null;
  readonly setMs: number | null;
};

export async function readAgreements(db: Query): Promise<AgreementsInForce> {
  const [newest] = await readAgreementVersions(db, 1);
  return newest ?? { version: 0, document: noAgreements, setBy: null, setMs: null };
}

/** How many tenants, and centres that are not retired, say of no region that they are there. */
export async function readUnstated(db: Query): Promise<{ readonly tenants: number; readonly centres: number }> {
  const { rows } = await db.query<{ tenants: number }>(
    "select count(*)::int as tenants from tenant where place ->> 'region' is null",
  );
  const centres = await readCentres(db, { after: null, limit: 10_000 });
  const unstated = centres.filter(({ lifeCycle, region }) => lifeCycle !== "retired" && region === null);
  return { tenants: rows[0]?.tenants ?? 0, centres: unstated.length };
}

/** Newest first. */
export async function readAgreementVersions(
  db: Query,
  most: number,
): Promise<readonly (AgreementsInForce & { readonly setBy: string; readonly setMs: number })[]> {
  const { rows } = await db.query<AgreementsInForce & { setBy: string; setMs: number }>(
    `select version, document, name as "setBy", at_ms as "setMs"
     from region_agreements join person on person.id = person_id order by version desc limit $1`,
    [most],
  );
  return rows;
}

/** A new version, in force for whatever is placed from then on. */
export async function setAgreements(
  db: Query,
  document: RegionAgreements,
  person: PersonId,
  nowMs: number,
): Promise<void> {
  const { rows } = await db.query<{ version: number }>(
    `with set as (
       insert into region_agreements (document, person_id, at_ms) values ($1::jsonb, $2, $3) returning version
     ), told as (
       insert into event (at_ms, kind, cause) select $3::bigint, 'bounds-changed', $4::text || version from set
     )
     select version from set`,
    [JSON.stringify(document), person, nowMs, `person:${person}: agreements between regions, version `],
  );
  const act = { kind: "agreements-set", version: rows[0]?.version ?? 0 } as const;
  await noteAct(db, { by: person, about: null, act, nowMs });
}
