import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Holder, isNpm, isOrphaned, parseHolder, readHolder, takeHome } from "./lock.ts";
import { bootId, isAlive, type ProcessIdentity, processIdentity } from "./process.ts";

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-lock-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function lockIn(name: string): string {
  mkdirSync(join(folder, name));
  return join(folder, name, "lock");
}

/** Another process that takes the lock and says "taken" or "busy"; it lives until it is killed. */
async function other(path: string): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  const program = `import { takeHome } from ${JSON.stringify(join(import.meta.dirname, "lock.ts"))};
    const taken = await takeHome(${JSON.stringify(path)}, () => {});
    console.log(taken.kind);
    setInterval(() => {}, 1e6);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said = await new Promise<string>((resolve) =>
    child.stdout.once("data", (data: Buffer) => resolve(data.toString().trim())),
  );
  return { child, said };
}

async function killed({ child }: { readonly child: ChildProcess }): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

test("one has the home; SIGKILL gives it free at once, and what was written tells what it left", async () => {
  const path = lockIn("one");
  const first = await other(path);
  assert.equal(first.said, "taken");
  const refused = await takeHome(path, () => assert.fail("nothing to take over"));
  assert.equal(refused.kind, "busy");
  assert.equal(refused.kind === "busy" && refused.holder?.pid, first.child.pid);
  await killed(first);

  const taken = await takeHome(path, () => assert.fail("nobody to stop"));
  assert.equal(taken.kind, "taken");
  if (taken.kind !== "taken") return;
  const self = processIdentity(process.pid);
  assert.ok(self);
  taken.write({ url: "http://127.0.0.1:1", programs: [{ ...self, name: "server" }] });
  assert.deepEqual(readHolder(path), {
    ...self,
    npmPid: readHolder(path)?.npmPid,
    npmStartTicks: readHolder(path)?.npmStartTicks,
    url: "http://127.0.0.1:1",
    programs: [{ ...self, name: "server" }],
  });
  const second = await other(path);
  assert.equal(second.said, "busy");
  await killed(second);
  taken.release();
  assert.equal(readHolder(path), null);
});

test("of eight that start together one gets it", async () => {
  const path = lockIn("race");
  const all = await Promise.all(Array.from({ length: 8 }, () => other(path)));
  assert.deepEqual(all.map(({ said }) => said).sort(), [...Array.from({ length: 7 }, () => "busy"), "taken"]);
  await Promise.all(all.map(killed));
});

test("what an instance of another boot left is not touched", async () => {
  const path = lockIn("boot");
  const self = processIdentity(process.pid);
  assert.ok(self);
  const before: Holder = {
    ...self,
    npmPid: null,
    npmStartTicks: null,
    url: null,
    programs: [{ ...self, name: "server" }],
  };
  for (const [boot, left] of [
    [bootId(), 1],
    ["another", 0],
  ] as const) {
    writeFileSync(path, JSON.stringify({ ...before, bootId: boot }));
    const taken = await takeHome(path, () => undefined);
    assert.equal(taken.kind === "taken" && taken.left.length, left);
    if (taken.kind === "taken") taken.release();
  }
});

test("orphaned: it lives, npm started it, and that npm is gone", () => {
  const self = { pid: 10, startTicks: "1", bootId: "b" };
  const holder: Holder = { ...self, npmPid: 9, npmStartTicks: "2", url: null, programs: [] };
  const alive =
    (...pids: readonly number[]) =>
    ({ pid }: ProcessIdentity) =>
      pids.includes(pid);
  assert.equal(isOrphaned(holder, alive(10)), true);
  assert.equal(isOrphaned(holder, alive(9, 10)), false);
  assert.equal(isOrphaned(holder, alive()), false);
  assert.equal(isOrphaned({ ...holder, npmPid: null }, alive(10)), false);
});

test("npm is known by its title, its program or its script", () => {
  for (const command of [
    ["npm start"],
    ["npm run start"],
    ["node", "/usr/lib/node_modules/npm/bin/npm-cli.js", "start"],
    ["/usr/bin/yarn"],
  ]) {
    assert.equal(isNpm(command), true, command.join(" "));
  }
  for (const command of [["sh", "-c", "npm start"], ["bash"], ["node", "dist/start.mjs"], ["vim", "npm.md"]]) {
    assert.equal(isNpm(command), false, command.join(" "));
  }
});

test("a damaged lock file names nobody", () => {
  for (const text of ["", "{", "null", "[]", '{"pid":"1"}', '{"pid":1,"startTicks":2,"bootId":"b"}'])
    assert.equal(parseHolder(text), null, text);
  const identity = { pid: 1, startTicks: "2", bootId: "b" };
  assert.deepEqual(parseHolder(JSON.stringify({ ...identity, programs: [1, {}, { ...identity, name: "server" }] })), {
    ...identity,
    npmPid: null,
    npmStartTicks: null,
    url: null,
    programs: [{ ...identity, name: "server" }],
  });
});

test("a pid counts only with its start time and boot", () => {
  const self = processIdentity(process.pid);
  assert.ok(self);
  assert.equal(isAlive(self), true);
  assert.equal(isAlive({ ...self, startTicks: "1" }), false);
  assert.equal(isAlive({ ...self, bootId: "another" }), false);
});
