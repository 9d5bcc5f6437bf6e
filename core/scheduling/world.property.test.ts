import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, type JobId, jobId, personId, projectId, tenantId } from "#core/ids.ts";
import type { DataPlaces } from "#core/job/data-places.ts";
import type { Demands } from "#core/job/demands.ts";
import { type Dependency, type IndexRange, taskIndices } from "#core/job/spec.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { reasonWords } from "#core/scheduling/reasons.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import type { CentreState, PoolState, RunPhase, WorldEvent } from "#core/scheduling/world-event.ts";
import type { Placement, Plan } from "#core/scheduling/world-plan.ts";
import { poolOfNodes } from "./scenario-testing.ts";

/**
 * A network lives through random steps beside a plain model of what is true. The model decides by the slowest and
 * plainest form of the rules in docs/decisions/0010 and 0017: every ready task in order, each node of each pool looked at
 * afresh. The world must decide and explain the same after every step. A failure prints the seed.
 */
test("the world decides, ends and explains as the plain rule says, and never breaks a promise", () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 12 }), (lived, most) => {
      const model = emptyModel();
      for (const each of lived) {
        take(model, each);
        const plan = model.world.decide(0, most);
        assert.deepEqual(model.world.decide(0, most), plan, "deciding changes nothing");
        assert.deepEqual(plan.place.map(placedWords), plainPlan(model, most), "the plain rule");
        checkPromises(model, plan.place);
        assert.deepEqual(plan.end.flatMap(endedWords).sort(), plainEnds(model).sort());
        checkExplanations(model);
        checkCounts(model);
      }
    }),
    { numRuns: 100 },
  );
});

/** Beside the plain rule: what holds under every policy, with time passing. */
test("under every policy a plan breaks no promise, follows from the events alone, and is what was explained", () => {
  fc.assert(
    fc.property(
      steps,
      fc.constantFrom(...shipped),
      fc.integer({ min: 1, max: 12 }),
      limits,
      fc.boolean(),
      fc.boolean(),
      fc.option(fc.integer({ min: 0, max: 2_000 })),
      fc.boolean(),
      (lived, policy, most, limit, isHomed, isDated, leftS, hasData) => {
        const model = { ...emptyModel(policy), isDated, hasData };
        const homes = [1, 2].map((tenant) => [tenantId(tenant), names[tenant - 1] ?? centreId("alpha")] as const);
        tell(model, { kind: "homes-set", homes: isHomed ? homes : [], atMs: 0 });
        const projects = limit === null ? [] : [[projectId(1), limit] as const];
        tell(model, { kind: "core-limits-set", tenants: [], projects });
        const grant = { of: "project", id: 2, unit: "core-ms", granted: "1000000" } as const;
        if (leftS !== null) tell(model, { kind: "grants-told", grants: [{ ...grant, left: `${leftS}000` }] });
        for (const each of lived) {
          model.nowMs += 7_000;
          take(model, each);
          const plan = decided(model, most);
          assert.deepEqual(decided(model, most), plan, "deciding changes nothing");
          checkPromises(model, plan.place);
          checkCores(model, plan.place, limit ?? Number.POSITIVE_INFINITY);
          checkDeadlines(model, plan);
          checkGrant(model, plan.place, leftS);
          checkData(model, plan.place);
          checkExplanations(model);
          checkCounts(model);
        }
        // Usage moves the order at whole steps of the clock alone: both begin one here.
        model.nowMs = (Math.floor(model.nowMs / 10_000) + 1) * 10_000;
        const again = createWorld(policy);
        let at = 0;
        // What is virtual, who holds a place that no deadline takes, and which place was given near the longest wait, goes on
        // as the world looks; all else follows from the events alone.
        const isKept = isHomed || isDated || (policy.maxWaitS ?? Number.POSITIVE_INFINITY) < 3600;
        for (const look of isKept ? model.looks : []) {
          const { told, nowMs } = look;
          for (const event of model.history.slice(at, told)) again.apply(event);
          again.decide(nowMs, look.most);
          at = told;
        }
        for (const event of model.history.slice(at)) again.apply(event);
        const plan = decided(model, 1000);
        assert.deepEqual(again.decide(model.nowMs, 1000), plan, "what it decided before makes no difference");
      },
    ),
    { numRuns: 200, examples: rareCases() },
  );
});

test("the same events give the same plan; so does a snapshot in any order with a part of the feed once more", () => {
  fc.assert(
    fc.property(steps, fc.infiniteStream(fc.nat(1_000_000)), (lived, dice) => {
      const model = emptyModel();
      for (const each of lived) take(model, each);
      const plan = model.world.decide(0, 1000);
      const roll = (sides: number) => (dice.next().value ?? 0) % sides;

      const again = createWorld(policies.fcfs);
      for (const event of model.history) again.apply(event);
      assert.deepEqual(again.decide(0, 1000), plan, "the same events");

      const rebuilt = createWorld(policies.fcfs);
      const things = [
        ...[...model.centres.values()].map((centre): WorldEvent[] => [{ kind: "centre-changed", centre }]),
        ...[...model.jobs.values()].filter((job) => !isComplete(job)).map(jobEvents),
      ];
      while (things.length > 0) feed(model, rebuilt, things.splice(roll(things.length), 1).flat());
      assert.deepEqual(rebuilt.decide(0, 1000), plan, "a snapshot");
      for (const event of model.history.slice(roll(model.history.length + 1))) {
        if (event.kind === "centre-changed" || event.kind === "centre-removed") continue;
        const job = event.kind === "job-queued" ? model.jobs.get(event.job) : undefined;
        feed(model, rebuilt, job ? jobEvents(job) : [event]);
        assert.deepEqual(rebuilt.decide(0, 1000), plan, `${event.kind} once more`);
      }
    }),
    { numRuns: 100 },
  );
});

