import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, jobId, personId, projectId } from "#core/ids.ts";
import { policies } from "#core/scheduling/policy.ts";
import { poolOfNodes } from "#core/scheduling/scenario-testing.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";

/**
 * A centre puts runs on whichever nodes it likes, and tells on which late or never. Whoever is started for nodes in a row
 * finds them all the same, and nobody behind the first of the queue delays it. A failure prints the seed.
 */
test("what starts in a row finds one wherever the centre has put its runs, and the first is delayed by nobody behind it", () => {
  let inARow = 0;
  let kept = 0;
  fc.assert(
    fc.property(sizes, steps, fc.infiniteStream(fc.nat(1_000_000)), (size, lived, dice) => {
      const centre = openCentre(size, (sides) => (dice.next().value ?? 0) % sides);
      for (const each of lived.flatMap(bySeconds)) {
        live(centre, each);
        const again = createWorld(policies.easy);
        for (const event of centre.history) again.apply(event);
        const { place } = centre.world.decide(centre.nowMs, 100);
        assert.deepEqual(again.decide(centre.nowMs, 100).place, place, "as one that was never asked");
        // What an engine tells of one that has started may make room for the next.
        for (let started = 1; started > 0; ) {
          const { place } = centre.world.decide(centre.nowMs, 100);
          assert.deepEqual(centre.world.decide(centre.nowMs, 100).place, place, "deciding changes nothing");
          for (const { job } of place) {
            if (start(centre, job)) inARow += 1;
            const promisedMs = centre.promised.get(job);
            if (promisedMs === undefined) continue;
            kept += 1;
            assert(
              centre.nowMs <= promisedMs,
              `job ${job} was to start by ${promisedMs}, and starts at ${centre.nowMs}`,
            );
          }
          started = place.length;
        }
        promiseFirst(centre);
      }
    }),
    { numRuns: 200 },
  );
  assert(inARow > 100 && kept > 20, `${inARow} started in a row, ${kept} where a place was kept`);
});

/** It is decided every second, so that nobody starts later than it could. */
function bySeconds(each: Step): readonly Step[] {
  return each.kind === "wait" ? new Array<Step>(each.seconds).fill({ kind: "wait", seconds: 1 }) : [each];
}

type Job = { readonly nodes: number; readonly row: boolean; readonly timeLimitS: number; readonly tells: boolean };
type Run = { readonly on: readonly number[]; readonly endsMs: number; isTold: boolean };
type Centre = {
  readonly world: World;
  readonly history: WorldEvent[];
  readonly size: number;
  readonly roll: (sides: number) => number;
  readonly jobs: Job[];
  readonly live: Map<number, Run>;
  /** Of those that were first in the queue, when a place was kept for them first. */
  readonly promised: Map<number, number>;
  readonly started: Set<number>;
  nowMs: number;
};

const sizes = fc.integer({ min: 3, max: 10 });
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("job" as const),
      nodes: fc.integer({ min: 1, max: 4 }),
      row: fc.boolean(),
      timeLimitS: fc.integer({ min: 1, max: 50 }),
      tells: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), seconds: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("tell" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("end" as const) }) },
);
const steps = fc.array(step, { maxLength: 50, size: "max" });
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function openCentre(size: number, roll: (sides: number) => number): Centre {
  const world = createWorld(policies.easy);
  const nodes = [{ names: `n[01-${`${size}`.padStart(2, "0")}]`, count: size, cores: 4 }];
  const pool = poolOfNodes("batch", nodes, { row: nodes[0]?.names });
  const rest = { driver: "slurm", lifeCycle: "in-service", intake: "open", connection: "connected" } as const;
  const state = { id: centreId("alpha"), ...rest, pools: [pool], offers: noOffers, accounts: null };
  const centre: Centre = {
    world,
    history: [],
    size,
    roll,
    jobs: [],
    live: new Map(),
    promised: new Map(),
    started: new Set(),
    nowMs: 0,
  };
  told(centre, { kind: "centre-changed", centre: state });
  return centre;
}

function told({ world, history }: Centre, event: WorldEvent): void {
  history.push(event);
  world.apply(event);
}

