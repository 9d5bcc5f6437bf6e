import type pg from "pg";
import type { Refusal } from "#core/refusal.ts";
import { type Answer, type Refused, refused, type Verbatim } from "#server/http/handler.ts";
import type { Person } from "#server/identity/caller.ts";
import type { Database } from "#server/store/database.ts";
import { once } from "./once.ts";

/**
 * Sets a document that is kept in versions: one at a time, and refused where it was prepared on another version than the
 * one in force. What is in force already makes no version. Answered once it is in force in the world too.
 */
export async function setVersion<InForce extends Version, Body>(
  { db, caughtUp }: { readonly db: Database; readonly caughtUp: () => Promise<void> },
  asked: { readonly caller: Person; readonly base: number | undefined },
  kept: {
    readonly table: "centre_terms" | "centre_capacity" | "policy" | "region_agreements";
    readonly of: Pick<Overtaken, "what" | "centre">;
    readonly read: (client: pg.PoolClient) => Promise<InForce | Refused>;
    readonly isSame: (inForce: InForce) => boolean;
    /** What is wrong with it beside what is in force. */
    readonly refuse?: (client: pg.PoolClient, inForce: InForce) => Promise<Refused | null>;
    readonly write: (client: pg.PoolClient, inForce: InForce) => Promise<void>;
    readonly answer: (client: pg.PoolClient) => Promise<Answer<Body> | Refused>;
  },
): Promise<Refused | Verbatim> {
  const set = await once(db, { caller: asked.caller, idempotency: null }, 200, async (client) => {
    // Who comes second waits here, and then reads what the first has set.
    await client.query(`lock table ${kept.table} in share row exclusive mode`);
    const inForce = await kept.read(client);
    if ("kind" in inForce) return inForce;
    if (kept.isSame(inForce)) return kept.answer(client);
    const { version, setBy, setMs } = inForce;
    const { base = version } = asked;
    if (base !== version && setBy !== null && setMs !== null)
      return refused({ kind: "overtaken", ...kept.of, base, version, by: setBy, atMs: setMs });
    const wrong = await kept.refuse?.(client, inForce);
    if (wrong) return wrong;
    await kept.write(client, inForce);
    return kept.answer(client);
  });
  if (set.kind === "verbatim") await caughtUp();
  return set;
}

/** `version` 0: nobody has set any. */
type Version = { readonly version: number; readonly setBy: string | null; readonly setMs: number | null };
type Overtaken = Extract<Refusal, { kind: "overtaken" }>;