type Kind<K extends Step["kind"]> = Extract<Step, { kind: K }>;
type Case = [Step[], Policy, number, number | null, boolean, boolean, number | null, boolean];

/** What was found once in some thousands of runs, and is tried in each. */
function rareCases(): Case[] {
  const job = (changes: Partial<Kind<"job">> = {}): Step => ({
    ...{ kind: "job", submittedMs: 0, cores: 1, memoryMib: null, cards: 0, nodes: 1, timeLimitS: 30, slackS: null },
    ...{ project: 1, tasks: 1, step: 1, throttle: null, data: null, only: [], except: [], prefer: [], name: "train" },
    ...{ dependencies: [], ...changes },
  });
  const empty = { cores: 0, memoryMib: 0, cards: 0 };
  const group = (count: number, size: typeof empty) => ({ count, ...size, state: "up", free: 0 }) as const;
  type Pool = Kind<"centre">["pools"][number];
  const pool = (changes: Partial<Pool>): Pool => ({
    ...{ groups: [group(1, empty)], contract: "dedicated", state: "up", foreign: "none", ours: 0, maxPending: 0 },
    ...{ timeLimitS: null, leastNodes: 1, mostNodes: null, ...changes },
  });
  const centre = (id: string, changes: Partial<Kind<"centre">>): Step => ({
    ...{ kind: "centre", id: centreId(id), driver: "process", machine: empty, pools: [pool({})], intake: "open" },
    ...{ lifeCycle: "in-service", connection: "connected", ...changes },
  });
  const place = (most: number): Step => ({ kind: "place", most });
  const again: Step = { kind: "retry", pick: 0 };
  const behind = { dependencies: [{ kind: "afterok", job: 0, index: null } as const] };
  const soonLate: Policy = { ...weir, homePriority: { ...weir.homePriority, afterS: 7 } };
  const two = group(1, { cores: 2, memoryMib: 180, cards: 0 });
  const accelerated = (memoryMib: number) => [group(3, { cores: 1, memoryMib, cards: 1 }), group(1, empty)];
  const dated = [1, null, false, true, null, false] as const;
  return [
    // By its deadline one goes ahead of its class, but not of who holds a place: so it is explained too.
    [
      [
        centre("alpha", { driver: "slurm", pools: [pool({ groups: [two] })] }),
        ...[job(), job({ slackS: 60, tasks: 2 }), { kind: "move", pick: 0, phase: "waiting" } as const],
        ...[job({ cards: 1 }), centre("gamma", {}), place(1), again, place(2), again],
      ],
      ...([soonLate, ...dated] as const),
    ],
    // Who holds a place before such a one starts, whatever is planned.
    [
      [
        ...[job({ cards: 1 }), job({ slackS: 150 }), place(1), place(1), job({ slackS: 0 }), place(1)],
        centre("alpha", { machine: { cores: 1, memoryMib: 90, cards: 1 } }),
        ...[centre("beta", {}), again, { kind: "end", pick: 0, ok: false } as const],
        ...[job(behind), job(behind), place(1), again],
      ],
      ...([soonLate, ...dated] as const),
    ],
    // It joins a queue beside a pool of the same centre that the plan keeps for another.
    [
      [
        centre("alpha", {
          driver: "slurm",
          pools: [
            pool({ groups: accelerated(91) }),
            pool({ groups: accelerated(90), contract: "shared", maxPending: 1 }),
          ],
        }),
        job({ cards: 1, nodes: 3, tasks: 2 }),
        job({ memoryMib: 91, cards: 1, timeLimitS: 90, tasks: 2 }),
      ],
      ...([weir, 2, null, false, false, null, false] as const),
    ],
    // Of an array under a throttle the first that is ready goes ahead at home, whichever of it is late.
    [
      [
        ...[job({ cards: 2, project: 2, tasks: 3 }), job(), job({ project: 2, tasks: 2, throttle: 1 })],
        centre("beta", { machine: { cores: 2, memoryMib: 180, cards: 2 } }),
        job(),
      ],
      ...([soonLate, 1, null, true, false, null, false] as const),
    ],
  ];
}

const limits = fc.option(fc.integer({ min: 1, max: 20 }));

type Run = Placement & { phase: RunPhase };
type Task = { state: "queued" | "live" | "ok" | "bad"; attempts: number; run: Run | null };
type Queued = Extract<WorldEvent, { kind: "job-queued" }>;
type Job = { readonly asked: Queued; readonly tasks: Map<number, Task> };
type Model = {
  readonly world: World;
  nowMs: number;
  readonly centres: Map<string, CentreState>;
  readonly jobs: Map<JobId, Job>;
  readonly history: WorldEvent[];
  /** Each decision, and what had been told by then. */
  readonly looks: { readonly told: number; readonly nowMs: number; readonly most: number }[];
  /** Whether deadlines that are asked for are. */
  readonly isDated: boolean;
  /** The same of where data are. */
  readonly hasData: boolean;
};

