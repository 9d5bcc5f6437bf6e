import type { Columns, Machine } from "./machine.ts";
import { Profile } from "./profile.ts";
import { grown, Running } from "./running.ts";

/**
 * Conservative backfill (Mu'alem and Feitelson 2001): every job has a reservation, made when it came; all are made anew,
 * first come first served, whenever a job ends before its expected end. Plans are made only as far down the queue as a
 * job could start now: who needs more than is free gets its place in the plan when that matters, which is the same place.
 */
export class PlannedMachine implements Machine {
  readonly processors: number;
  readonly #columns: Columns;
  readonly #running: Running;
  readonly #profile = new Profile();
  /** The queue: job, its needs, its reservation (of the first `#planned`), and the least need from it to the end. */
  #job = new Int32Array(64);
  #needs = new Int32Array(64);
  #planS = new Float64Array(64);
  #least = new Int32Array(64);
  #count = 0;
  #planned = 0;
  /** Whether a job has ended before its expected end since the plan was made. */
  #isStale = true;
  #hasEnded = false;

  constructor(columns: Columns, processors: number) {
    this.#columns = columns;
    this.#running = new Running(processors);
    this.processors = processors;
  }

  get nextEndS(): number {
    return this.#running.nextEndS;
  }

  get waiting(): number {
    return this.#count;
  }

  advance(nowS: number): void {
    const running = this.#running;
    for (let endS = running.nextEndS; endS < nowS; endS = running.nextEndS) {
      this.#end(endS);
      if (this.#count > 0) this.pass(endS);
    }
    if (running.nextEndS === nowS) this.#end(nowS);
  }

  submit(job: number, _nowS: number): void {
    if (this.#count === this.#job.length) this.#grow();
    const needs = this.#columns.processors[job] ?? 0;
    this.#job[this.#count] = job;
    this.#needs[this.#count] = needs;
    this.#least[this.#count] = needs;
    for (let at = this.#count - 1; at >= 0 && (this.#least[at] ?? 0) > needs; at -= 1) this.#least[at] = needs;
    this.#count += 1;
  }

  pass(nowS: number): void {
    if (this.#isStale) this.#forgetPlan(nowS);
    else this.#profile.moveTo(nowS);
    if (this.#hasEnded) this.#startPlanned(nowS);
    this.#planOn(nowS);
  }

  copyExpected(other: Machine): void {
    if (!(other instanceof PlannedMachine)) throw new Error("another kind of machine");
    while (this.#job.length < other.#count) this.#grow();
    this.#running.copyExpected(other.#running, other.#columns, this.#columns.startS);
    this.#profile.copy(other.#profile);
    this.#job.set(other.#job.subarray(0, other.#count));
    this.#needs.set(other.#needs.subarray(0, other.#count));
    this.#planS.set(other.#planS.subarray(0, other.#count));
    this.#least.set(other.#least.subarray(0, other.#count));
    this.#count = other.#count;
    this.#planned = other.#planned;
    this.#isStale = other.#isStale;
    this.#hasEnded = other.#hasEnded;
    for (let at = 0; at < this.#count; at += 1) this.#columns.startS[this.#job[at] ?? 0] = -1;
  }

  #end(nowS: number): void {
    const running = this.#running;
    const { startS, estimateS, processors } = this.#columns;
    do {
      const job = running.popEnd();
      const expectedS = (startS[job] ?? 0) + (estimateS[job] ?? 0);
      running.release(processors[job] ?? 0, expectedS);
      if (expectedS > nowS) this.#isStale = true;
    } while (running.nextEndS === nowS);
    this.#hasEnded = true;
  }

  #forgetPlan(nowS: number): void {
    this.#profile.rebuild(nowS, this.#running);
    this.#planned = 0;
    this.#isStale = false;
    let least = this.processors;
    for (let at = this.#count - 1; at >= 0; at -= 1) {
      least = Math.min(least, this.#needs[at] ?? 0);
      this.#least[at] = least;
    }
  }

  /** Reservations begin where something ends, so only after ends can one be due. */
  #startPlanned(nowS: number): void {
    this.#hasEnded = false;
    let kept = 0;
    for (let at = 0; at < this.#planned; at += 1) {
      if (this.#planS[at] === nowS) this.#start(this.#job[at] ?? 0, nowS);
      else this.#move(at, kept++);
    }
    this.#closeHole(kept, this.#planned);
    this.#planned = kept;
  }

  #planOn(nowS: number): void {
    const { estimateS } = this.#columns;
    const running = this.#running;
    let at = this.#planned;
    let kept = at;
    for (; at < this.#count && (this.#least[at] ?? 0) <= running.free; at += 1) {
      const job = this.#job[at] ?? 0;
      const startS = this.#profile.reserve(this.#needs[at] ?? 0, estimateS[job] ?? 0);
      if (startS === nowS) this.#start(job, nowS);
      else {
        this.#planS[at] = startS;
        this.#move(at, kept++);
      }
    }
    this.#closeHole(kept, at);
    this.#planned = kept;
  }

  #start(job: number, nowS: number): void {
    const { startS, runS, estimateS, processors } = this.#columns;
    startS[job] = nowS;
    this.#running.add(job, processors[job] ?? 0, nowS + (runS[job] ?? 0), nowS + (estimateS[job] ?? 0));
  }

  #move(from: number, to: number): void {
    if (from === to) return;
    this.#job[to] = this.#job[from] ?? 0;
    this.#needs[to] = this.#needs[from] ?? 0;
    this.#planS[to] = this.#planS[from] ?? 0;
    this.#least[to] = this.#least[from] ?? 0;
  }

  /** What lies behind [to, from) moves up. */
  #closeHole(to: number, from: number): void {
    if (to === from) return;
    this.#job.copyWithin(to, from, this.#count);
    this.#needs.copyWithin(to, from, this.#count);
    this.#planS.copyWithin(to, from, this.#count);
    this.#least.copyWithin(to, from, this.#count);
    this.#count -= from - to;
  }

  #grow(): void {
    const size = this.#job.length * 2;
    this.#job = grown(this.#job, new Int32Array(size));
    this.#needs = grown(this.#needs, new Int32Array(size));
    this.#planS = grown(this.#planS, new Float64Array(size));
    this.#least = grown(this.#least, new Int32Array(size));
  }
}
