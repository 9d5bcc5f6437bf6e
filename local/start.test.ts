import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { basename, join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Holder, readHolder } from "./lock.ts";
import { haveEnded, processIdentity } from "./process.ts";
import { freePort, type Instance, makeStage, type Stage } from "./stand-ins/stage.ts";

// The real supervisor and PostgreSQL, with stand-ins for the programs: what test/start.e2e.test.ts shows with the real
// ones, here in the cases that are slow or hard to bring about with them.

let stage: Stage;
before(async () => {
  stage = await makeStage();
});
afterEach(() => stage.killAll());
after(() => stage.remove());

/** Far more than a busy machine takes. */
const patienceMs = 120_000;
/** For so long the supervisor waits for a program that it asked to end. */
const graceMs = 10_000;
const running = /Weir is running at (\S+)/;

async function visit(url: string): Promise<{ readonly pid: number; readonly uid: number; readonly visits: number }> {
  const until = performance.now() + patienceMs;
  for (;;) {
    try {
      const answer = await fetch(url);
      if (answer.ok) return JSON.parse(await answer.text());
    } catch {
      // Not up yet.
    }
    if (performance.now() > until) throw new Error(`${url} does not answer`);
    await delay(20);
  }
}

function holderOf(name: string): Holder {
  const holder = readHolder(join(stage.home(name), "lock"));
  assert.ok(holder, "the lock says who has the home");
  return holder;
}

async function stop(instance: Instance): Promise<void> {
  instance.child.kill("SIGTERM");
  assert.equal(await instance.ended, 0, instance.said());
}

