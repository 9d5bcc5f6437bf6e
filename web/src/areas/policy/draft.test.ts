import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { policies } from "#core/scheduling/policy.ts";
import { changesBetween, draftOf, textOf, valueAt, withValue } from "./draft.ts";
import { groups } from "./fields.ts";

const weir = { ...policies.weir };

test("the form's fields are fields of a policy, and what is written there is read back and changes nothing else", () => {
  const paths = groups.flatMap(({ fields }) => fields.map(({ path }) => path));
  for (const path of paths) assert.notEqual(valueAt(weir, path), undefined, path);
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
      const changed = withValue(weir, path, value);
      assert.deepEqual(valueAt(changed, path), value);
      for (const other of paths.filter((each) => each !== path))
        assert.deepEqual(valueAt(changed, other), valueAt(weir, other));
    }),
  );
});

/** What somebody who runs a network has no need to change: it is in the file beside the form. */
const inTheFileAlone =
  /^(name|head|classes|defaultClass|order\.\w+(Power|ScaleS)|fairness\.(least|most|weights|promises)|placing\.(alikeS|\w+\.leastGainShare)|preemption\.of\..*)$/;

test("what the form leaves to the file is named", () => {
  const leaves = (value: unknown, path: string): readonly string[] =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.entries(value).flatMap(([name, inner]) => leaves(inner, path === "" ? name : `${path}.${name}`))
      : [path];
  const offered = new Set(groups.flatMap(({ fields }) => fields.map(({ path }) => path)));
  const left = leaves(weir, "").filter((path) => !offered.has(path));
  assert.deepEqual(
    left.filter((path) => !inTheFileAlone.test(path)),
    [],
  );
});

test("each field takes what its form gives, from its least to its most", () => {
  for (const { path, ...field } of groups.flatMap(({ fields }) => fields)) {
    const values = field.kind === "choice" ? field.of : [field.least * field.perUnit, field.most * field.perUnit];
    for (const value of values) {
      const draft = draftOf(textOf(withValue(weir, path, value)), "en");
      const problems = draft.kind === "refused" ? draft.problems : [];
      const refused = problems.filter((one) => one.path === path && one.words.includes("cannot be it"));
      assert.deepEqual(refused, []);
    }
  }
});

test("a draft that is right has its policy; one that is wrong says what would be right", () => {
  const right = draftOf(textOf(withValue(weir, "placing.carbonWeight", 2)), "en");
  assert.ok(right.kind === "policy");
  assert.deepEqual(changesBetween(policies.weir, right.policy), [
    { path: "placing.carbonWeight", from: "0.1", to: "2" },
  ]);
  const wrong = draftOf(textOf(withValue(weir, "placing.riskWeight", -1)), "zh");
  assert.ok(wrong.kind === "refused" && wrong.file !== null);
  assert.deepEqual(
    wrong.problems.map(({ path, words }) => [path, words.slice(0, 6)]),
    [["placing.riskWeight", "不能为 -1"]],
  );
  const broken = draftOf("{", "en");
  assert.ok(broken.kind === "refused" && broken.file === null && broken.problems[0]?.words !== "");
});

test("what changes of the classes is said class by class, and their order by itself", () => {
  const [high, normal, low] = policies.weir.classes;
  const urgent = { name: "urgent", longestS: 3600 };
  const draft = draftOf(textOf({ ...weir, classes: [urgent, { ...high, longestS: 60 }, normal, low] }), "en");
  assert.ok(draft.kind === "policy");
  assert.deepEqual(
    changesBetween(policies.weir, draft.policy).map(({ path, from, to }) => [path, from, to.slice(0, 40)]),
    [
      ["classes.high.longestS", "null", "60"],
      ["classes", '"high, normal, low"', '"urgent, high, normal, low"'],
      ["classes.urgent", "null", '{"en":null,"zh":null,"tenants":null,"pro'],
      ["preemption.of.urgent", "null", "[]"],
    ],
  );
});

test("a part that is taken away, or comes back as the one that ships, is one change", () => {
  const without = draftOf(textOf(withValue(weir, "preemption", null)), "en");
  assert.ok(without.kind === "policy");
  const changes = changesBetween(policies.weir, without.policy);
  assert.deepEqual(
    changes.map(({ path, to }) => [path, to]),
    [["preemption", "null"]],
  );
  const back = draftOf(textOf(withValue({ ...without.policy }, "preemption", {})), "en");
  assert.ok(back.kind === "policy");
  assert.deepEqual(changesBetween(policies.weir, back.policy), []);
});
