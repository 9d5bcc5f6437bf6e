import { type CentreId, centreId } from "#core/ids.ts";
import type { Refusal } from "#core/refusal.ts";
import type { Database } from "#server/store/database.ts";
import type { CentreCaller } from "./caller.ts";
import { hashSecret, newSecret } from "./secret.ts";

/**
 * How a centre proves itself: a one-time enrolment token becomes its credential, and that one rotates. Whoever takes them all
 * from it locks the centre, and so does, first of all, whoever makes one: no new one comes to be unseen beside that.
 */

const dayMs = 86_400_000;
export const enrolmentLifeMs = dayMs;
/** An agent that was away for longer enrols again. */
const credentialLifeMs = 90 * dayMs;
const rotateAfterMs = dayMs;

export type Enrolled = { readonly centre: CentreId; readonly credential: string; readonly rotateAfterMs: number };

/** A one-time token for that centre, good for 24 h; null where there is no such centre. */
export async function newEnrolment(
  db: Pick<Database["pool"], "query">,
  centre: string,
  nowMs: number,
): Promise<{ readonly token: string; readonly expiresMs: number } | null> {
  const { secret, hash } = newSecret("enrolment");
  const expiresMs = nowMs + enrolmentLifeMs;
  const { rowCount } = await db.query(
    `insert into centre_credential (centre_id, kind, secret_hash, created_ms, expires_ms)
     select id, 'enrolment', $2, $3, $4 from centre where id = $1`,
    [centre, hash, nowMs, expiresMs],
  );
  return rowCount === 1 ? { token: secret, expiresMs } : null;
}

/**
 * Spends the token and gives the centre's credential in its place, in one statement. A credential that the agent brought
 * and that is in force already is the same request again: its first answer was lost on the way.
 */
export async function enrol(
  db: Database,
  request: {
    readonly token: string;
    readonly agentVersion: string;
    readonly driver: string;
    readonly credential?: string | undefined;
  },
  nowMs: number,
): Promise<Enrolled | { readonly kind: "refused"; readonly refusal: Refusal }> {
  const secret = request.credential ?? newSecret("credential").secret;
  const hash = hashSecret(secret);
  const before = await db.pool.query<{ centre_id: string }>(
    `select centre_id from centre_credential
     where secret_hash = $1 and kind = 'credential' and spent_ms is null and expires_ms > $2`,
    [hash, nowMs],
  );
  const again = before.rows[0];
  if (again) return { centre: centreId(again.centre_id), credential: secret, rotateAfterMs };
  const { rows } = await db.pool.query<{ centre_id: string }>(
    `with place as materialized (
       select centre.id, centre.driver from centre_credential k join centre on centre.id = k.centre_id
       where k.secret_hash = $1 for key share of centre
     ), spent as (
       update centre_credential set spent_ms = $2
       from place
       where secret_hash = $1 and kind = 'enrolment' and spent_ms is null and expires_ms > $2
         and place.id = centre_id and place.driver = $3
       returning centre_id
     ), named as (update centre set agent_version = $4 from spent where centre.id = spent.centre_id)
     insert into centre_credential (centre_id, kind, secret_hash, created_ms, expires_ms)
     select centre_id, 'credential', $5, $2, $6 from spent returning centre_id`,
    [hashSecret(request.token), nowMs, request.driver, request.agentVersion, hash, nowMs + credentialLifeMs],
  );
  const row = rows[0];
  if (row === undefined) return { kind: "refused", refusal: { kind: "enrolment-token-spent" } };
  return { centre: centreId(row.centre_id), credential: secret, rotateAfterMs };
}

/**
 * A new credential beside the one in use, which stays good until the new one was used: an answer lost on the way, or an
 * agent that dies before it has written it down, costs nothing. New ones that were never used are replaced.
 */
export async function rotateCredential(db: Database, caller: CentreCaller, nowMs: number): Promise<Enrolled> {
  const { secret, hash } = newSecret("credential");
  await db.pool.query(
    `with replaced as (
       update centre_credential set spent_ms = $3
       where centre_id = $1 and kind = 'credential' and spent_ms is null and id > $2
     ), place as materialized (
       select id from centre where id = $1 for key share
     ), own as materialized (
       select revoked_ms from centre_credential where id = $2 and centre_id = (select id from place) for share
     )
     insert into centre_credential (centre_id, kind, secret_hash, created_ms, expires_ms, revoked_ms)
     -- Of one that was revoked, or has left, no longer than the one it is made by.
     select $1, 'credential', $4, $3, coalesce(revoked_ms, $5), revoked_ms from own`,
    [caller.centre, caller.credential, nowMs, hash, nowMs + credentialLifeMs],
  );
  return { centre: caller.centre, credential: secret, rotateAfterMs };
}

/** Why a credential that was once good is refused: it was taken from its centre. null: it never was, or has aged out. */
export async function whyRefused(db: Database, hash: Buffer): Promise<Refusal | null> {
  const { rows } = await db.pool.query<{ centre: string; left: boolean }>(
    `select centre_id as centre, intake = 'left' as left from centre_credential join centre on centre.id = centre_id
     where secret_hash = $1 and kind = 'credential' and revoked_ms is not null`,
    [hash],
  );
  const [row] = rows;
  return row ? { kind: "credential-revoked", centre: row.centre, because: row.left ? "left" : "revoked" } : null;
}

/** Who presents it; null where it is good for nothing. Its first use ends every older one of the same centre. */
export async function useCentreCredential(db: Database, hash: Buffer, nowMs: number): Promise<Used | null> {
  const { rows } = await db.pool.query<{ id: number; centre_id: string; replaced: boolean }>(
    `with used as (
       select id, centre_id from centre_credential
       where secret_hash = $1 and kind = 'credential' and spent_ms is null and expires_ms > $2
     ), older as (
       update centre_credential set spent_ms = $2 from used
       where centre_credential.centre_id = used.centre_id and centre_credential.kind = 'credential'
         and centre_credential.spent_ms is null and centre_credential.id < used.id
       returning centre_credential.id
     )
     select id, centre_id, exists (select from older) as replaced from used`,
    [hash, nowMs],
  );
  const row = rows[0];
  if (row === undefined) return null;
  return { caller: { kind: "centre", centre: centreId(row.centre_id), credential: row.id }, replaced: row.replaced };
}

export type Used = {
  readonly caller: CentreCaller;
  /** Older ones ended by this use: whoever remembers them must forget. */
  readonly replaced: boolean;
};
