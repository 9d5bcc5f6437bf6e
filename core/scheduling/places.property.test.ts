import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, type JobId, jobId, personId, projectId, tenantId } from "#core/ids.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import { poolOfNodes } from "./scenario-testing.ts";

// Places of those near their longest wait are kept (docs/decisions/0084).

/** All who have waited for a minute are near their longest wait, as far as ranks were told anew since. */
const guarded = { ...policies.weir, maxWaitS: 100, guardLeadS: 40 };

const steps = fc.array(
  fc.record({
    afterS: fc.integer({ min: 1, max: 60 }),
    come: fc.array(
      fc.record({
        nodes: fc.constantFrom(1, 1, 1, 2),
        cores: fc.integer({ min: 1, max: 8 }),
        limitS: fc.integer({ min: 10, max: 400 }),
        ranS: fc.integer({ min: 1, max: 400 }),
        tasks: fc.constantFrom(1, 1, 3),
        only: fc.constantFrom(null, null, "alpha", "beta"),
        priority: fc.constantFrom("normal", "normal", "low"),
      }),
      { maxLength: 4 },
    ),
  }),
  { minLength: 10, maxLength: 40 },
);
const sizes = fc.array(fc.record({ count: fc.integer({ min: 1, max: 2 }), cores: fc.integer({ min: 4, max: 8 }) }), {
  minLength: 1,
  maxLength: 4,
});

type Steps = typeof steps extends fc.Arbitrary<infer T> ? T : never;

test("a place near the longest wait is kept until its holder starts, never later than it was given", () => {
  let kept = 0;
  fc.assert(
    fc.property(
      steps,
      sizes,
      fc.constantFrom(guarded, without(guarded)),
      fc.integer({ min: 1, max: 9 }),
      (...lived) => {
        kept += live(...lived);
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(kept > 1000, `${kept} places were seen again`);
});

function without(policy: Policy): Policy {
  return { ...policy, lookahead: null, placing: null };
}

/** Answers how many places outlived a step. */
function live(steps: Steps, sizes: readonly { count: number; cores: number }[], policy: Policy, most: number): number {
  const world = createWorld(policy);
  // On several nodes fewer runs may be put together worse than more: there nothing ends before its time.
  const isOneNode = sizes.every(({ count }) => count === 1);
  for (const [at, { count, cores }] of sizes.entries())
    addCentre(world, ["alpha", "beta", "gamma", "delta"][at] ?? "", count, cores);
  const ends = new Map<string, { readonly job: JobId; readonly index: number; readonly endMs: number }>();
  const ranS = new Map<JobId, number>();
  let given = new Map<string, number>();
  let seenAgain = 0;
  let nowMs = 0;
  let next = 1;
  for (const { afterS, come } of steps) {
    const untilMs = nowMs + afterS * 1000;
    const coming = [...come];
    for (let isFull = false; ; ) {
      // As many as may be were placed: what is left is decided in the same moment.
      if (!isFull) nowMs = Math.min(untilMs, ...[...ends.values()].map(({ endMs }) => endMs));
      for (const [key, { job, index, endMs }] of ends) {
        if (endMs > nowMs) continue;
        ends.delete(key);
        const indices = [{ first: index, last: index, step: 1 }];
        world.apply({ kind: "tasks-ended", job, indices, succeeded: true, atMs: nowMs });
      }
      if (nowMs === untilMs)
        for (const each of coming.splice(0)) {
          ranS.set(jobId(next), isOneNode ? Math.min(each.ranS, each.limitS) : each.limitS);
          submit(world, next, each, nowMs);
          next += each.tasks;
        }
      const { place } = world.decide(nowMs, most);
      assert.deepEqual(world.decide(nowMs, most).place, place, "deciding again is deciding the same");
      const started = new Set(place.map(({ job, index }) => `${job}_${index}`));
      for (const { job, index, attempt, centre, pool, allocation } of place) {
        const run = { job, index, attempt, centre, pool, allocation };
        world.apply({ kind: "task-placed", ...run, phase: "running", atMs: nowMs });
        ends.set(`${job}_${index}`, { job, index, endMs: nowMs + (ranS.get(job) ?? 1) * 1000 });
        const promisedMs = given.get(`${job}_${index}`) ?? nowMs;
        assert.ok(nowMs <= promisedMs, `${job}_${index} starts at ${nowMs}, promised ${promisedMs}`);
      }
      const now = new Map(world.places().map(({ job, index, atMs }) => [`${job}_${index}`, atMs]));
      for (const [task, promisedMs] of given) {
        if (started.has(task)) continue;
        const atMs = now.get(task) ?? assert.fail(`${task} lost its place at ${nowMs}`);
        assert.ok(atMs <= promisedMs, `${task}: promised ${promisedMs}, at ${nowMs} it is ${atMs}`);
        seenAgain += 1;
      }
      given = now;
      isFull = place.length === most;
      if (nowMs === untilMs && !isFull) break;
    }
  }
  return seenAgain;
}

function addCentre(world: World, id: string, count: number, cores: number): void {
  const told = { lifeCycle: "in-service", intake: "open", connection: "connected", offers: noOffers } as const;
  const pools = [poolOfNodes("main", [{ count, cores }])];
  world.apply({
    kind: "centre-changed",
    centre: { id: centreId(id), driver: "simulated", ...told, accounts: null, pools },
  });
}

function submit(world: World, id: number, asked: Steps[number]["come"][number], nowMs: number): void {
  const { nodes, cores, limitS, tasks, only, priority } = asked;
  const shape = { nodes, tasks: nodes, coresPerTask: cores, memory: { kind: "default" }, accelerators: null } as const;
  world.apply({
    kind: "job-queued",
    job: jobId(id),
    submittedMs: nowMs,
    tenant: tenantId(1),
    project: projectId(1),
    person: personId(1 + (id % 3)),
    name: `job ${id}`,
    shape,
    timeLimitS: limitS,
    priority,
    array: tasks > 1 ? { ranges: [{ first: 0, last: tasks - 1, step: 1 }], throttle: null } : null,
    dependencies: [],
    wishes: { only: only === null ? [] : [centreId(only)], except: [], prefer: [] },
    demands: null,
    past: null,
  });
}