function decided(model: Model, most: number): Plan {
  const { world, nowMs, history, looks } = model;
  looks.push({ told: history.length, nowMs, most });
  return world.decide(nowMs, most);
}

const { easy, weir, conservative } = policies;
const shipped: readonly Policy[] = [
  easy,
  weir,
  conservative,
  policies["easy-sjbf"],
  policies["saf-easy"],
  { ...policies["sjf-easy"], maxWaitS: 60 },
  { ...weir, homePriority: { afterS: 7, allowanceS: null, allowancePerJobS: 0 } },
  { ...weir, homePriority: { afterS: 7, allowanceS: 0, allowancePerJobS: 0 } },
];

function emptyModel(policy: Policy = policies.fcfs): Model {
  const nothing = { centres: new Map(), jobs: new Map(), history: [], looks: [] };
  return { world: createWorld(policy), nowMs: 0, ...nothing, isDated: false, hasData: false };
}

const names = ["alpha", "beta", "gamma"].map(centreId);
const one = fc.constantFrom(...names);
const some = fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.uniqueArray(one) });

/** One node, or a few alike; at a process centre the first alone. `free`: of a pool where others work too. */
const group = fc.record({
  count: fc.integer({ min: 1, max: 3 }),
  cores: fc.nat(8),
  memoryMib: fc.nat(1200),
  cards: fc.nat(3),
  state: fc.constantFrom("up" as const, "up" as const, "up" as const, "draining" as const, "down" as const),
  free: fc.nat(8),
});
const pool = fc.record({
  groups: fc.array(group, { minLength: 1, maxLength: 3 }),
  contract: fc.constantFrom("dedicated" as const, "dedicated" as const, "shared" as const, "opportunistic" as const),
  state: fc.constantFrom("up" as const, "up" as const, "up" as const, "up" as const, "drained" as const),
  foreign: fc.constantFrom("none" as const, "none" as const, "seen" as const, "hidden" as const),
  ours: fc.nat(12),
  maxPending: fc.integer({ min: 0, max: 2 }),
  timeLimitS: fc.constantFrom(null, null, 60),
  leastNodes: fc.constantFrom(1, 1, 1, 2),
  mostNodes: fc.constantFrom(null, null, 2),
});

/** 0: already. */
const fromS = fc.constantFrom(0, 0, 14, 50, 120);

const step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("centre" as const),
      id: one,
      driver: fc.constantFrom("process" as const, "slurm" as const, "slurm" as const),
      machine: fc.record({ cores: fc.nat(16), memoryMib: fc.nat(2500), cards: fc.nat(6) }),
      pools: fc.array(pool, { minLength: 1, maxLength: 2 }),
      intake: fc.constantFrom(
        "open" as const,
        "open" as const,
        "open" as const,
        "draining" as const,
        "leaving" as const,
      ),
      lifeCycle: fc.constantFrom(
        "in-service" as const,
        "in-service" as const,
        "in-service" as const,
        "planned" as const,
      ),
      connection: fc.constantFrom("connected" as const, "connected" as const, "unreachable" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), id: one }) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("job" as const),
      submittedMs: fc.nat(3),
      cores: fc.integer({ min: 1, max: 5 }),
      memoryMib: fc.option(fc.nat(500)),
      cards: fc.nat(2),
      nodes: fc.constantFrom(1, 1, 1, 1, 2, 3),
      timeLimitS: fc.constantFrom(30, 90),
      /** From the limit to the deadline. */
      slackS: fc.option(fc.constantFrom(0, 20, 60, 150)),
      project: fc.constantFrom(1, 2),
      tasks: fc.integer({ min: 1, max: 4 }),
      step: fc.integer({ min: 1, max: 2 }),
      throttle: fc.option(fc.integer({ min: 1, max: 3 })),
      data: fc.option(
        fc.record({
          at: fc.uniqueArray(fc.record({ centre: one, inS: fromS }), { selector: ({ centre }) => centre }),
          elsewhereInS: fc.option(fromS),
        }),
      ),
      only: some,
      except: some,
      prefer: some,
      name: fc.constantFrom("train", "test"),
      dependencies: fc.array(
        fc.record({
          kind: fc.constantFrom("afterok", "afterany", "afternotok", "aftercorr", "singleton"),
          job: fc.nat(20),
          index: fc.option(fc.nat(5)),
        }),
        { maxLength: 2 },
      ),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("place" as const), most: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("end" as const), pick: fc.nat(100), ok: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("move" as const),
      pick: fc.nat(100),
      phase: fc.constantFrom("waiting" as const, "running" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cancel" as const), pick: fc.nat(100) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("retry" as const), pick: fc.nat(100) }) },
);
/** `size`: without it, fast-check keeps to about ten steps, and queues hardly form. */
const steps = fc.array(step, { maxLength: 50, size: "max" });
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Makes the step true in the model, and tells the world. */
function take(model: Model, each: Step): void {
  if (each.kind === "centre") changeCentre(model, each);
  else if (each.kind === "job") submit(model, each);
  else if (each.kind === "remove") {
    model.centres.delete(each.id);
    tell(model, { kind: "centre-removed", centre: each.id });
  } else if (each.kind === "place") {
    const plan = decided(model, each.most);
    for (const placement of plan.place) place(model, placement);
    for (const { job, indices } of plan.end) end(model, job, indices, false);
  } else touchTask(model, each);
}

