import assert from "node:assert/strict";
import { test } from "node:test";
import { learnStart, medianError, noStartErrors } from "#core/scheduling/estimate/start-errors.ts";

const small = { centre: "alpha", processors: 4, timeLimitS: 3600 };

test("the error in the middle: none of a pool that was never seen, a class nobody used borrows from its pool", () => {
  const errors = noStartErrors();
  assert.equal(medianError(errors, small), null);
  for (let i = 0; i < 50; i++) learnStart(errors, small, 100, 1100);
  const large = medianError(errors, { ...small, processors: 4096 });
  assert(large !== null && large >= 1000 && large < 1500, `${large}`);
  assert.equal(medianError(errors, { ...small, centre: "new" }), null);
});

test("what was long ago fades", () => {
  const errors = noStartErrors();
  for (let i = 0; i < 300; i++) learnStart(errors, small, 0, 50_000);
  for (let i = 0; i < 1500; i++) learnStart(errors, small, 0, 0);
  assert.equal(medianError(errors, small), 0);
});
