import type { Nodes } from "#core/centre/engine.ts";
import type { PersonId, ProjectId, TenantId } from "#core/ids.ts";
import { coresPerNode } from "#core/job/spec.ts";
import type { Allocation } from "#core/run-order.ts";
import type { Asked } from "#core/scheduling/fit.ts";
import type { RememberedHomes } from "#core/scheduling/homes.ts";
import type { RememberedDoubt } from "#core/scheduling/order/doubt.ts";
import { dominantShare, Usage } from "#core/scheduling/order/fairness.ts";
import { type LearntRunTimes, RunTimes } from "#core/scheduling/order/predict.ts";
import type { Policy, Preemption } from "#core/scheduling/policy.ts";
import type { Ask } from "#core/scheduling/queue.ts";
import type { Strand } from "#core/scheduling/strands.ts";

/**
 * A person in one project: whose work it is that waits and runs. What they used and how long their jobs took moves the order
 * by the policy, as in the simulator's kernel (core/scheduling/order, docs/decisions/0033).
 */
export type Submitter = {
  /** Dense, from 0, in the order they were met. */
  readonly number: number;
  readonly tenant: TenantId;
  readonly project: ProjectId;
  readonly person: PersonId;
  /** On the score of its jobs, as told when the ranks were told last. */
  factor: number;
  /** Whether its tenant has used less than is its, as told then. */
  isBelowShare: boolean;
  /** Where its jobs stand, those of each priority class by what they ask for. */
  readonly strands: Map<string, Map<Ask, Strand>>;
  /** The same of those that have a deadline, each deadline of a class by itself. */
  readonly dated: Map<Ask, Map<string, Strand>>;
};

export type Submitters = {
  readonly all: Submitter[];
  readonly byPair: Map<number, Submitter>;
  readonly weights: Map<TenantId, number>;
  /** null: the policy minds nobody's usage. */
  usage: Usage | null;
  /** null: the time asked for stands for the run time. */
  runTimes: RunTimes | null;
  /** What was used and learnt under another policy, where the one in force minds neither or one of them: it does not fade. */
  asleep: Pick<OrderMemory, "used" | "runTimes">;
  capacity: Capacity;
};

/** What a run was charged when it was placed: this part of the network, for so long, from then on. */
export type Charge = { readonly part: number; readonly forS: number; readonly fromS: number };

/** What outlives a restart: decayed usage at one moment, and what was learnt of run times. */
export type OrderMemory = {
  readonly atMs: number;
  readonly used: readonly (readonly [tenant: TenantId, project: ProjectId, person: PersonId, used: number])[];
  readonly runTimes: LearntRunTimes;
  /** How far off predicted run times were; absent: it was not kept. */
  readonly doubt?: RememberedDoubt;
  /** Absent: nobody has a home. */
  readonly homes?: RememberedHomes;
};

export function emptySubmitters({ fairness, prediction }: Policy): Submitters {
  return {
    all: [],
    byPair: new Map(),
    weights: new Map(),
    usage: fairness === null ? null : new Usage(fairness, []),
    runTimes: prediction === null ? null : new RunTimes(prediction),
    asleep: { used: [], runTimes: [] },
    capacity: capacityOf([]),
  };
}

export function submitterOf(of: Submitters, tenant: TenantId, project: ProjectId, person: PersonId): Submitter {
  const key = project * 67_108_864 + person;
  const known = of.byPair.get(key);
  if (known) return known;
  const number = of.all.length;
  const submitter: Submitter = {
    number,
    tenant,
    project,
    person,
    factor: 1,
    isBelowShare: false,
    strands: new Map(),
    dated: new Map(),
  };
  of.byPair.set(key, submitter);
  of.all.push(submitter);
  join(of, submitter);
  tellFactor(of, submitter);
  return submitter;
}

/** Tells what the usage of each makes of its score. */
export function tellFactors(of: Submitters): void {
  for (const submitter of of.all) tellFactor(of, submitter);
}

