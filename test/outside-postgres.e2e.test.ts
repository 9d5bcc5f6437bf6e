import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import pg from "pg";
import { freePort, run } from "#local/stand-ins/stage.ts";
import { findBinaries } from "#server/postgres/embedded.ts";
import { testBinaries, testUser } from "#server/postgres/testing.ts";
import { eventually, makeHome, type Network, repository, startNetwork } from "./network.ts";

// A PostgreSQL that somebody else runs (DATABASE_URL), and one of our own from binaries somebody else installed (PG_BIN_DIR).

describe("a PostgreSQL of one's own", () => {
  const folders: string[] = [];
  const networks: Network[] = [];
  after(async () => {
    for (const network of networks) await network.remove();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  async function start(options: Parameters<typeof startNetwork>[0]): Promise<Network> {
    const network = await startNetwork(options);
    networks.push(network);
    return network;
  }

  function folderFor(name: string): string {
    const folder = mkdtempSync(join(tmpdir(), `weir-test-${name}-`));
    chmodSync(folder, 0o755);
    folders.push(folder);
    return folder;
  }

  test("DATABASE_URL: a server over TCP with a password is used, left running, and found again with all it holds", async () => {
    const outside = await startCluster(folderFor("outside"));
    try {
      const home = makeHome();
      const env = { DATABASE_URL: outside.url };
      const network = await start({ home, env });
      assert.deepEqual([existsSync(join(home, "postgres", "data")), network.pids("postgres")], [false, []]);
      const ran = await network.weir(["submit", "--wait", "--", "sh", "-c", "echo in the books; ! env | grep secret"]);
      assert.equal(ran.status, 0, ran.stderr);
      assert.equal((await network.weir(["logs", "1"])).stdout, "in the books\n");
      assert.equal(await network.stop(), 0);
      assert.equal(await outside.ask("select state from job where id = 1"), "ended");

      const again = await start({ home, env });
      const shown = await again.weir(["jobs", "--json"]);
      assert.equal(JSON.parse(shown.stdout).jobs[0]?.outcome.kind, "succeeded", shown.stderr);
    } finally {
      for (const network of networks) await network.stop();
      outside.stop();
    }
  });

  test("DATABASE_URL: the start says which one it waits for, the log why, and neither tells the password", async () => {
    const port = await freePort();
    const home = makeHome();
    folders.push(home);
    const url = `postgresql://weir:topsecret@127.0.0.1:${port}/weir`;
    const words = ["env", `DATABASE_URL=${url}`, process.execPath, join(repository, "dist", "start.mjs")];
    const instance = run(words, repository, { ...process.env, WEIR_HOME: home, WEIR_PORT: "0", WEIR_JOB_USERS: "2" });
    const log = join(home, "log", "server.log");
    const logged = () => (existsSync(log) ? readFileSync(log, "utf8") : "");
    try {
      await instance.says(new RegExp(`Using the PostgreSQL of DATABASE_URL \\(127\\.0\\.0\\.1:${port}/weir\\)\\.`));
      await eventually("a line of the log", async () => /ECONNREFUSED.*does not answer/.exec(logged()));
    } finally {
      process.kill(-(instance.child.pid ?? 0), "SIGTERM");
      await instance.ended;
    }
    assert.doesNotMatch(instance.said() + logged(), /topsecret/);
  });

  test("PG_BIN_DIR: the PostgreSQL of the home runs from that folder", async () => {
    const binaries = join(folderFor("binaries"), "native", "bin");
    cpSync(dirname(findBinaries({})), dirname(binaries), { recursive: true, verbatimSymlinks: true });
    const network = await start({ env: { PG_BIN_DIR: binaries } });
    const programs = network.pids("postgres").map((pid) => readlinkSync(`/proc/${pid}/exe`));
    assert.ok(programs.length > 0);
    for (const program of programs) assert.equal(program, join(binaries, "postgres"));
    const ran = await network.weir(["submit", "--wait", "--", "true"]);
    assert.equal(ran.status, 0, ran.stderr);
  });
});

/** As an operator would make one: `initdb`, passwords only, a role and its database, on a port of 127.0.0.1. */
async function startCluster(folder: string): Promise<Cluster> {
  const user = testUser();
  const binaries = testBinaries(user);
  const port = await freePort();
  const data = join(folder, "data");
  writeFileSync(join(folder, "password"), "super secret\n");
  chmodSync(folder, 0o777);
  const program = (name: string, ...words: readonly string[]) => {
    const as = user === null ? {} : { uid: user.uid, gid: user.gid };
    const done = spawnSync(join(binaries, name), words, { cwd: "/", encoding: "utf8", stdio: "pipe", ...as });
    assert.equal(done.status, 0, `${name}: ${done.stderr}${done.stdout}`);
  };
  program("initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", `--pwfile=${join(folder, "password")}`);
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${data} -c fsync=off`;
  program("pg_ctl", "-D", data, "-w", "-l", join(data, "log"), "-o", settings, "start");
  const connect = async (database: string, text: string) => {
    const client = new pg.Client({ host: "127.0.0.1", port, database, user: "postgres", password: "super secret" });
    await client.connect();
    try {
      const { rows } = await client.query<Record<string, unknown>>(text);
      return Object.values(rows[0] ?? {})[0];
    } finally {
      await client.end();
    }
  };
  await connect("postgres", "create role weir login password 'secret'");
  await connect("postgres", "create database weir owner weir");
  return {
    url: `postgresql://weir:secret@127.0.0.1:${port}/weir`,
    ask: (text) => connect("weir", text),
    stop: () => program("pg_ctl", "-D", data, "-m", "fast", "stop"),
  };
}

type Cluster = {
  readonly url: string;
  readonly ask: (text: string) => Promise<unknown>;
  readonly stop: () => void;
};
