import assert from "node:assert/strict";
import { noAgreements, type RegionAgreement, type RegionAgreements } from "#core/centre/agreements.ts";
import { aliasKinds, type DeviceCount, type EngineOffers, type NodeGroup, noOffers } from "#core/centre/engine.ts";
import {
  centreId,
  type JobId,
  jobId,
  type ProjectId,
  personId,
  projectId,
  type TenantId,
  tenantId,
} from "#core/ids.ts";
import { parseArray } from "#core/job/array.ts";
import type { DataPlaces } from "#core/job/data-places.ts";
import { type Demanding, demandsOf } from "#core/job/demands.ts";
import {
  type CentreWishes,
  type Dependency,
  type Preemptible,
  preemptibles,
  type Shape,
  siteWordKinds,
} from "#core/job/spec.ts";
import { sampleSpec } from "#core/sample-testing.ts";
import type { PlaceRule, TenantPlace } from "#core/scheduling/bounds.ts";
import type { Asker } from "#core/scheduling/explanation.ts";
import type { GrantTold } from "#core/scheduling/grants.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import type { CentreState, PoolState, RunPhase } from "#core/scheduling/world-event.ts";
import type { TaskEnd } from "#core/scheduling/world-plan.ts";

/**
 * Runs a scenario that reads as prose, first come first served where no other policy is named; for tests alone. Jobs are numbered from 1 in the order of their lines.
 *
 *   centre alpha  8 cores 16000 MiB  4 x/npu        a centre as it now is; also: planned, unreachable, never-connected, simulated
 *   remove alpha
 *   centre alpha  region cn-gz                      the rest stays as it was
 *   centre alpha  draining                          takes nothing new; also: suspended, leaving, open
 *   pool alpha/batch  4×8  2×64 memory 9000 cards 2 x/npu free 3 down     nodes × cores, each with what follows it
 *                     within leaf1  parts 10  counts 1,2,4,8       the group of nodes; how cards are given out;
 *                     no-whole-nodes  named n[1-4] (these nodes)  row n[1-8] (the order in which they are next to each other)
 *                     maintained-in 600 (s)
 *                     reserved 600-1200 (s: its nodes are the network's then alone)  gone (so it was, and is not there)
 *                     domestic  not-domestic
 *                     speed 2  carbon 500 (g/kWh)  shared pending 2  share 25  opportunistic  limit 600  least 2  most 4  drained  foreign  ours 8
 *   job small     cores 2  memory 500 MiB  cards 1 x/npu  nodes 2 tasks 4  array 0-9%2  only alpha,beta  except beta
 *                 time 600  grace 30  deadline 1200 (s)  priority high  of 2 (its project)  tenant 3
 *                 asks partition=fast  asks software=a/1  asks disk=/lustre  asks licence=abaqus:2  asks container  preemptible restarts
 *                 whole (nodes)  groups 2  row (nodes next to each other)  share 250 (thousandths of a card)
 *                 says-simulated  prefer beta  afterok large  afternotok large_3  aftercorr large  singleton  called train  by 2
 *                 residency cn-gz,cn-sd (where its data may be)  domestic
 *                 data alpha,beta=600 (its input is there, or from then on)  elsewhere 900 (everywhere else; else never)
 *   offers alpha partition=fast>short software=a/1,b/2 disk=/lustre licence=abaqus:3/4 container    3 of 4 are free
 *   home 1 alpha                                     a tenant's home centre, from here on
 *   cores tenant 1 8                                 what a tenant (or project) may hold at once
 *   bound tenant 1 region cn-sd residency cn domestic       what an administrator set of it (or of project 2: no region)
 *   agree cn-sd cn-gz share 50 hours 20:00-08:00            one more agreement between regions, in that direction
 *   agree otherwise refused                                 what holds where none names the regions; also: allowed
 *   grant project 2 600 left 240                     core-seconds that a project (or tenant) was granted, and has left
 *   at 600                                           the time from here on, in seconds (at first 0)
 *   place                                            commits what would start now, and ends what never can
 *   end small ok        end small_3 failed           the run, or the queued task, ended so
 *   queued small        running small                the engine has it in its own queue, has started it
 *   running small on n[1-2]                          and tells on which nodes
 *   queued small 600                                 and thinks it will start in 600 s
 *   takeback                                         asks back what would be done earlier elsewhere
 *   lost small                                       a failing node ended its run; `retry` or `end` follows
 *   expect small moves beta                          is asked back from its queue, for a place at beta
 *   expect nothing moves
 *   retry small                                      its run ended, and it is queued again
 *   expect small starts alpha                        or alpha/batch
 *   expect small queues alpha                        joins the own queue of a shared pool
 *   expect small waits alpha: cores-busy, beta: behind-in-queue        for each centre, its first failing rule
 *   expect small waits array-throttle                                  the job's own rule
 *   expect small overdue                                               ends, as it can no longer meet its deadline
 *   expect small never                                                 ends as dependency-never-satisfied
 *   expect nothing starts
 *   expect small,other_3 make-way large              these runs and no others are asked to end for it; nobody: none is
 *   expect small impossible                                            refused at submit: no centre fits
 */
