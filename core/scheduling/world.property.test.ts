import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { centreId, type JobId, jobId, personId, projectId } from "#core/ids.ts";
import { type Dependency, type IndexRange, taskIndices } from "#core/job/spec.ts";
import { reasonWords } from "#core/scheduling/reasons.ts";
import { type CentreState, createWorld, type Placement, type World, type WorldEvent } from "#core/scheduling/world.ts";

/**
 * A network lives through random steps beside a plain model of what is true. The model decides by the slowest and
 * plainest form of the rule in docs/decisions/0010: every ready task in order, each centre looked at afresh. The world
 * must decide and explain the same after every step. A failure prints the seed.
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

test("the same events give the same plan; so does a snapshot in any order with a part of the feed once more", () => {
  fc.assert(
    fc.property(steps, fc.infiniteStream(fc.nat(1_000_000)), (lived, dice) => {
      const model = emptyModel();
      for (const each of lived) take(model, each);
      const plan = model.world.decide(0, 1000);
      const roll = (sides: number) => (dice.next().value ?? 0) % sides;

      const again = createWorld();
      for (const event of model.history) again.apply(event);
      assert.deepEqual(again.decide(0, 1000), plan, "the same events");

      const rebuilt = createWorld();
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

type Task = { state: "queued" | "live" | "ok" | "bad"; attempts: number; run: Placement | null };
type Queued = Extract<WorldEvent, { kind: "job-queued" }>;
type Job = { readonly asked: Queued; readonly tasks: Map<number, Task> };
type Model = {
  readonly world: World;
  readonly centres: Map<string, CentreState>;
  readonly jobs: Map<JobId, Job>;
  readonly history: WorldEvent[];
};

function emptyModel(): Model {
  return { world: createWorld(), centres: new Map(), jobs: new Map(), history: [] };
}

const names = ["alpha", "beta", "gamma"].map(centreId);
const one = fc.constantFrom(...names);
const some = fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.uniqueArray(one) });

const step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("centre" as const),
      id: one,
      cores: fc.nat(16),
      memoryMib: fc.nat(2500),
      cards: fc.nat(6),
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
      nodes: fc.constantFrom(1, 1, 1, 1, 1, 2),
      tasks: fc.integer({ min: 1, max: 4 }),
      step: fc.integer({ min: 1, max: 2 }),
      throttle: fc.option(fc.integer({ min: 1, max: 3 })),
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
    const plan = model.world.decide(0, each.most);
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
  if (each.kind === "retry") {
    Object.assign(task, { state: "queued", run: null });
    tell(model, { kind: "task-queued", job: id, index, attempts: task.attempts });
  } else end(model, id, [{ first: index, last: index, step: 1 }], each.kind === "end" && each.ok);
}

function changeCentre(
  model: Model,
  { id, cores, memoryMib, cards, lifeCycle, connection }: Extract<Step, { kind: "centre" }>,
) {
  const accelerators = cards === 0 ? [] : [{ vendor: "x", model: "npu", count: cards }];
  const pool = { name: "main", lifeCycle: "in-service" as const, cores, memoryMib, memoryMibPerCore: 90, accelerators };
  const centre: CentreState = { id, driver: "process", lifeCycle, connection, pools: [pool] };
  model.centres.set(id, centre);
  tell(model, { kind: "centre-changed", centre });
}

function submit(model: Model, each: Extract<Step, { kind: "job" }>): void {
  const id = jobId(model.jobs.size + 1);
  const { cores, nodes, cards, memoryMib, only, except, prefer } = each;
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
    submittedMs: each.submittedMs,
    project: projectId(1),
    person: personId(1),
    name: each.name,
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
    past: null,
  };
  const tasks = taskIndices(array).map((index): [number, Task] => [index, { state: "queued", attempts: 0, run: null }]);
  model.jobs.set(id, { asked, tasks: new Map(tasks) });
  tell(model, asked);
}

function place(model: Model, placement: Placement): void {
  const { job, index, attempt, centre, pool, allocation } = placement;
  const task = taskOf(model, job, index);
  assert.equal(task.state, "queued", "never two live runs of one task, never a run of an ended one");
  assert.equal(attempt, task.attempts + 1);
  Object.assign(task, { state: "live", attempts: attempt, run: placement });
  tell(model, { kind: "task-placed", job, index, attempt, centre, pool, allocation });
}

function end(model: Model, job: JobId, indices: readonly IndexRange[], succeeded: boolean): void {
  for (const index of taskIndices({ ranges: indices, throttle: null }))
    Object.assign(taskOf(model, job, index), { state: succeeded ? "ok" : "bad", run: null });
  tell(model, { kind: "tasks-ended", job, indices, succeeded });
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
    if (run) events.push({ kind: "task-placed", ...run });
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
  return !isComplete(other) && other.asked.name === job.asked.name;
}

function inOrder(model: Model): Job[] {
  return [...model.jobs.values()].sort(
    ({ asked: a }, { asked: b }) => a.submittedMs - b.submittedMs || Number(a.job) - Number(b.job),
  );
}

type Free = { cores: number; memoryMib: number; cards: number };

function freeAt(model: Model, centre: CentreState): Free {
  const [pool] = centre.pools;
  assert(pool);
  const free = { cores: pool.cores, memoryMib: pool.memoryMib, cards: pool.accelerators[0]?.count ?? 0 };
  for (const job of model.jobs.values())
    for (const { run } of job.tasks.values()) {
      if (run?.centre !== centre.id) continue;
      free.cores -= run.allocation.coresPerNode;
      free.memoryMib -= run.allocation.memoryMibPerNode;
      free.cards -= run.allocation.acceleratorsPerNode;
    }
  return free;
}

function needs({ asked: { shape } }: Job): Free {
  const memoryMib = shape.memory.kind === "per-node" ? shape.memory.mib : shape.coresPerTask * 90;
  return { cores: shape.coresPerTask, memoryMib, cards: shape.accelerators?.perNode ?? 0 };
}

function holds(free: Free, need: Free): boolean {
  return need.cores <= free.cores && need.memoryMib <= free.memoryMib && (need.cards === 0 || need.cards <= free.cards);
}

/** The rule itself, without any index: each ready task in order; one that must wait holds all it could ever use. */
function plainPlan(model: Model, most: number): string[] {
  const free = new Map([...model.centres.values()].map((centre) => [centre, freeAt(model, centre)]));
  const held = new Set<CentreState>();
  const plan: string[] = [];
  for (const job of inOrder(model)) {
    const { wishes, shape, array } = job.asked;
    const may = [...model.centres.values()].filter((centre) => {
      const wished = wishes.only.length === 0 || wishes.only.includes(centre.id);
      const all = freeAt({ ...model, jobs: new Map() }, centre);
      const serves = centre.lifeCycle === "in-service" && shape.nodes === 1;
      return wished && !wishes.except.includes(centre.id) && serves && holds(all, needs(job));
    });
    let live = [...job.tasks.values()].filter((task) => task.state === "live").length;
    for (const [index, task] of job.tasks) {
      const ready = task.state === "queued" && waits(model, job, index) === "met";
      if (!ready || live >= (array?.throttle ?? 1e9) || plan.length >= most) continue;
      const rank = (centre: CentreState) => (wishes.prefer.indexOf(centre.id) + 1 || 9) as number;
      const can = may
        .filter((centre) => centre.connection === "connected" && !held.has(centre))
        .flatMap((centre) => {
          const has = free.get(centre);
          return has && holds(has, needs(job)) ? [{ centre, has, rank: rank(centre) }] : [];
        })
        .sort(
          (a, b) =>
            a.rank - b.rank ||
            (needs(job).cards > 0 ? b.has.cards - a.has.cards : 0) ||
            b.has.cores - a.has.cores ||
            b.has.memoryMib - a.has.memoryMib ||
            (a.centre.id < b.centre.id ? -1 : 1),
        );
      const [best] = can;
      if (!best) {
        for (const centre of may) held.add(centre);
        continue;
      }
      plan.push(`${job.asked.job}_${index}#${task.attempts + 1} ${best.centre.id}`);
      best.has.cores -= needs(job).cores;
      best.has.memoryMib -= needs(job).memoryMib;
      best.has.cards -= needs(job).cards;
      live += 1;
    }
  }
  return plan;
}

