import type pg from "pg";
import type { Wanted } from "./load-sheet.ts";
import type { Sheet } from "./sheet.ts";

/** One transaction under the lock. */
export type Transaction = {
  readonly client: pg.Client;
  readonly xid: bigint;
  readonly nowMs: number;
  readonly load: (wanted: Wanted) => Promise<Sheet>;
  /** Sends what changed on the sheet; awaited with the commit. */
  readonly save: (sheet: Sheet) => Promise<void>;
};

export type Placed =
  | { readonly kind: "written"; readonly written: number; readonly stale: number; readonly xid: bigint }
  /** Another server schedules now. */
  | { readonly kind: "fenced" };

export async function readEpoch(client: pg.Client): Promise<number | null> {
  const { rows } = await client.query<{ value: number }>({
    name: "read-epoch",
    text: "select value from counter where name = 'leader'",
  });
  return rows[0]?.value ?? null;
}
