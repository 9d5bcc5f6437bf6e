import type { PersonId } from "#core/ids.ts";
import type { Refusal } from "#core/refusal.ts";
import type { Database } from "#server/store/database.ts";
import { countAttempts } from "./attempts.ts";
import { hashPassword, verifyPassword } from "./password.ts";
import { hashSecret, newSecret } from "./secret.ts";

/** How people sign in: with a one-time code from a link, or with a password, for a browser's session or a token. */

const hourMs = 3_600_000;
export const linkLifeMs = 24 * hourMs;
export const sessionLifeMs = 7 * 24 * hourMs;
/** Of a token that `weir login` gets. */
const loginTokenLifeMs = 90 * 24 * hourMs;

/** Five wrong passwords for one name from one address, then a pause. Codes have 256 bits and need no bound. */
const passwordAttempts = countAttempts({ most: 5, windowMs: 5 * 60_000 });

type Query = Pick<Database["pool"], "query">;
export type SignedIn = { readonly kind: "signed-in"; readonly secret: string; readonly lifeMs: number };
type Refused = { readonly kind: "refused"; readonly refusal: Refusal };

/** The link carries its code behind `#`, which browsers keep to themselves: no server, proxy or log sees it. */
export function signInUrl(origin: string, code: string): string {
  return `${origin}/sign-in#code=${code}`;
}

/** A one-time code for that person. `name` says what for; earlier unspent ones of the same name are taken back. */
export async function newCode(
  db: Query,
  person: PersonId,
  name: string,
  nowMs: number,
): Promise<{ readonly code: string; readonly expiresMs: number }> {
  const { secret, hash } = newSecret("code");
  const expiresMs = nowMs + linkLifeMs;
  await db.query(
    `with earlier as (
       update credential set spent_ms = $4 where person_id = $1 and kind = 'code' and name = $2 and spent_ms is null
     )
     insert into credential (person_id, kind, name, secret_hash, created_ms, expires_ms) values ($1, 'code', $2, $3, $4, $5)`,
    [person, name, hash, nowMs, expiresMs],
  );
  return { code: secret, expiresMs };
}

/** Spends the code and begins a session or makes a token, in one statement: of two at once, one wins. */
export async function signInWithCode(
  db: Database,
  code: string,
  as: "cookie" | "token",
  nowMs: number,
): Promise<SignedIn | Refused> {
  const begun = begin(as);
  const { rowCount } = await db.pool.query(
    `with spent as (
       update credential set spent_ms = $2
       where secret_hash = $1 and kind = 'code' and spent_ms is null and expires_ms > $2 returning person_id
     )
     insert into credential (person_id, kind, name, secret_hash, created_ms, expires_ms)
     select person_id, $3, $4, $5, $2, $6 from spent`,
    [hashSecret(code), nowMs, begun.kind, begun.name, begun.hash, nowMs + begun.lifeMs],
  );
  if (rowCount !== 1) return { kind: "refused", refusal: { kind: "bad-credentials" } };
  return { kind: "signed-in", secret: begun.secret, lifeMs: begun.lifeMs };
}

export async function signInWithPassword(
  db: Database,
  given: { readonly name: string; readonly password: string; readonly remote: string },
  as: "cookie" | "token",
  nowMs: number,
): Promise<SignedIn | Refused> {
  const key = `${given.remote} ${given.name}`;
  const attempt = passwordAttempts.begin(key, nowMs);
  if (attempt.kind === "wait")
    return { kind: "refused", refusal: { kind: "too-many-requests", retryAfterS: attempt.retryAfterS } };
  const { rows } = await db.pool.query<{ id: number; password_hash: string | null; disabled: boolean }>(
    "select id, password_hash, disabled_ms is not null as disabled from person where name = $1",
    [given.name],
  );
  const person = rows[0];
  const right = await verifyPassword(given.password, person?.password_hash ?? null);
  if (!person || !right) return { kind: "refused", refusal: { kind: "bad-credentials" } };
  passwordAttempts.succeeded(key);
  if (person.disabled) return { kind: "refused", refusal: { kind: "person-disabled", person: given.name } };
  const begun = begin(as);
  await db.pool.query(
    `insert into credential (person_id, kind, name, secret_hash, created_ms, expires_ms) values ($1, $2, $3, $4, $5, $6)`,
    [person.id, begun.kind, begun.name, begun.hash, nowMs, nowMs + begun.lifeMs],
  );
  return { kind: "signed-in", secret: begun.secret, lifeMs: begun.lifeMs };
}

/** Sets a first password, or another against the current one; every other session of that person ends. */
export async function setPassword(
  db: Database,
  person: { readonly id: PersonId; readonly session: number },
  given: { readonly current: string | undefined; readonly password: string },
  nowMs: number,
): Promise<Refused | null> {
  const key = `current ${person.id}`;
  const attempt = passwordAttempts.begin(key, nowMs);
  if (attempt.kind === "wait")
    return { kind: "refused", refusal: { kind: "too-many-requests", retryAfterS: attempt.retryAfterS } };
  const { rows } = await db.pool.query<{ password_hash: string | null }>(
    "select password_hash from person where id = $1",
    [person.id],
  );
  const old = rows[0]?.password_hash ?? null;
  if (old !== null && !(await verifyPassword(given.current ?? "", old)))
    return { kind: "refused", refusal: { kind: "bad-credentials" } };
  passwordAttempts.succeeded(key);
  await db.pool.query(
    `with ended as (
       update credential set spent_ms = $3
       where person_id = $1 and kind = 'session' and spent_ms is null and id <> $4
     ), noted as (
       insert into act (at_ms, person_id, kind, about_kind, about, facts)
       values ($3, $1, 'password-set', 'person', $1::text, '{}')
     )
     update person set password_hash = $2 where id = $1`,
    [person.id, await hashPassword(given.password), nowMs, person.session],
  );
  return null;
}

function begin(as: "cookie" | "token") {
  return as === "cookie"
    ? { kind: "session", name: "browser", lifeMs: sessionLifeMs, ...newSecret("session") }
    : { kind: "token", name: "weir login", lifeMs: loginTokenLifeMs, ...newSecret("token") };
}
