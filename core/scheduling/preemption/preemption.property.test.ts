import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { noOffers } from "#core/centre/engine.ts";
import { type CentreId, centreId, type JobId, jobId, personId, projectId } from "#core/ids.ts";
import { preemptibles } from "#core/job/spec.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";
import type { Plan, PreemptedRun } from "#core/scheduling/world-plan.ts";
import { poolOfNodes } from "../scenario-testing.ts";

const priorityClasses = ["low", "normal", "high"];

/** Classes, then first come first served, so that it is plain who is ahead of whom. */
const policy: Policy = {
  ...policies.weir,
  order: { kind: "score", processorsPower: 0, predictedPower: 0, requestedPower: 0, waitPower: 0, waitScaleS: 1 },
  maxWaitS: null,
  fairness: null,
  homePriority: null,
  prediction: null,
  lookahead: null,
  preemption: {
    of: { normal: ["low"], high: ["low", "normal"] },
    mostTimes: 2,
    mostOfPool: 6,
    mostOfProject: 4,
    mostOfTenant: 5,
    mostGraceS: 20,
    compensation: null,
  },
};
const bounds = policy.preemption ?? assert.fail();

/**
 * Networks of one to three machines live through random steps. After each of them: who is asked to end may be, nobody ends
 * in vain or in excess, who has a place ahead keeps it, nobody is asked too often. A failure prints the seed.
 */
test("whoever makes room is of a lower class and said so, and just those end who let the other start", () => {
  let asked = 0;
  fc.assert(
    fc.property(machines, steps, (sizes, lived) => {
      const model = emptyModel(sizes);
      for (const each of lived) {
        take(model, each);
        const plan = model.world.decide(model.nowMs, 100);
        assert.deepEqual(model.world.decide(model.nowMs, 100), plan, "deciding changes nothing");
        const preempt = plan.preempt ?? [];
        for (const one of preempt) checkMay(model, one);
        checkRates(model, preempt);
        for (const [first] of byClaimant(preempt).values()) {
          assert(first);
          checkReserved(model, plan);
          checkEnds(model, plan, first.claimant.job);
          asked += 1;
        }
      }
    }),
    { numRuns: 400 },
  );
  assert(asked > 50, `in ${asked} cases somebody was asked`);
});

type Run = {
  readonly attempt: number;
  readonly centre: CentreId;
  readonly pool: string;
  readonly startedMs: number;
  asked: boolean;
};
type Job = {
  readonly told: Extract<WorldEvent, { kind: "job-queued" }>;
  attempts: number;
  madeWay: number;
  run: Run | null;
  over: boolean;
};
type Model = {
  readonly world: World;
  readonly history: WorldEvent[];
  readonly jobs: Map<JobId, Job>;
  readonly asked: { readonly atMs: number; readonly place: string; readonly project: number }[];
  nowMs: number;
};

const machines = fc.array(
  fc.record({ nodes: fc.constantFrom(1, 1, 2, 3), cores: fc.integer({ min: 2, max: 8 }), cards: fc.nat(3) }),
  { minLength: 1, maxLength: 3 },
);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("job" as const),
      nodes: fc.constantFrom(1, 1, 1, 2),
      cores: fc.integer({ min: 1, max: 6 }),
      cards: fc.constantFrom(0, 0, 1, 2),
      timeLimitS: fc.constantFrom(20, 100, 400),
      graceS: fc.constantFrom(0, 10, 20, 30),
      priority: fc.constantFrom(...priorityClasses, "low"),
      preemptible: fc.constantFrom(...preemptibles, "restarts" as const),
      project: fc.constantFrom(1, 2),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("place" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("end" as const), pick: fc.nat(100) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("make-way" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lost" as const), pick: fc.nat(100) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), seconds: fc.constantFrom(1, 15, 70, 1000) }),
  },
);
const steps = fc.array(step, { maxLength: 60, size: "max" });
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function emptyModel(
  sizes: readonly { readonly nodes: number; readonly cores: number; readonly cards: number }[],
): Model {
  const model: Model = { world: createWorld(policy), history: [], jobs: new Map(), asked: [], nowMs: 0 };
  for (const [place, { nodes, cores, cards }] of sizes.entries()) {
    const accelerators = cards === 0 ? [] : [{ vendor: "x", model: "npu", count: cards }];
    const pools = [poolOfNodes("main", [{ count: nodes, cores, accelerators }])];
    const id = centreId(`c${place}`);
    const centre = { id, driver: "slurm", lifeCycle: "in-service", intake: "open", connection: "connected" } as const;
    tell(model, { kind: "centre-changed", centre: { ...centre, pools, offers: noOffers, accounts: null } });
  }
  return model;
}

