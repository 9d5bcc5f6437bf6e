import { type Allowance, HomeAccount, type Visitor, type Visitors } from "../order/account.ts";
import { Doubt, mindedBy } from "../order/doubt.ts";
import { owedAfterS, promiseTo, Usage } from "../order/fairness.ts";
import { Reservations } from "../order/guard.ts";
import { VirtualHome } from "../order/home.ts";
import { Lookahead } from "../order/lookahead.ts";
import { raisedS } from "../order/predict.ts";
import { agedScore } from "../order/score.ts";
import type { Fairness, Policy } from "../policy.ts";
import type { Home, Schedule, Workload } from "../replay/workload.ts";
import { BeyondClock, lastSecondS } from "./columns.ts";
import { Ends } from "./ends.ts";
import { Foretold } from "./foretold.ts";
import { createGenerator } from "./generator.ts";
import { Guarded, Room } from "./guarded.ts";
import { Ranked } from "./ranked.ts";
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
  /** Centres where nothing starts. */
  readonly shut?: (centre: number) => boolean;
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
  /** By home. */
  readonly #owedAfterS: readonly number[];
  readonly #sizes: readonly number[];
  readonly #size: number;
  readonly #latenciesS: readonly number[];
  readonly #free: Int32Array;
  readonly #running: readonly RunningWork[];
  readonly #ends: EndQueue;
  readonly #doubt = new Doubt();
  readonly #foretold: Foretold;
  readonly #usage: Usage | null;
  /** By person, in the pass whose number is beside it. */
  readonly #factor: Float64Array;
  readonly #factorOf: Int32Array;
  #passes = 0;
  readonly #homes: readonly VirtualHome[];
  /** Jobs that started virtually before they did in truth, of each home; who has started is taken out when it is looked at. */
  readonly #late: readonly number[][];
  /** Of these, in the pass whose number is beside it, those past the policy's patience, in the order of the pass. */
  readonly #overdue: number[][];
  readonly #overdueOf: Int32Array;
  /** What each home has of sharing, and what of it visitors may cost; null: they come in whatever they cost. */
  readonly #accounts: readonly HomeAccount[];
  readonly #allowance: Allowance | null;
  /** Started in this pass: the accounts are told once it is over. */
  readonly #began: number[] = [];
  readonly #reservations: Reservations;
  readonly #lookahead: Lookahead | null;
  readonly #seed: number;
  /** All that wait: those submitted before the first, who are past the guard's time, and the others. */
  readonly #guarded = new Guarded();
  readonly #ranked = new Ranked();
  #firstRanked = 0;
  /** Of the others those that are served first all the same, as they came. */
  readonly #owed: number[] = [];
  readonly #room: Room;
  /** The jobs of the plan of this pass, in its order. */
  readonly #plan: number[] = [];
  /** Where the plan of this pass starts a job now; -1: it keeps it back, -2: it does not hold it. */
  readonly #planned: Int32Array;
  /** Of this pass there is a plan, and who it does not hold starts beside it. */
  #isPlanned = false;
  #hasRankedStarted = false;
  readonly #needs = [0];

  constructor(workload: Workload, policy: Policy, seed: number, watch: WeirWatch, latenciesS: readonly number[] = []) {
    const { count, homes } = workload;
    this.#workload = workload;
    this.#policy = policy;
    this.#watch = watch;
    this.#ends = watch.ends ?? new Ends();
    this.#guardAfterS = policy.maxWaitS === null ? Number.POSITIVE_INFINITY : policy.maxWaitS - policy.guardLeadS;
    this.#owedAfterS = homes.map(({ name }) => owedAfterS(policy.fairness && promiseTo(policy.fairness, name)));
    this.#sizes = homes.map((home) => home.processors);
    this.#size = this.#sizes.reduce((sum, size) => sum + size, 0);
    this.#latenciesS = this.#sizes.map((_, centre) => latenciesS[centre] ?? 0);
    this.#free = Int32Array.from(this.#sizes);
    this.#running = this.#sizes.map(() => new RunningWork());
    this.startS = new Int32Array(count).fill(-1);
    this.centre = new Uint16Array(count);
    this.#foretold = new Foretold(workload, policy);
    this.#usage = policy.fairness === null ? null : new Usage(policy.fairness, weightsOf(policy.fairness, homes));
    const people = workload.person.reduce((most, one) => Math.max(most, one), -1) + 1;
    this.#factor = new Float64Array(people);
    this.#factorOf = new Int32Array(people);
    const virtualStartS = policy.homePriority === null ? null : new Int32Array(count).fill(-1);
    this.virtualStartS = virtualStartS;
    const started = (job: number, atS: number) => {
      if (!virtualStartS) return;
      virtualStartS[job] = atS;
      if (!this.#hasStarted(job)) this.#late[workload.home[job] ?? 0]?.push(job);
    };
    this.#homes = virtualStartS === null ? [] : this.#sizes.map((size) => new VirtualHome([size], started));
    this.#late = this.#sizes.map(() => []);
    const { allowanceS, allowancePerJobS } = policy.homePriority ?? { allowanceS: null, allowancePerJobS: 0 };
    this.#allowance = allowanceS === null ? null : { allowanceS, allowancePerJobS };
    const accounted = this.#allowance === null ? [] : this.#sizes;
    this.#accounts = accounted.map((size, centre) => new HomeAccount([size], this.#visitorsAt(centre), -1));
    this.#overdue = this.#sizes.map(() => []);
    this.#overdueOf = new Int32Array(homes.length);
    this.#room = new Room(homes.length);
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
    this.#foretold.submit(job, this.#guarded.count + this.#ranked.count === 0);
    this.#usage?.join(its, project[job] ?? 0, person[job] ?? 0);
    this.#homes[its]?.submit(job, [needs], limitS, this.#workload.submitS[job] ?? 0);
    this.#ranked.add(job, needs);
    this.#accounts[its]?.submit(job, [needs], limitS, this.#workload.submitS[job] ?? 0);
  }

  pass(nowS: number): void {
    for (const home of this.#homes) home.advance(nowS);
    // Of this second itself nothing is taken for known, as in the live network.
    for (const account of this.#accounts) account.advance(nowS - 1);
    if (!this.#someFits()) return;
    this.#passes += 1;
    this.#guard(nowS);
    this.#rank(nowS);
    this.#reservations.clear();
    this.#keepPromises(nowS);
    this.#isPlanned = false;
    const hasHead = this.#startFirst(nowS);
    if (this.#ranked.count - this.#owed.length > 1) this.#look(nowS);
    this.#startOthers(nowS, hasHead);
    this.#leaveStarted();
    for (const job of this.#began) this.#accounts[this.#workload.home[job] ?? 0]?.began(job, this.startS[job] ?? 0);
    this.#began.length = 0;
  }

  #end(job: number, nowS: number): void {
    const { processors, runS, home } = this.#workload;
    const centre = this.centre[job] ?? 0;
    const [needs, ranS] = [processors[job] ?? 0, runS[job] ?? 0];
    const predictedS = this.#foretold.predictedAtStartS(job);
    this.#free[centre] = (this.#free[centre] ?? 0) + needs;
    this.#running[centre]?.remove(job);
    this.#charge(job, ranS - predictedS);
    this.#doubt.learn(predictedS, ranS);
    this.#homes[home[job] ?? 0]?.ended(job, ranS, nowS);
    this.#accounts[home[job] ?? 0]?.ended(job, ranS, nowS);
    this.#accounts[centre]?.changed();
    this.#foretold.ended(job);
  }

  /** What a job is expected to use is charged as it starts, and corrected when it ends. */
  #charge(job: number, forS: number): void {
    const { processors, person } = this.#workload;
    this.#usage?.charge(person[job] ?? 0, ((processors[job] ?? 0) / this.#size) * forS, this.startS[job] ?? 0);
  }

  /** Where nothing fits nothing can start, and no reservation outlives a pass but promises, which nothing delays meanwhile. */
  #someFits(): boolean {
    const most = this.#mostFree();
    return this.#guarded.fewestProcessors <= most || this.#ranked.fewestProcessors <= most;
  }

  #mostFree(): number {
    let most = 0;
    for (const free of this.#free) if (free > most) most = free;
    return most;
  }

  /** Who is past the guard's time is so until it starts, and whoever came before is as well. */
  #guard(nowS: number): void {
    const { submitS, processors, estimateS } = this.#workload;
    const ranked = this.#ranked;
    for (; ranked.count > 0; ranked.removeFirst()) {
      const job = ranked.job[ranked.first] ?? 0;
      if (nowS - (submitS[job] ?? 0) < this.#guardAfterS) return;
      this.#guarded.add(job, processors[job] ?? 0, estimateS[job] ?? 0);
      this.#firstRanked = job + 1;
    }
  }

  /** The others by score × fairness, but for those that are served first all the same. */
  #rank(nowS: number): void {
    const { submitS, person, home } = this.#workload;
    const { order } = this.#policy;
    const ranked = this.#ranked;
    this.#owed.length = 0;
    for (let at = ranked.first; at < ranked.end; at += 1) {
      const job = ranked.job[at] ?? 0;
      const waitS = nowS - (submitS[job] ?? 0);
      const who = person[job] ?? 0;
      const isLate = waitS >= (this.#owedAfterS[home[job] ?? 0] ?? 0);
      if (isLate && this.#usage?.isBelowShare(who)) this.#owed.push(job);
      else ranked.score[at] = agedScore(order, this.#foretold.standing(job), waitS) * this.#factorOfPerson(who);
    }
    // Who was promised a place while it was owed one keeps it.
    for (const [job] of this.#reservations.promises())
      if (job >= this.#firstRanked && !this.#owed.includes(job)) this.#owed.push(job);
    this.#owed.sort((a, b) => a - b);
    for (const job of this.#owed) ranked.score[ranked.placeOf(job)] = Number.NEGATIVE_INFINITY;
  }

  #factorOfPerson(who: number): number {
    if (!this.#usage) return 1;
    if (this.#factorOf[who] !== this.#passes) {
      this.#factorOf[who] = this.#passes;
      this.#factor[who] = this.#usage.factor(who);
    }
    return this.#factor[who] ?? 1;
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
    for (let after = -1; held.length < settings.jobs; ) {
      const next = this.#best(settings.jobs - held.length, after);
      if (next.length === 0) break;
      for (after of next) {
        const job = this.#ranked.job[after] ?? 0;
        const weight = this.#weightOf(job, slowdownWeightS, settings.fairnessPower);
        if (lookahead.job(weight, job + 1) && this.#placesOf(lookahead, job, nowS)) held.push(job);
      }
    }
    lookahead.search(settings.moves, createGenerator(lookahead.seed(this.#seed)).below, holdBackCost);
    for (let at = 0; at < lookahead.jobs; at += 1) {
      const number = lookahead.order[at] ?? 0;
      const job = held[number] ?? 0;
      this.#plan.push(job);
      this.#planned[job] = lookahead.startsNowAt(number);
    }
    this.#isPlanned = true;
  }

  /** The next so many by score. */
  #best(most: number, after: number): Int32Array {
    return this.#ranked.best(most, after, Number.POSITIVE_INFINITY, (job) => this.#waitsUnplanned(job));
  }

  #waitsUnplanned(job: number): boolean {
    return this.#planned[job] === -2 && !this.#hasStarted(job);
  }

  /** Where the job last told of may go, of what is large enough for it; answers whether there is a place. */
  #placesOf(lookahead: Lookahead, job: number, nowS: number): boolean {
    const needs = this.#workload.processors[job] ?? 0;
    for (let centre = 0; centre < this.#sizes.length; centre += 1) {
      if ((this.#sizes[centre] ?? 0) < needs || !this.#mayVisit(job, centre)) continue;
      const mayStart = this.#mayStart(job, centre, nowS);
      lookahead.mayGo(centre, this.#amounts(needs), this.#foretold.predictedS(job), mayStart);
    }
    return lookahead.isHeld();
  }

  #amounts(processors: number): readonly number[] {
    this.#needs[0] = processors;
    return this.#needs;
  }

  /** What a second of waiting costs. */
  #weightOf(job: number, slowdownWeightS: number, fairnessPower: number): number {
    const slowdown = 1 + slowdownWeightS / Math.max(10, this.#foretold.predictedS(job));
    return slowdown / this.#factorOfPerson(this.#workload.person[job] ?? 0) ** fairnessPower;
  }

  #expectedEndS(job: number, nowS: number): number {
    const startS = this.startS[job] ?? 0;
    const limitS = this.#workload.estimateS[job] ?? 0;
    const predictedS = raisedS(this.#foretold.predictedAtStartS(job), nowS - startS, limitS);
    const endS = startS + predictedS + this.#latencyS(this.centre[job] ?? 0);
    return endS > nowS ? endS : nowS + 1;
  }

  /** Those past the guard's time and those that are owed a place; answers whether one of them must wait. */
  #startFirst(nowS: number): boolean {
    let waiting = this.#guarded.count + this.#owed.length;
    if (waiting === 0) return false;
    const promised: number[] = [];
    for (const [job] of this.#reservations.promises()) if (job < this.#firstRanked) promised.push(job);
    promised.sort((a, b) => a - b);
    let next = 0;
    for (let job = -1; ; ) {
      // Of all others nobody could start, and nobody would get a reservation.
      const fitting = this.#guarded.next(job, this.#roomNow(nowS));
      const held = promised[next] ?? -1;
      const isHeldFirst = held >= 0 && (fitting < 0 || held <= fitting);
      job = isHeldFirst ? held : fitting;
      if (isHeldFirst) next += 1;
      if (job < 0) break;
      if (this.#startJob(job, true, nowS)) waiting -= 1;
      else this.#promise(job, nowS);
    }
    for (const job of this.#owed) {
      if (this.#startJob(job, true, nowS)) waiting -= 1;
      else this.#promise(job, nowS);
    }
    return waiting > 0;
  }

  /** For whom there is something at a centre now: for who is promised nothing yet a reservation too. */
  #roomNow(nowS: number): Room {
    const room = this.#room;
    room.clear();
    for (const [centre, size] of this.#sizes.entries()) {
      const free = this.#free[centre] ?? 0;
      if ((this.#reservations.holder[centre] ?? -1) < 0) room.add(size);
      else {
        room.add(Math.min(free, this.#reservations.extra[centre] ?? 0));
        room.add(free, (this.#reservations.shadowS[centre] ?? 0) - nowS - 2 * this.#latencyS(centre));
      }
    }
    return room;
  }

  #startOthers(nowS: number, hasHead: boolean): void {
    const { backfill, lookahead } = this.#policy;
    const isReserved = lookahead === null || lookahead.head !== "planned";
    let isFirst = !hasHead;
    /** Answers whether whoever comes behind may start. */
    const serve = (job: number): boolean => {
      if (this.#hasStarted(job) || this.#startJob(job, false, nowS) || !isFirst) return true;
      // Whoever may go nowhere keeps nobody from a place.
      isFirst = isReserved && !this.#reserveFirst(job, nowS);
      return backfill !== "none";
    };
    for (const job of this.#plan) if (!serve(job)) return;
    let after = -1;
    for (let most = 8; ; most *= 2) {
      // Once somebody must wait, of all others those alone are served that can start.
      const next = isFirst
        ? this.#best(most, after)
        : this.#ranked.best(most, after, this.#mostFree(), (job) => this.#couldStart(job, nowS));
      if (next.length === 0) return;
      const wasFirst = isFirst;
      for (after of next) {
        if (!serve(this.#ranked.job[after] ?? 0)) return;
        if (isFirst !== wasFirst) break;
      }
    }
  }

  #couldStart(job: number, nowS: number): boolean {
    return this.#waitsUnplanned(job) && this.#choose(job, nowS) >= 0;
  }

  #leaveStarted(): void {
    for (const job of this.#plan) this.#planned[job] = -2;
    this.#plan.length = 0;
    if (this.#hasRankedStarted) this.#ranked.removeAll((job) => this.#hasStarted(job));
    this.#hasRankedStarted = false;
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
      if (!this.#mayStart(job, centre, nowS) || !this.#mayVisit(job, centre) || nowS + this.#latencyS(centre) > byS)
        continue;
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

  /** Whether the centre's own work is not to be worse off for it. Whoever was promised the centre, or has no home, may. */
  #mayVisit(job: number, centre: number): boolean {
    if (this.#watch.shut?.(centre)) return false;
    const account = this.#accounts[centre];
    if (!account || !this.#allowance) return true;
    const { home, processors, estimateS } = this.#workload;
    const [its, needs] = [home[job] ?? 0, processors[job] ?? 0];
    if (its === centre || (this.#sizes[its] ?? 0) < needs || this.#reservations.promisedAt(job) === centre) return true;
    const limitS = (estimateS[job] ?? 0) + 2 * this.#latencyS(centre);
    return account.admits(this.#amounts(needs), limitS, this.#allowance);
  }

  #visitorsAt(centre: number): Visitors {
    const { home, processors, estimateS } = this.#workload;
    const dueS = (job: number) => (this.startS[job] ?? 0) + (estimateS[job] ?? 0) + this.#latencyS(centre);
    const running = this.#running[centre] ?? new RunningWork();
    const all = () => {
      const visitors: Visitor[] = [];
      for (let at = 0; at < running.count; at += 1) {
        const job = running.job[at] ?? 0;
        if (home[job] !== centre) visitors.push({ dueS: dueS(job), needs: [processors[job] ?? 0] });
      }
      return visitors;
    };
    // Its own are among them: no visitor is due later.
    return { all, untilS: () => (running.count === 0 ? 0 : dueS(running.job[running.count - 1] ?? 0)) };
  }

  #fitsBeside(job: number, centre: number): boolean {
    if (!this.#isPlanned || !this.#lookahead) return true;
    const needs = this.#amounts(this.#workload.processors[job] ?? 0);
    return this.#lookahead.fitsBeside(centre, needs, this.#foretold.predictedS(job));
  }

  #mayStart(job: number, centre: number, nowS: number): boolean {
    const { processors, estimateS } = this.#workload;
    const needs = processors[job] ?? 0;
    if (needs > (this.#free[centre] ?? 0)) return false;
    return this.#reservations.allows(centre, job, needs, nowS + (estimateS[job] ?? 0) + 2 * this.#latencyS(centre));
  }

  /** A job of the centre's own users that is late and could start there in the visitor's place; -1: none. */
  #firstOverdue(job: number, centre: number, nowS: number): number {
    if (this.#workload.home[job] === centre || this.#policy.homePriority === null) return -1;
    if (this.#overdueOf[centre] !== this.#passes) this.#listOverdue(centre, nowS, this.#policy.homePriority.afterS);
    for (const own of this.#overdue[centre] ?? [])
      if (!this.#hasStarted(own) && this.#mayStart(own, centre, nowS)) return own;
    return -1;
  }

  #listOverdue(centre: number, nowS: number, afterS: number): void {
    const late = this.#late[centre] ?? [];
    let left = 0;
    for (const job of late) if (!this.#hasStarted(job)) late[left++] = job;
    late.length = left;
    const { score } = this.#ranked;
    const scoreOf = (job: number) =>
      job < this.#firstRanked ? Number.NEGATIVE_INFINITY : (score[this.#ranked.placeOf(job)] ?? 0);
    const overdue = late.filter((job) => nowS - (this.virtualStartS?.[job] ?? nowS) > afterS);
    overdue.sort((a, b) => {
      const [x, y] = [scoreOf(a), scoreOf(b)];
      return x < y ? -1 : x > y ? 1 : a - b;
    });
    this.#overdue[centre] = overdue;
    this.#overdueOf[centre] = this.#passes;
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
    if (this.#allowance) this.#began.push(job);
    this.#accounts[centre]?.changed();
    this.#free[centre] = (this.#free[centre] ?? 0) - needs;
    if (job < this.#firstRanked) this.#guarded.remove(job, needs);
    else this.#hasRankedStarted = true;
    this.#running[centre]?.add(job, dueS, needs);
    this.#ends.add(job, endS);
    this.#reservations.use(centre, job, needs, dueS);
    this.#reservations.started(job);
    const predictedS = this.#foretold.predictedS(job);
    this.#charge(job, predictedS);
    if (this.#isPlanned && this.#planned[job] !== centre)
      this.#lookahead?.takeBeside(centre, this.#amounts(needs), predictedS);
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

  #reserveFirst(job: number, nowS: number): boolean {
    const centre = this.#firstCentre(job, Number.POSITIVE_INFINITY, nowS);
    if (centre >= 0) this.#hold(job, centre, nowS);
    return centre >= 0;
  }

  /** The open centre where the job would start first, before `beforeS`; ties its home, then the first. -1: none. */
  #firstCentre(job: number, beforeS: number, nowS: number): number {
    const { processors, home } = this.#workload;
    const needs = processors[job] ?? 0;
    let chosen = -1;
    let earliestS = beforeS;
    for (let centre = 0; centre < this.#sizes.length; centre += 1) {
      if ((this.#sizes[centre] ?? 0) < needs || (this.#reservations.holder[centre] ?? -1) >= 0) continue;
      if (!this.#mayVisit(job, centre)) continue;
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
