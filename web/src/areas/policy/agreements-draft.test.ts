import assert from "node:assert/strict";
import { test } from "node:test";
import { changesBetween, type Document, issuesIn, isWhole, newAgreement, withAgreement } from "./agreements-draft.ts";

const one = { from: ["cn-sd"], to: ["cn-gz"], sharePercent: 25, hours: [], terms: "No. 7" };
const document: Document = { otherwise: "allowed", agreements: [one] };

test("what is not touched does not change; what changes goes and comes", () => {
  assert.deepEqual(changesBetween(document, structuredClone(document)), []);
  const changed = withAgreement(document, 0, { sharePercent: null });
  assert.deepEqual(changesBetween(document, changed), [
    { kind: "goes", agreement: one },
    { kind: "comes", agreement: { ...one, sharePercent: null } },
  ]);
  assert.deepEqual(changesBetween(document, { ...withAgreement(document, 0, null), otherwise: "refused" }), [
    { kind: "otherwise", to: "refused" },
    { kind: "goes", agreement: one },
  ]);
});

test("a pair named twice is told where it stands again, and a region that agrees with itself", () => {
  const twice = { ...document, agreements: [one, { ...one, to: ["cn-gz", "cn-sd"] }] };
  const found = issuesIn(twice, "en").get(1) ?? [];
  assert.equal(found.length, 2);
  assert.match(found.join(" "), /cn-sd to cn-gz is said twice.*cn-sd needs no agreement with itself/);
  assert.equal(issuesIn(document, "en").size, 0);
});

test("an agreement that names nobody on one side is not whole", () => {
  assert.equal(isWhole(document), true);
  assert.equal(isWhole({ ...document, agreements: [one, newAgreement] }), false);
});
