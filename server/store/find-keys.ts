import type pg from "pg";
import type { TenantId } from "#core/ids.ts";
import { int8s, texts } from "./arrays.ts";
import type { Database } from "./database.ts";
import { refusedByStore, unavailable } from "./refused.ts";
import type { Submitted } from "./submission.ts";

/** The answer that each key got before, or that it was used with another body; null where it is not in use. */
export async function findKeys(
  client: pg.ClientBase,
  asked: readonly UsedKey[],
): Promise<readonly (Submitted | null)[]> {
  const keyed = asked.filter((ask) => ask.idempotency !== null);
  if (keyed.length === 0) return asked.map(() => null);
  const { rows } = await client.query<Row>({
    name: "find-keys",
    text: `
      select i.tenant_id, i.key, i.body_hash, i.status, i.answer
      from unnest($1::int8[], $2::text[]) as k (tenant_id, key) join idempotency i using (tenant_id, key)`,
    values: [int8s(keyed.map((ask) => ask.tenant)), texts(keyed.map((ask) => ask.idempotency?.key ?? null))],
  });
  const byKey = new Map(rows.map((row) => [`${row.tenant_id} ${row.key}`, row]));
  return asked.map(({ tenant, idempotency }) => {
    if (!idempotency) return null;
    const row = byKey.get(`${tenant} ${idempotency.key}`);
    if (!row) return null;
    if (!row.body_hash.equals(idempotency.bodyHash))
      return { kind: "refused", refusal: { kind: "idempotency-conflict", key: idempotency.key } };
    return { kind: "committed", status: row.status, body: row.answer, replayed: true };
  });
}

/**
 * What a key of one of these tenants was answered, for a request that is refused before its tenant is known: the first
 * answer where the request is the same; null where the key is in use nowhere.
 */
export async function findKeyAmong(
  db: Database,
  tenants: readonly TenantId[],
  idempotency: NonNullable<UsedKey["idempotency"]>,
): Promise<Submitted | null> {
  const client = await db.pool.connect().catch(() => null);
  if (!client) return unavailable("PostgreSQL does not answer");
  try {
    const found = await findKeys(
      client,
      tenants.map((tenant) => ({ tenant, idempotency })),
    );
    return found.find((one) => one?.kind === "committed") ?? found.find((one) => one !== null) ?? null;
  } catch (error) {
    return refusedByStore(error);
  } finally {
    client.release();
  }
}

/** Beside what was done, in its transaction: the same key gets this answer again. */
export async function keepAnswer(
  { client, nowMs }: { readonly client: pg.ClientBase; readonly nowMs: number },
  { tenant, idempotency, status }: UsedKey & { readonly status: number },
  body: string,
): Promise<void> {
  if (!idempotency) return;
  await client.query(
    "insert into idempotency (tenant_id, key, body_hash, status, answer, at_ms) values ($1, $2, $3, $4, $5, $6)",
    [tenant, idempotency.key, idempotency.bodyHash, status, body, nowMs],
  );
}

export type UsedKey = {
  readonly tenant: TenantId;
  readonly idempotency: { readonly key: string; readonly bodyHash: Uint8Array } | null;
};

type Row = {
  readonly tenant_id: number;
  readonly key: string;
  readonly body_hash: Buffer;
  readonly status: number;
  readonly answer: string;
};
