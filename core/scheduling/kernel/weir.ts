import { Doubt, mindedBy } from "../order/doubt.ts";
import { owedAfterS, Usage } from "../order/fairness.ts";
import { Reservations } from "../order/guard.ts";
import { VirtualHome } from "../order/home.ts";
import { Lookahead } from "../order/lookahead.ts";
import { RunTimes, raisedS } from "../order/predict.ts";
import { agedScore, standingScore } from "../order/score.ts";
import type { Fairness, Policy } from "../policy.ts";
import type { Home, Schedule, Workload } from "../replay/workload.ts";
import { BeyondClock, lastSecondS } from "./columns.ts";
import { Ends } from "./ends.ts";
import { createGenerator } from "./generator.ts";
import { RunningWork } from "./running-work.ts";

export type WeirReplay = Schedule & {
  /** The start each job would have had on its home alone, as far as could be known then; -1: it was over before. null: not kept. */
  readonly virtualStartS: Int32Array | null;
};

/** Told of what tests must see and a schedule does not show. */
export type WeirWatch = {
  /** Told at each pass for each job past the guard's time that has a reservation. */
  readonly promised?: (job: number, centre: number, atS: number, nowS: number) => void;
  /** Stands in for the queue of ends: a test gives one that takes those of one instant in another order. */
  readonly ends?: EndQueue;
};

type EndQueue = Pick<Ends, "count" | "nextS" | "add" | "pop">;

/**
 * Weir's own policy over one queue and separate centres, in whole seconds. At one instant: all ends, then all submissions,
 * then one pass. What it goes by at t: jobs submitted by t, run times of jobs ended by t, times asked for. The tenant of a
 * job is its home, weighted by its processors. The same workload, policy and seed give the same schedule. `latenciesS`, by
 * centre, 0 where it is not said: an order to start takes so long to get there, and the report of an end as long to come
 * back; from the order to the report nobody else has the processors.
 */
export function replayWeir(
  workload: Workload,
  policy: Policy,
  seed: number,
  onJobs: (count: number) => void = () => {},
  watch: WeirWatch = {},
  latenciesS: readonly number[] = [],
): WeirReplay {
  const machine = new WeirMachine(workload, policy, seed, watch, latenciesS);
  const { submitS, count } = workload;
  for (let next = 0; next < count; ) {
    const nowS = submitS[next] ?? 0;
    machine.advance(nowS);
    for (; next < count && submitS[next] === nowS; next += 1) {
      machine.submit(next);
      if ((next & tellEach) === tellEach) onJobs(tellEach + 1);
    }
    machine.pass(nowS);
  }
  machine.advance(Number.POSITIVE_INFINITY);
  onJobs(count & tellEach);
  return { startS: machine.startS, centre: machine.centre, virtualStartS: machine.virtualStartS };
}

const tellEach = 1023;

export class WeirMachine {
  readonly startS: Int32Array;
  readonly centre: Uint16Array;
  readonly virtualStartS: Int32Array | null;
  readonly #workload: Workload;
  readonly #policy: Policy;
  readonly #watch: WeirWatch;
  readonly #guardAfterS: number;
  readonly #sizes: readonly number[];
  readonly #latenciesS: readonly number[];
  readonly #free: Int32Array;
  readonly #running: readonly RunningWork[];
  readonly #ends: EndQueue;
  readonly #runTimes: RunTimes | null;
  readonly #doubt = new Doubt();
  readonly #kind: Int32Array;
  readonly #predictedS: Float64Array;
  readonly #standing: Float64Array;
  readonly #usage: Usage | null;
  readonly #factor: Float64Array;
  readonly #homes: readonly VirtualHome[];
  /** Jobs past their virtual start and the policy's patience that still wait, of each home, in the order of the pass. */
  readonly #overdue: readonly number[][];
  readonly #reservations: Reservations;
  readonly #lookahead: Lookahead | null;
  readonly #seed: number;
  /** In the order of the last pass; new ones at its end. */
  readonly #queue: number[] = [];
  readonly #score: Float64Array;
  /** How many jobs at the front of the queue are past the guard's time. */
  #starving = 0;
  /** Where the plan of this pass starts a job now; -1: it keeps it back, -2: it does not hold it. */
  readonly #planned: Int32Array;
  /** Of this pass there is a plan, and who it does not hold starts beside it. */
  #isPlanned = false;
  readonly #needs = [0];

