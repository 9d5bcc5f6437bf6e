import type pg from "pg";
import { type PersonId, projectId, tenantId } from "#core/ids.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";
import { noteAct } from "./note-act.ts";

/** What the world is told of how many cores tenants and projects may hold at once. */
export async function coreLimitsEvent(
  db: Pick<pg.ClientBase | pg.Pool, "query">,
): Promise<Extract<WorldEvent, { kind: "core-limits-set" }>> {
  const { rows } = await db.query<{ of: "tenant" | "project"; id: number; most: number }>(
    `select 'tenant' as of, id, most_cores as most from tenant where most_cores is not null
     union all select 'project', id, most_cores from project where most_cores is not null order by 1, 2`,
  );
  const tenants = rows.filter(({ of }) => of === "tenant").map(({ id, most }) => [tenantId(id), most] as const);
  const projects = rows.filter(({ of }) => of === "project").map(({ id, most }) => [projectId(id), most] as const);
  return { kind: "core-limits-set", tenants, projects };
}

/** null: any number from now on. Answers false where it is so already: that is no act. */
export async function setMostCores(
  client: pg.ClientBase,
  of: "tenant" | "project",
  name: string,
  mostCores: number | null,
  person: PersonId,
  nowMs: number,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `update ${of} set most_cores = $2 where name = $1 and most_cores is distinct from $2`,
    [name, mostCores],
  );
  if (rowCount === 0) return false;
  await client.query("insert into event (at_ms, kind, cause) values ($1, 'core-limits-changed', $2)", [
    nowMs,
    `person:${person}: cores of ${of} ${name} at once: ${mostCores ?? "any"}`,
  ]);
  const act = { kind: "cores-bound", most: mostCores } as const;
  await noteAct(client, { by: person, about: { kind: of, id: name }, act, nowMs });
  return true;
}