export function runScenario(text: string, policy: Policy = policies.fcfs): World {
  const world = createWorld(policy);
  const stage: Stage = {
    world,
    nowMs: 0,
    jobs: new Map(),
    centres: new Map(),
    attempts: new Map(),
    homes: new Map(),
    granted: new Map(),
    bounds: { tenants: new Map(), projects: new Map(), agreements: noAgreements },
  };
  for (const line of text.split("\n").map((each) => each.replace(/#.*/, "").trim())) {
    const [verb, ...words] = line.split(/\s+/);
    if (!verb) continue;
    const act = verbs[verb];
    assert(act, `scenario: what is ${verb}?`);
    try {
      act(stage, words);
    } catch (cause) {
      throw new Error(`scenario line: ${line}\n${cause instanceof Error ? cause.message : cause}`, { cause });
    }
  }
  return stage.world;
}

type Stage = {
  readonly world: World;
  nowMs: number;
  readonly jobs: Map<string, Job>;
  readonly centres: Map<string, CentreState>;
  readonly attempts: Map<string, number>;
  readonly homes: Map<number, string>;
  readonly granted: Map<string, GrantTold>;
  readonly bounds: {
    readonly tenants: Map<TenantId, TenantPlace>;
    readonly projects: Map<ProjectId, PlaceRule>;
    agreements: RegionAgreements;
  };
};

type Job = { readonly id: JobId; readonly shape: Shape; readonly wishes: CentreWishes; readonly asker: Asker };

const verbs: Record<string, (stage: Stage, words: string[]) => void> = {
  centre: (stage, [name = "", ...words]) => {
    const centre = readCentre(name, words, stage.centres.get(name));
    stage.centres.set(name, centre);
    stage.world.apply({ kind: "centre-changed", centre });
  },
  pool: (stage, [name = "", ...words]) => {
    const [id = "", pool = ""] = name.split("/");
    const known = stage.centres.get(id) ?? { ...readCentre(id, [], undefined), driver: "slurm", pools: [] };
    const pools = [...known.pools.filter((each) => each.name !== pool), readPool(pool, words)];
    const centre: CentreState = { ...known, pools };
    stage.centres.set(id, centre);
    stage.world.apply({ kind: "centre-changed", centre });
  },
  offers: (stage, [name = "", ...words]) => {
    const known = stage.centres.get(name);
    assert(known, `no centre ${name}`);
    const centre: CentreState = { ...known, offers: readOffers(words) };
    stage.centres.set(name, centre);
    stage.world.apply({ kind: "centre-changed", centre });
  },
  queued: (stage, [name = "", inS]) => moveRun(stage, name, "waiting", inS),
  takeback: (stage) => {
    for (const { job, index, attempt, to, toPool } of stage.world.decide(stage.nowMs, 1_000_000).takeBack)
      stage.world.apply({ kind: "run-asked-back", job, index, attempt, to: { centre: to, pool: toPool } });
  },
  lost: (stage, [name = ""]) => {
    const { job, index } = taskOf(stage, name);
    stage.world.apply({ kind: "run-lost", job, index, attempt: stage.attempts.get(`${job}_${index}`) ?? 0 });
  },
  running: (stage, [name = "", , nodes]) => moveRun(stage, name, "running", undefined, nodes),
  remove: (stage, [name = ""]) => stage.world.apply({ kind: "centre-removed", centre: centreId(name) }),
  job: addJob,
  home: ({ world, homes, nowMs }, [tenant, centre = ""]) => {
    homes.set(Number(tenant), centre);
    const pairs = [...homes].map(([number, id]) => [tenantId(number), centreId(id)] as const);
    world.apply({ kind: "homes-set", homes: pairs, atMs: nowMs });
  },
  cores: ({ world }, [of, id, most]) => {
    const pair = [Number(id), Number(most)] as const;
    const tenants = of === "tenant" ? [[tenantId(pair[0]), pair[1]] as const] : [];
    const projects = of === "project" ? [[projectId(pair[0]), pair[1]] as const] : [];
    world.apply({ kind: "core-limits-set", tenants, projects });
  },
  bound: (stage, [of, id, ...words]) => {
    const place = readPlace(words);
    if (of === "tenant") stage.bounds.tenants.set(tenantId(Number(id)), place);
    else if (of === "project") stage.bounds.projects.set(projectId(Number(id)), place);
    else assert.fail(`bound: what is ${of}?`);
    bindAnew(stage);
  },
  agree: (stage, [from = "", to = "", ...words]) => {
    const { bounds } = stage;
    if (from === "otherwise")
      bounds.agreements = { ...bounds.agreements, otherwise: to === "refused" ? to : "allowed" };
    else
      bounds.agreements = {
        ...bounds.agreements,
        agreements: [...bounds.agreements.agreements, readAgreement(from, to, words)],
      };
    bindAnew(stage);
  },
  grant: ({ world, granted }, [of, id, amount, , left]) => {
    assert(of === "tenant" || of === "project");
    const told: GrantTold = { of, id: Number(id), unit: "core-ms", granted: `${amount}000`, left: `${left}000` };
    granted.set(`${of} ${id}`, told);
    world.apply({ kind: "grants-told", grants: [...granted.values()] });
  },
  at: (stage, [seconds]) => {
    stage.nowMs = 1000 * Number(seconds);
  },
  place: ({ world, attempts, nowMs, jobs }) => {
    const plan = world.decide(nowMs, 1_000_000);
    for (const { job, index, attempt, centre, pool, allocation } of plan.place) {
      attempts.set(`${job}_${index}`, attempt);
      const run = { job, index, attempt, centre, pool, allocation };
      world.apply({ kind: "task-placed", ...run, phase: "sent", atMs: nowMs });
    }
    for (const { claimantName: _, ...run } of plan.preempt ?? []) {
      const { project } = [...jobs.values()].find(({ id }) => id === run.job)?.asker ?? assert.fail();
      world.apply({ kind: "run-makes-way", ...run, project, atMs: nowMs });
    }
    for (const { job, indices } of plan.end) world.apply({ kind: "tasks-ended", job, indices, succeeded: false });
  },
  end: (stage, [name = "", how]) => {
    const { job, index } = taskOf(stage, name);
    const succeeded = how === "ok";
    const indices = [{ first: index, last: index, step: 1 }];
    stage.world.apply({ kind: "tasks-ended", job, indices, succeeded, atMs: stage.nowMs });
  },
  retry: (stage, [name = ""]) => {
    const { job, index } = taskOf(stage, name);
    const attempts = stage.attempts.get(`${job}_${index}`) ?? 0;
    stage.world.apply({ kind: "task-queued", job, index, attempts, atMs: stage.nowMs });
  },
  expect: (stage, [name = "", what, ...rest]) => {
    if (name === "nothing") expectNothing(stage, what);
    else if (what === "moves") expectMove(stage, name, rest[0] ?? "");
    else if (what === "starts") expectStart(stage, name, rest[0] ?? "", "now");
    else if (what === "queues") expectStart(stage, name, rest[0] ?? "", "in-turn");
    else if (what === "waits") expectWait(stage, name, rest.join(" "));
    else if (what === "make-way") expectWay(stage, name, rest[0] ?? "", rest[1]);
    else if (what === "awaits") expectAwait(stage, name, rest[0] ?? "", Number(rest[1]));
    else if (what === "never") expectNever(stage, name, "dependency-never-satisfied");
    else if (what === "overdue") expectNever(stage, name, "deadline-cannot-be-met");
    else if (what === "impossible") expectImpossible(stage, name);
    else assert.fail(`expect what: ${what}?`);
  },
};

function bindAnew({ world, bounds: { tenants, projects, agreements } }: Stage): void {
  world.apply({ kind: "bounds-set", tenants: [...tenants], projects: [...projects], agreements });
}

function readPlace(words: readonly string[]): TenantPlace {
  const place: Writable<TenantPlace> = { region: null, residency: null, domestic: words.includes("domestic") };
  for (const [i, word] of words.entries()) {
    if (word === "region") place.region = words[i + 1] ?? "";
    if (word === "residency") place.residency = words[i + 1]?.split(",") ?? [];
  }
  return place;
}

function readAgreement(from: string, to: string, words: readonly string[]): RegionAgreement {
  const agreement: Writable<RegionAgreement> = {
    from: from.split(","),
    to: to.split(","),
    sharePercent: null,
    hours: [],
    terms: "",
  };
  for (const [i, word] of words.entries()) {
    const [begins = "", ends = ""] = words[i + 1]?.split("-") ?? [];
    if (word === "share") agreement.sharePercent = Number(words[i + 1]);
    if (word === "hours") agreement.hours = [{ days: [1, 2, 3, 4, 5, 6, 7], from: begins, to: ends }];
  }
  return agreement;
}

function readCentre(name: string, words: string[], before: CentreState | undefined): CentreState {
  const one = before?.pools[0]?.nodes[0];
  const size = { cores: one?.cores ?? 1, memoryMib: one?.memoryMib ?? 1_000_000 };
  let memoryMibPerCore = before?.pools[0]?.memoryMibPerCore ?? 100;
  const accelerators: DeviceCount[] = [];
  let lifeCycle: CentreState["lifeCycle"] = "in-service";
  let connection: CentreState["connection"] = "connected";
  let intake: CentreState["intake"] = "open";
  let driver: CentreState["driver"] = before?.driver ?? "process";
  let region = before?.region ?? null;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word === "planned" || word === "retired" || word === "trial") lifeCycle = word;
    else if (word === "simulated") driver = word;
    else if (word === "unreachable" || word === "never-connected") connection = word;
    else if (word === "draining" || word === "suspended" || word === "leaving" || word === "open") intake = word;
    else if (word === "parts" || word === "counts") giveOut(accelerators, word, words[++i] ?? "");
    else if (word === "region") region = words[++i] ?? null;
    else {
      const unit = words[++i] ?? "";
      if (unit === "cores") size.cores = Number(word);
      else if (unit === "MiB") size.memoryMib = Number(word);
      else if (unit === "MiB/core") memoryMibPerCore = Number(word);
      else accelerators.push({ ...device(unit), count: Number(word) });
    }
  }
  const cards = accelerators.length > 0 ? accelerators : (one?.accelerators ?? []);
  const pool = poolOfNodes("main", [{ ...size, accelerators: cards }], { memoryMibPerCore });
  const severalPools = before?.driver === "slurm" || before?.driver === "simulated";
  const pools = connection === "never-connected" ? [] : severalPools ? before.pools : [pool];
  const offers = connection === "never-connected" ? null : (before?.offers ?? noOffers);
  const accounts = before?.accounts ?? null;
  return {
    id: centreId(name),
    driver,
    lifeCycle,
    intake,
    connection,
    pools,
    offers,
    accounts,
    region,
  };
}