function touchTask(model: Model, each: Extract<Step, { pick: number }>): void {
  const state = each.kind === "cancel" ? "queued" : "live";
  const tasks = [...model.jobs].flatMap(([id, job]) =>
    [...job.tasks].filter(([, task]) => task.state === state).map(([index, task]) => ({ id, index, task })),
  );
  const chosen = tasks[each.pick % Math.max(1, tasks.length)];
  if (!chosen) return;
  const { id, index, task } = chosen;
  if (each.kind === "move") {
    if (!task.run || task.run.phase === "running") return;
    task.run.phase = each.phase;
    tell(model, { kind: "run-moved", job: id, index, attempt: task.attempts, phase: each.phase, atMs: model.nowMs });
  } else if (each.kind === "retry") {
    Object.assign(task, { state: "queued", run: null });
    tell(model, { kind: "task-queued", job: id, index, attempts: task.attempts });
  } else end(model, id, [{ first: index, last: index, step: 1 }], each.kind === "end" && each.ok);
}

function changeCentre(model: Model, each: Extract<Step, { kind: "centre" }>) {
  const { id, driver, lifeCycle, intake, connection } = each;
  const cardsOf = (count: number) => (count === 0 ? [] : [{ vendor: "x", model: "npu", count }]);
  const { cores, memoryMib, cards } = each.machine;
  const machine = poolOfNodes("main", [{ cores, memoryMib, accelerators: cardsOf(cards) }], { memoryMibPerCore: 90 });
  const several = each.pools.map(({ groups, timeLimitS, leastNodes, mostNodes, ours, ...more }, place) => {
    const nodes = groups.map(({ cards: count, free, ...size }) => {
      const left = {
        cores: Math.min(free, size.cores),
        memoryMib: Math.min(100 * free, size.memoryMib),
        accelerators: cardsOf(Math.min(count, 1)),
      };
      return { ...size, accelerators: cardsOf(count), free: left };
    });
    const limits = { timeLimitS, leastNodes, mostNodes };
    const counted = { cores: ours, memoryMib: 0, accelerators: [] };
    return poolOfNodes(`pool${place}`, nodes, { memoryMibPerCore: 90, ...more, limits, ours: counted });
  });
  const pools = driver === "process" ? [machine] : several;
  const centre: CentreState = { id, driver, lifeCycle, intake, connection, pools, offers: noOffers, accounts: null };
  model.centres.set(id, centre);
  tell(model, { kind: "centre-changed", centre });
}

type JobStep = Extract<Step, { kind: "job" }>;

function submit(model: Model, each: JobStep): void {
  const id = jobId(model.jobs.size + 1);
  const { cores, nodes, cards, memoryMib, only, except, prefer, timeLimitS, slackS } = each;
  const last = (each.tasks - 1) * each.step;
  const array = each.tasks === 1 ? null : { ranges: [{ first: 0, last, step: each.step }], throttle: each.throttle };
  const dependencies = each.dependencies.flatMap(({ kind, job, index }): Dependency[] => {
    if (kind === "singleton") return [{ kind }];
    if (id === 1) return [];
    const on = 1 + (job % (id - 1));
    if (kind === "aftercorr") return [{ kind, job: on }];
    return kind === "afterok" || kind === "afterany" || kind === "afternotok" ? [{ kind, job: on, index }] : [];
  });
  const asked: Queued = {
    kind: "job-queued",
    job: id,
    submittedMs: model.nowMs + each.submittedMs,
    tenant: tenantId(each.project),
    project: projectId(each.project),
    person: personId(1),
    name: each.name,
    timeLimitS,
    ...(model.isDated && slackS !== null && { deadlineMs: model.nowMs + 1000 * (timeLimitS + slackS) }),
    shape: {
      nodes,
      tasks: nodes,
      coresPerTask: cores,
      memory: memoryMib === null ? { kind: "default" } : { kind: "per-node", mib: memoryMib },
      accelerators: cards === 0 ? null : { vendor: null, model: "npu", perNode: cards },
    },
    array,
    dependencies,
    wishes: { only, except, prefer },
    demands: model.hasData && each.data ? demandsFor(dataOf(each.data, model.nowMs)) : null,
    past: null,
  };
  const tasks = taskIndices(array).map((index): [number, Task] => [index, { state: "queued", attempts: 0, run: null }]);
  model.jobs.set(id, { asked, tasks: new Map(tasks) });
  tell(model, asked);
}

function dataOf({ at, elsewhereInS }: NonNullable<JobStep["data"]>, nowMs: number): DataPlaces {
  const fromMs = (inS: number) => (inS === 0 ? 0 : nowMs + 1000 * inS);
  return {
    at: at.map(({ centre, inS }) => ({ centre, fromMs: fromMs(inS) })),
    elsewhereMs: elsewhereInS === null ? null : fromMs(elsewhereInS),
  };
}

