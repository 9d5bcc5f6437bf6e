import { noOffers, oneMachine } from "#core/centre/engine.ts";
import { type CentreId, centreId, jobId, personId, projectId, type TaskRef, tenantId } from "#core/ids.ts";
import type { Shape } from "#core/job/spec.ts";
import { type PolicyName, policies } from "#core/scheduling/policy.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";

/**
 * The world alone, in one process: how fast it takes events in, and what a decision costs with a long queue. One JSON
 * line a figure. `node --expose-gc bench/world.ts [policy] [queued…]`, default weir 1000 100000 1000000.
 */
const [first = "weir", ...others] = process.argv.slice(2);
const named = Object.keys(policies).find((name): name is PolicyName => name === first);
const sizes = (named ? others : process.argv.slice(2)).map(Number);
const policy = policies[named ?? "weir"];
/** Starts a second: of each decision there are 20 a second, and it starts about as much as ended since the one before. */
const startsPerS = 2_000;
const stepMs = 50;
/** Longer than any policy that ships lets anybody wait. */
const waitedMs = 400_000_000;

for (const queued of sizes.length > 0 ? sizes : [1_000, 100_000, 1_000_000]) {
  measure("plain-jobs", queued, queued);
  measure("arrays-of-1000", queued, Math.ceil(queued / 1000));
  if (queued > 100_000) continue;
  measure("hardly-two-alike", queued, queued);
  // Of those that are queued some 13 000 run; the others wait.
  measure("unlike-beyond-longest-wait", queued, queued);
  measure("the-same-on-four-nodes", queued, queued, 4);
}

/** `nodes`: of each centre. */
function measure(name: string, queued: number, jobs: number, nodes = 1): void {
  const world = createWorld(policy);
  for (let i = 0; i < 100; i++) addCentre(world, i, 0, nodes);
  const homes = Array.from({ length: 10 }, (_, i) => [tenantId(1 + i), centreName(i)] as const);
  world.apply({ kind: "homes-set", homes, atMs: 0 });
  const before = residentMib();
  const applyMs = timed(() => {
    for (let i = 0; i < jobs; i++) addJob(world, name, i, queued / jobs);
  });
  report({ name, queued, what: "apply job-queued", perS: Math.round(jobs / (applyMs / 1000)) });
  report({ name, queued, what: "memory of the queue", mib: residentMib() - before });

  const regroupMs = timed(() => {
    for (let i = 0; i < 100; i++) addCentre(world, i, 256, nodes);
  });
  report({ name, queued, what: "a centre changes what it can ever run", eachMs: round(regroupMs / 100) });
  const perJob = Math.round(queued / jobs);
  serve(world, name, queued, jobs, { job: jobId(1 + (jobs - 1) * perJob), index: perJob - 1 });
}

