import assert from "node:assert/strict";
import { test } from "node:test";
import { centreId, jobId } from "#core/ids.ts";
import type { StartBasis } from "#core/scheduling/estimate/starts.ts";
import { policies } from "#core/scheduling/policy.ts";
import { runScenario } from "#core/scheduling/scenario-testing.ts";
import type { World } from "#core/scheduling/world.ts";

const alpha = centreId("alpha");

test("what was learnt at a pool turns the estimate by time limits into a range", () => {
  const world = runScenario(
    `
    pool alpha/main 1×8
    job ahead  cores 8 time 1000
    place
    running ahead
    job next   cores 8 time 1000
    `,
    policies.weir,
  );
  const before = estimate(world, 2);
  assert.deepEqual(before, {
    from: "profile",
    earliestMs: 0,
    likelyMs: 1_000_000,
    latestMs: null,
    centre: alpha,
    seen: 0,
  });
  learn(world, "profile", 1000, 100);
  const after = estimate(world, 2);
  assert(after?.from === "profile" && after.seen > 30);
  assert(after.likelyMs < 300_000, `it started after 100 s, not 1000: ${after.likelyMs}`);
  assert(after.latestMs !== null && after.earliestMs <= after.likelyMs && after.likelyMs <= after.latestMs);
});

test("of what waits in a centre's queue the engine's word is the estimate, else how long such work waited there", () => {
  const world = runScenario(
    `
    pool alpha/main 1×8 shared foreign free 0
    job said    cores 8 time 1000
    job unsaid  cores 8 time 1000
    place
    queued said 600
    queued unsaid
    `,
    policies.weir,
  );
  assert.deepEqual(estimate(world, 1), {
    ...{ from: "engine", earliestMs: 0, likelyMs: 600_000, latestMs: null },
    ...{ centre: alpha, seen: 0 },
  });
  assert.deepEqual(estimate(world, 2), { from: "unknown" });
  learn(world, "queue", 0, 250);
  const after = estimate(world, 2);
  assert(after?.from === "queue" && after.likelyMs >= 250_000 && after.likelyMs < 400_000, JSON.stringify(after));
});

function learn(world: World, basis: StartBasis, estimatedS: number, trueS: number): void {
  const start = { basis, centre: alpha, pool: "main", processors: 8, timeLimitS: 1000, estimatedS, trueS };
  world.apply({ kind: "learnt-before", starts: Array.from({ length: 40 }, () => start), ends: [] });
}

function estimate(world: World, job: number) {
  const explained = world.explain({ job: jobId(job), index: 0 }, 0);
  return explained.kind === "not-queued" ? null : explained.estimate;
}
