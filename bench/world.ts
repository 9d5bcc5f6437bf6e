import { noOffers, oneMachine } from "#core/centre/engine.ts";
import { centreId, jobId, personId, projectId, type TaskRef } from "#core/ids.ts";
import type { Shape } from "#core/job/spec.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";

/**
 * The world alone, in one process: how fast it takes events in, and what a decision costs with a long queue. One JSON
 * line a figure. `node bench/world.ts [queued…]`, default 1000 100000 1000000.
 */
const sizes = process.argv.slice(2).map(Number);
for (const queued of sizes.length > 0 ? sizes : [1_000, 100_000, 1_000_000]) {
  measure("plain-jobs", queued, queued);
  measure("arrays-of-1000", queued, Math.ceil(queued / 1000));
}

function measure(name: string, queued: number, jobs: number): void {
  const world = createWorld();
  for (let i = 0; i < 100; i++) addCentre(world, i, 0);
  const before = residentMib();
  const applyMs = timed(() => {
    for (let i = 0; i < jobs; i++) addJob(world, i, queued / jobs);
  });
  report({ name, queued, what: "apply job-queued", perS: Math.round(jobs / (applyMs / 1000)) });
  report({ name, queued, what: "memory of the queue", mib: residentMib() - before });

  const regroupMs = timed(() => {
    for (let i = 0; i < 100; i++) addCentre(world, i, 256);
  });
  report({ name, queued, what: "a centre changes what it can ever run", eachMs: round(regroupMs / 100) });
  const perJob = Math.round(queued / jobs);
  serve(world, name, queued, { job: jobId(1 + (jobs - 1) * perJob), index: perJob - 1 });
}

/** Fills the network, and then replaces 100 runs for each decision: 2 000 starts/s are 20 such decisions. */
function serve(world: World, name: string, queued: number, last: TaskRef): void {
  const live: { readonly job: number; readonly index: number }[] = [];
  const placeAll = (most: number) => {
    const plan = world.decide(0, most);
    for (const { job, index, attempt, centre, pool, allocation } of plan.place) {
      world.apply({ kind: "task-placed", job, index, attempt, centre, pool, allocation, phase: "sent", atMs: 0 });
      live.push({ job, index });
    }
    return plan.place.length;
  };
  let placed = 0;
  const fillMs = timed(() => {
    for (let n = placeAll(100); n > 0 && placed < queued / 2; n = placeAll(100)) placed += n;
  });
  report({
    name,
    queued,
    what: "fill: decide 100 and apply them",
    placementsPerS: Math.round(placed / (fillMs / 1000)),
  });
  placeAll(1_000_000);
  report({ name, queued, what: "decide, nothing free", ...spread(1000, () => world.decide(0, 1000)) });
  const rounds = Math.min(500, Math.floor(queued / 400));
  const ends = () => {
    for (const { job, index } of live.splice(0, 100))
      world.apply({
        kind: "tasks-ended",
        job: jobId(job),
        indices: [{ first: index, last: index, step: 1 }],
        succeeded: true,
      });
  };
  if (rounds === 0) return;
  const turn = () => {
    ends();
    return placeAll(1000);
  };
  report({ name, queued, what: "100 end, decide, apply", ...spread(rounds, turn) });
  ends();
  report({
    name,
    queued,
    what: "decide 100 placements",
    ...spread(Math.min(rounds, 100), () => world.decide(0, 1000)),
  });
  placeAll(1000);
  report({ name, queued, what: "explain the last task", ...spread(100, () => world.explain(last, 0)) });
  report({ name, queued, what: "what would start the last task", ...spread(100, () => world.whatIf(last, 0)) });
}

function addCentre(world: World, i: number, cores: number): void {
  const accelerators = i % 4 === 0 ? [{ vendor: "huawei", model: "ascend-910", count: cores }] : [];
  const machine = { cores: cores * (1 + (i % 3)), memoryMib: 4000 * cores, memoryMibPerCore: 1000 };
  const id = centreId(`c${`${i}`.padStart(3, "0")}`);
  const told = oneMachine("n", machine, accelerators);
  const contract = { contract: "dedicated", lifeCycle: "in-service", maxPending: 8, leaseMs: null } as const;
  const pools = [{ ...told, ...contract, name: "main", foreign: "none" as const }];
  world.apply({
    kind: "centre-changed",
    centre: {
      id,
      driver: "process",
      lifeCycle: "in-service",
      intake: "open",
      connection: "connected",
      pools,
      offers: noOffers,
      accounts: null,
    },
  });
}

/** A few dozen shapes, some with accelerators, of 50 people; deterministic. */
function addJob(world: World, i: number, tasks: number): void {
  const accelerators = i % 7 === 0 ? { vendor: "huawei", model: null, perNode: 1 + (i % 2) } : null;
  const shape: Shape = {
    nodes: 1,
    tasks: 1,
    coresPerTask: 2 + (i % 5),
    memory: i % 3 === 0 ? { kind: "default" } : { kind: "per-node", mib: 500 * (1 + (i % 4)) },
    accelerators,
  };
  world.apply({
    kind: "job-queued",
    job: jobId(1 + i * Math.round(tasks)),
    submittedMs: i,
    project: projectId(1 + (i % 10)),
    person: personId(1 + (i % 50)),
    name: `job ${i}`,
    shape,
    timeLimitS: 3600,
    array: tasks > 1 ? { ranges: [{ first: 0, last: tasks - 1, step: 1 }], throttle: null } : null,
    dependencies: [],
    wishes: { only: [], except: [], prefer: [] },
    demands: null,
    past: null,
  });
}

function timed(work: () => void): number {
  const from = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - from) / 1e6;
}

function spread(rounds: number, work: () => unknown): Record<string, number> {
  const times = Array.from({ length: rounds }, () => timed(() => void work())).sort((a, b) => a - b);
  const at = (share: number) => round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
  return { rounds, medianMs: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function residentMib(): number {
  globalThis.gc?.();
  return Math.round(process.memoryUsage().rss / 1024 / 1024);
}

function report(line: Record<string, string | number>): void {
  console.log(JSON.stringify({ bench: "world", ...line }));
}