function readPool(name: string, words: string[]): PoolState {
  const groups: Partial<Writable<NodeGroup>>[] = [];
  const more: Partial<Writable<PoolState>> = {};
  const limits = { timeLimitS: null as number | null, leastNodes: 1, mostNodes: null as number | null };
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const next = () => Number(words[++i]);
    const group = groups.at(-1);
    const size = /^(\d+)×(\d+)$/.exec(word);
    if (size) groups.push({ count: Number(size[1]), cores: Number(size[2]) });
    else if (word === "shared" || word === "opportunistic") more.contract = word;
    else if (word === "pending") more.maxPending = next();
    else if (word === "share") more.sharePercent = next();
    else if (word === "limit") limits.timeLimitS = next();
    else if (word === "speed") more.speed = next();
    else if (word === "carbon") more.carbonGPerKwh = next();
    else if (word === "least") limits.leastNodes = next();
    else if (word === "most") limits.mostNodes = next();
    else if (word === "drained") more.state = word;
    else if (word === "reserved") more.reserved = reservedFor(words[++i] ?? "");
    else if (word === "gone") Object.assign(more, { state: "down", shut: "no-reservation" });
    else if (word === "no-whole-nodes") more.givesWholeNodes = false;
    else if (word === "row") more.row = words[++i] ?? "";
    else if (word === "domestic" || word === "not-domestic") more.domestic = word === "domestic";
    else if (word === "foreign") more.foreign = "seen";
    else if (word === "alone") Object.assign(more, { foreign: "seen", alone: true });
    else if (word === "ours") more.ours = { cores: next(), memoryMib: 0, accelerators: [] };
    else if (!group) assert.fail(`pool: what is ${word}?`);
    else if (word === "memory") group.memoryMib = next();
    else if (word === "cards") group.accelerators = [{ count: next(), ...device(words[++i] ?? "") }];
    else if (word === "named") group.names = words[++i] ?? "";
    else if (word === "within") group.within = words[++i] ?? "";
    else if (word === "parts" || word === "counts") giveOut(group.accelerators, word, words[++i] ?? "");
    else if (word === "maintained-in") group.maintenance = window(next());
    else if (word === "free") group.free = { cores: next(), memoryMib: 1_000_000, accelerators: [] };
    else if (word === "down" || word === "draining" || word === "maintenance") group.state = word;
    else assert.fail(`pool: what is ${word}?`);
  }
  return poolOfNodes(name, groups, { ...more, limits });
}

