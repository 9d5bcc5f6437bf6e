import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { guides, withPart } from "#cli/guides.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

for (const { page, name, text } of guides) {
  test(`${page} says what the code says (else: WEIR_WRITE_GUIDES=1 node --test cli/guides.test.ts)`, () => {
    const path = join(root, page);
    const written = readFileSync(path, "utf8");
    const wanted = withPart(written, name, text());
    assert.ok(wanted !== null, `${page} has no <!-- ${name} --> … <!-- end of ${name} -->`);
    if (process.env.WEIR_WRITE_GUIDES === "1") writeFileSync(path, wanted);
    else assert.equal(written, wanted);
  });
}

test("the keys of JSON in the guide to the command line are those of the API", () => {
  const guide = readFileSync(join(root, "docs/guides/cli.md"), "utf8");
  const { schemas } = JSON.parse(readFileSync(join(root, "docs/api/openapi.json"), "utf8")).components;
  const named = (command: string) => {
    const cell = guide.split("\n").find((line) => line.startsWith(`| \`${command}\` | `)) ?? "";
    return [...cell.slice(command.length + 5).matchAll(/`(\w+)`/g)].map(([, key = ""]) => key);
  };
  for (const [command, schema] of [
    ["submit", "Submitted"],
    ["submit --dry-run", "DryRun"],
    ["show JOB_INDEX", "TaskDetail"],
    ["why", "Why"],
    ["why --what-if", "WhatIf"],
  ] as const)
    assert.deepEqual(named(command).toSorted(), Object.keys(schemas[schema].properties).toSorted(), command);
  const inList = new Set(Object.keys(schemas.JobSummary.properties));
  const ofOne = Object.keys(schemas.JobDetail.properties).filter((key) => !inList.has(key));
  assert.deepEqual(named("show JOB").toSorted(), [...ofOne, "history", "jobs"].toSorted());
});

test("the class of accelerators in the guides' replays is one that the guides' own centres have", () => {
  const text = JSON.stringify(JSON.parse(readFileSync(join(root, "docs/guides/many-centres.json"), "utf8")));
  const named = ["policies", "history", "cli"].flatMap((name) => [
    ...readFileSync(join(root, "docs/guides", `${name}.md`), "utf8").matchAll(/--resource (\w[\w-]+)\/([\w-]+)/g),
  ]);
  assert.ok(named.length >= 4, `${named.length} found`);
  for (const [words, vendor, model] of named)
    assert.match(text, new RegExp(`"vendor":"${vendor}","model":"${model}"`), words);
});