function demandsFor(data: DataPlaces): Demands {
  return {
    siteWords: {},
    software: [],
    container: false,
    fileSystems: [],
    licences: [],
    residency: [],
    data,
  };
}

function place(model: Model, placement: Placement): void {
  const { job, index, attempt, centre, pool, allocation } = placement;
  const task = taskOf(model, job, index);
  assert.equal(task.state, "queued", "never two live runs of one task, never a run of an ended one");
  assert.equal(attempt, task.attempts + 1);
  Object.assign(task, { state: "live", attempts: attempt, run: { ...placement, phase: "sent" } });
  tell(model, { kind: "task-placed", job, index, attempt, centre, pool, allocation, phase: "sent", atMs: model.nowMs });
}

function end(model: Model, job: JobId, indices: readonly IndexRange[], succeeded: boolean): void {
  for (const index of taskIndices({ ranges: indices, throttle: null }))
    Object.assign(taskOf(model, job, index), { state: succeeded ? "ok" : "bad", run: null });
  tell(model, { kind: "tasks-ended", job, indices, succeeded, atMs: model.nowMs });
}

function tell(model: Model, event: WorldEvent): void {
  model.history.push(event);
  feed(model, model.world, [event]);
  for (const job of model.jobs.values())
    if (isComplete(job)) assert(!model.world.knows(job.asked.job), "what has ended is forgotten");
}

/** As the live loop does: what others wait for and the world has forgotten is read again. */
function feed(model: Model, world: World, events: readonly WorldEvent[]): void {
  for (const event of events) world.apply(event);
  for (const id of world.missing()) {
    const job = model.jobs.get(id);
    if (!job) continue;
    const again = jobEvents(job);
    for (const event of again) {
      world.apply(event);
      if (world === model.world) model.history.push(event);
    }
  }
}

/** How the store tells of a job at this moment. */
function jobEvents({ asked, tasks }: Job): WorldEvent[] {
  const at = (state: Task["state"]) =>
    [...tasks].filter(([, task]) => task.state === state).map(([index]) => ({ first: index, last: index, step: 1 }));
  const events: WorldEvent[] = [{ ...asked, past: { succeeded: at("ok"), otherwise: at("bad") } }];
  for (const [index, { state, attempts, run }] of tasks) {
    if (state === "queued" && attempts > 0) events.push({ kind: "task-queued", job: asked.job, index, attempts });
    if (run) events.push({ kind: "task-placed", ...run, atMs: 0 });
  }
  return events;
}

function taskOf(model: Model, job: JobId, index: number): Task {
  const task = model.jobs.get(job)?.tasks.get(index);
  assert(task, `task ${job}_${index}`);
  return task;
}

function isComplete(job: Job): boolean {
  return [...job.tasks.values()].every(({ state }) => state === "ok" || state === "bad");
}

/** What a task may do as far as its dependencies go, straight from their meaning. */
function waits(model: Model, job: Job, index: number): "met" | "open" | "never" {
  const verdicts = job.asked.dependencies.map((on): "met" | "open" | "never" => {
    if (on.kind === "singleton") return inOrder(model).find((other) => isNamesake(other, job)) === job ? "met" : "open";
    const other = model.jobs.get(jobId(on.job));
    assert(other);
    const wanted = on.kind === "aftercorr" ? index : on.index;
    if (wanted === null) {
      const states = [...other.tasks.values()].map((task) => task.state);
      const failed = states.includes("bad");
      if (on.kind === "afterok" && failed) return "never";
      if (!isComplete(other)) return "open";
      return on.kind === "afternotok" && !failed ? "never" : "met";
    }
    const task = other.tasks.get(wanted);
    if (!task) return on.kind === "aftercorr" && !isComplete(other) ? "open" : "never";
    if (task.state !== "ok" && task.state !== "bad") return "open";
    if (on.kind === "afterany") return "met";
    return (task.state === "bad") === (on.kind === "afternotok") ? "met" : "never";
  });
  if (verdicts.includes("never")) return "never";
  return verdicts.includes("open") ? "open" : "met";
}

function isNamesake(other: Job, job: Job): boolean {
  const { name, project } = other.asked;
  return !isComplete(other) && name === job.asked.name && project === job.asked.project;
}

function inOrder(model: Model): Job[] {
  return [...model.jobs.values()].sort(
    ({ asked: a }, { asked: b }) => a.submittedMs - b.submittedMs || Number(a.job) - Number(b.job),
  );
}

type Node = { cores: number; memoryMib: number; cards: number };
type Need = Node & { readonly nodes: number; readonly line: string };
type Place = {
  readonly centre: CentreState;
  readonly pool: PoolState;
  readonly nodes: Node[];
  readonly pending: Map<string, number>;
  /** "all", or the lines that somebody who waits keeps away. */
  readonly held: Set<string>;
};

function nodesOf(pool: PoolState, of: "size" | "free", anyState = false): Node[] {
  const groups = pool.nodes.filter((each) => anyState || each.state === "up");
  return groups.flatMap((each) => {
    const { cores, memoryMib, accelerators } = of === "size" ? each : each.free;
    return Array.from({ length: each.count }, () => ({ cores, memoryMib, cards: accelerators[0]?.count ?? 0 }));
  });
}

