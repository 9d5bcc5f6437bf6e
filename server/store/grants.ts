import type pg from "pg";
import type { PersonId } from "#core/ids.ts";
import { type GrantedUnit, type GrantTold, heldBy, msOfHours } from "#core/scheduling/grants.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";
import { noteAct } from "./note-act.ts";
import type { JobLine } from "./sheet.ts";

type Query = Pick<pg.ClientBase | pg.Pool, "query">;

/** What the accounts of a grant's projects have posted since it was given, and hold: counted by the ledger alone. */
const grantsText = `
select case when g.tenant_id is null then 'project' else 'tenant' end as of, coalesce(g.tenant_id, g.project_id) as id, g.unit,
  g.amount::text as granted,
  (g.amount + g.posted_before - coalesce(sum(a.debits_posted + a.debits_pending), 0))::text as left,
  (g.amount + g.posted_before - coalesce(sum(a.debits_posted), 0))::text as unused,
  coalesce(json_agg(distinct p.id) filter (where p.id is not null), '[]') as projects
from granted g left join project p on p.id = g.project_id or p.tenant_id = g.tenant_id
left join account a on a.code = 'project:' || p.id and (a.unit = g.unit or a.unit like g.unit || ':%')
group by g.tenant_id, g.project_id, g.unit, g.amount, g.posted_before order by 1, 2, 3`;

type GrantRow = GrantTold & { readonly projects: readonly number[] };

export async function readGrants(db: Query): Promise<readonly GrantRow[]> {
  return (await db.query<GrantRow>({ name: "read-grants", text: grantsText })).rows;
}

/** What the world is told of what is left of each. */
export async function grantsEvent(db: Query): Promise<Extract<WorldEvent, { kind: "grants-told" }>> {
  const grants = (await readGrants(db)).map(({ projects: _, ...told }) => told);
  return { kind: "grants-told", grants };
}

/** Under the lock of transitions: who may still be held for. What it lets through is taken off what is left. */
export function grantKeeper(
  rows: readonly GrantRow[],
): (job: JobLine, allocation: Parameters<typeof heldBy>[0]) => boolean {
  const of = new Map<number, { readonly unit: GrantedUnit; left: bigint }[]>();
  for (const { unit, left, projects } of rows) {
    const grant = { unit, left: BigInt(left) };
    for (const project of projects) of.set(project, [...(of.get(project) ?? []), grant]);
  }
  return ({ project, timeLimitS, graceS }, allocation) => {
    const grants = of.get(project);
    if (grants === undefined) return true;
    const held = heldBy(allocation, timeLimitS, graceS);
    if (grants.some(({ unit, left }) => held[unit] > 0n && held[unit] > left)) return false;
    for (const grant of grants) grant.left -= held[grant.unit];
    return true;
  };
}

/** Hours from now on; null: as many as there are, from now on. Answers false where it was so already: that is no act. */
export async function setGrant(
  client: pg.ClientBase,
  of: "tenant" | "project",
  name: string,
  unit: GrantedUnit,
  hours: number | null,
  person: PersonId,
  nowMs: number,
): Promise<boolean> {
  // One after the other where two set it at once.
  const text = `select id from ${of} where name = $1 for no key update`;
  const { rows } = await client.query<{ id: number }>(text, [name]);
  const id = rows[0]?.id;
  if (id === undefined) return false;
  const { rowCount } = await client.query(`delete from granted where ${of}_id = $1 and unit = $2`, [id, unit]);
  // The same hours again count anew; none to none changes nothing.
  if (hours === null && rowCount === 0) return false;
  if (hours !== null)
    await client.query(
      `insert into granted (${of}_id, unit, amount, posted_before, person_id, at_ms)
       select $1, $2, $3, coalesce(sum(a.debits_posted), 0), $4, $5 from project p
       left join account a on a.code = 'project:' || p.id and (a.unit = $2 or a.unit like $2 || ':%')
       where p.${of === "tenant" ? "tenant_id" : "id"} = $1`,
      [id, unit, msOfHours(hours, unit), person, nowMs],
    );
  const words = unit === "core-ms" ? "core-hours" : "card-hours";
  await client.query("insert into event (at_ms, kind, cause) values ($1, 'grants-changed', $2)", [
    nowMs,
    `person:${person}: ${words} granted to ${of} ${name}: ${hours ?? "any number"}`,
  ]);
  await noteAct(client, { by: person, about: { kind: of, id: name }, act: { kind: "granted", unit, hours }, nowMs });
  return true;
}