/** As told at 0. */
function reservedFor(text: string): PoolState["reserved"] {
  const [startsMs = 0, endsMs = 0] = text.split("-").map((seconds) => Number(seconds) * 1000);
  return { startsMs, endsMs, lastsMs: endsMs - startsMs };
}

/** Of the cards named last: into how many parts each may be given out, or how many of them. */
function giveOut(accelerators: readonly DeviceCount[] | undefined, how: "parts" | "counts", value: string): void {
  const last: Writable<DeviceCount> = accelerators?.at(-1) ?? assert.fail(`${how} of which cards?`);
  if (how === "parts") last.parts = Number(value);
  else last.counts = value.split(",").map(Number);
}

function window(startsInS: number): NodeGroup["maintenance"] {
  return { startsInMs: startsInS * 1000, endsInMs: (startsInS + 3600) * 1000 };
}

/** A pool of the network's own, with nothing said of it but its nodes; for tests alone. */
export function poolOfNodes(
  name: string,
  groups: readonly Partial<NodeGroup>[],
  more: Partial<PoolState> = {},
): PoolState {
  const nodes = groups.map((group, place): NodeGroup => {
    const size = { cores: 1, memoryMib: 1_000_000, accelerators: [], ...group };
    return { names: `${name}-n${place}`, count: 1, state: "up", reason: null, features: [], free: size, ...size };
  });
  return {
    name,
    lifeCycle: "in-service",
    contract: "dedicated",
    state: "up",
    memoryMibPerCore: 100,
    limits: { timeLimitS: null, leastNodes: 1, mostNodes: null },
    nodes,
    ours: { cores: 0, memoryMib: 0, accelerators: [] },
    foreign: "none",
    maxPending: 8,
    leaseMs: null,
    ...more,
  };
}

