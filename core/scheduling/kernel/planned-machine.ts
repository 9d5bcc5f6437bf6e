import { BeyondClock, type Columns, grown, lastSecondS } from "./columns.ts";
import { Ends } from "./ends.ts";
import { ExpectedEnds } from "./expected-ends.ts";
import type { Centres, Machine } from "./machine.ts";
import { Profile } from "./profile.ts";
import { Trial } from "./trial.ts";

/**
 * Conservative backfill (Mu'alem and Feitelson 2001): every job has a reservation, made when it came; all are made anew,
 * first come first served, whenever a job ends before its expected end. Plans are made only as far down the queue as the
 * last job that could start now: those behind it get their places in the plan when that matters, which are the same places.
 */
export class PlannedMachine implements Machine {
  requestedWork = 0;
  readonly #columns: Columns;
  readonly #ends = new Ends();
  readonly #first: number;
  readonly #processors: Int32Array;
  readonly #free: Int32Array;
  readonly #expected: readonly ExpectedEnds[];
  readonly #profiles: readonly Profile[];
  /** The queue: job, its needs, how long it asks for, and its reservation (of the first `#planned`). */
  #job = new Int32Array(64);
  #needs = new Int32Array(64);
  #asksS = new Int32Array(64);
  #planS = new Float64Array(64);
  #planAt = new Int32Array(64);
  #count = 0;
  #planned = 0;
  /** Whether a job has ended before its expected end since the plan was made. */
  #isStale = true;
  #hasEnded = false;
  /** When the reservation begins that was looked for last. */
  #foundS = 0;
  #trial: Trial | null = null;

  constructor(columns: Columns, { processors, first }: Centres) {
    this.#columns = columns;
    this.#first = first;
    this.#processors = Int32Array.from(processors);
    this.#free = Int32Array.from(processors);
    this.#expected = processors.map(() => new ExpectedEnds());
    this.#profiles = processors.map(() => new Profile());
  }

  get nextEndS(): number {
    return this.#ends.nextS;
  }

  get waiting(): number {
    return this.#count;
  }

