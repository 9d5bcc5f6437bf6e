// Each rule is given a sample that breaks it and one that keeps it: a check that cannot fail checks nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { tidy } from "./tidy.ts";

function wordsFor(files: Readonly<Record<string, string>>): readonly string[] {
  return tidy(new Map(Object.entries(files))).map(({ path, line, words }) => `${path}:${line}: ${words}`);
}

function assertFound(files: Readonly<Record<string, string>>, expected: RegExp): void {
  const found = wordsFor(files);
  assert.ok(
    found.length === 1 && expected.test(found[0] ?? ""),
    `expected one finding ${expected}, found ${JSON.stringify(found)}`,
  );
}

function assertClean(files: Readonly<Record<string, string>>): void {
  assert.deepEqual(wordsFor(files), []);
}

test("imports point upwards only, in whatever form they are written", () => {
  const forms = [
    'import { a } from "#api/jobs.ts";',
    'import type { A } from "#api/jobs.ts";',
    'export { a } from "#api/jobs.ts";',
    'export * from "../api/jobs.ts";',
    'import "../api/jobs.ts";',
    'type A = import("#api/jobs.ts").A;',
  ];
  for (const form of forms)
    assertFound({ "core/thing.ts": `\n${form}\n` }, /^core\/thing\.ts:2: core\/ may not import api\/jobs\.ts/);
  assertFound({ "server/a.ts": 'await import("#agent/b.ts");' }, /server\/ may not import agent/);
  assertFound({ "agent/a.ts": 'import "#server/b.ts";' }, /agent\/ may not import server/);
  assertFound({ "cli/a.ts": 'import "#server/b.ts";' }, /cli\/ may not import server/);
  assertFound({ "web/a.tsx": 'import "../local/home.ts"; export const x = <b />;' }, /web\/ may not import local/);
  assertFound({ "local/a.ts": 'import "#server/main.ts";' }, /local\/ may not import server/);
  assertFound({ "server/a.ts": 'import "#local/start.ts";' }, /server\/ may not import local\/start/);
  assertFound({ "server/a.ts": 'import "../simulator/run.ts";' }, /server\/ may not import simulator/);
});

test("what the table allows is allowed", () => {
  assertClean({
    "core/job/a.ts": 'import "../b.ts"; import "#core/c.ts";',
    "api/a.ts": 'import "#core/b.ts"; import { z } from "zod";',
    "server/a.ts": 'import "#core/b.ts"; import "#api/c.ts"; import "#local/home.ts"; import pg from "pg";',
    "local/a.ts": 'import "#server/postgres/embedded.ts";',
    "cli/a.ts": 'import "#local/home.ts"; import "node:fs";',
    "core/scenario-testing.ts": 'import "node:assert/strict";',
    "core/a.test.ts": 'import test from "node:test"; import fc from "fast-check"; import "../tools/requirement.ts";',
    "tools/a.ts": 'import "#server/main.ts";',
  });
});

test("packages are kept out where the table keeps them out", () => {
  assertFound({ "core/a.ts": 'import "zod";' }, /core\/ may not import the package zod/);
  assertFound({ "core/a.ts": 'import { readFileSync } from "node:fs";' }, /core\/ may not import the package node:fs/);
  assertFound({ "api/a.ts": 'import "fastify";' }, /api\/ may not import/);
  assertFound({ "agent/a.ts": 'import "pg";' }, /agent\/ may not import/);
  assertFound({ "cli/a.ts": 'import "@fastify/cookie";' }, /cli\/ may not import the package @fastify\/cookie/);
});

