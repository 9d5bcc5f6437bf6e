import type { z } from "zod";
import type { person, project, tenant } from "#api/network.ts";
import type { Database } from "../database.ts";
import { readGrants } from "../grants.ts";

/** Tenants, projects and people, each in the order of their ids. `projects` null: no bound. `only`: the one of that name. */

type Query = Pick<Database["pool"], "query">;
type Page = { readonly after: number | null; readonly limit: number };

export async function readTenants(
  db: Query,
  projects: readonly number[] | null,
  page: Page & { readonly only?: string },
): Promise<readonly z.output<typeof tenant>[]> {
  const { rows } = await db.query<Omit<z.output<typeof tenant>, "grants">>(
    `select id, name, title, home_centre as home, most_cores as "mostCores",
       '{"region": null, "residency": null, "domestic": false}'::jsonb || coalesce(place, '{}') as place from tenant
     where ($1::bigint[] is null or id in (select tenant_id from project where project.id = any($1)))
       and ($2::bigint is null or id > $2) and ($4::text is null or name = $4)
     order by id limit $3`,
    [projects, page.after, page.limit, page.only ?? null],
  );
  return withGrants(db, "tenant", rows);
}

export async function readProjects(
  db: Query,
  projects: readonly number[] | null,
  page: Page & { readonly only?: string },
): Promise<readonly z.output<typeof project>[]> {
  const { rows } = await db.query<Omit<z.output<typeof project>, "grants">>(
    `select project.id, project.name, project.title, tenant.name as tenant, project.most_cores as "mostCores",
       '{"residency": null, "domestic": false}'::jsonb || coalesce(project.place, '{}') as place
     from project join tenant on tenant.id = project.tenant_id
     where ($1::bigint[] is null or project.id = any($1)) and ($2::bigint is null or project.id > $2)
       and ($4::text is null or project.name = $4)
     order by project.id limit $3`,
    [projects, page.after, page.limit, page.only ?? null],
  );
  return withGrants(db, "project", rows);
}

export async function readPeople(
  db: Query,
  page: Page & { readonly only?: string },
): Promise<readonly z.output<typeof person>[]> {
  const { rows } = await db.query<z.output<typeof person>>(
    `select id, name, title, administrator, disabled_ms as "disabledMs", array(
       select project.name from membership join project on project.id = membership.project_id
       where membership.person_id = person.id order by project.id) as projects
     from person
     where ($1::bigint is null or id > $1) and ($3::text is null or name = $3)
     order by id limit $2`,
    [page.after, page.limit, page.only ?? null],
  );
  return rows;
}

async function withGrants<Row extends { readonly id: number }>(
  db: Query,
  of: "tenant" | "project",
  rows: readonly Row[],
): Promise<readonly (Row & Pick<z.output<typeof tenant>, "grants">)[]> {
  const all = await readGrants(db);
  return rows.map((row) => ({
    ...row,
    grants: all
      .filter((grant) => grant.of === of && grant.id === row.id)
      .map(({ unit, granted, left }) => ({ unit, granted, left: left.startsWith("-") ? "0" : left })),
  }));
}