function tell(model: Model, event: WorldEvent): void {
  model.history.push(event);
  model.world.apply(event);
}

function take(model: Model, each: Step): void {
  model.nowMs += 1_000;
  if (each.kind === "job") submit(model, each);
  else if (each.kind === "place") commit(model, model.world.decide(model.nowMs, 100));
  else if (each.kind === "wait") model.nowMs += each.seconds * 1000;
  else if (each.kind === "end" || each.kind === "lost") {
    const live = [...model.jobs.values()].filter(({ run }) => run !== null);
    const job = live[each.pick % Math.max(1, live.length)];
    if (job && each.kind === "end") over(model, job);
    else if (job) lose(model, job);
  } else for (const job of [...model.jobs.values()].filter(({ run }) => run?.asked)) requeue(model, job);
}

function submit(model: Model, each: Extract<Step, { kind: "job" }>): void {
  const { nodes, cores, cards, project, kind: _, ...asked } = each;
  const id = jobId(model.jobs.size + 1);
  const told = {
    ...asked,
    kind: "job-queued",
    job: id,
    submittedMs: model.nowMs,
    project: projectId(project),
    person: personId(1),
    name: "job",
    shape: {
      nodes,
      tasks: nodes,
      coresPerTask: cores,
      memory: { kind: "default" },
      accelerators: cards === 0 ? null : { vendor: null, model: null, perNode: cards },
    },
    array: null,
    dependencies: [],
    wishes: { only: [], except: [], prefer: [] },
    demands: null,
    past: null,
  } as const satisfies WorldEvent;
  model.jobs.set(id, { told, attempts: 0, madeWay: 0, run: null, over: false });
  tell(model, told);
}

/** As the server and the agents would: placed, started at once, asked to make room. */
function commit(model: Model, plan: Plan): void {
  const atMs = model.nowMs;
  for (const { job: id, index, attempt, centre, pool, allocation } of plan.place) {
    const job = jobOf(model, id);
    assert(job.run === null && !job.over);
    job.attempts = attempt;
    job.run = { attempt, centre, pool, startedMs: atMs, asked: false };
    tell(model, { kind: "task-placed", job: id, index, attempt, centre, pool, allocation, phase: "sent", atMs });
    tell(model, { kind: "run-moved", job: id, index, attempt, phase: "running", atMs });
  }
  for (const { claimantName: _, ...run } of plan.preempt ?? []) {
    const job = jobOf(model, run.job);
    assert(job.run);
    job.run.asked = true;
    job.madeWay += 1;
    const { project } = job.told;
    model.asked.push({ atMs, place: `${run.centre}/${run.pool}`, project });
    tell(model, { kind: "run-makes-way", ...run, project, atMs });
  }
}

function over(model: Model, job: Job): void {
  Object.assign(job, { run: null, over: true });
  tell(model, { kind: "tasks-ended", job: job.told.job, indices: [{ first: 0, last: 0, step: 1 }], succeeded: true });
}

/** Declared lost, whether or not it was asked to make way, and begun anew. */
function lose(model: Model, job: Job): void {
  tell(model, { kind: "run-lost", job: job.told.job, index: 0, attempt: job.attempts });
  requeue(model, job);
}

function requeue(model: Model, job: Job): void {
  job.run = null;
  tell(model, { kind: "task-queued", job: job.told.job, index: 0, attempts: job.attempts });
}

function jobOf(model: Model, id: JobId): Job {
  return model.jobs.get(id) ?? assert.fail();
}

function byClaimant(preempt: readonly PreemptedRun[]): ReadonlyMap<JobId, readonly PreemptedRun[]> {
  return Map.groupBy(preempt, ({ claimant }) => claimant.job);
}

