// The runner on small repositories: what must not pass for a success.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, test } from "node:test";
import { slowest } from "./slowest-tests.ts";

const source = resolve(import.meta.dirname, "..");
const made: string[] = [];

after(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

type Run = { readonly status: number | null; readonly out: string; readonly last: string };

/** Runs the given test files, with their path as key, in a repository of their own. */
function run(files: Readonly<Record<string, string>>, environment: Readonly<Record<string, string>> = {}): Run {
  const repository = mkdtempSync(join(tmpdir(), "weir-runner-"));
  made.push(repository);
  for (const file of ["test.ts", "test-events.ts", "requirement.ts", "debian.ts", "slowest-tests.ts"]) {
    cpSync(join(source, "tools", file), join(repository, "tools", file));
  }
  cpSync(join(source, "package.json"), join(repository, "package.json"));
  symlinkSync(join(source, "node_modules"), join(repository, "node_modules"));
  for (const [path, body] of Object.entries(files)) {
    mkdirSync(dirname(join(repository, path)), { recursive: true });
    writeFileSync(
      join(repository, path),
      `import { describe, test } from "node:test"; import assert from "node:assert/strict";\n${body}`,
    );
  }
  const { CI: _, NODE_TEST_CONTEXT: __, ...rest } = process.env;
  const env = { ...rest, WEIR_TEST_APT: "0", ...environment };
  const { status, stdout } = spawnSync(process.execPath, ["tools/test.ts"], { cwd: repository, encoding: "utf8", env });
  return { status, out: stdout, last: stdout.trimEnd().split("\n").at(-1) ?? "" };
}

const pass = 'test("fine", () => {});';

test("all that pass are counted over shared and separate processes", () => {
  const { status, last, out } = run({ "core/a.test.ts": pass, "api/b.test.ts": pass, "server/c.test.ts": pass });
  assert.equal(last, "3 passed, 0 failed", out);
  assert.equal(status, 0);
});

test("a suite that takes long and is not begun first is named", () => {
  const { out } = run({
    "tools/slowest-tests.ts": 'export const slowest: readonly string[] = ["server/named.test.ts"];',
    "server/named.test.ts": pass,
    "server/long.test.ts": 'test("long", () => new Promise((resolve) => setTimeout(resolve, 2_000)));',
    "server/short.test.ts": pass,
  });
  const [, said = ""] = /should stand there:\n((?: {2}.*\n)+)/.exec(out) ?? assert.fail(out);
  assert.match(said, /server\/long\.test\.ts: \d+ s/);
  assert.doesNotMatch(said, /named/);
});

test("a failure is named with its file, line and difference; a suite of it is not counted twice", () => {
  const { status, last, out } = run({
    "core/a.test.ts": `describe("sums", () => { ${pass} test("wrong", () => { assert.equal(1 + 1, 3); }); });`,
  });
  assert.equal(status, 1);
  assert.equal(last, "1 passed, 1 failed");
  assert.match(out, /✗ sums › wrong\n\s+core\/a\.test\.ts:2\n/);
  assert.match(out, /2 !== 3/);
});

test("a crash fails the file that crashed, and its neighbours still count", () => {
  const { status, last, out } = run({
    "core/a.test.ts": pass,
    "core/b.test.ts": 'test("exits", () => { process.exit(0); });',
  });
  assert.equal(last, "1 passed, 1 failed", out);
  assert.match(out, /✗ core\/b\.test\.ts/);
  assert.equal(status, 1);
});

test("a file that cannot be loaded, has no test, or fails after its tests is a failure", () => {
  const { last, out } = run({
    "server/a.test.ts": 'throw new Error("cannot load");',
    "server/b.test.ts": "",
    "server/c.test.ts": 'test("late", () => { setTimeout(() => { throw new Error("too late"); }, 20); });',
  });
  assert.equal(last, "1 passed, 3 failed", out);
  assert.match(out, /cannot load/);
  assert.match(out, /no test ran in this file/);
  assert.match(out, /too late/);
});

test("what fails beside others is run once more, alone; what passes then is named, what breaks things is not tried again", () => {
  const failsOnce = (mark: string): string =>
    `import { existsSync, writeFileSync } from "node:fs";
     test("shaky", () => { const seen = existsSync("${mark}"); writeFileSync("${mark}", ""); assert(seen); });`;
  const mended = run({ "core/a.test.ts": pass, "server/b.test.ts": failsOnce("b"), "server/c.test.ts": pass });
  assert.equal(mended.last, "3 passed, 0 failed", mended.out);
  assert.equal(mended.status, 0);
  assert.match(mended.out, /passed alone: to be mended:\n {2}server\/b\.test\.ts: shaky\n/);
  const found = run({
    "server/b.test.ts": pass,
    "server/crash.test.ts": failsOnce("c"),
    "core/d.test.ts": failsOnce("d"),
  });
  assert.equal(found.last, "1 passed, 2 failed", found.out);
  const broken = run({ "server/b.test.ts": 'test("never", () => { assert(false); });', "server/c.test.ts": pass });
  assert.equal(broken.last, "1 passed, 1 failed", broken.out);
  assert.equal(run({ "server/b.test.ts": failsOnce("b") }).last, "0 passed, 1 failed", "nothing ran beside it");
});

test("a repository without a test fails", () => {
  const { status, last } = run({});
  assert.equal(last, "0 passed, 0 failed");
  assert.equal(status, 1);
});

test("skips are listed with their reason; with CI=true those that could have been installed fail", () => {
  const files = {
    "core/a.test.ts": `${pass} test("page", { skip: "not installed: Chromium (chromium)" }, () => {}); test("uids", { skip: "needs root" }, () => {});`,
    "core/b.test.ts": `test("clusters", { skip: "needs root, for real Slurm clusters" }, () => {});`,
  };
  const here = run(files);
  assert.equal(here.last, "1 passed, 0 failed, 3 skipped");
  assert.match(here.out, /core\/a\.test\.ts: page: not installed: Chromium/);
  assert.match(here.out, /core\/a\.test\.ts: uids: needs root/);
  assert.equal(here.status, 0, "an ordinary user's run passes");
  const ci = run(files, { CI: "true" });
  assert.equal(ci.last, "1 passed, 2 failed, 1 skipped");
  assert.equal(ci.status, 1);
});

test("the suites that are begun first are there", () => {
  assert.deepEqual(
    slowest.filter((file) => !existsSync(join(source, file))),
    [],
  );
});
