import { type EnginePool, noOffers, oneMachine } from "#core/centre/engine.ts";
import { centreId, jobId, personId, projectId } from "#core/ids.ts";
import type { Shape } from "#core/job/spec.ts";
import { createGenerator } from "#core/scheduling/kernel/generator.ts";
import { policies } from "#core/scheduling/policy.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";

/**
 * The world of a network of so many centres of so many nodes each, with so many tasks in it, synthetic, under Weir's own
 * policy: `node --expose-gc bench/world-scale.ts CENTRES NODES TASKS`. Tasks come as arrays of 1 000; it is filled, and then
 * lives: runs end, as many are started. One JSON line.
 */
export type WorldScaled = {
  readonly nodes: number;
  /** CPU time of a decision after some runs have ended, 100 at most, and how many it starts on average. */
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly startsEach: number;
  /** CPU time of filling the empty network, by run started. */
  readonly fillUs: number;
  readonly residentMib: number;
  readonly live: number;
};

const rounds = 100;
const endedEach = 100;
const coresEach = 64;

if (import.meta.main) {
  const [centres = 1, nodes = 1, tasks = 10_000] = process.argv.slice(2).map(Number);
  process.stdout.write(`${JSON.stringify(scale(centres, nodes, tasks))}\n`);
}

function scale(centres: number, nodesEach: number, tasks: number): WorldScaled {
  const world = createWorld(policies.weir);
  const random = createGenerator(1);
  for (let i = 0; i < centres; i += 1) addCentre(world, i, nodesEach);
  const arrays = Math.ceil(tasks / 1000);
  for (let i = 0; i < arrays; i += 1) addArray(world, i, i, nodesEach);
  let nowMs = arrays;
  const live: { readonly job: number; readonly index: number }[] = [];
  const decide = (most: number): number => {
    const before = process.cpuUsage();
    const plan = world.decide(nowMs, most);
    const { user, system } = process.cpuUsage(before);
    for (const { job, index, attempt, centre, pool, allocation } of plan.place) {
      const run = { job, index, attempt, centre, pool, allocation };
      world.apply({ kind: "task-placed", ...run, phase: "running", atMs: nowMs });
      live.push({ job, index });
    }
    return (user + system) / 1000;
  };
  let fillMs = 0;
  for (let before = -1; before < live.length; ) {
    before = live.length;
    fillMs += decide(1000);
  }
  const filled = live.length;
  let started = 0;
  const decided: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    nowMs += 50;
    // About one in thirty of what runs.
    const ending = Math.min(endedEach, Math.ceil(live.length / 30));
    for (let i = 0; i < ending; i += 1) {
      const at = random.below(live.length);
      const [ended, last] = [live[at], live.pop()];
      if (!ended || !last) break;
      if (last !== ended) live[at] = last;
      const indices = [{ first: ended.index, last: ended.index, step: 1 }];
      world.apply({ kind: "tasks-ended", job: jobId(ended.job), indices, succeeded: true });
    }
    started -= live.length;
    decided.push(decide(256));
    started += live.length;
  }
  decided.sort((a, b) => a - b);
  const at = (share: number) => decided[Math.min(decided.length - 1, Math.floor(share * decided.length))] ?? 0;
  globalThis.gc?.();
  return {
    nodes: centres * nodesEach,
    medianMs: at(0.5),
    p99Ms: at(0.99),
    startsEach: started / rounds,
    fillUs: (fillMs * 1000) / Math.max(1, filled),
    residentMib: process.memoryUsage().rss / 1_048_576,
    live: live.length,
  };
}

function addCentre(world: World, i: number, nodes: number): void {
  const id = centreId(`c${`${i}`.padStart(4, "0")}`);
  const machine = { cores: coresEach, memoryMib: 4000 * coresEach, memoryMibPerCore: 4000 };
  const one = oneMachine("n", machine);
  const pool: EnginePool = {
    ...one,
    limits: { ...one.limits, mostNodes: null },
    nodes: one.nodes.map((group) => ({ ...group, names: `n[1-${nodes}]`, count: nodes })),
  };
  const contract = { contract: "dedicated", lifeCycle: "in-service", maxPending: 8, leaseMs: null } as const;
  world.apply({
    kind: "centre-changed",
    centre: {
      ...{ id, driver: "slurm", lifeCycle: "in-service", intake: "open", connection: "connected" },
      pools: [{ ...pool, ...contract, name: "main", foreign: "none" }],
      ...{ offers: noOffers, accounts: null },
    },
  });
}

/** Of 50 people: from all nodes of a centre down to a 32nd of them, all of each or a quarter, and eleven limits. */
function addArray(world: World, i: number, atMs: number, nodesEach: number): void {
  const nodes = Math.max(1, Math.floor(nodesEach / 2 ** (i % 6)));
  const shape: Shape = {
    ...{ nodes, tasks: nodes, coresPerTask: i % 3 === 0 ? coresEach / 4 : coresEach },
    ...{ memory: { kind: "default" }, accelerators: null },
  };
  world.apply({
    ...{ kind: "job-queued", job: jobId(1 + i * 1000), submittedMs: atMs, name: `array ${i}` },
    ...{ project: projectId(1 + (i % 10)), person: personId(1 + (i % 50)) },
    ...{ shape, timeLimitS: 600 * (1 + (i % 11)), graceS: 30 },
    ...{ array: { ranges: [{ first: 0, last: 999, step: 1 }], throttle: null }, dependencies: [] },
    ...{ wishes: { only: [], except: [], prefer: [] }, demands: null, past: null },
  });
}