function tellFactor({ usage }: Submitters, submitter: Submitter): void {
  submitter.factor = usage?.factor(submitter.number) ?? 1;
  submitter.isBelowShare = usage?.isBelowShare(submitter.number) ?? false;
}

function join({ usage, weights }: Submitters, { number, tenant, project }: Submitter): void {
  if (!weights.has(tenant)) {
    weights.set(tenant, usualWeight);
    usage?.weigh(tenant, usualWeight);
  }
  usage?.join(tenant, project, number);
}

/** Of a tenant of which nothing else is said. */
export const usualWeight = 1;

/** The class of the submitter's jobs that ask for the same time and as many cores; 0 where nothing is predicted. */
export function kindOf({ runTimes }: Submitters, { tenant, person }: Submitter, asked: Wanted): number {
  return runTimes?.classOf(tenant, person, asked.timeLimitS, processorsOf(asked)) ?? 0;
}

export function predictedSOf({ runTimes }: Submitters, kind: number, { timeLimitS }: Wanted): number {
  return runTimes === null || timeLimitS < 1 ? timeLimitS : runTimes.predictS(kind, timeLimitS);
}

/** How long a task of theirs is expected to run. */
export function expectedRunS(of: Submitters, by: Submitter, asked: Wanted): number {
  return predictedSOf(of, kindOf(of, by, asked), asked);
}

/** What a run is expected to use is charged as it is placed, and corrected when it ends. */
export function charge(of: Submitters, by: Submitter, asked: Wanted, given: Allocation, atMs: number): Charge | null {
  if (of.usage === null) return null;
  const charged = {
    part: partOf(given, of.capacity),
    forS: expectedRunS(of, by, asked),
    fromS: wholeS(atMs),
  };
  of.usage.charge(by.number, charged.part * charged.forS, charged.fromS);
  return charged;
}

/** It held its place for so long in truth, as far as that counts (`countedS`). */
export function correct({ usage }: Submitters, by: Submitter, charged: Charge | null, ranS: number): void {
  if (charged) usage?.charge(by.number, charged.part * (ranS - charged.forS), charged.fromS);
}

/**
 * What of a run's time counts as used: less than none, where the policy credits more than was lost. A policy of an older
 * recording credits nothing.
 */
export function countedS({ preemption }: Compensating, ranS: number, run: { readonly lostMs: number } | null): number {
  const lostS = Math.min(ranS, Math.round((run?.lostMs ?? 0) / 1000));
  return ranS - lostS * usageCreditOf({ preemption });
}

/** So many times what a preempted run lost is taken off usage. */
export function usageCreditOf({ preemption }: Compensating): number {
  return preemption?.compensation?.usageCredit ?? 0;
}

type Compensating = { readonly preemption: Partial<Preemption> | null };

/** A task of theirs is over after so long. */
export function learn(of: Submitters, by: Submitter, asked: Wanted, ranS: number): void {
  if (asked.timeLimitS >= 1) of.runTimes?.learn(kindOf(of, by, asked), asked.timeLimitS, ranS);
}

/** A run that had ended before this was told of anything. */
export function recallRun(of: Submitters, policy: Policy, by: Submitter, asked: Wanted, run: PastRun): void {
  const ranS = ranForS(run.startedMs, run.endedMs);
  const part = partOf(run.allocation, of.capacity);
  const counted = countedS(policy, ranS, { lostMs: run.lostMs ?? 0 });
  of.usage?.charge(by.number, part * counted, wholeS(run.placedMs));
  if (run.isLast) learn(of, by, asked, ranS);
}

export type PastRun = {
  readonly allocation: Allocation;
  readonly placedMs: number;
  readonly startedMs: number;
  readonly endedMs: number;
  /** Its task has ended with it. */
  readonly isLast: boolean;
  /** It was preempted: how much of its time was lost, and is not billed. Absent: none. */
  readonly lostMs?: number;
};

/** Whole seconds, both on the same clock. */
export function ranForS(startedMs: number, endedMs: number): number {
  return Math.max(0, wholeS(endedMs) - wholeS(startedMs));
}

function wholeS(ms: number): number {
  return Math.floor(ms / 1000);
}

