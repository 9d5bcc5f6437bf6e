import pg from "pg";
import { migrations } from "./migrations.ts";

/**
 * The one store. `pool` serves reads and small writes; `connect` gives a connection of its own, for the writers, the
 * feed and the leader's lock. Nothing here retries: a broken connection is thrown to its user and replaced for the next.
 *
 * int8 arrives as a number and throws beyond 2^53: fit for ids and milliseconds. Amounts (M1) are selected as
 * `amount::text` and read with BigInt, so that forgetting it fails loudly instead of rounding.
 */
export type Database = {
  readonly pool: pg.Pool;
  /** For the few reads that come by the thousand, named: planned once, as `planOnce` says, and never anew for the values of each. */
  readonly planned: pg.Pool;
  /** Sends queries without waiting for the answers of those before (`pipeline`), so several cost one round trip. */
  readonly connect: (purpose: string) => Promise<pg.Client>;
  readonly close: () => Promise<void>;
};

export type DatabaseConfig = pg.ClientConfig | string;

export function openDatabase(config: DatabaseConfig, log: Log = silent): Database {
  const base: pg.ClientConfig = {
    ...(typeof config === "string" ? { connectionString: config } : config),
    types: { getTypeParser: typeParser },
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
  };
  const pool = new pg.Pool({ ...base, max: 10, application_name: "weir", statement_timeout: 60_000 });
  const planned = new pg.Pool({
    ...base,
    max: 8,
    application_name: "weir reads",
    statement_timeout: 60_000,
    onConnect: planOnce,
  });
  // Without these a PostgreSQL that ends takes the process with it.
  const onError = (error: Error) => log.warn({ error: error.message }, "a database connection broke");
  for (const each of [pool, planned]) {
    each.on("error", onError);
    each.on("connect", (client) => client.on("error", onError));
  }
  return {
    pool,
    planned,
    connect: async (purpose) => {
      const client = new pg.Client({ ...base, application_name: `weir ${purpose}`, pipeline: true });
      client.on("error", onError);
      await client.connect();
      return client;
    },
    close: async () => {
      await Promise.all([pool.end(), planned.end()]);
    },
  };
}

/**
 * For connections whose statements are few, named and over arrays: each is planned once, not for the very arrays of
 * each batch, which costs a millisecond and, planned for one row, is wrong for the next thousand. Nor may a plan that was
 * made while a table was small go on reading all of it.
 */
export async function planOnce(client: pg.ClientBase): Promise<void> {
  await client.query("set plan_cache_mode = force_generic_plan; set enable_seqscan = off");
}

/** What the store says of itself; pino has this shape. */
export type Log = {
  readonly info: (facts: Readonly<Record<string, unknown>>, words: string) => void;
  readonly warn: (facts: Readonly<Record<string, unknown>>, words: string) => void;
};
export const silent: Log = { info: () => undefined, warn: () => undefined };

/**
 * Brings the tables up to date: each migration once, in its own transaction, under an advisory lock so that several
 * servers may start at once. Returns the names of those it applied. A database newer than this program is refused.
 */
export async function migrate(db: Database): Promise<readonly string[]> {
  const client = await db.connect("migrate");
  try {
    await client.query("select pg_advisory_lock($1)", [advisoryLocks.migrate]);
    // Asked first: a role without CREATE may run a server whose tables are up to date.
    const made = await client.query("select to_regclass('migration') is not null as there");
    if (!made.rows[0]?.there)
      await client.query("create table migration (name text primary key, applied_ms bigint not null)");
    const { rows } = await client.query<{ name: string }>("select name from migration");
    const applied = new Set(rows.map((row) => row.name));
    const unknown = [...applied].filter((name) => !migrations.some((migration) => migration.name === name));
    if (unknown.length > 0)
      throw new NewerDatabase(`This database has been used by a newer Weir (${unknown.join(", ")}). Update this one.`);
    const missing = migrations.filter((migration) => !applied.has(migration.name));
    for (const migration of missing) {
      await client.query("begin");
      await client.query(migration.sql);
      await client.query("insert into migration values ($1, $2)", [migration.name, Date.now()]);
      await client.query("commit");
    }
    return missing.map((migration) => migration.name);
  } finally {
    await client.end();
  }
}

/** The same once PostgreSQL answers: it may be starting, or recovering after a crash. */
export async function migrateWhenReady(db: Database, patienceMs = 60_000): Promise<readonly string[]> {
  for (const untilMs = Date.now() + patienceMs; ; ) {
    try {
      return await migrate(db);
    } catch (error) {
      if (!isConnectionLost(error) || error instanceof NewerDatabase || Date.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

class NewerDatabase extends Error {}

/** Each purpose its own; a session or transaction lock of this database. */
export const advisoryLocks = { migrate: 8470_001, leader: 8470_002, transitions: 8470_003 } as const;

/** The connection is gone or PostgreSQL is starting or stopping: nothing is known of a statement in flight. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return error.severity === "FATAL" || (error.code ?? "").startsWith("57P");
  if (!(error instanceof Error)) return false;
  // Of the system (ECONNRESET, ENOENT of a socket …), or in the words of `pg`, which has no codes for these.
  if ("code" in error && typeof error.code === "string" && /^(E[A-Z]+|ERR_STREAM_\w+)$/.test(error.code)) return true;
  return /^(Connection terminated|Client (was closed|has encountered a connection error)|timeout e)/.test(
    error.message,
  );
}

const int8 = 20;
function typeParser(oid: number, format?: "text" | "binary") {
  return oid === int8 && format !== "binary" ? safeInteger : pg.types.getTypeParser(oid, format ?? "text");
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`${text} does not fit a number: select it as text`);
  return value;
}