test("first start, second start beside it, Ctrl-C twice, start again", async () => {
  const home = stage.home("a");
  stage.clearMarks();
  const first = stage.start("node", home);
  const [, url = ""] = await first.says(running);
  await first.says(/sign-in, once: http:\/\/127\.0\.0\.1:\d+\/sign-in#once/);
  assert.equal(readFileSync(join(home, "token"), "utf8"), "token-of-the-first-start\n");
  assert.equal(statSync(join(home, "token")).mode & 0o777, 0o600);
  assert.equal(statSync(join(home, "postgres")).mode & 0o777, 0o700);
  assert.ok(stage.marks().includes("agent enrols for-local"), stage.marks().join("\n"));
  const asRoot = process.getuid?.() === 0;
  const agentUid = asRoot ? execFileSync("id", ["-u", "weir-agent"], { encoding: "utf8" }).trim() : process.getuid?.();
  assert.notEqual(agentUid, "0");
  assert.ok(stage.marks().includes(`agent ready as ${agentUid} with nothing of npm's`), stage.marks().join("\n"));
  assert.ok(
    stage.marks().includes(asRoot ? "launcher ready with --agent numbers --job-uids numbers" : "launcher ready with"),
    stage.marks().join("\n"),
  );
  const { uid } = await visit(url);
  assert.equal(uid === 0, false, "the server never runs as root");

  const second = stage.start("node", home);
  assert.equal(await second.ended, 3);
  assert.ok(second.said().includes(`running at ${url} (process ${first.child.pid}`), second.said());

  stage.clearMarks();
  first.child.kill("SIGINT");
  first.child.kill("SIGINT");
  assert.equal(await first.ended, 0, first.said());
  assert.deepEqual(stage.marks(), ["agent ends as asked", "server ends as asked", "launcher ends as asked"]);
  assert.equal(existsSync(join(home, "postgres", "data", "postmaster.pid")), false, "PostgreSQL ended cleanly");
  assert.equal(existsSync(join(home, "lock")), false);

  stage.clearMarks();
  const again = stage.start("node", home);
  const [, urlAgain = ""] = await again.says(running);
  assert.equal((await visit(urlAgain)).visits, 4, "an agent's and a test's visit in each life");
  assert.ok(stage.marks().includes('server is asked {"want":"token","have":"token-of-the-first-start"}'));
  assert.equal(
    stage.marks().some((mark) => mark.startsWith("agent enrols")),
    false,
  );
  await stop(again);
});

test("whatever is killed is started again, and nothing committed is lost", async () => {
  const instance = stage.start("node", stage.home("a"));
  const [, url = ""] = await instance.says(running);
  const { visits } = await visit(url);
  const postmaster = Number(
    readFileSync(join(stage.home("a"), "postgres", "data", "postmaster.pid"), "utf8").split("\n")[0],
  );
  process.kill(postmaster, "SIGKILL");
  await instance.says(/PostgreSQL is ready again/);
  assert.equal((await visit(url)).visits, visits + 1);
  for (const name of ["server", "agent", "launcher"]) {
    const program = holderOf("a").programs.find((one) => one.name === name);
    assert.ok(program, name);
    process.kill(program.pid, "SIGKILL");
    await instance.says(new RegExp(`The ${name} ended by SIGKILL; starting it again in 0.2 s`));
    await instance.says(new RegExp(`The ${name}.* is ready again`));
    const now = holderOf("a").programs.find((one) => one.name === name);
    assert.notEqual(now?.pid, program.pid, "the lock knows the new process");
  }
  assert.ok((await visit(url)).visits > visits, "at the same address");
  await stop(instance);
});

test("SIGKILL of the supervisor ends all of it, and the next start works", async () => {
  const instance = stage.start("node", stage.home("a"));
  await instance.says(running);
  const { programs } = holderOf("a");
  const postmaster = processIdentity(
    Number(readFileSync(join(stage.home("a"), "postgres", "data", "postmaster.pid"), "utf8").split("\n")[0]),
  );
  assert.ok(postmaster);
  stage.clearMarks();
  instance.child.kill("SIGKILL");
  await instance.ended;
  assert.ok(await haveEnded([...programs, postmaster], patienceMs), "all of it ends");
  assert.deepEqual(
    stage.marks().toSorted(),
    ["agent", "launcher", "server"].map((name) => `${name} ends without supervisor`),
  );
  const next = stage.start("node", stage.home("a"));
  await next.says(running);
  await stop(next);
});

test("SIGKILL of everything at once, then a start", async () => {
  const instance = stage.start("node", stage.home("a"));
  const [, url = ""] = await instance.says(running);
  const { visits } = await visit(url);
  const postmaster = Number(
    readFileSync(join(stage.home("a"), "postgres", "data", "postmaster.pid"), "utf8").split("\n")[0],
  );
  for (const pid of [instance.child.pid ?? 0, postmaster, ...holderOf("a").programs.map((one) => one.pid)])
    process.kill(pid, "SIGKILL");
  const next = stage.start("node", stage.home("a"));
  const [, nextUrl = ""] = await next.says(running);
  assert.ok((await visit(nextUrl)).visits > visits);
  await stop(next);
});

test("SIGTERM to npm stops all of it", async () => {
  const instance = stage.start("npm", stage.home("a"));
  await instance.says(running);
  const holder = holderOf("a");
  assert.equal(holder.npmPid, instance.child.pid);
  instance.child.kill("SIGTERM");
  await instance.ended;
  assert.ok(await haveEnded([holder, ...holder.programs], patienceMs));
  assert.equal(existsSync(join(stage.home("a"), "postgres", "data", "postmaster.pid")), false);
});

test("Ctrl-C in the terminal, which reaches npm and the supervisor, stops it once and cleanly", async () => {
  const instance = stage.start("npm", stage.home("a"));
  await instance.says(running);
  const holder = holderOf("a");
  stage.clearMarks();
  process.kill(-(instance.child.pid ?? 0), "SIGINT");
  await instance.ended;
  assert.ok(await haveEnded([holder, ...holder.programs], patienceMs));
  assert.deepEqual(stage.marks(), ["agent ends as asked", "server ends as asked", "launcher ends as asked"]);
});

test("a second Ctrl-C, later than the first one's echo, ends at once what does not end by itself", async () => {
  for (;;) {
    const instance = stage.start("node", stage.home("a"), { WEIR_TEST_STUBBORN: "server" });
    await instance.says(running);
    stage.clearMarks();
    const server = holderOf("a").programs.find(({ name }) => name === "server") ?? assert.fail("no server");
    const beganMs = performance.now();
    instance.child.kill("SIGINT");
    instance.child.kill("SIGINT");
    // Longer than an echo; on a busy machine the server hears of it later.
    await delay(1100);
    while (!stage.marks().includes("server ignores SIGTERM")) await delay(20);
    const leftMs = beganMs + graceMs - performance.now();
    if (leftMs > graceMs / 2) assert.ok(processIdentity(server.pid), "the echo did not kill it");
    instance.child.kill("SIGINT");
    const hasEnded = await haveEnded([server], Math.max(0, leftMs));
    assert.equal(await instance.ended, 0);
    // Where most of its grace had passed before it heard of the first, the second shows nothing: then once more.
    if (leftMs < graceMs / 2) continue;
    assert.ok(hasEnded, "not after the ten seconds it would have had");
    return;
  }
});

test("a program that never gets ready ends the start, with the end of its log", async () => {
  const instance = stage.start("node", stage.home("a"), { WEIR_TEST_FAIL: "no such table: job" });
  assert.equal(await instance.ended, 1);
  assert.match(
    instance.said(),
    /The server ended with status 1 before it was ready, three times[\s\S]*no such table: job/,
  );
});

test("an instance whose npm was killed is stopped, and taken over", async () => {
  const orphan = stage.start("npm", stage.home("a"));
  await orphan.says(running);
  const holder = holderOf("a");
  orphan.child.kill("SIGKILL");
  await orphan.ended;
  assert.ok(processIdentity(holder.pid), "the supervisor lives on");
  const next = stage.start("node", stage.home("a"));
  await next.says(new RegExp(`Stopping the instance of process ${holder.pid}`));
  await next.says(running);
  assert.equal(processIdentity(holder.pid), null);
  await stop(next);
});

test("two homes run side by side, with job users of their own", async () => {
  const [one, two] = [stage.start("node", stage.home("a")), stage.start("node", stage.home("b"))];
  const [[, first], [, second]] = await Promise.all([one.says(running), two.says(running)]);
  assert.notEqual(first, second);
  if (process.getuid?.() === 0) {
    const uids = ["a", "b"].map((name) => {
      const launcher = holderOf(name).programs.find((program) => program.name === "launcher");
      return readFileSync(`/proc/${launcher?.pid}/cmdline`, "utf8").split("\0").at(-2)?.split(",") ?? [];
    });
    assert.equal(new Set(uids.flat()).size, 4, JSON.stringify(uids));
  }
  await Promise.all([stop(one), stop(two)]);
});

test("refusals say what to do, and leave nothing running", async () => {
  const port = await freePort();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve));
  const taken = stage.start("node", stage.home("a"), { WEIR_PORT: `${port}` });
  assert.equal(await taken.ended, 1);
  assert.match(taken.said(), new RegExp(`Port ${port} of 127.0.0.1 is in use by another program.*WEIR_PORT=`));
  assert.doesNotMatch(taken.said(), /Making a new home/);
  const fresh = stage.home("never-made");
  const refusedFirst = stage.start("node", fresh, { WEIR_PORT: `${port}` });
  assert.equal(await refusedFirst.ended, 1);
  assert.match(refusedFirst.said(), new RegExp(`Port ${port} of 127.0.0.1 is in use`));
  other.close();
  for (const [name, value] of [
    ["WEIR_LOCAL_CORES", "zero"],
    ["WEIR_LOCAL_MEMORY_MIB", "-1"],
    ["WEIR_JOB_USERS", "9999"],
  ] as const) {
    const instance = stage.start("node", fresh, { [name]: value });
    assert.equal(await instance.ended, 1);
    assert.match(instance.said(), new RegExp(`^weir: ${name} must be `));
  }
  assert.equal(existsSync(fresh), false, "nothing is made for a start that is refused");

  const refused = stage.start("node", stage.home("a"), { WEIR_TEST_REFUSE: "the database is newer than this Weir" });
  assert.equal(await refused.ended, 1);
  assert.match(refused.said(), /The server cannot run: the database is newer than this Weir/);
  assert.equal(existsSync(join(stage.home("a"), "postgres", "data", "postmaster.pid")), false);

  for (const [name, value, words] of [
    ["WEIR_HOME", "relative/path", /WEIR_HOME must be an absolute path/],
    ["WEIR_PORT", "http", /WEIR_PORT must be a number/],
    ["PG_BIN_DIR", "/nonexistent", /PG_BIN_DIR=\/nonexistent holds no initdb/],
  ] as const) {
    const instance = stage.start("node", stage.home("a"), { [name]: value });
    assert.equal(await instance.ended, 1);
    assert.match(instance.said(), words);
  }
});

