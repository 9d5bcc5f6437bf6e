import assert from "node:assert/strict";
import { test } from "node:test";
import { changesOf, draftOf, grantsNothing, lacksNumber, mayBe, type Owner } from "./owner-draft.ts";

const project: Owner = {
  kind: "project",
  id: 2,
  name: "tides",
  title: "Tides",
  tenant: "ouc",
  mostCores: 64,
  grants: [{ unit: "core-ms", granted: "360000000", left: "36000000" }],
  place: { residency: ["cn-sd", "cn-gz"], domestic: false },
};
const tenant: Owner = {
  kind: "tenant",
  id: 1,
  name: "ouc",
  title: "OUC",
  home: null,
  mostCores: null,
  grants: [],
  place: { region: null, residency: null, domestic: false },
};

test("what is not touched is not set: a grant given once more would count anew", () => {
  for (const owner of [project, tenant]) assert.deepEqual(changesOf(owner, draftOf(owner)), []);
});

test("a grant is replaced, taken away or given for the first time, and says what was left", () => {
  const { grants, ...rest } = draftOf(project);
  const withCores = (grant: (typeof grants)["core-ms"]) =>
    changesOf(project, { ...rest, grants: { ...grants, "core-ms": grant } });
  assert.deepEqual(withCores({ kind: "anew", hours: " 500 " }), [
    { kind: "grant", unit: "core-ms", hours: 500, left: "36000000" },
  ]);
  assert.deepEqual(withCores({ kind: "any" }), [{ kind: "grant", unit: "core-ms", hours: null, left: "36000000" }]);
  const cards = changesOf(project, { ...rest, grants: { ...grants, "milli-card-ms": { kind: "anew", hours: "0" } } });
  assert.deepEqual(cards, [{ kind: "grant", unit: "milli-card-ms", hours: 0, left: null }]);
});

test("what is no number is no change and cannot be sent; what may not be granted is the server's to refuse", () => {
  const draft = draftOf(project);
  const typed = (hours: string) => ({
    ...draft,
    grants: { ...draft.grants, "core-ms": { kind: "anew", hours } as const },
  });
  for (const hours of ["", " ", "abc", "5 h", "1e3", "0x10", "-", "."]) {
    assert.deepEqual(changesOf(project, typed(hours)), [], hours);
    assert.equal(lacksNumber(typed(hours)), true, hours);
  }
  for (const hours of ["0.05", "-5"]) {
    const changes = changesOf(project, typed(hours));
    assert.deepEqual(changes, [{ kind: "grant", unit: "core-ms", hours: Number(hours), left: "36000000" }]);
    assert.deepEqual([lacksNumber(typed(hours)), changes.filter(mayBe)], [false, []], "sent, and no consequence told");
  }
  assert.deepEqual(changesOf(project, typed("0")).map(grantsNothing), [true]);
  assert.deepEqual(changesOf(project, typed("1")).map(grantsNothing), [false]);
  assert.equal(lacksNumber(draft), false);
});

test("cores at once: nothing is any number, what is no number cannot be sent", () => {
  const draft = draftOf(project);
  assert.deepEqual(changesOf(project, { ...draft, mostCores: "" }), [{ kind: "cores", to: null }]);
  assert.deepEqual(changesOf(project, { ...draft, mostCores: "16" }), [{ kind: "cores", to: 16 }]);
  assert.deepEqual(changesOf(project, { ...draft, mostCores: "few" }), []);
  assert.equal(lacksNumber({ ...draft, mostCores: "few" }), true);
});

test("regions in another order are the same; none is anywhere", () => {
  const draft = draftOf(project);
  assert.deepEqual(changesOf(project, { ...draft, residency: ["cn-gz", "cn-sd"] }), []);
  assert.deepEqual(changesOf(project, { ...draft, residency: [] }), [{ kind: "residency", to: null }]);
  assert.deepEqual(changesOf(tenant, { ...draftOf(tenant), region: "cn-sd", residency: ["cn"], domestic: true }), [
    { kind: "region", to: "cn-sd" },
    { kind: "residency", to: ["cn"] },
    { kind: "domestic", to: true },
  ]);
});

test("a project has neither home nor region of its own", () => {
  assert.deepEqual(changesOf(project, { ...draftOf(project), home: "local", region: "cn-sd" }), []);
  assert.deepEqual(changesOf(tenant, { ...draftOf(tenant), home: "local" }), [{ kind: "home", to: "local" }]);
});
