import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { RegionAgreements } from "#core/centre/agreements.ts";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, jobId, personId, projectId, tenantId } from "#core/ids.ts";
import type { Demands } from "#core/job/demands.ts";
import { type Preemptible, preemptibles, type Shape } from "#core/job/spec.ts";
import type { BoundsSet, PlaceRule } from "#core/scheduling/bounds.ts";
import { policies } from "#core/scheduling/policy.ts";
import { poolOfNodes } from "#core/scheduling/scenario-testing.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import type { CentreState, WorldEvent } from "#core/scheduling/world-event.ts";

// A network lives through random steps under random rules. What is placed is held against the rules themselves, read as
// plainly as they are written; and a world that lived through all of it against one that is told the outcome at once.

const regions = ["cn-gz", "cn-sd", "cn-bj", null] as const;
const seldom = fc.constantFrom(false, false, false, true);
const region = fc.constantFrom("cn-gz", "cn-sd", ...regions);
const residency = fc.constantFrom(null, null, null, null, null, ["cn-gz"], ["cn-sd", "cn-gz"], ["cn"], ["de"]);
const rule: fc.Arbitrary<PlaceRule> = fc.record({ residency, domestic: seldom });
const agreements: fc.Arbitrary<RegionAgreements> = fc.record({
  otherwise: fc.constantFrom("allowed", "refused"),
  agreements: fc.constantFrom(
    [],
    [{ from: ["cn-gz"], to: ["cn-sd"], sharePercent: 50, hours: [], terms: "" }],
    [
      { from: ["cn-gz", "cn-bj"], to: ["cn-sd"], sharePercent: 25, hours: [], terms: "" },
      { from: ["cn-sd"], to: ["cn-gz"], sharePercent: null, hours: [], terms: "" },
    ],
  ),
});
const bounds: fc.Arbitrary<BoundsSet> = fc.record({
  tenants: fc
    .tuple(
      fc.record({ region, residency, domestic: fc.constant(false) }),
      fc.record({ region, residency, domestic: seldom }),
    )
    .map(([one, other]) => [[tenantId(1), one] as const, [tenantId(2), other] as const]),
  projects: fc.tuple(rule, rule).map(([one, other]) => [[projectId(1), one] as const, [projectId(3), other] as const]),
  agreements,
});

const vendors = ["huawei", "nvidia", "unknown"] as const;
type Step =
  | {
      readonly kind: "centre";
      readonly at: number;
      readonly where: (typeof regions)[number];
      readonly vendor: string;
      readonly marked: boolean | null;
      readonly shared: boolean;
    }
  | {
      readonly kind: "job";
      readonly project: number;
      readonly cores: number;
      readonly cards: number;
      readonly residency: readonly string[];
      readonly domestic: boolean;
      readonly priority: string;
      readonly preemptible: Preemptible;
    }
  | { readonly kind: "bounds"; readonly set: BoundsSet }
  /** `lost`: declared so, and begun anew; `way`: all that were asked to make way have. */
  | { readonly kind: "place" | "end" | "retry" | "back" | "lost" | "way" };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("centre" as const),
    at: fc.nat(2),
    where: region,
    vendor: fc.constantFrom(...vendors),
    marked: fc.constantFrom(null, true, false),
    shared: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("job" as const),
    project: fc.integer({ min: 1, max: 4 }),
    cores: fc.integer({ min: 1, max: 5 }),
    cards: fc.nat(2),
    residency: fc.constantFrom([], [], [], [], ["cn-sd"], ["cn"]),
    domestic: seldom,
    priority: fc.constantFrom("low", "normal", "high"),
    preemptible: fc.constantFrom(...preemptibles),
  }),
  fc.record({ kind: fc.constant("bounds" as const), set: bounds }),
  fc.record({
    kind: fc.constantFrom(...(["place", "place", "end", "retry", "back", "lost", "way"] as const)),
  }),
);

/** A centre that is full of work that makes way, so that somebody is asked to. */
const busy: readonly Step[] = [
  { kind: "centre", at: 0, where: "cn-gz", vendor: "huawei", marked: null, shared: false },
  ...[3, 3, 2].map((cores): Step => {
    const open = { project: 4, cards: 0, residency: [], domestic: false } as const;
    return { kind: "job", cores, ...open, priority: "low", preemptible: "restarts" };
  }),
  { kind: "place" },
];

type Job = Extract<Step, { kind: "job" }>;
type Live = {
  readonly centre: number;
  readonly cores: number;
  readonly cards: number;
  readonly tenant: number;
  asked: boolean;
};
type Model = {
  readonly history: WorldEvent[];
  readonly centres: Map<number, Extract<Step, { kind: "centre" }>>;
  readonly jobs: Map<number, Job>;
  readonly live: Map<number, Live>;
  readonly attempts: Map<number, number>;
  set: BoundsSet;
};