function moveRun(stage: Stage, name: string, phase: RunPhase, inS?: string, nodes?: string): void {
  const { job, index } = taskOf(stage, name);
  const attempt = stage.attempts.get(`${job}_${index}`) ?? 0;
  const startsMs = inS === undefined ? null : stage.nowMs + 1000 * Number(inS);
  stage.world.apply({ kind: "run-moved", job, index, attempt, phase, atMs: stage.nowMs, startsMs, nodes });
}

function expectNothing(stage: Stage, what: string | undefined): void {
  const { place, takeBack } = stage.world.decide(stage.nowMs, 1_000_000);
  assert.deepEqual(what === "moves" ? takeBack : place, []);
}

function expectMove(stage: Stage, name: string, to: string): void {
  const task = taskOf(stage, name);
  const { takeBack } = stage.world.decide(stage.nowMs, 1_000_000);
  const found = takeBack.find((each) => each.job === task.job && each.index === task.index);
  assert.equal(found?.to, to, JSON.stringify(takeBack));
}

function device(text: string): { readonly vendor: string; readonly model: string } {
  const [vendor = "", model = ""] = text.split("/");
  return { vendor, model };
}

function addJob(stage: Stage, [name = "", ...words]: string[]): void {
  const id = jobId(stage.jobs.size + 1);
  const shape = {
    nodes: 1,
    tasks: 1,
    coresPerTask: 1,
    memory: { kind: "default" },
    accelerators: null,
  } as Writable<Shape>;
  const wishes = { only: [], except: [], prefer: [] } as Writable<CentreWishes>;
  const dependencies: Dependency[] = [];
  let array = null;
  const demanding: Writable<Demanding> = { ...sampleSpec };
  let timeLimitS = 60;
  let graceS = 0;
  let deadlineMs: number | null = null;
  let priority = "normal";
  let preemptible: Preemptible = "no";
  let warnS = 0;
  let project = 1;
  let tenant = 1;
  let called = name;
  let person = 1;
  for (let i = 0; i < words.length; ) {
    const key = words[i++];
    const next = () => words[i++] ?? "";
    if (key === "cores") shape.coresPerTask = Number(next());
    else if (key === "nodes") shape.tasks = shape.nodes = Number(next());
    else if (key === "tasks") shape.tasks = Number(next());
    else if (key === "time") timeLimitS = Number(next());
    else if (key === "grace") graceS = Number(next());
    else if (key === "deadline") deadlineMs = 1000 * Number(next());
    else if (key === "priority") priority = next();
    else if (key === "preemptible") {
      const said = next();
      preemptible = preemptibles.find((one) => one === said) ?? assert.fail(`how is it preemptible: ${said}?`);
    } else if (key === "warned") warnS = Number(next());
    else if (key === "of") project = Number(next());
    else if (key === "tenant") tenant = Number(next());
    else if (key === "memory") shape.memory = { kind: "per-node", mib: Number(next()) };
    else if (key === "cards") {
      const perNode = Number(next());
      const asked = next();
      shape.accelerators = { ...(asked === "any" ? { vendor: null, model: null } : device(asked)), perNode };
    } else if (key === "share") {
      assert(shape.accelerators, "a share of which card?");
      shape.accelerators = { ...shape.accelerators, shareMilli: Number(next()) };
    } else if (key === "whole") shape.wholeNodes = true;
    else if (key === "groups") shape.nodeGroups = Number(next());
    else if (key === "row") shape.contiguous = true;
    else if (key === "array") {
      const parsed = parseArray(next(), 100_000);
      assert(parsed.kind === "ok");
      array = parsed.array;
    } else if (key === "only" || key === "except" || key === "prefer") wishes[key] = next().split(",").map(centreId);
    else if (key === "says-simulated") wishes.simulated = true;
    else if (key === "residency") demanding.residency = next().split(",");
    else if (key === "domestic") shape.domestic = true;
    else if (key === "data") demanding.data = { elsewhereMs: null, ...demanding.data, at: readData(next()) };
    else if (key === "elsewhere") demanding.data = { at: [], ...demanding.data, elsewhereMs: 1000 * Number(next()) };
    else if (key === "asks") ask(demanding, next());
    else if (key === "singleton") dependencies.push({ kind: "singleton" });
    else if (key === "called") called = next();
    else if (key === "by") person = Number(next());
    else if (key === "aftercorr") dependencies.push({ kind: key, job: taskOf(stage, next()).job });
    else if (key === "afterok" || key === "afterany" || key === "afternotok") {
      const on = next();
      const { job, index } = taskOf(stage, on);
      dependencies.push({ kind: key, job, index: on.includes("_") ? index : null });
    } else assert(key === "MiB", `job: what is ${key}?`);
  }
  const demands = demandsOf(demanding);
  const by = { project: projectId(project), tenant: tenantId(tenant) };
  stage.jobs.set(name, { id, shape, wishes, asker: { timeLimitS, graceS, ...by, demands } });
  const asked = {
    shape,
    timeLimitS,
    graceS,
    deadlineMs,
    priority,
    preemptible,
    warnS,
    array,
    dependencies,
    wishes,
    demands,
    past: null,
  };
  const who = { tenant: tenantId(tenant), project: projectId(project), person: personId(person), name: called };
  stage.world.apply({ kind: "job-queued", job: id, submittedMs: stage.nowMs + id, ...who, ...asked });
}

