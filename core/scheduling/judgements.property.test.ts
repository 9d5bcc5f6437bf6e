import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pairKey } from "#core/centre/accounts.ts";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, jobId, personId, projectId, type TaskRef, tenantId } from "#core/ids.ts";
import { policies } from "#core/scheduling/policy.ts";
import type { Candidate } from "#core/scheduling/reasons.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import { poolOfNodes } from "./scenario-testing.ts";

const pool = fc.record({
  cores: fc.integer({ min: 1, max: 8 }),
  cards: fc.constantFrom(0, 0, 2),
  state: fc.constantFrom("up", "up", "up", "up", "drained"),
  isNodeOut: fc.constantFrom(false, false, false, true),
  contract: fc.constantFrom("dedicated", "dedicated", "dedicated", "shared"),
  timeLimitS: fc.constantFrom(null, null, 50),
  sharePercent: fc.constantFrom(null, null, null, 50),
});
const centres = fc.array(
  fc.record({
    pools: fc.array(pool, { minLength: 1, maxLength: 2, size: "small" }),
    connection: fc.constantFrom("connected", "connected", "connected", "unreachable"),
    needsAccount: fc.constantFrom(false, false, false, true),
    intake: fc.constantFrom("open", "open", "open", "draining"),
  }),
  { minLength: 2, maxLength: 5 },
);
const job = fc.record({
  cores: fc.integer({ min: 1, max: 6 }),
  nodes: fc.constantFrom(1, 1, 1, 2),
  cards: fc.constantFrom(0, 0, 0, 1),
  limitS: fc.integer({ min: 1, max: 100 }),
  only: fc.constantFrom([], [], [], ["c1"]),
  wholeNodes: fc.constantFrom(undefined, undefined, undefined, true as const),
});
const steps = fc.array(fc.record({ jobs: fc.array(job, { maxLength: 6 }), most: fc.integer({ min: 1, max: 3 }) }), {
  minLength: 1,
  maxLength: 20,
  size: "max",
});

test("with the first that starts is kept what the centres say when somebody asks why it does not run yet", () => {
  let busy = 0;
  fc.assert(
    fc.property(centres, steps, (told, lived) => {
      const world = createWorld(policies.easy);
      for (const [at, { pools, ...more }] of told.entries()) addCentre(world, `c${at}`, pools, more);
      let next = 1;
      const live: TaskRef[] = [];
      for (const [at, { jobs, most }] of lived.entries()) {
        for (const each of jobs) submit(world, next++, each, at * 1000);
        const ended = live.shift();
        if (ended) {
          const indices = [{ first: ended.index, last: ended.index, step: 1 }];
          world.apply({ kind: "tasks-ended", job: ended.job, indices, succeeded: true, atMs: at * 1000 });
        }
        const { place } = world.decide(at * 1000, most);
        const [first] = place;
        if (first) {
          const asked = world.explain(first, at * 1000);

          assert.deepEqual(asked.kind === "waiting" && said(asked.candidates), said(first.candidates));
          busy += first.candidates.filter(({ rule }) => rule === "cores-busy").length;
        }
        for (const { job, index, attempt, centre, pool: name, allocation } of place) {
          const run = { job, index, attempt, centre, pool: name, allocation };
          world.apply({ kind: "task-placed", ...run, phase: "running", atMs: at * 1000 });
          live.push({ job, index });
        }
      }
    }),
    { numRuns: 600 },
  );
  assert.ok(busy > 200, `${busy} were too busy`);
});

function said(candidates: readonly Candidate[]) {
  return candidates.map(({ centre, rule, holds, facts }) => ({ centre, rule, holds, facts }));
}

const who = { project: projectId(1), person: personId(1) };

type Pool = typeof pool extends fc.Arbitrary<infer T> ? T : never;
type Told = typeof centres extends fc.Arbitrary<infer T> ? T : never;

function addCentre(
  world: World,
  id: string,
  pools: readonly Pool[],
  { needsAccount, ...more }: Omit<Told[number], "pools">,
): void {
  const states = pools.map(({ cores, cards, state, isNodeOut, contract, timeLimitS, sharePercent }, at) => {
    const accelerators = cards === 0 ? [] : [{ vendor: "x", model: "npu", count: cards }];
    // One node alone is up: on several, runs may be put together otherwise when somebody asks.
    const nodes = [{ cores, accelerators }, ...(isNodeOut ? [{ cores, state: "down" as const }] : [])];
    const limits = { timeLimitS, leastNodes: 1, mostNodes: null };
    return poolOfNodes(`p${at}`, nodes, { state, contract, limits, sharePercent });
  });
  const state = { lifeCycle: "in-service", offers: noOffers, ...more } as const;
  const accounts = needsAccount ? new Map([[pairKey(who), "ready"] as const]) : null;
  world.apply({
    kind: "centre-changed",
    centre: { id: centreId(id), driver: "slurm", ...state, accounts, pools: states },
  });
}

function submit(world: World, id: number, asked: typeof job extends fc.Arbitrary<infer T> ? T : never, nowMs: number) {
  const { cores, nodes, cards, limitS, only, wholeNodes } = asked;
  const accelerators = cards === 0 ? null : { vendor: null, model: "npu", perNode: cards };
  const plain = { nodes, tasks: nodes, coresPerTask: cores, memory: { kind: "default" }, accelerators } as const;
  world.apply({
    kind: "job-queued",
    job: jobId(id),
    submittedMs: nowMs,
    tenant: tenantId(1),
    ...who,
    name: `job ${id}`,
    shape: wholeNodes ? { ...plain, wholeNodes } : plain,
    timeLimitS: limitS,
    array: null,
    dependencies: [],
    wishes: { only: only.map(centreId), except: [], prefer: [] },
    demands: null,
    past: null,
  });
}
