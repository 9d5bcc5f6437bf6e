import { personId } from "#core/ids.ts";
import { advisoryLocks, type Database } from "#server/store/database.ts";
import { newEnrolment } from "./centre-credential.ts";
import { hashSecret, newSecret } from "./secret.ts";
import { newCode, signInUrl } from "./sign-in.ts";

/**
 * Makes the network's first rows where there are none: tenant and project `default`, the administrator `admin`, and the
 * centre `local` with one dedicated pool. Says whether it did. Several servers may start at once.
 */
export async function firstStart(db: Database, nowMs: number): Promise<boolean> {
  const client = await db.pool.connect();
  try {
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock($1)", [advisoryLocks.migrate]);
    const { rowCount } = await client.query("select from person limit 1");
    if (rowCount === 0) await client.query(firstRows.replaceAll("$now", String(nowMs)));
    await client.query("commit");
    return rowCount === 0;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

const firstRows = `
insert into tenant (name, title, created_ms) values ('default', 'Default', $now);
insert into project (tenant_id, name, title, created_ms) select id, 'default', 'Default', $now from tenant;
insert into person (name, title, administrator, created_ms) values ('admin', 'Administrator', true, $now);
insert into membership (project_id, person_id) select project.id, person.id from project, person;
insert into centre (id, name, name_zh, driver, life_cycle, created_ms)
  values ('local', 'This machine', '本机', 'process', 'in-service', $now);
insert into pool (centre_id, name, contract, life_cycle) values ('local', 'default', 'dedicated', 'in-service');
`;

/** A fresh link for the first administrator; the one of the last start is taken back. */
export async function startLink(db: Database, origin: string, nowMs: number): Promise<string> {
  const { code } = await newCode(db.pool, await firstAdministrator(db), "start", nowMs);
  return signInUrl(origin, code);
}

/**
 * The token of `weir` on this machine: the one it has where that is still good and the first administrator's, else a
 * new one, and those made before for the same use are revoked.
 */
export async function machineToken(db: Database, have: string | undefined, nowMs: number): Promise<string> {
  const person = await firstAdministrator(db);
  if (have !== undefined && (await isGood(db, have, person, nowMs))) return have;
  const { secret, hash } = newSecret("token");
  await db.pool.query(
    `with earlier as (
       update credential set spent_ms = $4 where person_id = $1 and kind = 'token' and name = $2 and spent_ms is null
     )
     insert into credential (person_id, kind, name, secret_hash, created_ms) values ($1, 'token', $2, $3, $4)`,
    [person, "this machine", hash, nowMs],
  );
  return secret;
}

/** For the agent that the supervisor starts. */
export async function machineEnrolment(db: Database, centre: string, nowMs: number): Promise<string> {
  const enrolment = await newEnrolment(db.pool, centre, nowMs);
  if (enrolment === null) throw new Error(`there is no centre ${centre}`);
  return enrolment.token;
}

async function firstAdministrator(db: Database) {
  const { rows } = await db.pool.query<{ id: number }>(
    "select id from person where administrator and disabled_ms is null order by id limit 1",
  );
  const row = rows[0];
  if (row === undefined) throw new Error("the network has no administrator");
  return personId(row.id);
}

async function isGood(db: Database, token: string, person: number, nowMs: number): Promise<boolean> {
  const { rowCount } = await db.pool.query(
    `select from credential where secret_hash = $1 and person_id = $2 and kind = 'token' and spent_ms is null
       and (expires_ms is null or expires_ms > $3)`,
    [hashSecret(token), person, nowMs],
  );
  return rowCount === 1;
}
