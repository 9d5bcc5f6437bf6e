import assert from "node:assert/strict";
import { test } from "node:test";
import { type CheckName, type CheckResult, checkNames, gradeOf, type Verdict } from "./connection-test.ts";

function results(changes: Partial<Record<CheckName, Verdict | null>> = {}): CheckResult[] {
  return checkNames.flatMap((check) => {
    const verdict = changes[check] === undefined ? "pass" : changes[check];
    return verdict === null ? [] : [{ check, verdict, asked: "", seen: "", startedMs: 0, tookMs: 1 }];
  });
}

test("all passed is an A, and so is what a centre may do without", () => {
  assert.deepEqual(gradeOf(results(), 0), { grade: "A", costs: [] });
  const plain = { accelerator: "not-offered", "multi-node": "not-offered", "cancel-queued": "not-offered" } as const;
  assert.equal(gradeOf(results(plain), 0).grade, "A");
});

test("the worst cost counts", () => {
  assert.equal(gradeOf(results({ throughput: "fail" }), 0).grade, "B");
  const both = gradeOf(results({ throughput: "fail", "out-of-memory": "fail" }), 0);
  assert.deepEqual(both, {
    grade: "C",
    costs: [
      { check: "out-of-memory", why: "failed", leaves: "C" },
      { check: "throughput", why: "failed", leaves: "B" },
    ],
  });
  assert.equal(gradeOf(results({ environment: "not-offered" }), 0).grade, "C");
});

test("a run started twice, a check left out or a clock that is off is never served", () => {
  assert.equal(gradeOf(results({ "second-start": "fail" }), 0).grade, null);
  const must: readonly CheckName[] = [
    ...(["submit", "tag", "exit-code", "signal", "cancel-running", "time-limit", "deadline", "second-start"] as const),
    ...(["wrapper-record", "log-streaming", "clock-skew", "restart", "array"] as const),
  ];
  for (const check of must)
    for (const verdict of ["fail", "not-offered"] as const)
      assert.equal(gradeOf(results({ [check]: verdict }), 0).grade, null, `${check} ${verdict}`);
  assert.equal(gradeOf(results({ "cancel-queued": "fail" }), 0).grade, null);
  for (const check of ["out-of-memory", "environment"] as const)
    assert.equal(gradeOf(results({ [check]: "not-offered" }), 0).grade, "C", check);
  assert.deepEqual(gradeOf(results({ restart: null }), 0).costs, [{ check: "restart", why: "not-run", leaves: null }]);
  assert.equal(gradeOf([], 0).grade, null);
  assert.equal(gradeOf(results(), 5_000).grade, "A");
  assert.deepEqual(gradeOf(results(), -5_001), {
    grade: null,
    costs: [{ check: "clock-skew", why: "failed", leaves: null }],
  });
});