test("a clone that the system users cannot read", {
  skip: process.getuid?.() === 0 ? false : "needs root",
}, async () => {
  chmodSync(stage.folder, 0o700);
  const home = mkdtempSync("/var/tmp/weir-home-");
  chmodSync(home, 0o755);
  const copies: string[] = [];
  try {
    const inside = stage.start("node", stage.home("a"));
    assert.equal(await inside.ended, 1);
    assert.match(inside.said(), new RegExp(`${stage.folder} is closed to them.\nCure: chmod o\\+x ${stage.folder}`));

    // Their marks lie in the clone, too; here the address alone has to do.
    const marks = { WEIR_TEST_MARKS: "/dev/null" };
    const first = stage.start("node", home, marks);
    const [, url = ""] = await first.says(running);
    copies.push(
      ...[...first.said().matchAll(/copying \w+ to (\S+),/g)].flatMap(([, folder]) =>
        folder === undefined ? [] : [folder],
      ),
    );
    assert.notEqual((await visit(url)).uid, 0);
    await stop(first);
    const second = stage.start("node", home, marks);
    await second.says(running);
    assert.doesNotMatch(second.said(), /copying/);
    await stop(second);
    assert.deepEqual(
      copies.map((path) => basename(path).replace(/-.*/, "")).filter((name) => name !== "postgres"),
      ["weir", "launcher"],
    );
  } finally {
    chmodSync(stage.folder, 0o755);
    for (const path of [home, ...copies.filter((copy) => !basename(copy).startsWith("postgres"))])
      rmSync(path, { recursive: true, force: true });
  }
});
