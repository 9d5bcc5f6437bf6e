import type { z } from "zod";
import type { me } from "#api/network.ts";
import type { Person } from "#server/identity/caller.ts";
import type { Database } from "../database.ts";

export async function readMe(db: Database, person: Person): Promise<z.output<typeof me>> {
  const { rows } = await db.pool.query<{ has_password: boolean }>(
    "select password_hash is not null as has_password from person where id = $1",
    [person.id],
  );
  const { id, name, title, administrator, projects } = person;
  return {
    person: { id, name, title, administrator, disabledMs: null, projects: projects.map((project) => project.name) },
    tenants: [...new Set(projects.map((project) => project.tenant))],
    defaultProject: projects[0]?.name ?? null,
    hasPassword: rows[0]?.has_password ?? false,
  };
}