function needs({ asked: { shape, project } }: Job): Need {
  const memoryMib = shape.memory.kind === "per-node" ? shape.memory.mib : shape.coresPerTask * 90;
  const { nodes, coresPerTask: cores } = shape;
  const cards = shape.accelerators?.perNode ?? 0;
  return { nodes, cores, memoryMib, cards, line: `${project} ${nodes} ${cores} ${cards}` };
}

/** The fitting nodes that have least left, or null. */
function fitting(nodes: readonly Node[], need: Need): readonly Node[] | null {
  const fit = nodes.filter(
    (node) => need.cores <= node.cores && need.memoryMib <= node.memoryMib && need.cards <= node.cards,
  );
  fit.sort((a, b) => a.cards - b.cards || a.cores - b.cores || a.memoryMib - b.memoryMib);
  return fit.length < need.nodes ? null : fit.slice(0, need.nodes);
}

function putOn(nodes: readonly Node[], need: Need): void {
  for (const node of nodes) {
    node.cores -= need.cores;
    node.memoryMib -= need.memoryMib;
    node.cards -= need.cards;
  }
}

/** What is there without a place of its own is taken from what has most left, never below nothing. */
function squeezeInto(nodes: readonly Node[], need: Need): void {
  const open = {
    cores: need.nodes * need.cores,
    memoryMib: need.nodes * need.memoryMib,
    cards: need.nodes * need.cards,
  };
  for (const node of [...nodes].sort((a, b) => b.cards - a.cards || b.cores - a.cores || b.memoryMib - a.memoryMib))
    for (const what of ["cores", "memoryMib", "cards"] as const) {
      const taken = Math.min(open[what], node[what]);
      node[what] -= taken;
      open[what] -= taken;
    }
}

/** A pool as it is now: every run of ours on a node of its own choice, largest first. */
function placeOf(model: Model, centre: CentreState, pool: PoolState): Place {
  const shared = pool.contract === "shared";
  const runs = [...model.jobs.values()]
    .flatMap((job) => [...job.tasks.values()].flatMap(({ run }) => (run ? [{ need: needs(job), run, of: job }] : [])))
    .filter(({ run }) => run.centre === centre.id && run.pool === pool.name)
    .map((each) => ({ ...each, need: { ...each.need, memoryMib: each.run.allocation.memoryMibPerNode } }))
    .sort(
      ({ need: a, of: one }, { need: b, of: other }) =>
        b.nodes - a.nodes ||
        b.cards - a.cards ||
        b.cores - a.cores ||
        b.memoryMib - a.memoryMib ||
        one.asked.project - other.asked.project,
    );
  const nodes = nodesOf(pool, pool.foreign === "none" ? "size" : "free");
  let counted = pool.foreign === "none" ? 0 : pool.ours.cores;
  const isNew = ({ need }: { readonly need: Need }) => {
    if (counted < need.nodes * need.cores) return true;
    counted -= need.nodes * need.cores;
    return false;
  };
  const put = (need: Need) => {
    const where = fitting(nodes, need);
    if (where) putOn(where, need);
    return where !== null;
  };
  const running = runs.filter(({ run }) => run.phase === "running");
  const coming = runs.filter(({ run }) => run.phase === "sent" || (run.phase === "waiting" && !shared));
  const pending = new Map<string, number>();
  const wait = ({ line }: Need) => pending.set(line, (pending.get(line) ?? 0) + 1);
  const together = pool.foreign === "none" && !shared;
  for (const each of together ? runs : running) if (isNew(each) && !put(each.need)) squeezeInto(nodes, each.need);
  for (const each of together ? [] : coming)
    if (isNew(each) && !put(each.need)) {
      if (shared) wait(each.need);
      else squeezeInto(nodes, each.need);
    }
  for (const { run, need } of runs) if (shared && run.phase === "waiting") wait(need);
  return { centre, pool, nodes, pending, held: new Set() };
}

function mayEver({ asked }: Job, { centre, pool }: Place, need: Need): boolean {
  const { only, except } = asked.wishes;
  const { timeLimitS, leastNodes, mostNodes } = pool.limits;
  if ((only.length > 0 && !only.includes(centre.id)) || except.includes(centre.id)) return false;
  if (centre.lifeCycle !== "in-service" || centre.intake === "leaving") return false;
  if (timeLimitS !== null && asked.timeLimitS > timeLimitS) return false;
  if (need.nodes < leastNodes || need.nodes > (mostNodes ?? 1e9)) return false;
  if (centre.driver === "process" && need.nodes > 1) return false;
  return fitting(nodesOf(pool, "size", true), need) !== null;
}

