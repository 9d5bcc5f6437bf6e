import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { processIdentity } from "#local/process.ts";
import { blocks, blocksFrom, isAbandoned } from "./claims.ts";

test("whoever asks sees every block once, in an order of his own", () => {
  fc.assert(
    fc.property(fc.nat(4_194_304), (seed) => {
      const order = blocksFrom(seed);
      assert.equal(new Set(order).size, blocks.count);
      assert.notEqual(order[0], blocksFrom(seed + 1)[0]);
      // Linux gives clients ports from 32768.
      for (const first of order) assert.ok(first >= 1_024 && first + blocks.size <= 32_768, `${first}`);
      const gaps = [...order]
        .sort((one, other) => one - other)
        .map((first, index, all) => first - (all[index - 1] ?? -1e9));
      assert.ok(Math.min(...gaps) >= blocks.size, "no two overlap");
    }),
  );
});

test("an instance is abandoned once its owner is gone, and never where it has none", () => {
  const owner = processIdentity(process.pid);
  assert.ok(owner !== null);
  const claim = { firstPort: 10_000, top: "/top", owner };
  assert.equal(isAbandoned(claim), false);
  // Another process that was given the same pid.
  assert.equal(isAbandoned({ ...claim, owner: { ...owner, startTicks: "1" } }), true);
  assert.equal(isAbandoned({ ...claim, owner: null }), false);
});
