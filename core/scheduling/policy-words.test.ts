import assert from "node:assert/strict";
import { test } from "node:test";
import { classNamed } from "#core/job/job-class.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { policyRules, policyWords } from "#core/scheduling/policy-words.ts";

test("every policy that ships is said rule by rule, in both languages", () => {
  for (const policy of Object.values<Policy>(policies)) {
    for (const language of ["en", "zh"] as const) {
      const said = policyWords(policy, language);
      assert.equal(said.length, policyRules.length);
      for (const [rule, words] of said) assert.ok(rule !== "" && words !== "", `${policy.name} ${rule}`);
      if (language === "zh") for (const [, words] of said) assert.doesNotMatch(words, /[,;:]| ，|， /);
    }
  }
});

const { weir } = policies;
const words = (policy: Policy, rule: (typeof policyRules)[number]) =>
  policyWords(policy, "en")[policyRules.indexOf(rule)]?.[1] ?? "";

test("the figures of a policy are in its sentences", () => {
  assert.equal(words(weir, "longest"), "3 d 12 h: from 2 d 17 h on it is served first");
  assert.match(words(weir, "lookahead"), /first 32 jobs .* 50 random/);
  assert.match(
    words(weir, "preemption"),
    /^high over low and normal; .* at most 2 times, .* 60 runs of one pool, 20 of one project, 40 of one tenant; what is lost is neither billed nor counted as used$/,
  );
  assert.equal(words({ ...weir, preemption: null }, "preemption"), "never");
  assert.equal(
    words({ ...weir, placing: { ...weir.placing, patience: null } }, "patience"),
    "never: what can start does",
  );
});

test("of deadlines it says from when on they count, or that they do not", () => {
  assert.match(words(weir, "deadline"), /^goes ahead of its class from 4 h before/);
  assert.equal(words(policies.easy, "deadline"), "goes ahead of nobody");
});

test("of promises it names each tenant that has its own, and what is promised to all others", () => {
  const promising = (promiseS: number | null, promises: Readonly<Record<string, number | null>>): Policy => ({
    ...weir,
    fairness: { ...weir.fairness, promiseS, promises },
  });
  assert.equal(words(weir, "promise"), "no promise");
  assert.equal(words(promising(3600, {}), "promise"), "starts within 1 h");
  assert.equal(
    words(promising(null, { physics: 3600, guests: null }), "promise"),
    "physics: starts within 1 h; guests: no promise; others: no promise",
  );
  assert.match(
    policyWords(promising(86_400, { physics: 3600 }), "zh")[policyRules.indexOf("promise")]?.[1] ?? "",
    /^physics：1 小时内启动；其他租户：1 天内启动$/,
  );
});

test("of classes it says their order, who may be of them and what they may ask for, in the policy's own words", () => {
  assert.equal(words(weir, "classes"), "high, normal, low; who names none: normal");
  const policy: Policy = {
    ...weir,
    classes: [
      {
        ...classNamed("urgent"),
        zh: "紧急",
        tenants: ["physics"],
        projects: ["tides"],
        longestS: 7200,
        mostCoresOfPerson: 64,
      },
      classNamed("standard"),
    ],
    defaultClass: "standard",
    preemption: { ...weir.preemption, of: { urgent: ["standard"] } },
  };
  assert.equal(
    words(policy, "classes"),
    "urgent (for tenants physics and projects tides alone, at most 2 h each, at most 64 cores at once of a person), standard; who names none: standard",
  );
  const [zh = ""] = policyWords(policy, "zh").flatMap(([rule, said]) => (rule.startsWith("优先级") ? [said] : []));
  assert.equal(
    zh,
    "紧急（仅限租户 physics 与项目 tides，时限至多 2 小时，每人同时至多 64 核）、standard；未指明者为 standard",
  );
  assert.match(words(policy, "preemption"), /^urgent over standard; /);
  assert.match(words({ ...policies.easy }, "classes"), /makes no difference between them$/);
});

test("what a run loses by making way is said by what the policy credits", () => {
  const crediting = (compensation: { readonly usageCredit: number } | null): Policy => ({
    ...weir,
    preemption: { ...weir.preemption, compensation },
  });
  assert.match(words(crediting(null), "preemption"), /what is lost is not billed and counts as used$/);
  assert.match(words(crediting({ usageCredit: 2 }), "preemption"), /and 2 times as much is taken off usage$/);
});

test("what a rule turns on changes what is said of it", () => {
  const changed: readonly Policy[] = [
    { ...weir, prediction: null },
    { ...weir, lookahead: null },
    { ...weir, homePriority: null },
    { ...weir, homePriority: { ...weir.homePriority, allowanceS: null } },
    { ...weir, homePriority: { ...weir.homePriority, allowanceS: 3600 } },
    { ...weir, homePriority: { ...weir.homePriority, allowancePerJobS: 0 } },
    { ...weir, preemption: { ...weir.preemption, mostOfTenant: 7 } },
  ];
  for (const policy of changed) assert.notDeepEqual(policyWords(policy, "zh"), policyWords(weir, "zh"));
});