  advance(nowS: number): void {
    const ends = this.#ends;
    for (let endS = ends.nextS; endS < nowS; endS = ends.nextS) {
      this.#end(endS);
      if (this.#count > 0) this.pass(endS);
    }
    if (ends.nextS === nowS) this.#end(nowS);
  }

  submit(job: number): void {
    if (this.#count === this.#job.length) this.#grow();
    const needs = this.#columns.processors[job] ?? 0;
    this.#job[this.#count] = job;
    this.#needs[this.#count] = needs;
    this.#asksS[this.#count] = this.#columns.estimateS[job] ?? 0;
    this.#count += 1;
    this.requestedWork += needs * (this.#columns.estimateS[job] ?? 0);
  }

  pass(nowS: number): void {
    if (this.#isStale) this.#forgetPlan(nowS);
    else for (const profile of this.#profiles) profile.moveTo(nowS);
    if (this.#hasEnded) this.#startPlanned(nowS);
    this.#planOn(nowS);
  }

  estimateStart(job: number, nowS: number): number {
    const [running, ...more] = this.#expected;
    if (!running || more.length > 0) throw new Error("an estimate is made for one centre");
    this.#trial ??= new Trial();
    const { estimateS, processors } = this.#columns;
    const planned = this.#trial.begin(nowS, this.#free[0] ?? 0, running);
    for (let at = planned; at < this.#count; at += 1) this.#trial.reserve(this.#needs[at] ?? 0, this.#asksS[at] ?? 0);
    return this.#trial.startS(processors[job] ?? 0, estimateS[job] ?? 0);
  }

  #end(nowS: number): void {
    const ends = this.#ends;
    const { startS, estimateS, processors, centre } = this.#columns;
    do {
      const job = ends.pop();
      const at = (centre[job] ?? 0) - this.#first;
      const needs = processors[job] ?? 0;
      const askedS = estimateS[job] ?? 0;
      const expectedS = (startS[job] ?? 0) + askedS;
      this.#free[at] = (this.#free[at] ?? 0) + needs;
      this.#expected[at]?.remove(expectedS, needs);
      this.requestedWork -= needs * askedS;
      if (expectedS > nowS) this.#isStale = true;
    } while (ends.nextS === nowS);
    this.#hasEnded = true;
    this.#trial?.forget();
  }

  #forgetPlan(nowS: number): void {
    for (const [at, profile] of this.#profiles.entries()) {
      const expected = this.#expected[at];
      if (expected) profile.rebuild(nowS, this.#free[at] ?? 0, expected);
    }
    this.#planned = 0;
    this.#isStale = false;
  }

  /** Reservations begin where something ends, so only after ends can one be due. */
  #startPlanned(nowS: number): void {
    this.#hasEnded = false;
    let kept = 0;
    for (let at = 0; at < this.#planned; at += 1) {
      if (this.#planS[at] === nowS) this.#start(this.#job[at] ?? 0, nowS, this.#planAt[at] ?? 0);
      else this.#move(at, kept++);
    }
    this.#closeHole(kept, this.#planned);
    this.#planned = kept;
  }

  #planOn(nowS: number): void {
    let last = this.#lastStartable(this.#count - 1, this.#planned);
    let at = this.#planned;
    let kept = at;
    for (; at <= last; at += 1) {
      const job = this.#job[at] ?? 0;
      const needs = this.#needs[at] ?? 0;
      const centre = this.#earliest(job, needs, this.#asksS[at] ?? 0);
      this.#profiles[centre]?.take(needs);
      if (this.#foundS === nowS) this.#start(job, nowS, centre);
      else {
        this.#planS[at] = this.#foundS;
        this.#planAt[at] = centre;
        this.#move(at, kept++);
      }
      last = this.#lastStartable(last, at + 1);
    }
    this.#closeHole(kept, at);
    this.#planned = kept;
  }

  /** The last job from `from` to `last` that could start now if none but those planned were ahead of it; else below `from`. */
  #lastStartable(last: number, from: number): number {
    const profiles = this.#profiles;
    const free = this.#free;
    for (let at = last; at >= from; at -= 1) {
      const needs = this.#needs[at] ?? 0;
      for (let centre = 0; centre < profiles.length; centre += 1)
        if ((free[centre] ?? 0) >= needs && profiles[centre]?.isFreeNow(needs, this.#asksS[at] ?? 0)) return at;
    }
    return from - 1;
  }

  /** The centre with the earliest reservation, which is `#foundS`: of equal ones the job's home, then the first. */
  #earliest(job: number, needs: number, estimateS: number): number {
    const profiles = this.#profiles;
    const home = (this.#columns.home[job] ?? 0) - this.#first;
    let best = 0;
    this.#foundS = Number.POSITIVE_INFINITY;
    for (let at = 0; at < profiles.length; at += 1) {
      if ((this.#processors[at] ?? 0) < needs) continue;
      const foundS = profiles[at]?.find(needs, estimateS) ?? 0;
      if (foundS > this.#foundS || (foundS === this.#foundS && at !== home)) continue;
      best = at;
      this.#foundS = foundS;
    }
    return best;
  }

  #start(job: number, nowS: number, at: number): void {
    const { startS, runS, estimateS, processors, centre } = this.#columns;
    const needs = processors[job] ?? 0;
    if (nowS > lastSecondS) throw new BeyondClock();
    startS[job] = nowS;
    centre[job] = this.#first + at;
    this.#trial?.forget();
    this.#free[at] = (this.#free[at] ?? 0) - needs;
    this.#ends.add(job, nowS + (runS[job] ?? 0));
    this.#expected[at]?.add(nowS + (estimateS[job] ?? 0), needs);
  }

  #move(from: number, to: number): void {
    if (from === to) return;
    this.#job[to] = this.#job[from] ?? 0;
    this.#needs[to] = this.#needs[from] ?? 0;
    this.#planS[to] = this.#planS[from] ?? 0;
    this.#planAt[to] = this.#planAt[from] ?? 0;
    this.#asksS[to] = this.#asksS[from] ?? 0;
  }

  /** What lies behind [to, from) moves up. */
  #closeHole(to: number, from: number): void {
    if (to === from) return;
    for (const column of [this.#job, this.#needs, this.#asksS, this.#planS, this.#planAt])
      column.copyWithin(to, from, this.#count);
    this.#count -= from - to;
  }

  #grow(): void {
    const size = this.#job.length * 2;
    this.#job = grown(this.#job, new Int32Array(size));
    this.#needs = grown(this.#needs, new Int32Array(size));
    this.#planS = grown(this.#planS, new Float64Array(size));
    this.#planAt = grown(this.#planAt, new Int32Array(size));
    this.#asksS = grown(this.#asksS, new Int32Array(size));
  }
}
