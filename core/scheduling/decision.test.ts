import assert from "node:assert/strict";
import { test } from "node:test";
import { centreId } from "#core/ids.ts";
import { candidatesOf, decisionOf } from "#core/scheduling/decision.ts";
import { candidate } from "#core/scheduling/reasons.ts";

const [alpha, beta, gamma] = [centreId("alpha"), centreId("beta"), centreId("gamma")];
const full = { pool: "batch", ahead: 3 };
const said = [
  candidate(alpha, "behind-in-queue", full),
  candidate(beta, null, {}),
  candidate(gamma, "behind-in-queue", { ...full }),
];

test("centres that said the same stand together, and come back one by one in the order of their ids", () => {
  const kept = decisionOf(7, said);
  assert.deepEqual(kept, {
    decidedMs: 7,
    candidates: [
      { rule: "behind-in-queue", holds: "later", facts: full, centres: [alpha, gamma] },
      { rule: null, holds: "now", facts: {}, centres: [beta] },
    ],
  });
  assert.deepEqual(candidatesOf(JSON.parse(JSON.stringify(kept))), said);
});

test("the same rule with other facts is another answer", () => {
  const other = [said[0] ?? assert.fail(), candidate(beta, "behind-in-queue", { ...full, ahead: 4 })];
  assert.equal(decisionOf(7, other).candidates.length, 2);
  assert.deepEqual(candidatesOf(decisionOf(7, other)), other);
});

test("what was kept centre by centre is still read", () => {
  assert.deepEqual(candidatesOf({ decidedMs: 7, candidates: said }), said);
});