function placedWords({ job, index, attempt, centre }: Placement): string {
  return `${job}_${index}#${attempt} ${centre}`;
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
    const centre = model.centres.get(placement.centre);
    assert(centre?.connection === "connected" && centre.lifeCycle === "in-service", "reachable and in service");
    const free = freeAt(model, centre);
    for (const { allocation } of placements.filter((each) => each.centre === placement.centre)) {
      free.cores -= allocation.coresPerNode;
      free.memoryMib -= allocation.memoryMibPerNode;
      free.cards -= allocation.acceleratorsPerNode;
    }
    // A pool may have lost cards that a run still holds; what asks for none does not mind.
    if (placement.allocation.acceleratorsPerNode === 0) free.cards = 0;
    assert(Math.min(free.cores, free.memoryMib, free.cards) >= 0, "never over capacity");
    const job = model.jobs.get(placement.job);
    const live = [...(job?.tasks.values() ?? [])].filter((task) => task.state === "live").length;
    const starts = placements.filter((each) => each.job === placement.job).length;
    assert(live + starts <= (job?.asked.array?.throttle ?? 1e9), "the throttle holds over the whole network");
    const chosen = placement.candidates.find((each) => each.centre === placement.centre);
    assert(chosen?.rule === null && chosen.holds === "now");
  }
}

/** Whoever is told that a centre could take it now is placed there, or at another told the same; and nobody else is. */
function checkExplanations(model: Model): void {
  const placed = new Map(model.world.decide(0, 1000).place.map((each) => [`${each.job}_${each.index}`, each.centre]));
  for (const [id, job] of model.jobs)
    for (const [index, task] of job.tasks) {
      const explained = model.world.explain({ job: id, index }, 0);
      if (task.state === "queued") {
        assert(explained.kind === "waiting");
        for (const { rule, facts } of [explained, ...explained.candidates])
          assert(
            !reasonWords(rule, { free: 0, total: 0, ...facts }, "en").includes("?"),
            `all facts of ${rule} are there`,
          );
        const now = explained.rule === null && explained.candidates.some((each) => each.rule === null);
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