const ids = ["alpha", "beta", "gamma"].map(centreId);
/** Projects 1 and 2 are of tenant 1, the others of tenant 2. */
const tenantOf = (project: number) => (project <= 2 ? 1 : 2);

test("nothing is ever placed against a rule, whatever came before; and a world told all at once places the same", () => {
  let asked = 0;
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 40, size: "max" }),
      fc.constantFrom("weir", "weir", "easy", "fcfs"),
      (steps, name) => {
        const { preemption } = policies.weir;
        const of = { normal: ["low"], high: ["low", "normal"] } as const;
        const asks = name === "weir" && preemption && { preemption: { ...preemption, of } };
        const policy = { ...policies[name], fairness: null, prediction: null, ...asks };
        const world = createWorld(policy);
        const fresh: BoundsSet = { tenants: [], projects: [], agreements: { otherwise: "allowed", agreements: [] } };
        const model: Model = {
          history: [],
          centres: new Map(),
          jobs: new Map(),
          live: new Map(),
          attempts: new Map(),
          set: fresh,
        };
        let nowMs = 1_000;
        for (const each of [...(asks ? busy : []), ...steps]) {
          nowMs += 1_000;
          live(world, model, each, nowMs);
          const plan = world.decide(nowMs, 100);
          assert.deepEqual(world.decide(nowMs, 100), plan, "deciding changes nothing");
          const held = new Map(model.live);
          for (const { job, centre } of plan.place) checkPlaced(model, held, job, ids.indexOf(centre));
          // Nobody makes way for one whom a rule keeps away, nor for one who waits for a share, which those would not give.
          for (const { claimant, centre } of plan.preempt ?? []) {
            checkPlaced(model, new Map(held), claimant.job, ids.indexOf(centre));
            asked += 1;
          }
          const again = createWorld(policy);
          for (const event of model.history.filter(({ kind }) => kind !== "bounds-set")) again.apply(event);
          again.apply({ kind: "bounds-set", ...model.set });
          assert.deepEqual(
            again.decide(nowMs, 100).place.map(({ job, centre, pool }) => [job, centre, pool]),
            plan.place.map(({ job, centre, pool }) => [job, centre, pool]),
            "as one that knew the rules from the start",
          );
          assert.deepEqual(again.decide(nowMs, 100).preempt, plan.preempt, "and asks the same to make way");
        }
      },
    ),
    { numRuns: 100 },
  );
  assert(asked > 5, `${asked} were asked to make way`);
});

function tell(world: World, { history }: Model, event: WorldEvent): void {
  history.push(event);
  world.apply(event);
}

function live(world: World, model: Model, each: Step, nowMs: number): void {
  const [first] = model.live.keys();
  const attempt = first === undefined ? 0 : (model.attempts.get(first) ?? 0);
  const task = { job: jobId(first ?? 1), index: 0 };
  if (each.kind === "centre") {
    model.centres.set(each.at, each);
    tell(world, model, { kind: "centre-changed", centre: centreOf(each) });
  } else if (each.kind === "bounds") {
    model.set = each.set;
    tell(world, model, { kind: "bounds-set", ...each.set });
  } else if (each.kind === "job") {
    const id = model.jobs.size + 1;
    model.jobs.set(id, each);
    tell(world, model, queued(id, each));
  } else if (each.kind === "place") {
    const { place, preempt = [] } = world.decide(nowMs, 100);
    for (const { job, attempt: made, centre, pool, allocation } of place) {
      model.attempts.set(job, made);
      model.live.set(job, heldBy(model, job, ids.indexOf(centre)));
      const run = { job, index: 0, attempt: made, centre, pool, allocation };
      tell(world, model, { kind: "task-placed", ...run, phase: "sent", atMs: nowMs });
      tell(world, model, { kind: "run-moved", job, index: 0, attempt: made, phase: "running", atMs: nowMs });
    }
    for (const { claimantName: _, ...run } of preempt) {
      const held = model.live.get(run.job) ?? assert.fail(`job ${run.job} does not run`);
      held.asked = true;
      const project = model.jobs.get(run.job)?.project ?? 1;
      const who = { project: projectId(project), tenant: tenantId(tenantOf(project)) };
      tell(world, model, { kind: "run-makes-way", ...run, ...who, atMs: nowMs });
    }
  } else if (each.kind === "way") {
    for (const [job] of [...model.live].filter(([, { asked }]) => asked)) {
      model.live.delete(job);
      const attempts = model.attempts.get(job) ?? 0;
      tell(world, model, { kind: "task-queued", job: jobId(job), index: 0, attempts, atMs: nowMs });
    }
  } else if (first === undefined) return;
  else if (each.kind === "end") {
    model.live.delete(first);
    const indices = [{ first: 0, last: 0, step: 1 }];
    tell(world, model, { kind: "tasks-ended", job: task.job, indices, succeeded: true, atMs: nowMs });
  } else {
    model.live.delete(first);
    if (each.kind === "back") tell(world, model, { kind: "run-asked-back", ...task, attempt, to: null });
    if (each.kind === "lost") tell(world, model, { kind: "run-lost", ...task, attempt });
    tell(world, model, { kind: "task-queued", ...task, attempts: attempt, atMs: nowMs });
  }
}