function checkMay(model: Model, { job: id, attempt, claimant, centre, pool }: PreemptedRun): void {
  const { told, run, madeWay } = jobOf(model, id);
  const other = jobOf(model, claimant.job);
  assert(run?.attempt === attempt && run.centre === centre && run.pool === pool);
  assert(!run.asked, "nobody is asked twice for one run");
  assert(other.run === null && !other.over);
  assert.notEqual(told.preemptible, "no");
  const rank = (each: Job) => priorityClasses.indexOf(each.told.priority ?? "normal");
  assert(rank(other) > rank(jobOf(model, id)), "only of a lower class");
  assert(madeWay < bounds.mostTimes, "not again and again");
  assert((told.graceS ?? 0) <= bounds.mostGraceS);
}

/** With what was asked before and is asked now, within any hour. */
function checkRates({ asked, nowMs, jobs }: Model, preempt: readonly PreemptedRun[]): void {
  if (preempt.length === 0) return;
  const lately = asked.filter(({ atMs }) => atMs > nowMs - 3_600_000);
  const all = [
    ...lately,
    ...preempt.map(({ job, centre, pool }) => ({
      place: `${centre}/${pool}`,
      project: jobs.get(job)?.told.project ?? assert.fail(),
    })),
  ];
  for (const ofPlace of Map.groupBy(all, ({ place }) => place).values()) assert(ofPlace.length <= bounds.mostOfPool);
  for (const ofOne of Map.groupBy(all, ({ project }) => project).values()) assert(ofOne.length <= bounds.mostOfProject);
}

/** A copy that goes on by itself. */
function copyOf(model: Model): Model {
  const world = createWorld(policy);
  for (const event of model.history) world.apply(event);
  const jobs = [...model.jobs].map(([id, job]) => [id, { ...job, run: job.run && { ...job.run } }] as const);
  return { ...model, world, history: [...model.history], jobs: new Map(jobs), asked: [...model.asked] };
}

/** The first of the queue that waits and is not made room for has its place no later than before. */
function checkReserved(model: Model, plan: Plan): void {
  const placed = new Set(plan.place.map(({ job }) => job));
  const claimants = new Set((plan.preempt ?? []).map(({ claimant }) => claimant.job));
  const waiting = [...model.jobs.values()].filter(
    ({ run, over: ended, told }) => run === null && !ended && !placed.has(told.job),
  );
  const rank = (job: Job) => -priorityClasses.indexOf(job.told.priority ?? "normal");
  const [first] = waiting.sort((a, b) => rank(a) - rank(b) || a.told.submittedMs - b.told.submittedMs);
  if (!first || claimants.has(first.told.job)) return;
  const task = { job: first.told.job, index: 0 };
  const before = model.world.explain(task, model.nowMs);
  const after = copyOf(model);
  commit(after, { ...plan, place: [] });
  const then = after.world.explain(task, model.nowMs);
  assert(before.kind === "waiting" && then.kind === "waiting");
  if (before.makingWay || before.estimate.kind !== "limits") return;
  if (then.estimate.kind === "now") return;
  assert(then.estimate.kind === "limits" && then.estimate.byMs <= before.estimate.byMs, "its place is kept");
}

/**
 * By the time they have to be over, and with them whatever was to be over by then, it starts there; while one of them has
 * not ended, it does not.
 */
function checkEnds(model: Model, plan: Plan, claimant: JobId): void {
  const own = (plan.preempt ?? []).filter((each) => each.claimant.job === claimant);
  const graceS = Math.max(...own.map(({ job }) => jobOf(model, job).told.graceS ?? 0));
  for (const left of [null, ...own]) {
    const copy = copyOf(model);
    commit(copy, plan);
    // The agent takes a moment to be told and to tell.
    if (!left) copy.nowMs += graceS * 1000 + 2_000;
    for (const each of own) if (each !== left) requeue(copy, jobOf(copy, each.job));
    if (!left) for (const job of copy.jobs.values()) if (isDue(copy, job)) over(copy, job);
    const started = copy.world.decide(copy.nowMs, 100).place.find(({ job }) => job === claimant);
    if (left) assert.equal(started, undefined, "nobody ends in excess");
    else assert(started?.centre === own[0]?.centre && started?.pool === own[0]?.pool, "nobody ends in vain");
  }
}

function isDue({ nowMs }: Model, { told, run }: Job): boolean {
  return run !== null && run.startedMs + (told.timeLimitS + (told.graceS ?? 0)) * 1000 <= nowMs;
}
