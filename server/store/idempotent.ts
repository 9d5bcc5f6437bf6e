import type pg from "pg";
import type { TenantId } from "#core/ids.ts";
import type { Refusal } from "#core/refusal.ts";
import type { Database } from "./database.ts";
import { findKeys } from "./find-keys.ts";
import { refusedByStore, unavailable } from "./refused.ts";
import type { Submitted } from "./submission.ts";

/**
 * For the requests that make or move something other than jobs: what `act` does and the key it was asked with are kept
 * in one transaction, so that the same key gets the same answer and is never done twice. `act` gives the text of the
 * answer, or a refusal: then nothing is kept, and the key may be used again.
 */
export async function idempotent(
  db: Database,
  request: {
    readonly tenant: TenantId;
    readonly idempotency: { readonly key: string; readonly bodyHash: Uint8Array } | null;
    readonly status: number;
  },
  act: (client: pg.PoolClient) => Promise<string | Refusal>,
): Promise<Submitted> {
  const { tenant, idempotency, status } = request;
  const client = await db.pool.connect().catch(() => null);
  if (!client) return unavailable("PostgreSQL does not answer");
  let broken = true;
  try {
    await client.query("begin");
    if (idempotency) {
      // Waits for another transaction that uses the key just now.
      const claimed = await client.query(
        `insert into idempotency (tenant_id, key, body_hash, status, answer, at_ms) values ($1, $2, $3, $4, '', $5)
         on conflict do nothing`,
        [tenant, idempotency.key, idempotency.bodyHash, status, Date.now()],
      );
      if (claimed.rowCount === 0) {
        const [found] = await findKeys(client, [{ tenant, idempotency }]);
        await client.query("rollback");
        broken = false;
        return found ?? unavailable("The key was given up this moment");
      }
    }
    const done = await act(client);
    if (typeof done !== "string") {
      await client.query("rollback");
      broken = false;
      return { kind: "refused", refusal: done };
    }
    if (idempotency)
      await client.query("update idempotency set answer = $3 where tenant_id = $1 and key = $2", [
        tenant,
        idempotency.key,
        done,
      ]);
    await client.query("commit");
    broken = false;
    return { kind: "committed", status, body: done, replayed: false };
  } catch (error) {
    const rolledBack = await client.query("rollback").catch(() => null);
    broken = rolledBack === null;
    return refusedByStore(error);
  } finally {
    client.release(broken);
  }
}