test("core is pure", () => {
  const samples: readonly [string, RegExp][] = [
    ["export const now = () => Date.now();", /Date/],
    ["export const now = (at: Date) => at;", /Date/],
    ["export const dice = () => Math.random();", /Math\.random/],
    ["export const f = async () => 1;", /async/],
    ["export const f = () => { console.log(1); };", /console/],
    ["export const f = () => process.env.HOME;", /process/],
    ["export const f = (g: () => void) => setTimeout(g, 1);", /setTimeout/],
    ["export const f = { process };", /process/],
    ["export const x = import.meta.url;", /import\.meta/],
  ];
  for (const [text, expected] of samples) assertFound({ "core/a.ts": text }, expected);
  // The word alone is no sin: as text, in a comment, as a property, in a test, or outside core/.
  assertClean({
    "core/a.ts":
      '// The Date of a process\nexport const driver = { kind: "process", process: 1, Date: 2 }; export const d = driver.process;',
    "core/a.test.ts": "await Promise.resolve(Date.now());",
    "server/a.ts": "console.log(Date.now(), Math.random());",
  });
});

test("files are named in kebab-case after what is inside", () => {
  assertFound({ "web/JobPage.tsx": "" }, /kebab-case/);
  assertFound({ "core/job_spec.ts": "" }, /kebab-case/);
  assertFound({ "core/utils.ts": "" }, /says nothing/);
  assertFound({ "server/common/jobs.ts": "" }, /says nothing/);
  assertFound({ "server/job-manager.ts": "" }, /says nothing/);
  assertFound({ "core/types.ts": "" }, /says nothing/);
  assertFound({ "core/index.ts": 'export * from "./a.ts";' }, /no index\.ts/);
  assertFound({ "cli/run.mjs": "" }, /programs are TypeScript/);
  assertClean({
    "README.md": "",
    ".ci/run": "",
    "core/run-order.test.ts": "",
    "tools/weir.mjs": "",
    "agent/launcher/weir-launcher": "",
    "docs/decisions/0001-one-store.md": "",
  });
});

test("no file names a place of one machine", () => {
  const work = ["", "work", "main"].join("/");
  const shared = ["..", "shared", "facts"].join("/");
  assertFound({ "docs/a.md": `see ${work}` }, /docs\/a\.md:1: names a path of one machine/);
  assertFound({ "core/a.test.ts": `const x = "${work}";` }, /path of one machine/);
  assertFound({ "core/a.ts": `const x = "${["", "home", "zhang", "x"].join("/")}";` }, /path of one machine/);
  assertFound({ "docs/a.md": `see ${shared}` }, /outside the repository/);
  assertFound({ "package-lock.json": `"${"resolved"}": "http://mirror.example/zod.tgz"` }, /place of one machine/);
  assertClean({
    "core/a.test.ts": `const x = "${shared}";`,
    "docs/a.md": "the framework/main idea, /var/lib/weir, a network/of",
  });
});

test("ARCHITECTURE.md names every folder, and only what is there", () => {
  assertFound(
    { "ARCHITECTURE.md": "`core/gone.ts` in core/", "core/a.ts": "" },
    /names core\/gone\.ts, which is not there/,
  );
  assertFound(
    { "ARCHITECTURE.md": "core/ is the model", "core/a.ts": "", "api/b.ts": "" },
    /does not name the folder api/,
  );
  assertClean({ "ARCHITECTURE.md": "`core/job/`, `core/job/a.ts`, `text/html` and `a/b`", "core/job/a.ts": "" });
});

test("a dependency has one exact version and a decision record", () => {
  const record = { "docs/decisions/0001-a.md": "We take `zod` and @fastify/cookie." };
  const manifest = (version: string, name = "zod"): string => JSON.stringify({ dependencies: { [name]: version } });
  assertFound({ ...record, "package.json": manifest("^4.0.0") }, /zod \^4\.0\.0 is not one exact version/);
  assertFound({ ...record, "package.json": manifest("4.0.0", "fastify") }, /fastify is in no decision record/);
  assertFound({ ...record, "package.json": manifest("4.0.0", "zo") }, /zo is in no decision record/);
  assertClean({ ...record, "package.json": manifest("4.0.0") });
});
