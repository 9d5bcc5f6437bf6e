import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { centreId, type JobId, jobId, personId, projectId, tenantId } from "#core/ids.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import { poolOfNodes } from "./scenario-testing.ts";

// The one that waits first comes first throughout by this order, if it were not for deadlines.
const fairness = { ...policies.weir.fairness, least: 1, most: 1 };
const policy: Policy = {
  ...policies.weir,
  order: { kind: "fcfs" },
  fairness,
  maxWaitS: null,
  prediction: null,
  lookahead: null,
  homePriority: null,
};

/** On the grid of tenth seconds, at which ranks are told: so nothing here comes between two of them. */
const tens = (min: number, max: number) => fc.integer({ min, max }).map((count) => 10 * count);
const dated = fc.record({
  cores: fc.integer({ min: 1, max: 8 }),
  timeLimitS: tens(1, 40),
  slackS: tens(0, 30),
  afterS: tens(0, 6),
});

test("whoever holds a place starts no later for any number of deadlines behind it", () => {
  fc.assert(
    fc.property(
      fc.array(tens(5, 90), { minLength: 2, maxLength: 4 }),
      fc.integer({ min: 5, max: 8 }),
      fc.array(dated, { minLength: 1, maxLength: 30, size: "max" }),
      (limits, cores, jobs) => {
        const stage = begin();
        for (const timeLimitS of limits) submit(stage, { cores: 2, timeLimitS });
        live(stage);
        const head = submit(stage, { cores, timeLimitS: 500 });
        live(stage);
        let promisedMs = Number.POSITIVE_INFINITY;
        for (const { afterS, slackS, ...job } of jobs) {
          for (const untilMs = stage.nowMs + afterS * 1000; stage.nowMs < untilMs; ) {
            stage.nowMs += 10_000;
            live(stage);
            const startMs = startOf(stage, head);
            assert(startMs <= promisedMs, `at ${stage.nowMs / 1000} s: ${startMs} is later than ${promisedMs}`);
            promisedMs = startMs;
          }
          submit(stage, { ...job, deadlineMs: stage.nowMs + (job.timeLimitS + slackS) * 1000 });
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("with deadlines nobody waits for, the order is as without them", () => {
  fc.assert(
    fc.property(fc.array(dated, { minLength: 2, maxLength: 20, size: "max" }), (jobs) => {
      const [one, other] = [begin(), begin()];
      for (const { afterS, slackS: _, ...job } of jobs) {
        for (const stage of [one, other]) {
          stage.nowMs += afterS * 1000;
          submit(stage, stage === one ? { ...job, deadlineMs: stage.nowMs + 40 * 86_400_000 } : job);
          live(stage);
        }
        assert.deepEqual([...one.ends], [...other.ends]);
      }
    }),
    { numRuns: 60 },
  );
});

type Stage = {
  readonly world: World;
  nowMs: number;
  jobs: number;
  readonly limits: Map<JobId, number>;
  readonly ends: Map<JobId, number>;
};

function begin(): Stage {
  const world = createWorld(policy);
  const pool = poolOfNodes("main", [{ cores: 8, memoryMib: 100_000, accelerators: [] }], { memoryMibPerCore: 1 });
  const plain = {
    lifeCycle: "in-service",
    intake: "open",
    connection: "connected",
    offers: null,
    accounts: null,
  } as const;
  world.apply({
    kind: "centre-changed",
    centre: { id: centreId("alpha"), driver: "process", ...plain, pools: [pool] },
  });
  return { world, nowMs: 0, jobs: 0, limits: new Map(), ends: new Map() };
}

function submit(
  stage: Stage,
  {
    cores,
    timeLimitS,
    deadlineMs,
  }: { readonly cores: number; readonly timeLimitS: number; readonly deadlineMs?: number },
): JobId {
  const job = jobId(++stage.jobs);
  stage.limits.set(job, timeLimitS);
  stage.world.apply({
    kind: "job-queued",
    job,
    submittedMs: stage.nowMs,
    tenant: tenantId(1),
    project: projectId(1),
    person: personId(1 + (job % 3)),
    name: "job",
    shape: { nodes: 1, tasks: 1, coresPerTask: cores, memory: { kind: "default" }, accelerators: null },
    timeLimitS,
    deadlineMs,
    array: null,
    dependencies: [],
    wishes: { only: [], except: [], prefer: [] },
    demands: null,
    past: null,
  });
  return job;
}

/** What has run for as long as it may ends, what can start does, and what is overdue ends. */
function live({ world, nowMs, limits, ends }: Stage): void {
  const whole = [{ first: 0, last: 0, step: 1 }];
  for (const [job, endMs] of ends)
    if (endMs <= nowMs) {
      world.apply({ kind: "tasks-ended", job, indices: whole, succeeded: true, atMs: endMs });
      ends.delete(job);
    }
  const plan = world.decide(nowMs, 100);
  for (const { job, indices } of plan.end)
    world.apply({ kind: "tasks-ended", job, indices, succeeded: false, atMs: nowMs });
  for (const { job, index, attempt, centre, pool, allocation } of plan.place) {
    world.apply({ kind: "task-placed", job, index, attempt, centre, pool, allocation, phase: "running", atMs: nowMs });
    ends.set(job, nowMs + 1000 * (limits.get(job) ?? 0));
  }
}

/** When it started, or as far as is known, will. */
function startOf({ world, nowMs, limits, ends }: Stage, job: JobId): number {
  const endMs = ends.get(job);
  if (endMs !== undefined) return endMs - 1000 * (limits.get(job) ?? 0);
  const explained = world.explain({ job, index: 0 }, nowMs);
  if (explained.kind !== "waiting") return Number.NEGATIVE_INFINITY;
  const { estimate } = explained;
  if (estimate.kind === "now" || estimate.kind === "planned") return estimate.atMs;
  assert(estimate.kind === "limits", estimate.kind);
  return estimate.byMs;
}
