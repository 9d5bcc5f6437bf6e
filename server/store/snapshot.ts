import type pg from "pg";

/** Which transactions a read has seen: PostgreSQL's pg_snapshot, `xmin:xmax:xip,xip,…`. */
export type Snapshot = {
  /** All below have ended. */
  readonly xmin: bigint;
  /** Whether what that transaction wrote was visible. An aborted one wrote nothing, so it may count as seen. */
  readonly sees: (xid: bigint) => boolean;
};

export function parseSnapshot(text: string): Snapshot {
  const [xmin = "", xmax = "", open = ""] = text.split(":");
  const running = new Set(open === "" ? [] : open.split(",").map(BigInt));
  const end = BigInt(xmax);
  return { xmin: BigInt(xmin), sees: (xid) => xid < end && !running.has(xid) };
}

/** All that is visible now, for a feed that starts here. */
export async function currentSnapshot(client: pg.ClientBase | pg.Pool): Promise<Snapshot> {
  const { rows } = await client.query<{ snapshot: string }>("select pg_current_snapshot()::text as snapshot");
  return parseSnapshot(rows[0]?.snapshot ?? "");
}
