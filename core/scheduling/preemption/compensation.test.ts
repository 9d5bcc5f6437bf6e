import assert from "node:assert/strict";
import { test } from "node:test";
import { jobId, personId, projectId, tenantId } from "#core/ids.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { runScenario } from "../scenario-testing.ts";
import type { World } from "../world.ts";

// What a run that made way lost is not billed (M7), and by the policy does not count as used either (docs/decisions/0092).

/** A run of 1 000 s on the whole centre, all charged at 0, that was preempted. */
function preempted(usageCredit: number | null, lostMs: number | undefined): World {
  const compensation = usageCredit === null ? null : { usageCredit };
  const preemption = { ...policies.weir.preemption, compensation };
  const policy: Policy = { ...policies.weir, prediction: null, lookahead: null, preemption };
  const world = runScenario(
    `
    centre alpha  4 cores
    job filler cores 4 time 3600 priority low preemptible checkpoints
    place
    running filler
    at 1000
    `,
    policy,
  );
  world.apply({
    kind: "task-queued",
    job: jobId(1),
    index: 0,
    attempts: 1,
    atMs: 1_000_000,
    startedMs: 0,
    ...(lostMs && { lostMs }),
  });
  return world;
}

function usedOf(world: World): number {
  return Math.round(world.remembered(0).used.reduce((sum, [, , , used]) => sum + used, 0));
}

test("what a preempted run lost is taken off its submitter's usage as often as the policy says", () => {
  assert.equal(usedOf(preempted(1, undefined)), 1000, "what was not lost counts");
  assert.equal(usedOf(preempted(0, 400_000)), 1000);
  assert.equal(usedOf(preempted(null, 400_000)), 1000);
  assert.equal(usedOf(preempted(1, 400_000)), 600);
  assert.equal(usedOf(preempted(2, 400_000)), 200);
  assert.equal(usedOf(preempted(2, 1_000_000)), 0, "nobody's usage falls below none");
});

test("more than was lost is taken off what its submitter used before, which is the same in a world that starts then", () => {
  const used = (usageCredit: number, lostMs: number): number => {
    const preemption = { ...policies.weir.preemption, compensation: { usageCredit } };
    const world = runScenario("centre alpha  4 cores", { ...policies.weir, prediction: null, preemption });
    const whole = { nodes: 1, tasks: 1, coresPerTask: 4, coresPerNode: 4, memoryMibPerNode: 0 };
    const allocation = { ...whole, acceleratorsPerNode: 0, acceleratorVendor: null, acceleratorModel: null };
    const shape = { nodes: 1, tasks: 1, coresPerTask: 4, memory: { kind: "default" }, accelerators: null } as const;
    const who = {
      tenant: tenantId(1),
      project: projectId(1),
      person: personId(1),
      shape,
      timeLimitS: 3600,
      allocation,
    };
    const past = { placedMs: 0, startedMs: 0, endedMs: 1_000_000, isLast: false };
    world.apply({ kind: "run-past", ...who, ...past });
    world.apply({ kind: "run-past", ...who, ...past, lostMs });
    return usedOf(world);
  };
  assert.equal(used(1, 400_000), 1600);
  assert.equal(used(0, 400_000), 2000);
  assert.equal(used(3, 1_000_000), 0);
  assert.equal(used(2, 1_000_000), 0, "as much again as it lost is taken off what it used before");
  assert.equal(used(2, 700_000), 600);
});
