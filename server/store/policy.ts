import type pg from "pg";
import { type PersonId, type TenantId, tenantId } from "#core/ids.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { type PolicyIssue, parseLivePolicy } from "#core/scheduling/policy-file.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";
import { noteAct } from "./note-act.ts";

type Query = Pick<pg.ClientBase | pg.Pool, "query">;

/** The policy of the network. `version` 0: nobody has set one, and the one that ships is in force. */
export type PolicyInForce = {
  readonly version: number;
  readonly policy: Policy;
  readonly setBy: string | null;
  readonly setMs: number | null;
  /** What this program cannot read of it, so that the one that ships is in force; empty: nothing. */
  readonly issues: readonly PolicyIssue[];
};

export async function readPolicy(db: Query): Promise<PolicyInForce> {
  const { rows } = await db.query<{ version: number; file: unknown; setBy: string; setMs: number }>(
    `select version, file, name as "setBy", at_ms as "setMs"
     from policy join person on person.id = person_id order by version desc limit 1`,
  );
  const [newest] = rows;
  if (!newest) return { version: 0, policy: policies.weir, setBy: null, setMs: null, issues: [] };
  const { file, ...set } = newest;
  const parsed = parseLivePolicy(file);
  return parsed.kind === "policy"
    ? { ...set, policy: parsed.policy, issues: [] }
    : { ...set, policy: policies.weir, issues: parsed.issues };
}

/** Those before it too, newest first, at most twenty. */
export async function readPolicyVersions(
  db: Query,
): Promise<
  readonly { readonly version: number; readonly name: string; readonly setBy: string; readonly setMs: number }[]
> {
  const { rows } = await db.query<{ version: number; file: unknown; setBy: string; setMs: number }>(
    `select version, file, person.name as "setBy", at_ms as "setMs"
     from policy join person on person.id = person_id order by version desc limit 20`,
  );
  return rows.map(({ file, ...row }) => ({ ...row, name: policyIn(file).name }));
}

/** What a version says, null: nobody had set one. One that this program cannot read: what ships, as it goes by then. */
export function policyIn(file: unknown): Policy {
  const parsed = file === null ? null : parseLivePolicy(file);
  return parsed?.kind === "policy" ? parsed.policy : policies.weir;
}

/** A new version, in force for whatever is decided from then on. The file has been parsed. */
export async function setPolicy(db: Query, file: unknown, person: PersonId, nowMs: number): Promise<void> {
  const { rows } = await db.query<{ version: number }>(
    `with set as (insert into policy (file, person_id, at_ms) values ($1::jsonb, $2, $3) returning version),
     told as (insert into event (at_ms, kind, cause) select $3::bigint, 'policy-changed', $4::text || version from set)
     select version from set`,
    [JSON.stringify(file), person, nowMs, `person:${person}: policy, version `],
  );
  const act = { kind: "policy-set", version: rows[0]?.version ?? 0 } as const;
  await noteAct(db, { by: person, about: null, act, nowMs });
}

/** What the world is told of the policy in force. */
export async function policyEvent(db: Query): Promise<Extract<WorldEvent, { kind: "policy-set" }>> {
  const { policy, setMs } = await readPolicy(db);
  const { weights = {}, promises = {} } = policy.fairness ?? {};
  return {
    kind: "policy-set",
    policy,
    weights: await ofTenants(db, weights),
    promises: await ofTenants(db, promises),
    atMs: setMs ?? 0,
  };
}

/** What a policy says of tenants by name, of those that are there. */
async function ofTenants<One>(
  db: Query,
  byName: Readonly<Record<string, One>>,
): Promise<readonly (readonly [TenantId, One])[]> {
  const said = new Map(Object.entries(byName));
  if (said.size === 0) return [];
  const { rows } = await db.query<{ id: number; name: string }>(
    "select id, name from tenant where name = any($1) order by id",
    [[...said.keys()]],
  );
  return rows.flatMap(({ id, name }) => {
    const one = said.get(name);
    return one === undefined ? [] : [[tenantId(id), one] as const];
  });
}

/** Of these names those that no tenant, or no project, has. */
export async function unknownNames<Named extends { readonly of: "tenant" | "project"; readonly name: string }>(
  db: Query,
  named: readonly Named[],
): Promise<readonly Pick<Named, "of" | "name">[]> {
  if (named.length === 0) return [];
  const { rows } = await db.query<Pick<Named, "of" | "name">>(
    `select distinct of, name from unnest($1::text[], $2::text[]) as said (of, name)
     where not exists (select from tenant where of = 'tenant' and tenant.name = said.name)
       and not exists (select from project where of = 'project' and project.name = said.name)`,
    [named.map(({ of }) => of), named.map(({ name }) => name)],
  );
  return rows;
}