function readData(text: string): DataPlaces["at"] {
  return text.split(",").map((each) => {
    const [centre = "", fromS = "0"] = each.split("=");
    return { centre: centreId(centre), fromMs: 1000 * Number(fromS) };
  });
}

/** `partition=fast`, `software=gromacs/2024`, `container`, `disk=/lustre/a`, `licence=abaqus:2`, `nodelist=n1`. */
function ask(demanding: Writable<Demanding>, text: string): void {
  const [key = "", value = ""] = text.split("=");
  const kind = siteWordKinds.find((one) => one === key);
  if (kind) demanding.siteWords = { ...demanding.siteWords, [kind]: value.split(",") };
  else if (key === "software") demanding.software = value.split(",");
  else if (key === "container") demanding.container = "image@sha256:0";
  else if (key === "disk") demanding.fileSystems = [value];
  else if (key === "licence") demanding.licences = [counted(value)].map(({ name, count }) => ({ name, count }));
  else assert.fail(`asks what: ${text}?`);
}

/** `offers alpha partition=fast>short,batch software=gromacs/2024 disk=/lustre licence=abaqus:3/4`: all it offers. */
function readOffers(words: readonly string[]): EngineOffers {
  let offers: Writable<EngineOffers> = { ...noOffers };
  for (const word of words) {
    const [key = "", value = ""] = word.split("=");
    const kind = aliasKinds.find((one) => one === key);
    const list = value.split(",");
    if (kind) {
      const pairs = list.map((each) => each.split(">"));
      offers = { ...offers, aliases: { ...offers.aliases, [kind]: pairs.map(([name = ""]) => name) } };
      if (kind === "partition")
        offers.partitionPools = Object.fromEntries(pairs.flatMap(([name = "", pool]) => (pool ? [[name, pool]] : [])));
    } else if (key === "software") offers.software = list;
    else if (key === "container") offers.containers = ["apptainer"];
    else if (key === "disk")
      offers.fileSystems = list.map((path) => ({ name: path.slice(1), path, shared: true, purgeDays: null }));
    else if (key === "licence")
      offers.licences = list.map(counted).map(({ name, count, of }) => ({ name, total: of, free: count }));
    else assert.fail(`offers what: ${word}?`);
  }
  return offers;
}

