import type pg from "pg";
import { type CentreId, type PersonId, tenantId } from "#core/ids.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";
import { noteAct } from "./note-act.ts";

/** What the world is told of the homes of tenants, from `atMs` on. */
export async function homesEvent(
  db: Pick<pg.ClientBase | pg.Pool, "query">,
  atMs: number,
): Promise<Extract<WorldEvent, { kind: "homes-set" }>> {
  const { rows } = await db.query<{ id: number; home: CentreId }>(
    "select id, home_centre as home from tenant where home_centre is not null order by id",
  );
  return { kind: "homes-set", homes: rows.map(({ id, home }) => [tenantId(id), home] as const), atMs };
}

/** null: none from now on. Answers null where there is no such tenant, false where it is so already, which is no act; the centre is there. */
export async function setHome(
  client: pg.ClientBase,
  tenant: string,
  home: string | null,
  person: PersonId,
  nowMs: number,
): Promise<boolean | null> {
  const { rows } = await client.query<{ home: string | null }>(
    "select home_centre as home from tenant where name = $1 for no key update",
    [tenant],
  );
  const [now] = rows;
  if (!now) return null;
  if (now.home === home) return false;
  await client.query("update tenant set home_centre = $2 where name = $1", [tenant, home]);
  await client.query("insert into event (at_ms, kind, centre_id, cause) values ($1, 'homes-changed', $2, $3)", [
    nowMs,
    home,
    `person:${person}: home of ${tenant}: ${home ?? "none"}`,
  ]);
  await noteAct(client, { by: person, about: { kind: "tenant", id: tenant }, act: { kind: "home-set", home }, nowMs });
  return true;
}
