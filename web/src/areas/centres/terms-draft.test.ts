import assert from "node:assert/strict";
import { test } from "node:test";
import { firstHours, hasOwn, type Terms, termsOf, withChange, withHours, withOwn } from "./terms-draft.ts";

const others = { contract: null, maxPending: 8, leaseS: null, sharePercent: null, hours: [] };
const terms: Terms = { pools: {}, otherPools: others, priceList: "free" };

test("a pool gets terms of its own from those of the others, and goes back to them", () => {
  const own = withChange(withOwn(terms, "batch", true), "batch", { sharePercent: 40 });
  assert.deepEqual(termsOf(own, "batch"), { ...others, sharePercent: 40 });
  assert.deepEqual(termsOf(own, "accel"), others);
  assert.equal(hasOwn(own, "toString"), false);
  assert.deepEqual(withOwn(own, "batch", false), terms);
  assert.deepEqual(withChange(own, null, { maxPending: 2 }).otherPools.maxPending, 2);
  assert.deepEqual(terms.pools, {}, "nothing is changed in place");
});

test("hours are changed and taken out by their place", () => {
  const weekend = { days: [6, 7], from: "00:00", to: "24:00" };
  const both = [firstHours, weekend];
  assert.deepEqual(withHours(both, 1, { from: "06:00" })[1], { ...weekend, from: "06:00" });
  assert.deepEqual(withHours(both, 0, null), [weekend]);
});
