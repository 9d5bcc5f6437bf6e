import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { haveEnded, processIdentity } from "#local/process.ts";
import { type EmbeddedSettings, findBinaries, startEmbedded } from "./embedded.ts";
import { testBinaries, testUser } from "./testing.ts";

// With fsync, as it runs for users: what must not be lost here is what they would lose.

let folder: string;
let settings: EmbeddedSettings;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-embedded-"));
  chmodSync(folder, 0o755);
  settings = at("main");
});
after(() => rmSync(folder, { recursive: true, force: true }));

function at(name: string): EmbeddedSettings {
  const user = testUser();
  const place = join(folder, name);
  return {
    binaries: testBinaries(user),
    data: join(place, "data"),
    run: join(place, "run"),
    log: join(folder, `${name}.log`),
    user,
  };
}

async function ask(config: pg.ClientConfig, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(config);
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** Another process that runs it and says its pid; what happens to a PostgreSQL whose supervisor is killed. */
async function supervisor(
  of: EmbeddedSettings,
): Promise<{ readonly child: ChildProcess; readonly postmaster: number }> {
  const program = `import { startEmbedded } from ${JSON.stringify(join(import.meta.dirname, "embedded.ts"))};
    const { pid } = await startEmbedded(${JSON.stringify(of)});
    console.log(pid);
    setInterval(() => {}, 1e6);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said = await new Promise<string>((resolve) =>
    child.stdout.once("data", (data: Buffer) => resolve(data.toString())),
  );
  return { child, postmaster: Number(said) };
}

test("first start, stop, second start: private, by peer only, and nothing lost", async () => {
  const first = await startEmbedded(settings);
  await ask(first, "CREATE TABLE kept (name text); INSERT INTO kept VALUES ('quince')");
  const [facts] = await ask(
    first,
    "SELECT current_user AS role, current_setting('listen_addresses') AS tcp, current_setting('fsync') AS fsync",
  );
  assert.deepEqual(facts, { role: "weir", tcp: "", fsync: "on" });
  const rules = readFileSync(join(settings.data, "pg_hba.conf"), "utf8");
  assert.equal(rules, "local all all peer map=weir\n");
  await first.stop();
  assert.equal(existsSync(join(settings.data, "postmaster.pid")), false);
  const second = await startEmbedded(settings);
  assert.deepEqual(await ask(second, "SELECT name FROM kept"), [{ name: "quince" }]);
  await second.stop();
});

test("another user is refused even where the socket can be reached", {
  skip: process.getuid?.() === 0 ? false : "needs root",
}, async () => {
  const server = await startEmbedded(settings);
  chmodSync(join(settings.run), 0o755);
  chmodSync(join(folder, "main"), 0o755);
  chmodSync(join(settings.run, ".s.PGSQL.5432"), 0o777);
  const program = `import net from "node:net";
    const startup = Buffer.from("\\0\\x03\\0\\0user\\0weir\\0database\\0weir\\0\\0", "latin1");
    const head = Buffer.alloc(4); head.writeInt32BE(startup.length + 4);
    const socket = net.connect(${JSON.stringify(join(settings.run, ".s.PGSQL.5432"))}, () => socket.write(Buffer.concat([head, startup])));
    socket.on("data", (data) => { console.log(data.toString("latin1")); process.exit(); });
    socket.on("error", (error) => console.log(error.message));`;
  const stranger = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    uid: 54_321,
    gid: 54_321,
    cwd: "/",
    encoding: "utf8",
  });
  assert.match(stranger.stdout, /FATAL.*28000|[Pp]eer authentication failed|local user with ID 54321 does not exist/);
  await server.stop();
  chmodSync(join(settings.run), 0o700);
});

test("SIGKILL of the postmaster, and a start right after it", async () => {
  const server = await startEmbedded(settings);
  await ask(server, "INSERT INTO kept VALUES ('medlar')");
  process.kill(server.pid, "SIGKILL");
  const again = await startEmbedded(settings);
  assert.deepEqual(await ask(again, "SELECT count(*)::int AS n FROM kept"), [{ n: 2 }]);
  await again.stop();
});

test("PostgreSQL ends when its supervisor is killed, cleanly", async () => {
  const { child, postmaster } = await supervisor(settings);
  const identity = processIdentity(postmaster);
  assert.ok(identity);
  child.kill("SIGKILL");
  assert.ok(await haveEnded([identity], 120_000));
  assert.equal(existsSync(join(settings.data, "postmaster.pid")), false, "a clean shutdown");
});

test("one that was left running all the same is ended, and the data goes on", async () => {
  // Started without the guard, as if the guard had failed.
  const { user, data, run, binaries } = settings;
  const words = ["-D", data, "-c", "listen_addresses=", "-k", run];
  const orphan = spawn(join(binaries, "postgres"), words, {
    cwd: "/",
    detached: true,
    stdio: "ignore",
    ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
  });
  const socket = join(run, ".s.PGSQL.5432");
  while (!existsSync(socket)) await delay(10);
  const orphanEnded = new Promise((resolve) => orphan.once("exit", resolve));
  const server = await startEmbedded(settings);
  await orphanEnded;
  assert.deepEqual(await ask(server, "SELECT count(*)::int AS n FROM kept"), [{ n: 2 }]);
  await server.stop();
});

test("a postmaster.pid whose pid is someone else's by now does not hinder", async () => {
  const stranger = spawn("sleep", ["1000"], {
    stdio: "ignore",
    ...(settings.user === null ? {} : { uid: settings.user.uid, gid: settings.user.gid }),
  });
  writeFileSync(
    join(settings.data, "postmaster.pid"),
    `${stranger.pid}\n${settings.data}\n1\n5432\n${settings.run}\n\n0 0\nready\n`,
  );
  const server = await startEmbedded(settings);
  assert.equal(stranger.exitCode, null, "and is left alone");
  await server.stop();
  stranger.kill();
});

test("SIGKILL during initdb leaves nothing that passes for a database", async () => {
  const killed = async (name: string): Promise<EmbeddedSettings> => {
    const half = at(name);
    const program = `import { startEmbedded } from ${JSON.stringify(join(import.meta.dirname, "embedded.ts"))};
      await startEmbedded(${JSON.stringify(half)});`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "ignore" });
    const parent = join(folder, name);
    while (!existsSync(parent) || !readdirSync(parent).some((each) => each.startsWith("data"))) await delay(5);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    return half;
  };
  let half = await killed("half");
  // On a busy machine a kill may come when all is made; then once more.
  for (let more = 1; existsSync(half.data); more += 1) half = await killed(`half-${more}`);
  const server = await startEmbedded(half);
  assert.deepEqual(await ask(server, "SELECT 1 AS one"), [{ one: 1 }]);
  await server.stop();
});

test("a home whose path is too long for a socket gets a private folder elsewhere", async () => {
  const long = { ...settings, run: join(folder, "long".repeat(30), "run") };
  const server = await startEmbedded(long);
  assert.ok(Buffer.byteLength(server.host) <= 90 && server.host.startsWith(tmpdir()), server.host);
  assert.deepEqual(await ask({ connectionString: server.url }, "SELECT 1 AS one"), [{ one: 1 }]);
  await server.stop();
  rmSync(server.host, { recursive: true });
});

test("what ends before it is ready says why, with the end of its log", async () => {
  const broken = at("broken");
  const server = await startEmbedded(broken);
  await server.stop();
  writeFileSync(join(broken.data, "PG_VERSION"), "9.6\n");
  await assert.rejects(
    startEmbedded(broken),
    /ended before it took connections[\s\S]*initialized by PostgreSQL version 9\.6/,
  );
});

test("PG_BIN_DIR has to hold a PostgreSQL", () => {
  assert.throws(() => findBinaries({ PG_BIN_DIR: folder }), /PG_BIN_DIR=.* holds no initdb/);
  const old = join(folder, "old");
  mkdirSync(old);
  for (const name of ["initdb", "postgres"])
    writeFileSync(join(old, name), "#!/bin/sh\necho 'postgres (PostgreSQL) 15.18 (Debian)'\n", { mode: 0o755 });
  assert.throws(
    () => findBinaries({ PG_BIN_DIR: old }),
    /holds PostgreSQL 15; 18 or newer is needed\. .* DATABASE_URL/,
  );
  assert.equal(findBinaries({ PG_BIN_DIR: findBinaries({}) }), findBinaries({}));
  assert.match(findBinaries({}), /native\/bin$/);
});
