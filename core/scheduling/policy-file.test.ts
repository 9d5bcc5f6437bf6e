import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { parsePolicy, policyIssueWords } from "#core/scheduling/policy-file.ts";

test("every policy that ships reads back as itself, written whole or by its name alone", () => {
  for (const policy of Object.values<Policy>(policies)) {
    assert.deepEqual(parsePolicy({ ...policy, like: "fcfs" }), { kind: "policy", policy });
    assert.deepEqual(parsePolicy({ like: policy.name }), { kind: "policy", policy });
  }
});

test("what ships as the default bounds fairness to a quarter and four times, and guards waits of three and a half days", () => {
  const { fairness, maxWaitS } = policies.weir;
  assert.deepEqual([fairness.least, fairness.most, maxWaitS], [1 / 4, 4, 302_400]);
});

test("what a file leaves out is as in weir; null takes a part away, and a part of nothing begins as weir's", () => {
  assert.deepEqual(policyOf({ name: "ours", fairness: { power: 1 }, lookahead: null }), {
    ...policies.weir,
    name: "ours",
    fairness: { ...policies.weir.fairness, power: 1 },
    lookahead: null,
  });
  assert.deepEqual(policyOf({ like: "easy", fairness: {} }).fairness, policies.weir.fairness);
});

test("the example of the guide is read, and is what it says", () => {
  const path = join(import.meta.dirname, "..", "..", "docs", "guides", "policy-example.json");
  const policy = policyOf(JSON.parse(readFileSync(path, "utf8")));
  assert.equal(policy.name, "teaching-weeks");
  assert.equal(policy.maxWaitS, 172_800);
});

const refused: readonly (readonly [file: unknown, en: string])[] = [
  [null, "null is not an object of fields. Write one in braces, as in docs/guides/policies.md."],
  [{ maxWait: 5 }, "maxWait: there is no such field. Did you mean maxWaitS?"],
  [{ like: "wier" }, "(weir?)"],
  [{ maxWaitS: 0 }, "maxWaitS: 0 cannot be it. Expected: a whole number from 1 to 2000000000, or null."],
  [{ maxWaitS: 100 }, "guardLeadS: 67400 is more than the longest wait, maxWaitS (100)."],
  [{ fairness: { least: 2 } }, "fairness.least: 2 cannot be it. Expected: a number from 0.001 to 1."],
  [{ fairness: { least: "low", most: 0.5 } }, "fairness.most: 0.5 cannot be it."],
  [
    { fairness: { promises: { physics: 0 } } },
    "fairness.promises.physics: 0 cannot be it. Expected: a whole number from 1 to 2000000000, or null.",
  ],
  [
    { fairness: { promises: 3600 } },
    'fairness.promises: 3600 cannot be it. Expected: an object like {"physics": 3600}',
  ],
  [{ fairness: [] }, "fairness: [] is not an object of fields."],
  [{ order: null }, "order: null is not an object of fields."],
  [{ order: { kind: "sjf", waitPower: 1 } }, "order.waitPower: there is no such field. Known: kind"],
  [{ order: { kind: "scor" } }, "(score?)"],
  [{ backfill: "conservative" }, "backfill: conservative goes with a plain order only."],
  [{ like: "conservative", order: { kind: "sjf" } }, "order.kind: conservative backfill plans first come"],
  [{ like: "easy", head: "kept", maxWaitS: 10 }, "head: a kept head and the window backfill"],
  [{ like: "easy", backfill: "window" }, "backfill: a kept head and the window backfill"],
  [{ backfill: "eesy" }, "(easy?)"],
  [{ backfill: "none" }, "lookahead: looking ahead chooses what is backfilled"],
  [{ lookahead: { jobs: 1.5 } }, "lookahead.jobs: 1.5 cannot be it. Expected: a whole number from 2 to 200."],
  [{ name: "a\nb" }, "name: "],
];
for (const [file, en] of refused) {
  test(`refused: ${JSON.stringify(file)}`, () => {
    const parsed = parsePolicy(file);
    assert.equal(parsed.kind, "refused");
    if (parsed.kind !== "refused") return;
    assert.ok(policyIssueWords(parsed.issues, "en").includes(en), policyIssueWords(parsed.issues, "en"));
    assert.match(policyIssueWords(parsed.issues, "zh"), /\p{Script=Han}/u);
    assert.equal(
      new Set(parsed.issues.map(({ path, en }) => path + en)).size,
      parsed.issues.length,
      "each is told once",
    );
  });
}

test("all that is wrong is told at once", () => {
  const parsed = parsePolicy({ maxWaitS: -1, fairness: { half: 1 }, lookahead: { moves: -1 } });
  assert.deepEqual(parsed.kind === "refused" && parsed.issues.map(({ path }) => path), [
    "maxWaitS",
    "fairness.half",
    "lookahead.moves",
  ]);
});

function policyOf(file: unknown): Policy {
  const parsed = parsePolicy(file);
  assert.equal(parsed.kind, "policy", JSON.stringify(parsed));
  if (parsed.kind !== "policy") throw new Error("refused");
  return parsed.policy;
}
