import { noOffers } from "#core/centre/engine.ts";
import { centreId, type JobId, jobId, personId, projectId, tenantId } from "#core/ids.ts";
import type { Policy } from "#core/scheduling/policy.ts";
import type { Schedule, Workload } from "#core/scheduling/replay/workload.ts";
import { poolOfNodes } from "#core/scheduling/scenario-testing.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";

/**
 * Drives the live world through a workload, as its own loop would be driven: at one instant first what ends, then what is
 * submitted, then decisions until there is nothing more to start. All homes are one machine of one node; each is a tenant,
 * with the weight that the policy gives it, and the machine is the home of the first. `areApart`: the others have machines of
 * their own, which nobody can reach. For tests alone.
 */
export function replayInWorld(workload: Workload, policy: Policy, areApart = false): Schedule {
  const { count, submitS, runS, homes } = workload;
  const world = createWorld(policy);
  const all = areApart
    ? homes.map(({ processors }) => processors)
    : [homes.reduce((sum, home) => sum + home.processors, 0)];
  for (const [at, cores] of all.entries()) world.apply({ kind: "centre-changed", centre: machine(at, cores) });
  const weights = homes.map(({ name }, home) => [tenantId(home + 1), policy.fairness?.weights[name] ?? 1] as const);
  const promises = homes.flatMap(({ name }, home) => {
    const promiseS = policy.fairness?.promises[name];
    return promiseS === undefined ? [] : [[tenantId(home + 1), promiseS] as const];
  });
  world.apply({ kind: "policy-set", policy, weights, promises, atMs: 0 });
  world.apply({ kind: "homes-set", homes: all.map((_, at) => [tenantId(at + 1), machineId(at)]), atMs: 0 });
  const startS = new Int32Array(count).fill(-1);
  const ends: Ends = { times: [], jobs: new Map() };
  for (let next = 0; next < count || ends.times.length > 0; ) {
    const nowS = Math.min(submitS[next] ?? Number.POSITIVE_INFINITY, ends.times[0] ?? Number.POSITIVE_INFINITY);
    for (const job of takeEnds(ends, nowS)) end(world, job, nowS * 1000);
    for (; next < count && submitS[next] === nowS; next += 1) submit(world, workload, next);
    for (const job of placeAll(world, nowS * 1000)) {
      startS[job - 1] = nowS;
      addEnd(ends, nowS + (runS[job - 1] ?? 0), job);
    }
  }
  return { startS, centre: new Uint16Array(count) };
}

function machineId(at: number) {
  return centreId(`home-${at}`);
}

/** The first can be reached. */
function machine(at: number, cores: number) {
  const pools = [poolOfNodes("main", [{ count: 1, cores, memoryMib: 1 }], { memoryMibPerCore: 0 })];
  const told = {
    lifeCycle: "in-service",
    intake: "open",
    connection: at === 0 ? "connected" : "unreachable",
    offers: noOffers,
  } as const;
  return { id: machineId(at), driver: "process", ...told, accounts: null, pools } as const;
}

function submit(world: World, workload: Workload, at: number): void {
  const { submitS, estimateS, processors, home, project, person } = workload;
  const shape = { nodes: 1, tasks: 1, coresPerTask: processors[at] ?? 0, memory: { kind: "default" } } as const;
  world.apply({
    kind: "job-queued",
    job: jobId(at + 1),
    submittedMs: (submitS[at] ?? 0) * 1000,
    tenant: tenantId((home[at] ?? 0) + 1),
    project: projectId((project[at] ?? 0) + 1),
    person: personId((person[at] ?? 0) + 1),
    name: `job ${at}`,
    shape: { ...shape, accelerators: null },
    timeLimitS: estimateS[at] ?? 0,
    array: null,
    dependencies: [],
    wishes: { only: [], except: [], prefer: [] },
    demands: null,
    past: null,
  });
}

function placeAll(world: World, nowMs: number): readonly JobId[] {
  const started: JobId[] = [];
  for (;;) {
    const { place } = world.decide(nowMs, 1000);
    for (const { job, index, attempt, centre, pool, allocation } of place) {
      const run = { job, index, attempt, centre, pool, allocation };
      world.apply({ kind: "task-placed", ...run, phase: "running", atMs: nowMs });
      started.push(job);
    }
    if (place.length < 1000) return started;
  }
}

function end(world: World, job: JobId, atMs: number): void {
  world.apply({ kind: "tasks-ended", job, indices: [{ first: 0, last: 0, step: 1 }], succeeded: true, atMs });
}

/** What runs, by when it ends; `times` ascending, each once. */
type Ends = { readonly times: number[]; readonly jobs: Map<number, JobId[]> };

function addEnd({ times, jobs }: Ends, atS: number, job: JobId): void {
  const known = jobs.get(atS);
  if (known) known.push(job);
  else {
    jobs.set(atS, [job]);
    let place = times.length;
    while (place > 0 && (times[place - 1] ?? 0) > atS) place -= 1;
    times.splice(place, 0, atS);
  }
}

function takeEnds({ times, jobs }: Ends, nowS: number): readonly JobId[] {
  if (times[0] !== nowS) return [];
  times.shift();
  const ended = jobs.get(nowS) ?? [];
  jobs.delete(nowS);
  // As the kernel takes them: what is learnt depends on its order.
  return ended.sort((a, b) => a - b);
}