  constructor(workload: Workload, policy: Policy, seed: number, watch: WeirWatch, latenciesS: readonly number[] = []) {
    const { count, homes } = workload;
    this.#workload = workload;
    this.#policy = policy;
    this.#watch = watch;
    this.#ends = watch.ends ?? new Ends();
    this.#guardAfterS = policy.maxWaitS === null ? Number.POSITIVE_INFINITY : policy.maxWaitS - policy.guardLeadS;
    this.#sizes = homes.map((home) => home.processors);
    this.#latenciesS = this.#sizes.map((_, centre) => latenciesS[centre] ?? 0);
    this.#free = Int32Array.from(this.#sizes);
    this.#running = this.#sizes.map(() => new RunningWork());
    this.startS = new Int32Array(count).fill(-1);
    this.centre = new Uint16Array(count);
    this.#runTimes = policy.prediction === null ? null : new RunTimes(policy.prediction);
    this.#kind = new Int32Array(count);
    this.#predictedS = new Float64Array(count);
    this.#standing = new Float64Array(count);
    this.#score = new Float64Array(count);
    this.#usage = policy.fairness === null ? null : new Usage(policy.fairness, weightsOf(policy.fairness, homes));
    this.#factor = new Float64Array(count).fill(1);
    const virtualStartS = policy.homePriority === null ? null : new Int32Array(count).fill(-1);
    this.virtualStartS = virtualStartS;
    const started = (job: number, atS: number) => {
      if (virtualStartS) virtualStartS[job] = atS;
    };
    this.#homes = virtualStartS === null ? [] : this.#sizes.map((size) => new VirtualHome([size], started));
    this.#overdue = this.#sizes.map(() => []);
    this.#reservations = new Reservations(homes.length);
    this.#lookahead = policy.lookahead === null ? null : new Lookahead(policy.lookahead.jobs);
    this.#seed = seed;
    this.#planned = new Int32Array(count).fill(-2);
  }

