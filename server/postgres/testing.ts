import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { reachableFor } from "#local/reach.ts";
import { type Embedded, findBinaries, type SystemUser, startEmbedded } from "./embedded.ts";

/**
 * A database of its own for one test, in a PostgreSQL that all tests of this process share and that ends with it.
 * With `prepare` (say, the migrations) it is a copy of a database on which that very function has run once, about 40 ms.
 * `fsync: false` for tests that never look at durability; the two kinds are two PostgreSQLs.
 */
export async function testDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const fsync = options.fsync ?? true;
  const server = await sharedServer(fsync);
  const template = options.prepare === undefined ? "template0" : await prepared(server, options.prepare);
  const name = `test_${++databases}`;
  await asSuperuser(server, (client) =>
    client.query(`CREATE DATABASE ${name} OWNER ${server.user} TEMPLATE ${template}`),
  );
  return {
    config: { host: server.host, database: name, user: server.user },
    url: urlOf(server, name),
    drop: () => asSuperuser(server, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  };
}

export type TestDatabaseOptions = {
  readonly fsync?: boolean;
  /** Called once for each function, with the address of an empty database; it must leave no connection open. */
  readonly prepare?: (database: { readonly config: DatabaseConfig; readonly url: string }) => Promise<void>;
};

export type TestDatabase = {
  /** For `new pg.Pool(config)`. The role owns the database and is no superuser. */
  readonly config: DatabaseConfig;
  /** The same as a DATABASE_URL. */
  readonly url: string;
  /** Optional: ends its connections too. What is not dropped goes with the process. */
  readonly drop: () => Promise<void>;
};

type DatabaseConfig = { readonly host: string; readonly database: string; readonly user: string };

let databases = 0;
const servers = new Map<boolean, Promise<Embedded>>();
const templates = new Map<Embedded, Map<unknown, Promise<string>>>();

function sharedServer(fsync: boolean): Promise<Embedded> {
  const found = servers.get(fsync);
  if (found !== undefined) return found;
  const started = startServer(fsync);
  servers.set(fsync, started);
  return started;
}

async function startServer(fsync: boolean): Promise<Embedded> {
  const user = testUser();
  const binaries = testBinaries(user);
  const folder = mkdtempSync(join(tmpdir(), "weir-test-"));
  chmodSync(folder, 0o755);
  const place = { binaries, user, fsync, log: join(folder, "postgres.log"), run: join(folder, "run") };
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  await copyOfEmpty(place, join(folder, "postgres", "data"));
  const server = await startEmbedded({ ...place, data: join(folder, "postgres", "data") });
  process.prependListener("exit", () => endNow(server.pid));
  return server;
}

/** What the tests run PostgreSQL as: root may not, so then as `weir` where there is one, else as `nobody`. */
export function testUser(): SystemUser | null {
  if (process.getuid?.() !== 0) return null;
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const wanted of ["weir", "nobody"]) {
    const [name, , uid, gid] = lines.find((line) => line.startsWith(`${wanted}:`))?.split(":") ?? [];
    if (name !== undefined) return { name, uid: Number(uid), gid: Number(gid) };
  }
  throw new Error("To run the tests as root, /etc/passwd must have a user nobody.");
}

/** The binaries where that user can reach them. */
export function testBinaries(user: SystemUser | null): string {
  const binaries = findBinaries();
  if (user === null) return binaries;
  const copy = { into: join(tmpdir(), "weir-test-bin"), name: "postgres", onCopy: () => undefined };
  return join(reachableFor([user], dirname(binaries), ["bin", "lib", "share"], copy), "bin");
}

/** initdb takes seconds, and a copy of what it made 0.1 s: kept in the temporary folder from one test process to the next. */
async function copyOfEmpty(place: Omit<Parameters<typeof startEmbedded>[0], "data">, data: string): Promise<void> {
  const { binaries, user, log } = place;
  const uid = user?.uid ?? process.getuid?.();
  const recipe = readFileSync(join(import.meta.dirname, "embedded.ts"), "utf8") + binaries;
  const kept = join(
    tmpdir(),
    `weir-test-data-${uid}-${createHash("sha256").update(recipe).digest("hex").slice(0, 12)}`,
  );
  if (!existsSync(kept)) {
    const fresh = `${kept}.${process.pid}`;
    const server = await startEmbedded({
      binaries,
      user,
      log,
      fsync: false,
      data: join(fresh, "data"),
      run: place.run,
    });
    await server.stop();
    try {
      renameSync(fresh, kept);
    } catch (error) {
      rmSync(fresh, { recursive: true, force: true });
      if (!existsSync(kept)) throw error;
    }
  }
  if (lstatSync(kept).uid !== uid) throw new Error(`${kept} belongs to another user. Remove it.`);
  mkdirSync(dirname(data), { recursive: true, mode: 0o700 });
  const owner = user === null ? {} : { uid: user.uid, gid: user.gid };
  if (user !== null) chownSync(dirname(data), user.uid, user.gid);
  const copied = spawnSync("cp", ["-a", "--reflink=auto", join(kept, "data"), data], {
    cwd: "/",
    encoding: "utf8",
    ...owner,
  });
  if (copied.status !== 0) throw new Error(`cp failed: ${copied.stderr}`);
}

function prepared(server: Embedded, prepare: NonNullable<TestDatabaseOptions["prepare"]>): Promise<string> {
  const made = templates.get(server) ?? new Map<unknown, Promise<string>>();
  templates.set(server, made);
  const found = made.get(prepare);
  if (found !== undefined) return found;
  const name = `template_${made.size + 1}`;
  const making = (async () => {
    await asSuperuser(server, (client) =>
      client.query(`CREATE DATABASE ${name} OWNER ${server.user} TEMPLATE template0`),
    );
    await prepare({ config: { host: server.host, database: name, user: server.user }, url: urlOf(server, name) });
    return name;
  })();
  made.set(prepare, making);
  return making;
}

/** For what the owner of a database may not do. */
async function asSuperuser(server: Embedded, act: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ host: server.host, database: "postgres", user: "postgres" });
  await client.connect();
  try {
    await act(client);
  } finally {
    await client.end();
  }
}

function urlOf(server: Embedded, name: string): string {
  return `postgresql:///${name}?host=${encodeURIComponent(server.host)}&user=${server.user}`;
}

/** At exit nothing can be awaited, so this blocks; SIGQUIT lets it give its shared memory back. */
function endNow(pid: number): void {
  try {
    process.kill(pid, "SIGQUIT");
  } catch {
    return;
  }
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let waitedMs = 0; waitedMs < 5000; waitedMs += 5) {
    if (!existsSync(`/proc/${pid}/stat`) || / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) return;
    Atomics.wait(pause, 0, 0, 5);
  }
}
