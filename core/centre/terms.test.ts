import assert from "node:assert/strict";
import { test } from "node:test";
import { type CentreTerms, defaultTerms, poolTerms } from "./terms.ts";

test("what is agreed of a pool by name goes before what is of all others; nothing is taken from the pool that was agreed", () => {
  const others = { contract: null, maxPending: 8, leaseS: null, sharePercent: null, hours: [] };
  const agreed: CentreTerms = {
    pools: { gpu: { ...others, contract: "opportunistic", maxPending: 3, leaseS: 60 } },
    otherPools: { ...others, maxPending: 5 },
    priceList: "free",
  };
  const of = (name: string, contract: "shared" | "dedicated") => {
    const terms = poolTerms(agreed, { name, contract }, "slurm");
    return [terms.contract, terms.maxPending, terms.leaseMs];
  };
  assert.deepEqual(of("gpu", "shared"), ["opportunistic", 3, 60_000]);
  // B2: the owner cannot make a deadline longer, so that in a shared pool it is far off.
  assert.deepEqual(of("batch", "shared"), ["shared", 5, 7 * 86_400_000]);
  assert.deepEqual(of("batch", "dedicated"), ["dedicated", 5, 300_000]);
  assert.deepEqual(of("toString", "dedicated"), ["dedicated", 5, 300_000]);
  const process = poolTerms(defaultTerms("process"), { name: "main", contract: "shared" }, "process");
  assert.deepEqual([process.contract, process.leaseMs, process.maxPending], ["dedicated", null, 8]);
});