/** `abaqus:3/4`: 3 of 4. */
function counted(text: string): { readonly name: string; readonly count: number; readonly of: number } {
  const [, name = "", count = "1", of = count] = /^(\w+)(?::(\d+))?(?:\/(\d+))?$/.exec(text) ?? [];
  return { name, count: Number(count), of: Number(of) };
}

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** `large` is job large, index 0; `large_3` its index 3; a number names a job the world was never told of. */
function taskOf(stage: Stage, name: string): { readonly job: JobId; readonly index: number } {
  const [job = "", index = "0"] = name.split("_");
  const known = stage.jobs.get(job);
  assert(known || /^\d+$/.test(job), `no job ${job}`);
  return { job: known?.id ?? jobId(Number(job)), index: Number(index) };
}

function expectStart(stage: Stage, name: string, place: string, starts: "now" | "in-turn"): void {
  const [centre, pool] = place.split("/");
  const task = taskOf(stage, name);
  const placed = stage.world
    .decide(stage.nowMs, 1_000_000)
    .place.find((each) => each.job === task.job && each.index === task.index);
  const explained = stage.world.explain(task, stage.nowMs);
  assert.equal(placed?.centre, centre, `instead: ${JSON.stringify(explained)}`);
  assert(explained.kind === "waiting" && explained.wouldGoTo === centre, "explain agrees with decide");
  if (pool) assert.equal(placed?.pool, pool);
  assert.equal(placed?.starts, starts);
  const chosen = explained.candidates.find((each) => each.centre === centre);
  assert.equal(chosen?.rule, starts === "now" ? null : "joins-queue");
}

