import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { classNamed, shippedClasses } from "#core/job/job-class.ts";
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
  [{ classes: [] }, "classes: [] cannot be it. Expected: a list of 1 to 20 objects."],
  [{ classes: [{}] }, "classes[0].name: nothing cannot be it. Expected: 1 to 63 small letters"],
  [{ classes: [{ name: "Urgent" }], defaultClass: "Urgent" }, 'classes[0].name: "Urgent" cannot be it.'],
  [{ classes: [{ name: "normal" }, { name: "normal" }] }, "classes[1].name: there are two classes normal."],
  [{ classes: [{ name: "normal" }, { name: "waited" }] }, "classes[1].name: waited says how a job waits"],
  [{ classes: [{ name: "normal", longest: 5 }] }, "classes[0].longest: there is no such field. Did you mean longestS?"],
  [
    { classes: [{ name: "normal", tenants: [] }] },
    'classes[0].tenants: [] cannot be it. Expected: a list of names like ["physics"], or null.',
  ],
  [{ classes: [{ name: "normal", zh: "a\nb" }] }, "classes[0].zh: "],
  [
    { classes: [{ name: "a" }, { name: "b" }] },
    "defaultClass: there is no class normal in classes. Write one of a, b: jobs that name none are of it.",
  ],
  [{ defaultClass: "hihg" }, "(high?)"],
  [{ classes: [{ name: "normal", projects: ["tides"] }] }, "defaultClass: class normal is not for everybody"],
  [
    { preemption: { compensation: { usageCredit: 11 } } },
    "preemption.compensation.usageCredit: 11 cannot be it. Expected: a number from 0 to 10.",
  ],
  [{ preemption: { compensation: { credit: 1 } } }, "preemption.compensation.credit: there is no such field."],
  [{ preemption: { of: { low: ["normal"] } } }, "preemption.of.low: there is no such field."],
  [
    { classes: [{ name: "now" }, { name: "normal" }], preemption: { of: { now: ["low"] } } },
    'preemption.of.now: ["low"] cannot be it. Expected: a list of any of "normal".',
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
  [
    { homePriority: { allowanceS: -1 } },
    "homePriority.allowanceS: -1 cannot be it. Expected: a whole number from 0 to 2000000000, or null.",
  ],
  [{ homePriority: { allowancePerJobS: null } }, "homePriority.allowancePerJobS: null cannot be it."],
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

test("classes: what is left out of one is nothing, or as it ships; who makes way is of those that are listed", () => {
  const classes = [
    { name: "urgent", zh: "紧急", tenants: ["physics"], longestS: 7200 },
    { name: "normal" },
    { name: "spare" },
  ];
  const policy = policyOf({ classes, preemption: { of: { urgent: ["spare", "normal"] } } });
  assert.deepEqual(policy.classes, [
    { ...classNamed("urgent"), zh: "紧急", tenants: ["physics"], longestS: 7200 },
    { ...classNamed("normal"), en: "normal", zh: "普通" },
    classNamed("spare"),
  ]);
  assert.equal(policy.defaultClass, "normal");
  assert.deepEqual(policy.preemption?.of, { urgent: ["spare", "normal"], normal: [] });
  // What ships says of `high` is not said of classes that are not there.
  assert.deepEqual(policyOf({ classes }).preemption?.of, { urgent: [], normal: [] });
  assert.deepEqual(policyOf({ classes: [{ name: "high" }, { name: "normal" }] }).preemption?.of, { high: ["normal"] });
  assert.equal(policyOf({ classes: [{ name: "all" }] }).defaultClass, "all", "of one class all jobs are");
});

test("what older files say of classes is read as ever", () => {
  const policy = policyOf({ preemption: { of: { normal: ["low"] } } });
  assert.deepEqual(policy.preemption?.of, { high: ["low", "normal"], normal: ["low"] });
  assert.deepEqual([policy.classes, policy.defaultClass], [shippedClasses, "normal"]);
});

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
