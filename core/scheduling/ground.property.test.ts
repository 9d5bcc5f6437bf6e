import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type EngineOffers, noOffers } from "#core/centre/engine.ts";
import { centreId, jobId, personId, projectId } from "#core/ids.ts";
import { demandsOf } from "#core/job/demands.ts";
import { sampleSpec } from "#core/sample-testing.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import type { CentreState, PoolState, WorldEvent } from "#core/scheduling/world-event.ts";
import type { Placement } from "#core/scheduling/world-plan.ts";
import { poolOfNodes } from "./scenario-testing.ts";

/**
 * Random pools over a few nodes, with an engine beside them that puts runs on nodes as it likes and reports now and then. Of
 * no set of pools there may be more in all than their nodes hold together, whatever was placed since the last report; what
 * is explained is what is decided, and follows from the events alone. Some pools are reserved for a time (0077): nothing
 * starts there before, or may last beyond it.
 */
test("of nodes that pools share no more is placed than they have, wherever the engine puts it", () => {
  fc.assert(
    fc.property(network, fc.array(step, { maxLength: 60, size: "max" }), (of, steps) => {
      const model = modelOf(of);
      for (const each of steps) {
        model.nowMs += 5_000;
        take(model, each);
        checkSums(model);
        checkExplained(model);
      }
      // Usage moves the order at whole steps of the clock alone: both begin one here.
      model.nowMs = (Math.floor(model.nowMs / 10_000) + 1) * 10_000;
      const again = createWorld(of.policy);
      for (const event of model.history) again.apply(event);
      const plan = model.world.decide(model.nowMs, 100);
      assert.deepEqual(again.decide(model.nowMs, 100).place, plan.place, "what it decided before makes no difference");
      for (const run of model.runs.values()) assert(run.nodes === null || isOnNodes(model, run));
    }),
    { numRuns: 300 },
  );
});

const { easy, weir, conservative, fcfs } = policies;
const alpha = centreId("alpha");
const mostPools = 4;

