import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type pg from "pg";
import { tenantId } from "#core/ids.ts";
import { type Answer, type Idempotency, type Refused, refused, type Verbatim } from "#server/http/handler.ts";
import type { Person } from "#server/identity/caller.ts";
import type { Database } from "#server/store/database.ts";
import { idempotent } from "#server/store/idempotent.ts";

/**
 * Does `work` in one transaction, at most once for each Idempotency-Key; a repetition gets the first answer. A refusal
 * rolls back and is not kept.
 *
 * Answers here may hold secrets (tokens, links), and the store keeps none: they are sealed with a key that follows from
 * the caller's own credential, which the store does not have either. A repetition under another credential cannot be
 * answered, and is refused as another request.
 */
export async function once<Body>(
  db: Database,
  call: { readonly caller: Person; readonly idempotency: Idempotency | null },
  status: number,
  work: (client: pg.PoolClient) => Promise<Answer<Body> | Refused>,
): Promise<Refused | Verbatim> {
  const { caller, idempotency } = call;
  // An administrator's acts belong to no tenant: they are keyed with the network's first, so that a project which comes first
  // between two tries changes nothing.
  const tenant = (caller.administrator ? undefined : caller.projects[0]?.tenantId) ?? tenantId(1);
  const done = await idempotent(db, { tenant, idempotency, status }, async (client) => {
    const result = await work(client);
    if (result.kind === "refused") return result.refusal;
    const json = JSON.stringify(result.body);
    return idempotency ? seal(json, idempotency.sealingKey()) : json;
  });
  if (done.kind === "refused") return done;
  if (!idempotency) return { kind: "verbatim", status: done.status, json: done.body };
  const json = unseal(done.body, idempotency.sealingKey());
  if (json === null) return refused({ kind: "idempotency-conflict", key: idempotency.key });
  return { kind: "verbatim", status: done.status, json };
}

function seal(text: string, key: Buffer): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64");
}

/** null where another credential sealed it. */
function unseal(sealed: string, key: Buffer): string | null {
  const bytes = Buffer.from(sealed, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(-16));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString("utf8");
  } catch {
    return null;
  }
}
