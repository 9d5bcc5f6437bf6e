import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, jobId, personId, projectId } from "#core/ids.ts";
import { type CentreWishes, type Shape, taskIndices } from "#core/job/spec.ts";
import { type Quote, quoteOf } from "#core/ledger/quote.ts";
import type { Unit } from "#core/ledger/unit.ts";
import { holdOf } from "#core/ledger/usage.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import type { CentreState, PoolState } from "#core/scheduling/world-event.ts";
import type { Placement } from "#core/scheduling/world-plan.ts";
import { poolOfNodes } from "./scenario-testing.ts";

/**
 * Jobs of every shape (whole nodes, nodes of one group, shares and numbers of accelerators of several vendors, arrays,
 * retries) meet centres whose nodes, memory per core and agreed shares differ, and whose load and nodes come and go. Each
 * job is quoted before it is submitted; whatever comes after, no placement holds more, nor do all of them together. A
 * failure prints the seed.
 */
test("no placement holds more than its quote, and what could start at once was said to", () => {
  const seen = { placed: 0, again: 0, foretold: 0, whole: 0, shares: 0, dearer: 0 };
  fc.assert(
    fc.property(
      centres,
      fc.array(step, { maxLength: 30, size: "max" }),
      fc.constantFrom(...shipped),
      (all, steps, policy) => {
        const model: Model = { world: createWorld(policy), nowMs: 0, jobs: [] };
        for (const [at, centre] of all.entries()) report(model, centre, at, quiet);
        for (const each of steps) {
          model.nowMs += 7_000;
          if (each.kind === "load") for (const [at, centre] of all.entries()) report(model, centre, at, each);
          else if (each.kind === "job") submit(model, each, seen);
          else if (each.kind === "place") place(model, each.most, seen);
          else end(model, each);
        }
      },
    ),
    { numRuns: 400 },
  );
  for (const [what, times] of Object.entries(seen)) assert(times > 10, `${what}: ${times} times in 400 networks`);
});

type Seen = Record<"placed" | "again" | "foretold" | "whole" | "shares" | "dearer", number>;
type Run = { readonly placed: Placement; isLive: boolean };
type Job = {
  readonly asked: AskedJob;
  readonly id: ReturnType<typeof jobId>;
  readonly quote: Quote;
  readonly runs: Run[];
};
type Model = { readonly world: World; nowMs: number; readonly jobs: Job[] };

const { easy, weir, conservative, fcfs } = policies;
const shipped: readonly Policy[] = [fcfs, easy, weir, conservative];
const names = [centreId("alpha"), centreId("beta"), centreId("gamma")];

const group = fc.record({
  count: fc.integer({ min: 1, max: 3 }),
  cores: fc.constantFrom(2, 4, 8, 16),
  memoryMib: fc.constantFrom(500, 1_000, 4_000, 16_000),
  accelerators: fc.uniqueArray(
    fc.record({
      vendor: fc.constantFrom("huawei", "nvidia"),
      model: fc.constantFrom("one", "two"),
      count: fc.integer({ min: 1, max: 8 }),
      how: fc.constantFrom({}, {}, { parts: 4 }, { parts: 7 }, { counts: [1, 2, 4, 8] }),
    }),
    { maxLength: 2, selector: ({ vendor, model }) => `${vendor}/${model}` },
  ),
  within: fc.constantFrom(undefined, "leaf1", "leaf2"),
});
const pool = fc.record({
  groups: fc.array(group, { minLength: 1, maxLength: 3 }),
  contract: fc.constantFrom("dedicated" as const, "dedicated" as const, "shared" as const),
  memoryMibPerCore: fc.constantFrom(50, 100, 300),
  sharePercent: fc.constantFrom(null, null, 50),
  givesWholeNodes: fc.constantFrom(undefined, undefined, false as const),
});
const centre = fc.record({
  driver: fc.constantFrom("process" as const, "slurm" as const, "slurm" as const),
  pools: fc.array(pool, { minLength: 1, maxLength: 2 }),
});
const centres = fc.array(centre, { minLength: 1, maxLength: 3 });
type Centre = typeof centre extends fc.Arbitrary<infer Value> ? Value : never;