/** Fills the network, and then lets time pass: runs end, as many new jobs come, and each step is decided. */
function serve(world: World, name: string, queued: number, jobs: number, last: TaskRef): void {
  const live: { readonly job: number; readonly index: number }[] = [];
  const isBeyond = name === "unlike-beyond-longest-wait" || name === "the-same-on-four-nodes";
  let nowMs = queued + (isBeyond ? waitedMs : 0);
  let dice = 1;
  const roll = (sides: number) => {
    dice = (Math.imul(dice, 1_664_525) + 1_013_904_223) >>> 0;
    return dice % sides;
  };
  const decided: number[] = [];
  const place = (most: number) => {
    const before = process.cpuUsage();
    const plan = world.decide(nowMs, most);
    const { user, system } = process.cpuUsage(before);
    decided.push((user + system) / 1000);
    for (const { job, index, attempt, centre, pool, allocation } of plan.place) {
      const run = { job, index, attempt, centre, pool, allocation };
      world.apply({ kind: "task-placed", ...run, phase: "running", atMs: nowMs });
      live.push({ job, index });
    }
    return plan.place.length;
  };
  let placed = 0;
  const fillMs = timed(() => {
    for (let n = place(100); n > 0 && placed < queued / 2; n = place(100)) placed += n;
  });
  report({
    name,
    queued,
    what: "fill: decide 100 and apply them",
    placementsPerS: Math.round(placed / (fillMs / 1000)),
  });
  place(1_000_000);
  report({ name, queued, what: "decide, nothing changed", ...spread(1000, () => world.decide(nowMs, 1000)) });
  const perStep = (startsPerS * stepMs) / 1000;
  let next = jobs;
  let starts = 0;
  decided.length = 0;
  const rounds = Math.min(400, Math.floor(queued / (isBeyond ? 100 : 400)));
  for (let round = 0; round < rounds; round++) {
    nowMs += stepMs;
    for (let i = 0; i < perStep && live.length > 0; i++) {
      const at = roll(live.length);
      const ended = live[at];
      const moved = live.pop();
      if (!ended || !moved) break;
      if (moved !== ended) live[at] = moved;
      const indices = [{ first: ended.index, last: ended.index, step: 1 }];
      world.apply({ kind: "tasks-ended", job: jobId(ended.job), indices, succeeded: true, atMs: nowMs });
    }
    const submittedMs = isBeyond ? nowMs - waitedMs : nowMs;
    for (let i = 0; i < Math.ceil((perStep * jobs) / queued); i++)
      addJob(world, name, next++, queued / jobs, submittedMs);
    starts += place(256);
  }
  if (rounds === 0) return;
  report({ name, queued, what: "decide, 100 ended and 100 came (CPU)", starts, ...figures(decided) });
  report({ name, queued, what: "live", residentMib: residentMib(), waiting: world.counts().queued, live: live.length });
  const told = Array.from({ length: 20 }, () => {
    nowMs += 10_000;
    const before = process.cpuUsage();
    world.tell(nowMs);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  report({ name, queued, what: "ranks told anew (CPU)", ...figures(told) });
  nowMs += stepMs;
  report({ name, queued, what: "explain the last task", ...spread(100, () => world.explain(last, nowMs)) });
  report({ name, queued, what: "what would start the last task", ...spread(100, () => world.whatIf(last, nowMs)) });
}

function addCentre(world: World, i: number, cores: number, nodes: number): void {
  const accelerators = i % 4 === 0 ? [{ vendor: "huawei", model: "ascend-910", count: cores / nodes }] : [];
  const machine = { cores: (cores * (1 + (i % 3))) / nodes, memoryMib: (4000 * cores) / nodes, memoryMibPerCore: 1000 };
  const id = centreName(i);
  const one = oneMachine("n", machine, accelerators);
  const told = { ...one, nodes: one.nodes.map((group) => ({ ...group, count: nodes })) };
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

function centreName(i: number): CentreId {
  return centreId(`c${`${i}`.padStart(3, "0")}`);
}

/** Some hundreds of shapes and limits, or as many as jobs, some with accelerators, of 50 people of ten tenants, each with a home; deterministic. */
function addJob(world: World, name: string, i: number, tasks: number, atMs = i): void {
  const isUnlike = name !== "plain-jobs" && name !== "arrays-of-1000";
  const accelerators = i % 7 === 0 ? { vendor: "huawei", model: null, perNode: 1 + (i % 2) } : null;
  const shape: Shape = {
    nodes: 1,
    tasks: 1,
    coresPerTask: 2 + (i % 5),
    memory:
      i % 3 === 0 ? { kind: "default" } : { kind: "per-node", mib: (isUnlike ? i % 97 : 500) + 500 * (1 + (i % 4)) },
    accelerators,
  };
  world.apply({
    kind: "job-queued",
    job: jobId(1 + i * Math.round(tasks)),
    submittedMs: atMs,
    tenant: tenantId(1 + (i % 10)),
    project: projectId(1 + (i % 10)),
    person: personId(1 + (i % 50)),
    name: `job ${i}`,
    shape,
    timeLimitS: isUnlike ? 600 + (i % 86_400) : 600 * (1 + (i % 11)),
    graceS: 30,
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
  return figures(Array.from({ length: rounds }, () => timed(() => void work())));
}

function figures(measured: readonly number[]): Record<string, number> {
  const times = measured.toSorted((a, b) => a - b);
  const at = (share: number) => round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
  return { rounds: times.length, medianMs: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
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