/** The rule itself, without any index: each ready task in order; one that must wait holds all it could ever use. */
function plainPlan(model: Model, most: number): string[] {
  const places = [...model.centres.values()]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap((centre) => centre.pools.map((pool) => placeOf(model, centre, pool)));
  const plan: string[] = [];
  for (const job of inOrder(model)) {
    const { wishes, array } = job.asked;
    const need = needs(job);
    const may = places.filter((place) => mayEver(job, place, need));
    let live = [...job.tasks.values()].filter((task) => task.state === "live").length;
    for (const [index, task] of job.tasks) {
      const ready = task.state === "queued" && waits(model, job, index) === "met";
      if (!ready || live >= (array?.throttle ?? 1e9) || plan.length >= most) continue;
      const open = may.filter(({ centre, pool, held }) => {
        if (centre.connection !== "connected" || centre.intake !== "open" || pool.state !== "up") return false;
        return !held.has("all") && !held.has(need.line);
      });
      const best = bestOf(open, need, wishes.prefer);
      if (!best) {
        for (const { pool, held } of may) held.add(pool.contract === "shared" ? need.line : "all");
        continue;
      }
      const { where, place } = best;
      plan.push(
        `${job.asked.job}_${index}#${task.attempts + 1} ${place.centre.id}/${place.pool.name} ${where !== null}`,
      );
      if (where) putOn(where, need);
      else place.pending.set(need.line, (place.pending.get(need.line) ?? 0) + 1);
      live += 1;
    }
  }
  return plan;
}

function bestOf(open: readonly Place[], need: Need, prefer: readonly string[]) {
  const sum = (nodes: readonly Node[], of: keyof Node) => nodes.reduce((all, node) => all + node[of], 0);
  const offers = open.flatMap((place) => {
    const where = fitting(place.nodes, need);
    const pending = place.pending.get(need.line) ?? 0;
    const mayWait = place.pool.contract === "shared" && pending < place.pool.maxPending;
    if (!where && !(mayWait && fitting(nodesOf(place.pool, "size"), need))) return [];
    return [{ place, where, pending, rank: prefer.indexOf(place.centre.id) + 1 || 9 }];
  });
  offers.sort(
    (a, b) =>
      Number(a.where === null) - Number(b.where === null) ||
      a.rank - b.rank ||
      (need.cards > 0 ? sum(b.place.nodes, "cards") - sum(a.place.nodes, "cards") : 0) ||
      sum(b.place.nodes, "cores") - sum(a.place.nodes, "cores") ||
      sum(b.place.nodes, "memoryMib") - sum(a.place.nodes, "memoryMib") ||
      a.pending - b.pending,
  );
  return offers[0];
}

function placedWords({ job, index, attempt, centre, pool, starts }: Placement): string {
  return `${job}_${index}#${attempt} ${centre}/${pool} ${starts === "now"}`;
}

function endedWords({ job, indices }: { readonly job: JobId; readonly indices: readonly IndexRange[] }): string[] {
  return taskIndices({ ranges: indices, throttle: null }).map((index) => `${job}_${index}`);
}

function plainEnds(model: Model): string[] {
  return [...model.jobs].flatMap(([id, job]) =>
    [...job.tasks]
      .filter(([index, task]) => task.state === "queued" && waits(model, job, index) === "never")
      .map(([index]) => `${id}_${index}`),
  );
}

/** Said apart from the plain rule, so that an error in both would still show. */
function checkPromises(model: Model, placements: readonly Placement[]): void {
  assert.equal(new Set(placements.map((each) => `${each.job}_${each.index}`)).size, placements.length);
  for (const placement of placements) {
    const { job: id, allocation, starts } = placement;
    const centre = model.centres.get(placement.centre);
    assert(centre?.connection === "connected" && centre.lifeCycle === "in-service", "reachable and in service");
    assert.equal(centre.intake, "open");
    const pool = centre.pools.find((each) => each.name === placement.pool);
    assert(pool?.state === "up");
    const there = placements.filter((each) => each.centre === centre.id && each.pool === pool.name);
    if (starts === "now") checkCapacity(model, centre, pool, there);
    else checkPending(model, pool, there, placement);
    const large = pool.nodes.filter((each) => each.state === "up" && each.cores >= allocation.coresPerNode);
    assert(large.reduce((sum, each) => sum + each.count, 0) >= allocation.nodes, "every node is large enough");
    const job = model.jobs.get(id);
    const live = [...(job?.tasks.values() ?? [])].filter((task) => task.state === "live").length;
    const begun = placements.filter((each) => each.job === id).length;
    assert(live + begun <= (job?.asked.array?.throttle ?? 1e9), "the throttle holds over the whole network");
    const chosen = placement.candidates.find((each) => each.centre === placement.centre);
    assert.equal(chosen?.rule, starts === "now" ? null : "joins-queue");
    assert.equal(chosen?.holds, "now");
  }
}

/** Sums alone: of what the network alone uses never more is in use than there is; beside others, than is free. */
function checkCapacity(model: Model, centre: CentreState, pool: PoolState, there: readonly Placement[]): void {
  const own = pool.foreign === "none" && pool.contract !== "shared";
  const runs = [...model.jobs.values()].flatMap((job) => [...job.tasks.values()].flatMap(({ run }) => run ?? []));
  const live = own ? runs.filter((run) => run.centre === centre.id && run.pool === pool.name) : [];
  const all = [...live, ...there.filter((each) => each.starts === "now")];
  const nodes = nodesOf(pool, pool.foreign === "none" ? "size" : "free");
  const taken = (of: "coresPerNode" | "memoryMibPerNode" | "acceleratorsPerNode") =>
    all.reduce((sum, { allocation }) => sum + allocation.nodes * allocation[of], 0);
  const has = (of: keyof Node) => nodes.reduce((sum, node) => sum + node[of], 0);
  assert(taken("coresPerNode") <= has("cores"), "never over capacity");
  // A pool may have lost memory or cards that a run still holds; what asks for none does not mind.
  if (there.some((each) => each.starts === "now" && each.allocation.memoryMibPerNode > 0))
    assert(taken("memoryMibPerNode") <= has("memoryMib"), "never over memory");
  if (there.some((each) => each.starts === "now" && each.allocation.acceleratorsPerNode > 0))
    assert(taken("acceleratorsPerNode") <= has("cards"), "never over cards");
}

