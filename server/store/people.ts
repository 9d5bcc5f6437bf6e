import type pg from "pg";
import type { Act } from "#core/act.ts";
import type { PersonId } from "#core/ids.ts";
import { noteAct } from "./note-act.ts";

/** What is left out stays as it is. */
export type PersonChange = {
  readonly title?: string | undefined;
  readonly administrator?: boolean | undefined;
  readonly disabled?: boolean | undefined;
};

/**
 * Changes a person, unless nobody who can sign in were administrator then, or somebody disables themselves. Whatever
 * signs a disabled person in ends; enabled again, nothing of before does either.
 */
export async function changePerson(
  client: pg.ClientBase,
  name: string,
  change: PersonChange,
  by: PersonId,
  nowMs: number,
): Promise<"changed" | "same" | "not-found" | "last-administrator" | "disable-oneself"> {
  // Every administrator is locked, so that of two who take the other's role at once the second is refused.
  const { rows } = await client.query<PersonRow>(
    `select id, name, title, administrator, disabled_ms is not null as "isDisabled",
       administrator and disabled_ms is null as "signsInAsAdministrator" from person
     where name = $1 or (administrator and disabled_ms is null) order by id for update`,
    [name],
  );
  const person = rows.find((row) => row.name === name);
  if (person === undefined) return "not-found";
  const others = rows.filter((row) => row.signsInAsAdministrator && row.id !== person.id);
  const ends = change.disabled === true || change.administrator === false;
  if (ends && person.signsInAsAdministrator && others.length === 0) return "last-administrator";
  if (change.disabled === true && person.id === by) return "disable-oneself";
  // What is so already is no act: who may sign in already is not signed out by being let in.
  const title = change.title === person.title ? null : (change.title ?? null);
  const administrator = change.administrator === person.administrator ? null : (change.administrator ?? null);
  const disabled = change.disabled === person.isDisabled ? null : (change.disabled ?? null);
  await client.query(
    `update person set title = coalesce($2, title), administrator = coalesce($3, administrator),
       disabled_ms = case when $4::boolean is null then disabled_ms when $4 then $5::bigint end
     where id = $1`,
    [person.id, title, administrator, disabled, nowMs],
  );
  if (disabled !== null)
    await client.query("update credential set spent_ms = $2 where person_id = $1 and spent_ms is null", [
      person.id,
      nowMs,
    ]);
  const kinds = [
    ...(title === null ? [] : ["person-renamed" as const]),
    ...(administrator === null
      ? []
      : [administrator ? ("administrator-made" as const) : ("administrator-unmade" as const)]),
    ...(disabled === null ? [] : [disabled ? ("person-disabled" as const) : ("person-enabled" as const)]),
  ];
  for (const kind of kinds) await noteOfPerson(client, person.id, { kind }, by, nowMs);
  return kinds.length === 0 ? "same" : "changed";
}

type PersonRow = {
  readonly id: PersonId;
  readonly name: string;
  readonly title: string;
  readonly administrator: boolean;
  readonly isDisabled: boolean;
  readonly signsInAsAdministrator: boolean;
};

/** false: the person is no member of it, or one of the two is not there. */
export async function removeMember(
  client: pg.ClientBase,
  project: string,
  person: string,
  by: PersonId,
  nowMs: number,
): Promise<boolean> {
  const { rows } = await client.query<{ id: PersonId }>(
    `delete from membership using project, person
     where project_id = project.id and person_id = person.id and project.name = $1 and person.name = $2
     returning person.id`,
    [project, person],
  );
  if (rows[0] === undefined) return false;
  await noteOfPerson(client, rows[0].id, { kind: "member-removed", project }, by, nowMs);
  return true;
}

export function noteOfPerson(
  client: pg.ClientBase,
  person: number,
  act: Act,
  by: PersonId,
  nowMs: number,
): Promise<void> {
  return noteAct(client, { by, about: { kind: "person", id: person }, act, nowMs });
}