function expectWait(stage: Stage, name: string, reasons: string): void {
  const task = taskOf(stage, name);
  const placed = stage.world.decide(stage.nowMs, 1_000_000).place;
  assert(!placed.some((each) => each.job === task.job && each.index === task.index), `${name} starts`);
  const explained = stage.world.explain(task, stage.nowMs);
  assert(explained.kind === "waiting", `${name} is ${explained.kind}`);
  assert.equal(explained.wouldGoTo, null, "explain agrees with decide");
  if (!reasons.includes(":")) assert.equal(explained.rule, reasons);
  else {
    assert.equal(explained.rule, null);
    assert.equal(explained.candidates.map((each) => `${each.centre}: ${each.rule ?? "now"}`).join(", "), reasons);
  }
}

/** `expect nobody make-way urgent not-surely`: why nobody does. */
function expectWay(stage: Stage, names: string, claimant: string, why?: string): void {
  const { job, index } = taskOf(stage, claimant);
  const asked = (stage.world.decide(stage.nowMs, 1_000_000).preempt ?? [])
    .filter((each) => each.claimant.job === job && each.claimant.index === index)
    .map((each) => `${each.job}_${each.index}`);
  const named = names === "nobody" ? [] : names.split(",").map((name) => taskOf(stage, name));
  assert.deepEqual(asked.sort(), named.map((each) => `${each.job}_${each.index}`).sort());
  const explained = stage.world.explain({ job, index }, stage.nowMs);
  assert(explained.kind === "waiting", `${claimant} is ${explained.kind}`);
  if (named.length > 0) assert.equal(explained.nobodyEnds, undefined, "explain agrees with decide");
  if (why !== undefined) assert.equal(explained.nobodyEnds, why);
}

/** `expect large awaits alpha 100`: it could start now, and waits 100 s for a faster pool there. */
function expectAwait(stage: Stage, name: string, centre: string, startsInS: number): void {
  const task = taskOf(stage, name);
  const placed = stage.world.decide(stage.nowMs, 1_000_000).place;
  assert(!placed.some((each) => each.job === task.job && each.index === task.index), `${name} starts`);
  const explained = stage.world.explain(task, stage.nowMs);
  assert(explained.kind === "waiting" && explained.wouldGoTo === null, "explain agrees with decide");
  assert.deepEqual([explained.awaits?.centre, explained.awaits?.startsInS], [centre, startsInS]);
  const { estimate } = explained;
  assert((estimate.kind === "limits" || estimate.kind === "data") && estimate.centre === centre);
}

function expectNever(stage: Stage, name: string, rule: TaskEnd["rule"]): void {
  const task = taskOf(stage, name);
  const end = stage.world
    .decide(stage.nowMs, 0)
    .end.find((each) => each.job === task.job && "rule" in each && each.rule === rule);
  assert(
    end?.indices.some(({ first, last }) => task.index >= first && task.index <= last),
    `${name} is not ended`,
  );
  const explained = stage.world.explain(task, stage.nowMs);
  assert(explained.kind === "waiting" && explained.rule === rule, "explain agrees with decide");
}

function expectImpossible(stage: Stage, name: string): void {
  const job = stage.jobs.get(name);
  assert(job, `no job ${name}`);
  assert.equal(stage.world.couldEverFit(job.shape, job.wishes, job.asker).kind, "refused");
}