const network = fc.record({
  policy: fc.constantFrom<Policy>(fcfs, easy, weir, conservative, policies["easy-sjbf"]),
  /** Of each node: its cores, and in which pools it is. */
  nodes: fc.array(fc.record({ cores: fc.constantFrom(2, 4), pools: fc.integer({ min: 1, max: 2 ** mostPools - 1 }) }), {
    minLength: 2,
    maxLength: 6,
  }),
  /** Whether the engine says what is free; else it follows from what was placed. */
  isReported: fc.boolean(),
  /** Of each pool: when its nodes are the network's; null: always. */
  reserved: fc.array(
    fc.option(fc.record({ startsS: fc.integer({ min: 0, max: 200 }), lastsS: fc.integer({ min: 30, max: 400 }) }), {
      freq: 2,
    }),
    { minLength: mostPools, maxLength: mostPools },
  ),
});

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("job" as const),
      cores: fc.integer({ min: 1, max: 4 }),
      nodes: fc.constantFrom(1, 1, 1, 2),
      tasks: fc.integer({ min: 1, max: 4 }),
      /** null: wherever it may. */
      pool: fc.option(fc.nat(mostPools - 1), { freq: 3 }),
      timeLimitS: fc.constantFrom(20, 60, 300),
      project: fc.constantFrom(1, 2),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("place" as const), most: fc.integer({ min: 1, max: 6 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("report" as const),
      dice: fc.array(fc.nat(5), { minLength: 8, maxLength: 8 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("end" as const), pick: fc.nat(100) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
type Network = typeof network extends fc.Arbitrary<infer Value> ? Value : never;
/** `nodes`: on which the engine has put it. */
type Run = Placement & { readonly cores: number; nodes: readonly number[] | null };
type Model = {
  readonly of: Network;
  readonly world: World;
  readonly history: WorldEvent[];
  readonly runs: Map<string, Run>;
  readonly queued: Set<string>;
  /** In seconds, by job. */
  readonly limits: Map<number, number>;
  jobs: number;
  nowMs: number;
};

function modelOf(of: Network): Model {
  const model = {
    of,
    world: createWorld(of.policy),
    history: [],
    runs: new Map(),
    queued: new Set<string>(),
    limits: new Map<number, number>(),
    jobs: 0,
    nowMs: 0,
  };
  tell(model, { kind: "centre-changed", centre: centreOf(model) });
  return model;
}

function tell({ world, history }: Model, event: WorldEvent): void {
  history.push(event);
  world.apply(event);
}

/** As the engine sees it now: groups are named as an older agent names them, by what is free on each node alone. */
function centreOf({ of, runs, nowMs }: Model): CentreState {
  const free: number[] = of.nodes.map(({ cores }) => cores);
  for (const { nodes, cores } of runs.values()) for (const node of nodes ?? []) free[node] = (free[node] ?? 0) - cores;
  const pools = Array.from({ length: mostPools }, (_, place): PoolState => {
    const own = of.nodes.flatMap((_node, at) => (isIn(of, at, place) ? [at] : []));
    const groups = own.map((at) => ({
      names: `c${at}`,
      cores: of.nodes[at]?.cores ?? 0,
      free: { cores: free[at] ?? 0, memoryMib: 1_000_000, accelerators: [] },
    }));
    const held = [...runs.values()].filter((run) => run.pool === `p${place}` && run.nodes !== null);
    const ours = held.reduce((sum, run) => sum + run.cores * run.allocation.nodes, 0);
    const foreign = of.isReported ? ("seen" as const) : ("none" as const);
    const reserved = reservedAt(of, place, nowMs);
    const more = reserved && { reserved, leaseMs: 60_000 };
    return poolOfNodes(`p${place}`, groups, {
      foreign,
      ours: { cores: ours, memoryMib: 0, accelerators: [] },
      ...more,
    });
  });
  const fixed = { driver: "slurm", lifeCycle: "in-service", intake: "open", connection: "connected" } as const;
  return { id: alpha, ...fixed, pools, offers, accounts: null };
}

function reservedAt({ reserved }: Network, pool: number, nowMs: number): PoolState["reserved"] {
  const said = reserved[pool];
  if (!said) return undefined;
  const [startsMs, endsMs] = [said.startsS * 1000, (said.startsS + said.lastsS) * 1000];
  return { startsMs, endsMs, lastsMs: Math.max(0, endsMs - Math.max(startsMs, nowMs)) };
}

const offers: EngineOffers = {
  ...noOffers,
  aliases: { ...noOffers.aliases, partition: Array.from({ length: mostPools }, (_, place) => `p${place}`) },
};

function isIn({ nodes }: Network, node: number, pool: number): boolean {
  return (((nodes[node]?.pools ?? 0) >> pool) & 1) === 1;
}

function take(model: Model, each: Step): void {
  if (each.kind === "job") submit(model, each);
  else if (each.kind === "place") {
    for (const placement of model.world.decide(model.nowMs, each.most).place) {
      const { job, index, attempt, centre, pool, allocation } = placement;
      checkReserved(model, placement);
      model.queued.delete(`${job}_${index}`);
      model.runs.set(`${job}_${index}`, { ...placement, cores: allocation.coresPerNode, nodes: null });
      tell(model, {
        kind: "task-placed",
        job,
        index,
        attempt,
        centre,
        pool,
        allocation,
        phase: "sent",
        atMs: model.nowMs,
      });
    }
  } else if (each.kind === "report") report(model, each.dice);
  else {
    const key = [...model.runs.keys()][each.pick % Math.max(1, model.runs.size)];
    const run = key === undefined ? undefined : model.runs.get(key);
    if (!run || key === undefined) return;
    model.runs.delete(key);
    const indices = [{ first: run.index, last: run.index, step: 1 }];
    tell(model, { kind: "tasks-ended", job: run.job, indices, succeeded: true, atMs: model.nowMs });
  }
}

function submit(model: Model, each: Extract<Step, { kind: "job" }>): void {
  model.jobs += 1;
  model.limits.set(model.jobs, each.timeLimitS);
  const { cores, nodes, tasks, pool, timeLimitS, project } = each;
  const siteWords = pool === null ? {} : { partition: [`p${pool}`] };
  const array = tasks === 1 ? null : { ranges: [{ first: 0, last: tasks - 1, step: 1 }], throttle: null };
  const shape = {
    nodes,
    tasks: nodes,
    coresPerTask: cores,
    memory: { kind: "per-node", mib: 1 },
    accelerators: null,
  } as const;
  for (let index = 0; index < tasks; index += 1) model.queued.add(`${model.jobs}_${index}`);
  tell(model, {
    ...{
      kind: "job-queued",
      job: jobId(model.jobs),
      submittedMs: model.nowMs,
      name: "train",
      timeLimitS,
      shape,
      array,
    },
    ...{ project: projectId(project), person: personId(1), dependencies: [], past: null },
    wishes: { only: [], except: [], prefer: [] },
    demands: demandsOf({ ...sampleSpec, siteWords }),
  });
}

/** The engine starts what it can, wherever it likes, and says what is free then. */
function report(model: Model, dice: readonly number[]): void {
  const { of, runs } = model;
  const free: number[] = of.nodes.map(({ cores }) => cores);
  for (const { nodes, cores } of runs.values()) for (const node of nodes ?? []) free[node] = (free[node] ?? 0) - cores;
  let at = 0;
  for (const run of runs.values()) {
    if (run.nodes !== null) continue;
    const pool = Number(run.pool.slice(1));
    const may = free.flatMap((left, node) => (left >= run.cores && isIn(of, node, pool) ? [node] : []));
    const turn = dice[at++ % dice.length] ?? 0;
    const chosen = [...may.slice(turn % Math.max(1, may.length)), ...may.slice(0, turn % Math.max(1, may.length))];
    if (chosen.length < run.allocation.nodes) continue;
    run.nodes = chosen.slice(0, run.allocation.nodes);
    for (const node of run.nodes) free[node] = (free[node] ?? 0) - run.cores;
    const { job, index, attempt } = run;
    tell(model, { kind: "run-moved", job, index, attempt, phase: "running", atMs: model.nowMs });
  }
  tell(model, { kind: "centre-changed", centre: centreOf(model) });
}

/** However late its lease lets it start, it is over in time. */
function checkReserved({ of, nowMs, limits }: Model, { job, pool, leaseMs }: Placement): void {
  const reserved = reservedAt(of, Number(pool.slice(1)), nowMs);
  if (!reserved) return;
  const latestMs = nowMs + (leaseMs ?? 0) + 1000 * (limits.get(job) ?? Number.POSITIVE_INFINITY);
  assert(nowMs >= reserved.startsMs && latestMs <= reserved.endsMs, `${job} in ${pool} at ${nowMs}, until ${latestMs}`);
}

/** Of each set of pools, all that is there against all that their nodes have. */
function checkSums({ of, runs }: Model): void {
  for (let set = 1; set < 2 ** mostPools; set += 1) {
    const has = of.nodes.reduce((sum, { cores, pools }) => sum + ((pools & set) === 0 ? 0 : cores), 0);
    const inside = [...runs.values()].filter(({ pool }) => ((set >> Number(pool.slice(1))) & 1) === 1);
    const taken = inside.reduce((sum, { cores, allocation }) => sum + cores * allocation.nodes, 0);
    assert(taken <= has, `pools ${set.toString(2)} have ${has} cores, and ${taken} are placed there`);
  }
}

function checkExplained({ world, queued, nowMs }: Model): void {
  const placed = new Map(world.decide(nowMs, 100).place.map((each) => [`${each.job}_${each.index}`, each.centre]));
  for (const key of queued) {
    const [job = 0, index = 0] = key.split("_").map(Number);
    const told = world.explain({ job: jobId(job), index }, nowMs);
    assert(told.kind === "waiting");
    assert.equal(told.wouldGoTo, placed.get(key) ?? null, key);
    if (told.wouldGoTo === null && told.rule === null)
      for (const { rule, centre } of told.candidates)
        assert(rule !== null && rule !== "joins-queue", `${key} at ${centre}`);
  }
}

function isOnNodes({ of }: Model, { nodes, pool }: Run): boolean {
  return nodes?.every((node) => isIn(of, node, Number(pool.slice(1)))) === true;
}