/** What runs of the first project hold, with those that would start. */
function checkCores(model: Model, placements: readonly Placement[], most: number): void {
  const live = [...model.jobs.values()].flatMap((job) => [...job.tasks.values()].flatMap(({ run }) => run ?? []));
  const held = [...live, ...placements]
    .filter(({ job }) => model.jobs.get(job)?.asked.project === 1)
    .reduce((sum, { allocation }) => sum + allocation.nodes * allocation.coresPerNode, 0);
  assert(held <= most, "no more cores at once than the project may hold");
}

function checkPending(model: Model, pool: PoolState, there: readonly Placement[], { job }: Placement): void {
  assert.equal(pool.contract, "shared");
  const lineOf = (id: JobId) => {
    const of = model.jobs.get(id);
    return of && needs(of).line;
  };
  const alike = there.filter((each) => each.starts === "in-turn" && lineOf(each.job) === lineOf(job));
  assert(alike.length <= pool.maxPending, "never more in a shared queue than may");
}

/** Whoever is told that a centre could take it now is placed there, or at another told the same; and nobody else is. */
/** What project 2 starts holds no more core-seconds than were told to be left. */
function checkGrant(model: Model, place: readonly Placement[], leftS: number | null): void {
  if (leftS === null) return;
  const held = place.map(({ job, allocation: { nodes, coresPerNode } }) => {
    const { project, timeLimitS } = model.jobs.get(job)?.asked ?? assert.fail();
    return project === projectId(2) ? nodes * coresPerNode * timeLimitS : 0;
  });
  assert(held.reduce((sum, one) => sum + one, 0) <= leftS, "no more is held than is left");
}

/** Nothing is placed where its data are not yet. */
function checkData({ jobs, nowMs }: Model, place: readonly Placement[]): void {
  for (const { job, centre } of place) {
    const data = jobs.get(job)?.asked.demands?.data;
    const named = data?.at.find((each) => each.centre === centre);
    const fromMs = data ? (named ? named.fromMs : data.elsewhereMs) : 0;
    assert(fromMs !== null && fromMs <= nowMs, `${job} has its data at ${centre}`);
  }
}

/** Nothing starts that cannot end by its deadline, and all that waits and cannot ends at once. */
function checkDeadlines(model: Model, plan: Plan): void {
  const latestStartMs = ({ deadlineMs, timeLimitS }: Queued) =>
    (deadlineMs ?? Number.POSITIVE_INFINITY) - 1000 * timeLimitS;
  for (const { job } of plan.place)
    assert(model.nowMs <= latestStartMs(model.jobs.get(job)?.asked ?? assert.fail()), `${job} starts in time`);
  const ends = plan.end.filter((each) => "rule" in each && each.rule === "deadline-cannot-be-met").flatMap(endedWords);
  const late = [...model.jobs.values()].filter(({ asked }) => model.nowMs > latestStartMs(asked));
  const overdue = late.flatMap(({ asked, tasks }) =>
    [...tasks].flatMap(([index, { state }]) => (state === "queued" ? [`${asked.job}_${index}`] : [])),
  );
  assert.deepEqual(ends.sort(), overdue.sort(), "what is overdue ends");
}

function checkExplanations(model: Model): void {
  const placed = new Map(decided(model, 1000).place.map((each) => [`${each.job}_${each.index}`, each.centre]));
  for (const [id, job] of model.jobs)
    for (const [index, task] of job.tasks) {
      const explained = model.world.explain({ job: id, index }, model.nowMs);
      if (task.state === "queued") {
        assert(explained.kind === "waiting");
        for (const { rule, facts } of [explained, ...explained.candidates])
          assert(
            !reasonWords(rule, { free: 0, total: 0, ...facts }, "en").includes("?"),
            `all facts of ${rule} are there`,
          );
        const now = explained.rule === null && explained.candidates.some((each) => each.holds === "now");
        assert.equal(explained.wouldGoTo, placed.get(`${id}_${index}`) ?? null);
        assert.equal(explained.wouldGoTo !== null, now, JSON.stringify(explained));
      } else assert.equal(explained.kind, task.state === "live" ? "live" : "not-queued");
    }
}

function checkCounts(model: Model): void {
  const tasks = [...model.jobs.values()].flatMap((job) => [...job.tasks.values()]);
  assert.deepEqual(model.world.counts(), {
    jobs: [...model.jobs.values()].filter((job) => !isComplete(job)).length,
    queued: tasks.filter((task) => task.state === "queued").length,
    live: tasks.filter((task) => task.state === "live").length,
  });
}
