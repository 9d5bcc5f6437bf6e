import assert from "node:assert/strict";
import { test } from "node:test";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { runScenario } from "#core/scheduling/scenario-testing.ts";

/** First come first served in each class, without a plan of the first: so what failed once is not tried again. */
const inTurn: Policy = {
  ...policies.weir,
  order: { kind: "score", processorsPower: 0, predictedPower: 0, requestedPower: 0, waitPower: 0, waitScaleS: 1 },
  fairness: null,
  lookahead: null,
};

/**
 * On several nodes less room may be put together otherwise, so that what failed fits beside what starts: `ten` failed when it
 * was decided last, and fits once `late` has started. It is not known before that has come.
 */
test("as long as nothing is told, the same is decided, whatever was found to fail meanwhile", () => {
  const world = runScenario(
    `
    pool alpha/main  2×6 cards 2 x/npu
    pool beta/main   2×6 cards 3 x/npu
    pool gamma/main  1×2
    job one    cores 6 cards 2 x/npu time 20 priority low
    job two    cores 2 cards 2 x/npu time 20 priority low
    job three  cores 1 time 20 priority low
    job four   cores 4 time 400 priority low
    at 5
    place
    running one
    running two
    running three
    running four
    end one ok
    job five   cores 1 time 20 priority low
    job six    cores 1 time 20 priority low
    job seven  cores 1 time 20 priority low
    at 10
    place
    running five
    running six
    running seven
    end two ok
    job eight  cores 1 cards 1 x/npu time 20 priority low
    job nine   nodes 2 cores 1 time 20
    job ten    cores 4 time 20 priority low
    job eleven nodes 2 cores 2 time 20
    job twelve nodes 2 cores 1 cards 2 x/npu time 20
    job first  cores 2 cards 1 x/npu time 20 priority high
    at 18
    place
    running first
    running nine
    running twelve
    running eight
    expect nothing starts
    at 19
    job late   cores 1 cards 1 x/npu time 20
    `,
    inTurn,
  );
  const plan = world.decide(19_000, 100);
  assert.equal(plan.place.length, 1);
  assert.deepEqual(world.decide(19_000, 100), plan);
});
