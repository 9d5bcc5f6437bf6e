import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { readHolder } from "#local/lock.ts";
import { haveEnded, processIdentity } from "#local/process.ts";
import { type Instance, run } from "#local/stand-ins/stage.ts";
import { makeHome, repository } from "./network.ts";

// `npm start` itself, with the real programs; local/start.test.ts has the cases for which stand-ins do.

const homes = [makeHome(), makeHome()];
const [home = "", otherHome = ""] = homes;
const running = new Set<Instance>();
afterEach(async () => {
  for (const { child } of running) child.kill("SIGKILL");
  await Promise.all([...running].map(({ ended }) => ended));
});
after(async () => {
  for (const folder of homes) {
    const left = readHolder(join(folder, "lock"));
    if (left !== null && processIdentity(left.pid) !== null) process.kill(left.pid, "SIGTERM");
    if (left !== null) await haveEnded([left, ...left.programs], patienceMs);
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Far more than a busy machine takes. */
const patienceMs = 180_000;
const address = /Weir is running at (http:\S+)/;

function npmStart(at: string): Instance {
  const instance = run(["npm", "start"], repository, {
    ...process.env,
    WEIR_HOME: at,
    WEIR_PORT: "0",
    WEIR_JOB_USERS: "4",
  });
  running.add(instance);
  void instance.ended.then(() => running.delete(instance));
  return instance;
}

async function weir(...words: readonly string[]): Promise<{ readonly status: number | string; readonly said: string }> {
  const instance = run([join(repository, "tools", "weir.mjs"), ...words], "/", { ...process.env, WEIR_HOME: home });
  const status = await instance.ended;
  return { status, said: instance.said() };
}

async function stopByCtrlC(instance: Instance): Promise<void> {
  const holder = readHolder(join(home, "lock"));
  assert.ok(holder);
  process.kill(-(instance.child.pid ?? 0), "SIGINT");
  await instance.ended;
  assert.ok(await haveEnded([holder, ...holder.programs], patienceMs), "all of it has ended");
  assert.equal(existsSync(join(home, "postgres", "data", "postmaster.pid")), false, "PostgreSQL has ended cleanly");
}

test("npm start in a new home: an address, a sign-in link that works once, and weir is signed in", async (t) => {
  const beganMs = performance.now();
  const instance = npmStart(home);
  const [, url = ""] = await instance.says(address);
  t.diagnostic(`first start ${Math.round(performance.now() - beganMs)} ms`);
  const [, link = ""] = await instance.says(/sign-in, once: (\S+)/);
  assert.ok(link.startsWith(url), link);
  assert.equal((await fetch(url)).status, 200, "the console");
  assert.equal(statSync(join(home, "token")).mode & 0o777, 0o600);
  assert.equal(statSync(join(home, "token")).uid, process.getuid?.());
  const listed = await weir("jobs", "--json");
  assert.equal(listed.status, 0, listed.said);

  const second = npmStart(home);
  assert.equal(await second.ended, 3, second.said());
  assert.match(second.said(), new RegExp(`running at ${url} \\(process \\d+`));
  await stopByCtrlC(instance);
});

test("a second start builds nothing, and a job that ran on meanwhile is adopted", async (t) => {
  const first = npmStart(home);
  await first.says(address);
  const go = join(home, "go-on");
  const script = `until [ -e ${go} ]; do sleep 0.1; done; echo done-after-all`;
  const submitted = await weir("submit", "--json", "--", "sh", "-c", script);
  assert.equal(submitted.status, 0, submitted.said);
  const job = /"id":\s*"?(\d+)/.exec(submitted.said)?.[1] ?? "";
  while (!(await weir("show", job, "--json")).said.includes('"running"'))
    assert.equal(first.child.exitCode, null, first.said());
  await stopByCtrlC(first);

  const beganMs = performance.now();
  const second = npmStart(home);
  await second.says(address);
  t.diagnostic(`second start ${Math.round(performance.now() - beganMs)} ms`);
  assert.doesNotMatch(second.said(), /building|installing|Made the system users|Making the database/);
  writeFileSync(go, "");
  const deadlineMs = performance.now() + patienceMs;
  while (!(await weir("show", job, "--json")).said.includes('"succeeded"'))
    assert.ok(performance.now() < deadlineMs, (await weir("show", job)).said);
  assert.match((await weir("logs", job)).said, /done-after-all/);
  await stopByCtrlC(second);
});

test("SIGKILL of all of it, then npm start", async (t) => {
  const instance = npmStart(home);
  await instance.says(address);
  const holder = readHolder(join(home, "lock"));
  const postmaster = Number(readFileSync(join(home, "postgres", "data", "postmaster.pid"), "utf8").split("\n")[0]);
  assert.ok(holder);
  for (const pid of [instance.child.pid ?? 0, holder.pid, postmaster, ...holder.programs.map((program) => program.pid)])
    process.kill(pid, "SIGKILL");
  const beganMs = performance.now();
  const next = npmStart(home);
  await next.says(address);
  t.diagnostic(`start after SIGKILL ${Math.round(performance.now() - beganMs)} ms`);
  assert.equal((await weir("jobs", "--json")).status, 0);
  await stopByCtrlC(next);
});

test("SIGKILL of npm alone: the next npm start stops what it left, and takes over", async () => {
  const orphan = npmStart(home);
  await orphan.says(address);
  orphan.child.kill("SIGKILL");
  await orphan.ended;
  const next = npmStart(home);
  await next.says(/Stopping the instance of process \d+: the npm that started it is gone/);
  await next.says(address);
  const other = npmStart(otherHome);
  await other.says(address);
  assert.equal((await weir("jobs", "--json")).status, 0, "two homes side by side");
  const holders = homes.flatMap((folder) => readHolder(join(folder, "lock")) ?? []);
  for (const instance of [other, next]) instance.child.kill("SIGTERM");
  await Promise.all([other.ended, next.ended]);
  assert.ok(
    await haveEnded(
      holders.flatMap((holder) => [holder, ...holder.programs]),
      patienceMs,
    ),
    "SIGTERM to npm stops all",
  );
});

test("WEIR_HOME in a closed folder is refused, naming it and the cure", {
  skip: process.getuid?.() === 0 ? false : "needs root",
}, async () => {
  const closed = makeHome();
  chmodSync(closed, 0o700);
  const instance = npmStart(join(closed, "weir"));
  assert.equal(await instance.ended, 1);
  assert.match(instance.said(), new RegExp(`${closed} is closed to them.\\nCure: chmod o\\+x ${closed}`));
  rmSync(closed, { recursive: true });
});