  /** All that happens before `nowS`, and of that instant the ends alone. */
  advance(nowS: number): void {
    const ended: number[] = [];
    while (this.#ends.nextS <= nowS && this.#ends.count > 0) {
      const atS = this.#ends.nextS;
      ended.length = 0;
      while (this.#ends.nextS === atS && this.#ends.count > 0) ended.push(this.#ends.pop());
      // What is learnt depends on its order; that of one instant must not.
      if (ended.length > 1) ended.sort((a, b) => a - b);
      for (const job of ended) this.#end(job, atS);
      if (atS < nowS) this.pass(atS);
    }
  }

  submit(job: number): void {
    const { home, person, project, estimateS, processors } = this.#workload;
    const [its, limitS, needs] = [home[job] ?? 0, estimateS[job] ?? 0, processors[job] ?? 0];
    if (this.#runTimes) this.#kind[job] = this.#runTimes.classOf(its, person[job] ?? 0, limitS, needs);
    this.#usage?.join(its, project[job] ?? 0, person[job] ?? 0);
    this.#homes[its]?.submit(job, [needs], limitS, this.#workload.submitS[job] ?? 0);
    this.#queue.push(job);
    this.#foretell(job);
  }

  pass(nowS: number): void {
    for (const home of this.#homes) home.advance(nowS);
    if (!this.#someFits()) return;
    this.#rank(nowS);
    this.#listOverdue(nowS);
    this.#reservations.clear();
    this.#keepPromises(nowS);
    this.#isPlanned = false;
    const hasHead = this.#startFirst(nowS);
    if (this.#queue.length - this.#starving > 1) this.#look(nowS);
    this.#startOthers(nowS, hasHead);
    this.#leaveStarted();
  }

  #foretell(job: number): void {
    const { estimateS, processors, submitS } = this.#workload;
    const limitS = estimateS[job] ?? 0;
    const predictedS = this.#runTimes ? this.#runTimes.predictS(this.#kind[job] ?? 0, limitS) : limitS;
    this.#predictedS[job] = predictedS;
    this.#standing[job] = standingScore(
      this.#policy.order,
      processors[job] ?? 0,
      predictedS,
      limitS,
      submitS[job] ?? 0,
    );
  }

  #end(job: number, nowS: number): void {
    const { processors, runS, estimateS, person, home } = this.#workload;
    const centre = this.centre[job] ?? 0;
    const [needs, ranS] = [processors[job] ?? 0, runS[job] ?? 0];
    this.#free[centre] = (this.#free[centre] ?? 0) + needs;
    this.#running[centre]?.remove(job);
    this.#charge(job, ranS - (this.#predictedS[job] ?? 0));
    this.#doubt.learn(this.#predictedS[job] ?? 0, ranS);
    this.#homes[home[job] ?? 0]?.ended(job, ranS, nowS);
    if (!this.#runTimes) return;
    this.#runTimes.learn(this.#kind[job] ?? 0, estimateS[job] ?? 0, ranS);
    for (const waiting of this.#queue) if (person[waiting] === person[job]) this.#foretell(waiting);
  }

  /** What a job is expected to use is charged as it starts, and corrected when it ends. */
  #charge(job: number, forS: number): void {
    const { processors, person } = this.#workload;
    const total = this.#sizes.reduce((sum, size) => sum + size, 0);
    this.#usage?.charge(person[job] ?? 0, ((processors[job] ?? 0) / total) * forS, this.startS[job] ?? 0);
  }

  /** Where nothing fits nothing can start, and no reservation outlives a pass but promises, which nothing delays meanwhile. */
  #someFits(): boolean {
    const { processors } = this.#workload;
    let most = 0;
    for (const free of this.#free) if (free > most) most = free;
    for (const job of this.#queue) if ((processors[job] ?? 0) <= most) return true;
    return false;
  }

  /** First those past the guard's time, as they came; then by score × fairness, ties as they came. */
  #rank(nowS: number): void {
    const { submitS, person } = this.#workload;
    const { order, fairness } = this.#policy;
    const owedS = owedAfterS(fairness);
    const queue = this.#queue;
    this.#starving = 0;
    for (const job of queue) {
      const waitS = nowS - (submitS[job] ?? 0);
      const who = person[job] ?? 0;
      const isOwed = waitS >= owedS && this.#usage?.isBelowShare(who);
      if (waitS >= this.#guardAfterS || isOwed || this.#reservations.promisedAt(job) >= 0) {
        this.#starving += 1;
        this.#score[job] = Number.NEGATIVE_INFINITY;
        continue;
      }
      const factor = this.#usage ? this.#usage.factor(who) : 1;
      this.#factor[job] = factor;
      this.#score[job] = agedScore(order, this.#standing[job] ?? 0, waitS) * factor;
    }
    const score = this.#score;
    // Infinities are never subtracted: that is NaN.
    queue.sort((a, b) => {
      const [x, y] = [score[a] ?? 0, score[b] ?? 0];
      return x < y ? -1 : x > y ? 1 : a - b;
    });
  }

  #listOverdue(nowS: number): void {
    const { homePriority } = this.#policy;
    if (homePriority === null || !this.virtualStartS) return;
    for (const jobs of this.#overdue) jobs.length = 0;
    for (const job of this.#queue) {
      const virtualS = this.virtualStartS[job] ?? -1;
      if (virtualS >= 0 && nowS - virtualS > homePriority.afterS)
        this.#overdue[this.#workload.home[job] ?? 0]?.push(job);
    }
  }

  /** Those promised a centre hold it before anybody else is asked. */
  #keepPromises(nowS: number): void {
    if (this.#reservations.promised === 0) return;
    for (const [job, centre] of this.#reservations.promises()) this.#hold(job, centre, nowS);
  }

  /** The time at which so many processors are free at the centre by what runs there asks for, held for the job. */
  #hold(job: number, centre: number, nowS: number): void {
    const needs = this.#workload.processors[job] ?? 0;
    const free = this.#free[centre] ?? 0;
    const running = this.#running[centre];
    if (!running) return;
    if (free >= needs) this.#reservations.hold(centre, job, nowS, free - needs);
    else {
      running.reserve(needs, free);
      this.#reservations.hold(centre, job, running.shadowS, running.extra);
    }
  }

  #look(nowS: number): void {
    const lookahead = this.#lookahead;
    const settings = this.#policy.lookahead;
    if (!lookahead || !settings) return;
    const { processors } = this.#workload;
    const { slowdownWeightS, holdBackCost } = mindedBy(settings, this.#doubt.share);
    lookahead.begin(nowS, this.#sizes.length, 1);
    for (const [centre, running] of this.#running.entries()) {
      lookahead.free(centre, this.#amounts(this.#free[centre] ?? 0));
      for (let at = 0; at < running.count; at += 1) {
        const job = running.job[at] ?? 0;
        lookahead.ends(centre, this.#expectedEndS(job, nowS), this.#amounts(processors[job] ?? 0));
      }
    }
    const held: number[] = [];
    const others: number[] = [];
    for (let at = this.#starving; at < this.#queue.length; at += 1) {
      const job = this.#queue[at] ?? 0;
      const weight = this.#weightOf(job, slowdownWeightS, settings.fairnessPower);
      const isHeld = lookahead.job(weight, job + 1) && this.#placesOf(lookahead, job, nowS);
      (isHeld ? held : others).push(job);
    }
    lookahead.search(settings.moves, createGenerator(lookahead.seed(this.#seed)).below, holdBackCost);
    this.#queue.length = this.#starving;
    for (let at = 0; at < lookahead.jobs; at += 1) {
      const number = lookahead.order[at] ?? 0;
      const job = held[number] ?? 0;
      this.#queue.push(job);
      this.#planned[job] = lookahead.startsNowAt(number);
    }
    for (const job of others) this.#queue.push(job);
    this.#isPlanned = true;
  }

  /** Where the job last told of may go, of what is large enough for it; answers whether there is a place. */
  #placesOf(lookahead: Lookahead, job: number, nowS: number): boolean {
    const needs = this.#workload.processors[job] ?? 0;
    for (let centre = 0; centre < this.#sizes.length; centre += 1) {
      if ((this.#sizes[centre] ?? 0) < needs) continue;
      const mayStart = this.#mayStart(job, centre, nowS);
      lookahead.mayGo(centre, this.#amounts(needs), this.#predictedS[job] ?? 0, mayStart);
    }
    return lookahead.isHeld();
  }

  #amounts(processors: number): readonly number[] {
    this.#needs[0] = processors;
    return this.#needs;
  }

  /** What a second of waiting costs. */
  #weightOf(job: number, slowdownWeightS: number, fairnessPower: number): number {
    const slowdown = 1 + slowdownWeightS / Math.max(10, this.#predictedS[job] ?? 0);
    return slowdown / (this.#factor[job] ?? 1) ** fairnessPower;
  }

  #expectedEndS(job: number, nowS: number): number {
    const startS = this.startS[job] ?? 0;
    const limitS = this.#workload.estimateS[job] ?? 0;
    const predictedS = raisedS(this.#predictedS[job] ?? 0, nowS - startS, limitS);
    const endS = startS + predictedS + this.#latencyS(this.centre[job] ?? 0);
    return endS > nowS ? endS : nowS + 1;
  }

  /** Those past the guard's time; answers whether one of them must wait. */
  #startFirst(nowS: number): boolean {
    let hasHead = false;
    for (let at = 0; at < this.#starving; at += 1) {
      const job = this.#queue[at] ?? 0;
      if (this.#startJob(job, true, nowS)) continue;
      this.#promise(job, nowS);
      hasHead = true;
    }
    return hasHead;
  }

  #startOthers(nowS: number, hasHead: boolean): void {
    const { backfill, lookahead } = this.#policy;
    const isPlanned = lookahead !== null && lookahead.head === "planned";
    let isFirst = !hasHead;
    for (let at = this.#starving; at < this.#queue.length; at += 1) {
      const job = this.#queue[at] ?? 0;
      if (this.#hasStarted(job) || this.#startJob(job, false, nowS) || !isFirst) continue;
      isFirst = false;
      if (!isPlanned) this.#reserveFirst(job, nowS);
      if (backfill === "none") return;
    }
  }

  #leaveStarted(): void {
    let left = 0;
    for (const job of this.#queue) {
      this.#planned[job] = -2;
      if (!this.#hasStarted(job)) this.#queue[left++] = job;
    }
    this.#queue.length = left;
  }

  #hasStarted(job: number): boolean {
    return (this.startS[job] ?? -1) >= 0;
  }

  /** Where the plan has it, else beside the plan where fewest processors stay free; answers whether it could start at all. */
  #startJob(job: number, isStarving: boolean, nowS: number): boolean {
    if (this.#planned[job] === -1) return false;
    for (;;) {
      const centre = this.#choose(job, nowS);
      if (centre < 0) return false;
      const first = isStarving ? -1 : this.#firstOverdue(job, centre, nowS);
      if (first < 0) {
        this.#start(job, centre, nowS);
        return true;
      }
      this.#start(first, centre, nowS);
    }
  }

  #choose(job: number, nowS: number): number {
    let chosen = -1;
    let least = Number.POSITIVE_INFINITY;
    const planned = this.#planned[job] ?? -2;
    const byS = this.#promisedS(job);
    for (let centre = 0; centre < this.#sizes.length; centre += 1) {
      if (!this.#mayStart(job, centre, nowS) || nowS + this.#latencyS(centre) > byS) continue;
      if (centre !== planned && !this.#fitsBeside(job, centre)) continue;
      const left = centre === planned ? -1 : (this.#free[centre] ?? 0) - (this.#workload.processors[job] ?? 0);
      if (left < least) {
        least = left;
        chosen = centre;
      }
    }
    return chosen;
  }

  /** When the order to the centre that it was promised would have it start at the latest; Infinity: it was promised none. */
  #promisedS(job: number): number {
    const held = this.#reservations.promised === 0 ? -1 : this.#reservations.promisedAt(job);
    return held < 0 ? Number.POSITIVE_INFINITY : (this.#reservations.shadowS[held] ?? 0) + this.#latencyS(held);
  }

  #fitsBeside(job: number, centre: number): boolean {
    if (!this.#isPlanned || !this.#lookahead) return true;
    const needs = this.#amounts(this.#workload.processors[job] ?? 0);
    return this.#lookahead.fitsBeside(centre, needs, this.#predictedS[job] ?? 0);
  }

  #mayStart(job: number, centre: number, nowS: number): boolean {
    const { processors, estimateS } = this.#workload;
    const needs = processors[job] ?? 0;
    if (needs > (this.#free[centre] ?? 0)) return false;
    return this.#reservations.allows(centre, job, needs, nowS + (estimateS[job] ?? 0) + 2 * this.#latencyS(centre));
  }

  /** A job of the centre's own users that is late and could start there in the visitor's place; -1: none. */
  #firstOverdue(job: number, centre: number, nowS: number): number {
    if (this.#workload.home[job] === centre) return -1;
    for (const own of this.#overdue[centre] ?? [])
      if (!this.#hasStarted(own) && this.#mayStart(own, centre, nowS)) return own;
    return -1;
  }

  #start(job: number, centre: number, nowS: number): void {
    const { processors, estimateS, runS } = this.#workload;
    const needs = processors[job] ?? 0;
    const latencyS = this.#latencyS(centre);
    const dueS = nowS + (estimateS[job] ?? 0) + 2 * latencyS;
    const endS = nowS + (runS[job] ?? 0) + 2 * latencyS;
    if (nowS + latencyS > lastSecondS) throw new BeyondClock();
    this.startS[job] = nowS + latencyS;
    this.centre[job] = centre;
    this.#free[centre] = (this.#free[centre] ?? 0) - needs;
    this.#running[centre]?.add(job, dueS, needs);
    this.#ends.add(job, endS);
    this.#reservations.use(centre, job, needs, dueS);
    this.#reservations.started(job);
    this.#charge(job, this.#predictedS[job] ?? 0);
    if (this.#isPlanned && this.#planned[job] !== centre)
      this.#lookahead?.takeBeside(centre, this.#amounts(needs), this.#predictedS[job] ?? 0);
  }

  #latencyS(centre: number): number {
    return this.#latenciesS[centre] ?? 0;
  }

  /** Where it could start first among those nobody holds; a promise moves only to an earlier time. */
  #promise(job: number, nowS: number): void {
    const held = this.#reservations.promisedAt(job);
    const centre = this.#firstCentre(job, this.#promisedS(job), nowS);
    if (centre >= 0) {
      if (held >= 0) this.#reservations.holder[held] = -1;
      this.#reservations.promise(job, centre);
      this.#hold(job, centre, nowS);
    }
    const at = centre >= 0 ? centre : held;
    if (at >= 0) this.#watch.promised?.(job, at, this.#reservations.shadowS[at] ?? 0, nowS);
  }

  #reserveFirst(job: number, nowS: number): void {
    const centre = this.#firstCentre(job, Number.POSITIVE_INFINITY, nowS);
    if (centre >= 0) this.#hold(job, centre, nowS);
  }

  /** The open centre where the job would start first, before `beforeS`; ties its home, then the first. -1: none. */
  #firstCentre(job: number, beforeS: number, nowS: number): number {
    const { processors, home } = this.#workload;
    const needs = processors[job] ?? 0;
    let chosen = -1;
    let earliestS = beforeS;
    for (let centre = 0; centre < this.#sizes.length; centre += 1) {
      if ((this.#sizes[centre] ?? 0) < needs || (this.#reservations.holder[centre] ?? -1) >= 0) continue;
      const free = this.#free[centre] ?? 0;
      const running = this.#running[centre];
      if (!running) continue;
      const latencyS = this.#latencyS(centre);
      let shadowS = latencyS === 0 ? Number.NEGATIVE_INFINITY : nowS + latencyS;
      if (free < needs) {
        running.reserve(needs, free);
        shadowS = running.shadowS + latencyS;
      }
      const isTie = shadowS === earliestS && centre === home[job] && chosen >= 0;
      if (shadowS < earliestS || isTie) {
        earliestS = shadowS;
        chosen = centre;
      }
    }
    return chosen;
  }
}

function weightsOf({ weights }: Fairness, homes: readonly Home[]): readonly number[] {
  return homes.map(({ name, processors }) => weights[name] ?? processors);
}