export function weigh(of: Submitters, weights: ReadonlyMap<TenantId, number>): void {
  for (const tenant of of.weights.keys()) if (!weights.has(tenant)) setWeight(of, tenant, usualWeight);
  for (const [tenant, weight] of weights) setWeight(of, tenant, weight);
}

function setWeight({ usage, weights }: Submitters, tenant: TenantId, weight: number): void {
  weights.set(tenant, weight);
  usage?.weigh(tenant, weight);
}

/** From here on by another policy; what was used and learnt stays. */
export function followPolicy(of: Submitters, { fairness, prediction }: Policy, atMs: number): void {
  const before = memoryOf(of, [], atMs);
  of.usage = fairness === null ? null : new Usage(fairness, []);
  for (const [tenant, weight] of of.weights) of.usage?.weigh(tenant, weight);
  for (const submitter of of.all) join(of, submitter);
  of.runTimes = prediction === null ? null : new RunTimes(prediction);
  recall(of, before);
}

/** What ended work has left; what `live` runs are charged is taken out, since a restart charges them anew. */
export function memoryOf(of: Submitters, live: Iterable<LiveCharge>, atMs: number): OrderMemory {
  const atS = wholeS(atMs);
  const { usage } = of;
  const runTimes = of.runTimes?.learnt() ?? of.asleep.runTimes;
  if (usage === null) return { atMs, used: of.asleep.used, runTimes };
  const used = of.all.map(({ number }) => usage.used(number, atS));
  for (const { by, charged } of live)
    used[by.number] = (used[by.number] ?? 0) - charged.part * charged.forS * usage.decay(atS - charged.fromS);
  return {
    atMs,
    used: of.all.flatMap(({ tenant, project, person, number }) => {
      const left = used[number] ?? 0;
      return left > leastKept ? [[tenant, project, person, left] as const] : [];
    }),
    runTimes,
  };
}

/** Usage below this moves no factor: a thousandth of a second of the whole network. */
const leastKept = 0.001;

export type LiveCharge = { readonly by: Submitter; readonly charged: Charge };

export function recall(of: Submitters, memory: OrderMemory): void {
  const atS = wholeS(memory.atMs);
  of.asleep = { used: of.usage ? [] : memory.used, runTimes: of.runTimes ? [] : memory.runTimes };
  for (const [tenant, project, person, used] of memory.used)
    of.usage?.charge(submitterOf(of, tenant, project, person).number, used, atS);
  of.runTimes?.recall(memory.runTimes);
}

type Wanted = Pick<Asked, "shape" | "timeLimitS">;

export function processorsOf({ shape }: Pick<Asked, "shape">): number {
  return shape.nodes * coresPerNode(shape);
}

/** Of all centres: the cards of each model by `vendor/model`. */
export type Capacity = {
  readonly cores: number;
  readonly memoryMib: number;
  readonly cards: ReadonlyMap<string, number>;
};

/** Of centres, by their nodes, each of which is given once. */
export function capacityOf(centres: readonly (readonly Nodes[])[]): Capacity {
  let cores = 0;
  let memoryMib = 0;
  const cards = new Map<string, number>();
  for (const nodes of centres)
    for (const node of nodes) {
      cores += node.count * node.cores;
      memoryMib += node.count * node.memoryMib;
      for (const { vendor, model, count } of node.accelerators)
        cards.set(`${vendor}/${model}`, (cards.get(`${vendor}/${model}`) ?? 0) + node.count * count);
    }
  return { cores, memoryMib, cards };
}

function partOf(given: Allocation, { cores, memoryMib, cards }: Capacity): number {
  const { nodes, coresPerNode, memoryMibPerNode, acceleratorsPerNode, acceleratorShareMilli = 1000 } = given;
  const ofModel = cards.get(`${given.acceleratorVendor}/${given.acceleratorModel}`) ?? 0;
  return dominantShare(
    [nodes * coresPerNode, nodes * memoryMibPerNode, (nodes * acceleratorsPerNode * acceleratorShareMilli) / 1000],
    [cores, memoryMib, ofModel],
  );
}
