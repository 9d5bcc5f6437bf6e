import type { Quota, Readiness, ToldAccount } from "#core/centre/accounts.ts";
import type { CentreId } from "#core/ids.ts";
import { type GrantedUnit, msOfHours } from "#core/scheduling/grants.ts";
import type { WantedAccount } from "#core/scheduling/queue.ts";
import type { Database } from "./database.ts";
import type { Teller } from "./report-engine.ts";

type Query = Pick<Database["pool"], "query">;

/** Asks the centres for accounts, once for each pair; tells the feed of the centres where that was new. */
export async function wantAccounts(db: Query, wanted: readonly WantedAccount[], nowMs: number): Promise<boolean> {
  if (wanted.length === 0) return false;
  const { rowCount } = await db.query(
    `with made as (
       insert into wanted_account (centre_id, person_id, project_id, since_ms)
       select asked.centre, person.id, project.id, $2::bigint
       from jsonb_to_recordset($1::jsonb) as asked(centre text, person bigint, project bigint)
       join person on person.id = asked.person join project on project.id = asked.project
       on conflict do nothing returning centre_id
     )
     insert into event (at_ms, kind, centre_id, cause)
     select $2::bigint, 'centre-changed', centre_id, 'accounts are asked for' from (select distinct centre_id from made) as one`,
    [JSON.stringify(wanted.map(({ centre, person, project }) => ({ centre, person, project }))), nowMs],
  );
  return (rowCount ?? 0) > 0;
}

/** All that a centre was asked for; names are for the words of the site's own programs. */
export async function readWanted(db: Query, centre: CentreId): Promise<readonly WantedRow[]> {
  const { rows } = await db.query<WantedRow>(
    `select person_id as person, person.name as "personName", project_id as project, project.name as "projectName",
       readiness, since_ms as "sinceMs", settled_ms as "settledMs"
     from wanted_account join person on person.id = person_id join project on project.id = project_id
     where centre_id = $1 order by person.name, project.name`,
    [centre],
  );
  return rows;
}

export type WantedRow = {
  readonly person: number;
  readonly personName: string;
  readonly project: number;
  readonly projectName: string;
  readonly readiness: Readiness;
  readonly sinceMs: number;
  readonly settledMs: number | null;
};

/**
 * What a centre says of the pairs that it was asked for, all of it each time; pairs that nobody asked for are left out, and all
 * of a centre that has left.
 * Resolves to whether any differs from what was known.
 */
export async function settleAccounts(
  db: Query,
  { centre, session }: Teller,
  told: readonly ToldAccount[],
  nowMs: number,
): Promise<boolean> {
  if (told.length === 0) return false;
  const { rowCount } = await db.query(
    `with told as (select * from jsonb_to_recordset($2::jsonb) as t(person bigint, project bigint, readiness text, "localAccount" text)),
     heard as (
       update wanted_account a set settled_ms = $3, readiness = told.readiness, local_account = told."localAccount",
         since_ms = case when a.readiness = told.readiness then a.since_ms else $3 end
       from told where a.centre_id = $1 and a.person_id = told.person and a.project_id = told.project
         and (a.readiness <> told.readiness or a.local_account is distinct from told."localAccount" or a.settled_ms is null)
         and exists (select from centre where id = $1 and session = $4 and intake <> 'left')
       returning a.person_id
     )
     insert into event (at_ms, kind, centre_id, cause)
     select $3::bigint, 'centre-changed', $1, 'its accounts changed' where exists (select from heard)`,
    [centre, JSON.stringify(told), nowMs, session],
  );
  return (rowCount ?? 0) > 0;
}

/** What the network lets each project use that has an account at a centre, or is to have one. */
export async function readQuotas(db: Query, centre: CentreId): Promise<readonly ProjectQuota[]> {
  const { rows } = await db.query<ProjectQuota>(
    `select p.id as project, jsonb_build_object(
         'project', jsonb_build_object('cores', p.most_cores, 'coreHours', pc.hours, 'cardHours', pk.hours),
         'tenant', jsonb_build_object('cores', t.most_cores, 'coreHours', tc.hours, 'cardHours', tk.hours)) as quota
     from project p join tenant t on t.id = p.tenant_id
     left join lateral (${grantedHours("project_id = p.id", "core-ms")}) pc on true
     left join lateral (${grantedHours("project_id = p.id", "milli-card-ms")}) pk on true
     left join lateral (${grantedHours("tenant_id = t.id", "core-ms")}) tc on true
     left join lateral (${grantedHours("tenant_id = t.id", "milli-card-ms")}) tk on true
     where p.id in (select project_id from wanted_account where centre_id = $1) order by p.id`,
    [centre],
  );
  return rows;
}

function grantedHours(of: string, unit: GrantedUnit): string {
  return `select amount / ${msOfHours(1, unit)} as hours from granted where ${of} and unit = '${unit}'`;
}

export type ProjectQuota = { readonly project: number; readonly quota: Quota };