function live(centre: Centre, each: Step): void {
  const running = [...centre.live];
  const [job, run] = running[centre.roll(Math.max(1, running.length))] ?? [];
  if (each.kind === "job") {
    if (each.nodes > centre.size) return;
    centre.jobs.push(each);
    told(centre, queued(centre.jobs.length, each, centre.nowMs));
  } else if (each.kind === "wait") {
    centre.nowMs += 1000 * each.seconds;
    // By its limit each has ended.
    for (const [one, { endsMs }] of running) if (endsMs <= centre.nowMs) end(centre, one);
  } else if (job === undefined || !run) return;
  else if (each.kind === "end") end(centre, job);
  else tell(centre, job, run);
}

function end(centre: Centre, job: number): void {
  centre.live.delete(job);
  const indices = [{ first: 0, last: 0, step: 1 }];
  told(centre, { kind: "tasks-ended", job: jobId(job), indices, succeeded: true, atMs: centre.nowMs });
}

function tell(centre: Centre, job: number, run: Run): void {
  run.isTold = true;
  const nodes = run.on.map((at) => `n${`${at + 1}`.padStart(2, "0")}`).join(",");
  const moved = { kind: "run-moved", job: jobId(job), index: 0, attempt: 1, phase: "running" } as const;
  told(centre, { ...moved, atMs: centre.nowMs, nodes });
}

/** The engine takes any nodes that do; answers whether it is one in a row. */
function start(centre: Centre, id: number): boolean {
  const { size, live: runs, jobs, roll, nowMs } = centre;
  const job = jobs[id - 1] ?? assert.fail(`job ${id}`);
  const taken = new Set([...runs.values()].flatMap(({ on }) => on));
  const free = Array.from({ length: size }, (_, at) => at).filter((at) => !taken.has(at));
  const windows = free.flatMap((at) => {
    const window = Array.from({ length: job.nodes }, (_, next) => at + next);
    return window.every((one) => one < size && !taken.has(one)) ? [window] : [];
  });
  if (job.row) assert(windows.length > 0, `${job.nodes} in a row of ${size}, with ${[...taken]} taken`);
  const scattered = [...free].sort(() => roll(3) - 1).slice(0, job.nodes);
  const on = job.row ? (windows[roll(windows.length)] ?? []) : scattered;
  assert.equal(on.length, job.nodes);
  runs.set(id, { on, endsMs: nowMs + 1000 * job.timeLimitS, isTold: false });
  centre.started.add(id);
  const allocation = {
    nodes: job.nodes,
    tasks: job.nodes,
    coresPerTask: 4,
    coresPerNode: 4,
    memoryMibPerNode: 1,
    acceleratorsPerNode: 0,
    acceleratorVendor: null,
    acceleratorModel: null,
    ...(job.row && { contiguous: true as const }),
  };
  const placed = { job: jobId(id), index: 0, attempt: 1, centre: centreId("alpha"), pool: "batch", allocation };
  told(centre, { kind: "task-placed", ...placed, phase: "running", atMs: nowMs });
  const run = runs.get(id);
  if (job.tells && run) tell(centre, id, run);
  return job.row && job.nodes > 1;
}

/** For the first of the queue a place is kept: by the time that all which runs by then is over it starts. */
function promiseFirst({ jobs, started, promised, live: runs, nowMs }: Centre): void {
  const first = jobs.findIndex((_, at) => !started.has(at + 1)) + 1;
  if (first > 0 && !promised.has(first))
    promised.set(first, Math.max(nowMs, ...[...runs.values()].map(({ endsMs }) => endsMs)));
}

function queued(id: number, { nodes, row, timeLimitS }: Job, nowMs: number): WorldEvent {
  const contiguous = row && nodes > 1 && { contiguous: true as const };
  const shape = { nodes, tasks: nodes, coresPerTask: 4, memory: { kind: "per-node", mib: 1 } as const };
  return {
    kind: "job-queued",
    job: jobId(id),
    submittedMs: nowMs + id,
    project: projectId(1),
    person: personId(1),
    name: "job",
    shape: { ...shape, accelerators: null, ...contiguous },
    timeLimitS,
    array: null,
    dependencies: [],
    wishes: { only: [], except: [], prefer: [] },
    demands: null,
    past: null,
  };
}
