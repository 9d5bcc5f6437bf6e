import type pg from "pg";
import { type Refused, refused } from "#server/http/handler.ts";

/** A centre that has left is retired for good: what would be done with it could have no effect. */
export async function hasLeft(
  db: Pick<pg.ClientBase | pg.Pool, "query">,
  centre: string,
  step: string,
): Promise<Refused | null> {
  const { rowCount } = await db.query("select from centre where id = $1 and intake = 'left'", [centre]);
  return rowCount === 0 ? null : refused({ kind: "centre-step", centre, from: "left", step, legal: [] });
}