const some = fc.oneof(
  { weight: 4, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.constantFrom([names[0] ?? centreId("alpha")]) },
);
const job = fc.record({
  kind: fc.constant("job" as const),
  nodes: fc.constantFrom(1, 1, 1, 2, 3),
  tasksPerNode: fc.integer({ min: 1, max: 3 }),
  coresPerTask: fc.integer({ min: 1, max: 6 }),
  memory: fc.oneof(
    fc.constant({ kind: "default" as const }),
    fc.record({
      kind: fc.constantFrom("per-core" as const, "per-node" as const),
      mib: fc.integer({ min: 1, max: 600 }),
    }),
  ),
  accelerators: fc.option(
    fc.record({
      vendor: fc.constantFrom(null, null, "huawei", "nvidia"),
      model: fc.constantFrom(null, null, "one"),
      perNode: fc.constantFrom(1, 1, 2, 4),
      shareMilli: fc.constantFrom(undefined, undefined, undefined, 150, 250, 600),
    }),
  ),
  wholeNodes: fc.constantFrom(undefined, undefined, true as const),
  nodeGroups: fc.constantFrom(undefined, undefined, undefined, 1, 2),
  timeLimitS: fc.integer({ min: 1, max: 90_000 }),
  graceS: fc.integer({ min: 0, max: 300 }),
  tasks: fc.integer({ min: 1, max: 4 }),
  retries: fc.integer({ min: 0, max: 2 }),
  only: some,
  except: some,
  prefer: some,
});
type AskedJob = typeof job extends fc.Arbitrary<infer Value> ? Value : never;

/** What changes from one report to the next: in tenths, what is free; and every so many nodes are not up. */
const load = fc.record({
  kind: fc.constant("load" as const),
  free: fc.integer({ min: 0, max: 10 }),
  out: fc.integer({ min: 1, max: 4 }),
  intake: fc.constantFrom("open" as const, "open" as const, "draining" as const),
  foreign: fc.constantFrom("none" as const, "seen" as const, "hidden" as const),
});
type Load = typeof load extends fc.Arbitrary<infer Value> ? Value : never;
const quiet: Load = { kind: "load", free: 10, out: 100, intake: "open", foreign: "none" };

const step = fc.oneof(
  { weight: 6, arbitrary: job },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("place" as const), most: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("end" as const), pick: fc.nat(100), ok: fc.boolean() }) },
  { weight: 1, arbitrary: load },
);

function report({ world }: Model, { driver, pools }: Centre, at: number, told: Load): void {
  const id = names[at] ?? centreId("alpha");
  const before = world.description();
  const isKnown = world.centres().includes(id);
  const rest = { driver, lifeCycle: "in-service", connection: "connected" } as const;
  const state: CentreState = {
    id,
    ...rest,
    intake: told.intake,
    pools: pools.map((each, place) => poolState(each, place, told)),
    offers: noOffers,
    accounts: null,
  };
  world.apply({ kind: "centre-changed", centre: state });
  if (isKnown) assert.equal(world.description(), before, "load alone is no other description");
}

function poolState(asked: Centre["pools"][number], place: number, { free, out, foreign }: Load): PoolState {
  const { groups, givesWholeNodes, ...more } = asked;
  const nodes = groups.map(({ accelerators, within, ...size }, at) => {
    const cards = accelerators.map(({ how, ...card }) => ({ ...card, ...how }));
    const left = (count: number) => Math.floor((count * free) / 10);
    return {
      ...size,
      accelerators: cards,
      ...(within !== undefined && { within }),
      state: (at + 1) % out === 0 ? ("draining" as const) : ("up" as const),
      free: {
        cores: left(size.cores),
        memoryMib: left(size.memoryMib),
        accelerators: cards.map((card) => ({ ...card, count: left(card.count) })),
      },
    };
  });
  return poolOfNodes(`pool${place}`, nodes, {
    ...more,
    ...(givesWholeNodes === false && { givesWholeNodes }),
    foreign,
  });
}

