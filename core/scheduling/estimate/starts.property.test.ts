import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { centreId, type JobId, jobId, personId, projectId, tenantId } from "#core/ids.ts";
import type { StartEstimate } from "#core/scheduling/estimate/starts.ts";
import { createGenerator } from "#core/scheduling/kernel/generator.ts";
import { policies } from "#core/scheduling/policy.ts";
import { poolOfNodes } from "#core/scheduling/scenario-testing.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";

// A network as it lives: jobs come at random and take a part of their limits. What is told of their starts comes true about
// as often as it says, and is never the moment of asking.
test("nine in ten start before the latest that they are told, at whatever moment they ask", () => {
  const total = { learnt: 0, late: 0, early: 0, half: 0 };
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(0.3, 0.6), (seed, share) => {
      const { asked, started } = live(seed, share);
      for (const { job, nowMs, estimate } of asked) {
        assert.notEqual(estimate.kind, "now", "all that can start has started");
        const startMs = started.get(job);
        if (startMs === undefined) continue;
        if (estimate.kind === "limits") assert(estimate.byMs > nowMs);
        if (estimate.kind !== "learnt") continue;
        const { earliestMs, likelyMs, latestMs, seen } = estimate;
        assert(nowMs < earliestMs && earliestMs <= likelyMs && likelyMs <= latestMs && seen >= 10);
        total.learnt += 1;
        if (startMs > latestMs) total.late += 1;
        if (startMs < earliestMs) total.early += 1;
        if (startMs <= likelyMs) total.half += 1;
      }
    }),
    { numRuns: 8, seed: 1 },
  );
  const said = JSON.stringify(total);
  assert(total.learnt > 500, said);
  assert(total.late <= 0.12 * total.learnt, said);
  assert(total.early <= 0.15 * total.learnt, said);
  assert(total.half >= 0.4 * total.learnt && total.half <= 0.65 * total.learnt, said);
});

type Asked = { readonly job: JobId; readonly nowMs: number; readonly estimate: StartEstimate };
type Lived = { readonly asked: readonly Asked[]; readonly started: ReadonlyMap<JobId, number> };

/** Two centres of 16 cores for some hours, about as much work as they can do. */
function live(seed: number, share: number): Lived {
  const generator = createGenerator(seed);
  const roll = () => generator.below(1_000_000) / 1_000_000;
  const world = begin();
  const limits = new Map<JobId, number>();
  const waiting = new Set<JobId>();
  const ends = new Map<JobId, number>();
  const started = new Map<JobId, number>();
  const asked: Asked[] = [];
  for (let nowMs = 0; nowMs < 12 * 3_600_000; nowMs += stepMs) {
    for (const [job, endMs] of ends)
      if (endMs <= nowMs) {
        world.apply({ kind: "tasks-ended", job, indices: whole, succeeded: true, atMs: nowMs });
        ends.delete(job);
      }
    if (roll() < (0.05 * 0.45) / share) {
      const job = jobId(limits.size + 1);
      limits.set(job, 60 * Math.ceil(60 * roll() ** 2));
      waiting.add(job);
      submit(world, job, nowMs, 1 + Math.floor(12 * roll() ** 2), limits.get(job) ?? 0);
    }
    for (const { job, index, attempt, centre, pool, allocation } of world.decide(nowMs, 100).place) {
      world.apply({ kind: "task-placed", job, index, attempt, centre, pool, allocation, phase: "sent", atMs: nowMs });
      world.apply({ kind: "run-moved", job, index, attempt, phase: "running", atMs: nowMs });
      waiting.delete(job);
      started.set(job, nowMs);
      const part = Math.min(1, 2 * share * roll());
      ends.set(job, nowMs + Math.ceil(1000 * Math.max(1, part * (limits.get(job) ?? 0))));
    }
    const told = world.estimateDue(nowMs);
    if (told) world.apply({ kind: "start-told", ...told });
    const [one] = [...waiting].filter(() => roll() < 0.02);
    if (one) asked.push({ job: one, nowMs, estimate: estimateOf(world, one, nowMs) });
  }
  return { asked, started };
}

const stepMs = 5_000;
const whole = [{ first: 0, last: 0, step: 1 }];

function begin(): World {
  const world = createWorld(policies.weir);
  for (const id of ["alpha", "beta"]) {
    const pool = poolOfNodes("main", [{ cores: 16, memoryMib: 100_000, accelerators: [] }], { memoryMibPerCore: 1 });
    const rest = { lifeCycle: "in-service", intake: "open", connection: "connected", offers: null } as const;
    const centre = { id: centreId(id), driver: "process", ...rest, accounts: null, pools: [pool] } as const;
    world.apply({ kind: "centre-changed", centre });
  }
  return world;
}

function submit(world: World, job: JobId, submittedMs: number, cores: number, timeLimitS: number): void {
  world.apply({
    kind: "job-queued",
    job,
    submittedMs,
    tenant: tenantId(1),
    project: projectId(1),
    person: personId(1 + (job % 5)),
    name: "job",
    shape: { nodes: 1, tasks: 1, coresPerTask: cores, memory: { kind: "default" }, accelerators: null },
    timeLimitS,
    array: null,
    dependencies: [],
    wishes: { only: [], except: [], prefer: [] },
    demands: null,
    past: null,
  });
}

function estimateOf(world: World, job: JobId, nowMs: number): StartEstimate {
  const explained = world.explain({ job, index: 0 }, nowMs);
  assert(explained.kind === "waiting");
  return explained.estimate;
}
