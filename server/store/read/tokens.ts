import type { z } from "zod";
import type { token } from "#api/network.ts";
import type { PersonId } from "#core/ids.ts";
import type { Database } from "../database.ts";

/** The good tokens of one person, newest first. */
export async function readTokens(
  pool: Database["pool"],
  person: PersonId,
  page: { readonly before: number | null; readonly limit: number; readonly nowMs: number },
): Promise<readonly z.output<typeof token>[]> {
  const { rows } = await pool.query<z.output<typeof token>>(
    `select id, name, created_ms as "createdMs", expires_ms as "expiresMs", last_used_ms as "lastUsedMs"
     from credential
     where person_id = $1 and kind = 'token' and spent_ms is null and (expires_ms is null or expires_ms > $4)
       and ($2::bigint is null or id < $2)
     order by id desc limit $3`,
    [person, page.before, page.limit, page.nowMs],
  );
  return rows;
}