/** Quoted by what the world knows; told what it would be given; then submitted. */
function submit({ world, nowMs, jobs }: Model, asked: AskedJob, seen: Seen): void {
  const { shape, wishes, timeLimitS, graceS } = partsOf(asked);
  const [project, person] = [projectId(1), personId(1)];
  const asker = { timeLimitS, graceS, tasks: asked.tasks, project, person };
  if (world.couldEverFit(shape, wishes, asker).kind === "refused") return;
  const given = world.everGiven(shape, wishes, asker).map(({ allocation }) => allocation);
  assert(given.length > 0, "what fits somewhere is given something there");
  const { tasks, retries } = asked;
  const quote = quoteOf("free", { given, timeLimitS, graceS, tasks, retries });
  const dry = world.explainNew(shape, wishes, nowMs, asker);
  const isFirst = world.counts().queued === 0;
  const id = jobId(jobs.length + 1);
  world.apply({
    kind: "job-queued",
    job: id,
    submittedMs: nowMs,
    project,
    person,
    name: "train",
    shape,
    timeLimitS,
    graceS,
    array: arrayOf(asked),
    dependencies: [],
    wishes,
    demands: null,
    past: null,
  });
  jobs.push({ asked, id, quote, runs: [] });
  if (!isFirst) return;
  const [placed] = world.decide(nowMs, 1).place;
  assert.equal(dry.wouldGet === null, placed === undefined, "it starts now where the dry run said so");
  if (!dry.wouldGet || !placed) return;
  const { centre, pool, allocation, startsNow } = dry.wouldGet;
  assert.deepEqual([centre, pool, allocation], [placed.centre, placed.pool, placed.allocation]);
  assert.equal(startsNow, placed.starts === "now");
  seen.foretold += 1;
}

function partsOf(asked: AskedJob) {
  const { nodes, tasksPerNode, coresPerTask, memory, accelerators, wholeNodes, nodeGroups, timeLimitS, graceS } = asked;
  const isShare = accelerators?.shareMilli !== undefined;
  const shape: Shape = {
    nodes,
    tasks: nodes * tasksPerNode,
    coresPerTask,
    memory,
    accelerators: accelerators && (isShare ? { ...accelerators, perNode: 1 } : accelerators),
    wholeNodes: isShare ? undefined : wholeNodes,
    nodeGroups,
  };
  const wishes: CentreWishes = { only: asked.only, except: asked.except, prefer: asked.prefer };
  return { shape, wishes, timeLimitS, graceS };
}

function arrayOf({ tasks }: AskedJob) {
  return tasks === 1 ? null : { ranges: [{ first: 0, last: tasks - 1, step: 1 }], throttle: null };
}

function place({ world, nowMs, jobs }: Model, most: number, seen: Seen): void {
  for (const placed of world.decide(nowMs, most).place) {
    const { leaseMs: _, candidates: __, starts: ___, moved: ____, ...run } = placed;
    world.apply({ kind: "task-placed", ...run, phase: "sent", atMs: nowMs });
    const found = jobs.find(({ id }) => id === placed.job) ?? assert.fail(`job ${placed.job}`);
    found.runs.push({ placed, isLive: true });
    checkHolds(found, placed);
    seen.placed += 1;
    if (placed.attempt > 1) seen.again += 1;
    if (placed.allocation.wholeNodes) seen.whole += 1;
    if (placed.allocation.acceleratorShareMilli !== undefined) seen.shares += 1;
    if (placed.allocation.coresPerNode > found.asked.tasksPerNode * found.asked.coresPerTask) seen.dearer += 1;
  }
}

function checkHolds({ asked, quote, runs }: Job, placed: Placement): void {
  const hold = ({ allocation }: Placement) => holdOf(allocation, asked.timeLimitS, asked.graceS);
  const within = (unit: Unit, amount: bigint, most: bigint | undefined) =>
    assert(amount <= (most ?? 0n), `${unit}: ${amount} held, ${most ?? 0n} quoted at most`);
  for (const [unit, amount] of hold(placed)) within(unit, amount, quote.perTask.get(unit));
  const all = new Map<Unit, bigint>();
  for (const run of runs) for (const [unit, amount] of hold(run.placed)) all.set(unit, (all.get(unit) ?? 0n) + amount);
  for (const [unit, amount] of all) within(unit, amount, quote.total.get(unit));
}

/** Ends a run; one that failed comes again as often as it was to be retried. */
function end({ world, nowMs, jobs }: Model, { pick, ok }: { readonly pick: number; readonly ok: boolean }): void {
  const live = jobs.flatMap((job) => job.runs.filter(({ isLive }) => isLive).map((run) => ({ job, run })));
  const found = live[pick % Math.max(1, live.length)];
  if (!found) return;
  found.run.isLive = false;
  const { index, attempt } = found.run.placed;
  const job = found.job.id;
  assert(taskIndices(arrayOf(found.job.asked)).includes(index));
  if (!ok && attempt <= found.job.asked.retries)
    world.apply({ kind: "task-queued", job, index, attempts: attempt, atMs: nowMs });
  else
    world.apply({
      kind: "tasks-ended",
      job,
      indices: [{ first: index, last: index, step: 1 }],
      succeeded: ok,
      atMs: nowMs,
    });
}