function centreOf({ at, where, vendor, marked, shared }: Extract<Step, { kind: "centre" }>): CentreState {
  // Of one node it is known what a run that ends leaves.
  const nodes = at === 0 ? 1 : 2;
  const accelerators = [{ vendor, model: "card", count: 8 / nodes }];
  const contract = shared ? ("shared" as const) : ("dedicated" as const);
  const pool = poolOfNodes("main", [{ count: nodes, cores: 8 / nodes, accelerators }], { domestic: marked, contract });
  const said = { lifeCycle: "in-service", intake: "open", connection: "connected", offers: noOffers } as const;
  return {
    id: ids[at] ?? ids[0] ?? centreId("alpha"),
    driver: "slurm",
    ...said,
    accounts: null,
    pools: [pool],
    region: where,
  };
}

function queued(id: number, job: Job): WorldEvent {
  const shape: Shape = {
    nodes: 1,
    tasks: 1,
    coresPerTask: job.cores,
    memory: { kind: "per-node", mib: 1 },
    accelerators: job.cards > 0 ? { vendor: null, model: null, perNode: job.cards } : null,
    ...(job.domestic && { domestic: true as const }),
  };
  const nothing = { siteWords: {}, software: [], container: false, fileSystems: [], licences: [] };
  const demands: Demands | null = job.residency.length === 0 ? null : { ...nothing, residency: job.residency };
  const { priority, preemptible } = job;
  const asked = { shape, timeLimitS: 600, priority, preemptible, array: null, dependencies: [], demands, past: null };
  const wishes = { only: [], except: [], prefer: [] };
  const who = { tenant: tenantId(tenantOf(job.project)), project: projectId(job.project), person: personId(1) };
  return { kind: "job-queued", job: jobId(id), submittedMs: id, name: "job", ...who, ...asked, wishes };
}

function heldBy({ jobs }: Model, job: number, centre: number): Live {
  const { cores = 0, cards = 0, project = 1 } = jobs.get(job) ?? {};
  return { centre, cores, cards, tenant: tenantOf(project), asked: false };
}

/** The rules as they are written. `held` grows by what is placed before it in the same plan. */
function checkPlaced(model: Model, held: Map<number, Live>, id: number, at: number): void {
  const job = model.jobs.get(id) ?? assert.fail(`job ${id}`);
  const { where, vendor, marked } = model.centres.get(at) ?? assert.fail(`centre ${at}`);
  const tenant = tenantOf(job.project);
  const place = model.set.tenants.find(([one]) => one === tenant)?.[1];
  const rules = [place, model.set.projects.find(([one]) => one === job.project)?.[1]];
  const allowed = [job.residency.length > 0 ? job.residency : null, ...rules.map((one) => one?.residency ?? null)];
  for (const among of allowed)
    assert(among === null || (where !== null && (among.includes(where) || among.includes("cn"))), `${among}: ${where}`);
  if (job.domestic || rules.some((one) => one?.domestic)) {
    const byVendor = job.cards > 0 && vendor === "huawei";
    assert(marked ?? byVendor, `domestic, and ${vendor} is ${marked}`);
  }
  const from = place?.region ?? null;
  held.set(id, heldBy(model, id, at));
  if (from !== null && from === where) return;
  const { otherwise, agreements: all } = model.set.agreements;
  const agreed = all.find(
    (one) => from !== null && where !== null && one.from.includes(from) && one.to.includes(where),
  );
  if (!agreed) assert.equal(otherwise, "allowed", `${from} → ${where}`);
  if (!agreed || agreed.sharePercent === null) return;
  let [cores, cards] = [0, 0];
  for (const run of held.values()) {
    const home = model.set.tenants.find(([one]) => one === run.tenant)?.[1].region ?? null;
    if (run.centre !== at || home === null || !agreed.from.includes(home)) continue;
    cores += run.cores;
    cards += run.cards;
  }
  assert(cores <= Math.floor((8 * agreed.sharePercent) / 100), `${cores} cores of 8`);
  assert(cards <= Math.floor((8 * agreed.sharePercent) / 100), `${cards} cards of 8`);
}
