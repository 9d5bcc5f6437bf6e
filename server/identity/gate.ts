import type { IncomingHttpHeaders } from "node:http";
import { personId, projectId, tenantId } from "#core/ids.ts";
import type { Refusal } from "#core/refusal.ts";
import type { Database } from "#server/store/database.ts";
import type { CentreCaller, Person } from "./caller.ts";
import { useCentreCredential, whyRefused } from "./centre-credential.ts";
import { hashSecret } from "./secret.ts";

/**
 * Says who calls. What the store said of a credential is kept for 15 s, so a busy caller costs no query; a change made
 * here (sign-out, revoked token, new membership) forgets it at once, one made by another server of the same store is
 * seen after at most that time.
 */
export function openGate(db: Database, now: () => number): Gate {
  const people = createCache<Person>(now);
  const centres = createCache<CentreCaller>(now);
  const listeners = new Set<() => void>();

  const bySecret = ({ kind, secret }: Presented) =>
    people.get(`${kind} ${secret}`, () => usePersonCredential(db, kind, hashSecret(secret), now()));
  return {
    person(headers) {
      const presented = presentedBy(headers);
      return presented === null ? refuse({ kind: "not-signed-in" }) : bySecret(presented);
    },
    bySecret,
    centre(headers) {
      const secret = bearer(headers);
      if (secret === null) return refuse({ kind: "not-signed-in" });
      return centres.get(secret, async () => {
        const hash = hashSecret(secret);
        const used = await useCentreCredential(db, hash, now());
        if (used?.replaced) centres.forgetKept();
        if (used) return used.caller;
        const refusal = await whyRefused(db, hash);
        return refusal && refuse(refusal);
      });
    },
    forget() {
      people.clear();
      centres.clear();
      for (const listener of listeners) listener();
    },
    onForget(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

export type Gate = {
  /** By a token (Authorization: Bearer) or a session (cookie). */
  readonly person: (headers: IncomingHttpHeaders) => Found<Person> | Promise<Found<Person>>;
  readonly bySecret: (presented: Presented) => Found<Person> | Promise<Found<Person>>;
  readonly centre: (headers: IncomingHttpHeaders) => Found<CentreCaller> | Promise<Found<CentreCaller>>;
  /** After any change of credentials, people or memberships. */
  readonly forget: () => void;
  /** Called after each `forget`, until what it answers is called. */
  readonly onForget: (listener: () => void) => () => void;
};

type Refused = { readonly kind: "refused"; readonly refusal: Refusal };
type Found<Caller> = Caller | Refused;

export type Presented = { readonly kind: "token" | "session"; readonly secret: string };

/** What a person's request presents: a token wins over a cookie. */
export function presentedBy(headers: IncomingHttpHeaders): Presented | null {
  if (headers.authorization !== undefined) return { kind: "token", secret: bearer(headers) ?? "" };
  const name = sessionCookieName(headers.host ?? "");
  for (const part of headers.cookie?.split(";") ?? []) {
    const equals = part.indexOf("=");
    if (part.slice(0, equals).trim() === name) return { kind: "session", secret: part.slice(equals + 1).trim() };
  }
  return null;
}

/** Cookies know no ports: two networks on one machine would sign each other out, so the port is part of the name. */
export function sessionCookieName(host: string): string {
  const port = /:(\d+)$/.exec(host)?.[1];
  return port === undefined ? "weir_session" : `weir_session_${port}`;
}

function bearer(headers: IncomingHttpHeaders): string | null {
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? "")?.[1] ?? null;
}

function refuse(refusal: Refusal): Refused {
  return { kind: "refused", refusal };
}

const lifeMs = 15_000;
const mostKept = 10_000;

function createCache<Caller extends { readonly kind: string }>(now: () => number) {
  const kept = new Map<string, { readonly caller: Caller; readonly untilMs: number }>();
  /** Of a hundred requests that come at once with one credential, one asks. */
  const loading = new Map<string, Promise<Found<Caller>>>();
  /** Raised by `clear`, so that an answer asked for before it is not kept after it. */
  let age = 0;

  async function load(key: string, ask: () => Promise<Found<Caller> | null>): Promise<Found<Caller>> {
    const asked = age;
    try {
      const caller = await ask();
      if (caller === null) return refuse({ kind: "bad-credentials" });
      if (isRefused(caller)) return caller;
      if (asked === age) kept.set(key, { caller, untilMs: now() + lifeMs });
      const oldest = kept.keys().next();
      if (kept.size > mostKept && !oldest.done) kept.delete(oldest.value);
      return caller;
    } finally {
      if (asked === age) loading.delete(key);
    }
  }

  return {
    /** By what is presented, unhashed: it is in memory with each request anyway, and hashing it costs more than the rest. */
    get(key: string, ask: () => Promise<Found<Caller> | null>): Found<Caller> | Promise<Found<Caller>> {
      const found = kept.get(key);
      if (found !== undefined && found.untilMs > now()) return found.caller;
      kept.delete(key);
      const asking = loading.get(key) ?? load(key, ask);
      loading.set(key, asking);
      return asking;
    },
    clear() {
      kept.clear();
      loading.clear();
      age++;
    },
    /** Without those that are being asked for right now. */
    forgetKept: () => kept.clear(),
  };
}

function isRefused<Caller extends { readonly kind: string }>(found: Found<Caller>): found is Refused {
  return found.kind === "refused";
}

async function usePersonCredential(
  db: Database,
  kind: "token" | "session",
  hash: Buffer,
  nowMs: number,
): Promise<Person | null> {
  const { rows } = await db.pool.query<CredentialRow>(personByCredential, [hash, kind, nowMs]);
  const row = rows[0];
  if (row === undefined) return null;
  return {
    kind: "person",
    id: personId(row.id),
    name: row.name,
    title: row.title,
    administrator: row.administrator,
    projects: row.projects.map(({ id, name, tenant_id, tenant }) => ({
      id: projectId(id),
      name,
      tenantId: tenantId(tenant_id),
      tenant,
    })),
    credential: { id: row.credential_id, kind },
  };
}

type CredentialRow = {
  readonly credential_id: number;
  readonly id: number;
  readonly name: string;
  readonly title: string;
  readonly administrator: boolean;
  readonly projects: readonly {
    readonly id: number;
    readonly name: string;
    readonly tenant_id: number;
    readonly tenant: string;
  }[];
};

const personByCredential = `
with used as (
  update credential set last_used_ms = $3
  where secret_hash = $1 and kind = $2 and spent_ms is null and (expires_ms is null or expires_ms > $3)
  returning id, person_id
)
select used.id as credential_id, person.id, person.name, person.title, person.administrator, coalesce((
  select jsonb_agg(jsonb_build_object('id', project.id, 'name', project.name, 'tenant_id', tenant.id, 'tenant', tenant.name)
    order by project.id)
  from membership join project on project.id = membership.project_id join tenant on tenant.id = project.tenant_id
  where membership.person_id = person.id), '[]') as projects
from used join person on person.id = used.person_id and person.disabled_ms is null`;
