import { BeyondClock, type Columns, lastSecondS } from "./columns.ts";
import { Ends } from "./ends.ts";
import { ExpectedEnds } from "./expected-ends.ts";
import type { Centres, Machine } from "./machine.ts";
import { orderKey } from "./order.ts";
import { JobQueue } from "./queue.ts";
import type { QueuePolicy } from "./queue-policy.ts";
import { Trial } from "./trial.ts";

/**
 * A queue whose head blocks, with at most one reservation, the head's (EASY: Lifka 1995; Mu'alem and Feitelson 2001), at
 * the centre that will have room for it first. The reservation is kept from one pass to the next: after an instant that has
 * only submissions behind the head it stays exactly valid, and only the new jobs need a look.
 */
export class QueuedMachine implements Machine {
  waiting = 0;
  requestedWork = 0;
  readonly #columns: Columns;
  readonly #order: QueuePolicy["order"];
  readonly #hasBackfill: boolean;
  readonly #ends = new Ends();
  /** By centre: processors, those that are free, the most of them anywhere, and when more are expected. */
  readonly #first: number;
  readonly #processors: Int32Array;
  readonly #free: Int32Array;
  #mostFree: number;
  readonly #expected: readonly ExpectedEnds[];
  /** The shadow of a job of `#shadowNeeds` at each centre, and whether something started or ended there since. */
  readonly #shadowsS: Float64Array;
  readonly #extras: Int32Array;
  readonly #isChanged: Uint8Array;
  #shadowNeeds = 0;
  /** In the policy's order. With `#byEstimate`, what started from there is still in it, and is passed over. */
  readonly #queue = new JobQueue();
  /** The waiting jobs as backfill takes them, where that is another order. */
  readonly #byEstimate: JobQueue | null;
  /** The head's reservation, and whether it is as it would be made anew. */
  #isReserved = false;
  #reserved = -1;
  #shadowS = 0;
  #extra = 0;
  /** How many at the end of the queue no pass has seen; more than there are where they may be anywhere. */
  #unseen = 0;
  #trial: Trial | null = null;

  constructor(
    columns: Columns,
    order: QueuePolicy["order"],
    backfill: "none" | "easy" | "easy-sjbf",
    { processors, first }: Centres,
  ) {
    this.#columns = columns;
    this.#order = order;
    this.#hasBackfill = backfill !== "none";
    this.#byEstimate = backfill === "easy-sjbf" ? new JobQueue() : null;
    this.#first = first;
    this.#processors = Int32Array.from(processors);
    this.#free = Int32Array.from(processors);
    this.#mostFree = Math.max(...processors);
    this.#expected = processors.map(() => new ExpectedEnds());
    this.#shadowsS = new Float64Array(processors.length);
    this.#extras = new Int32Array(processors.length);
    this.#isChanged = new Uint8Array(processors.length);
  }

  get nextEndS(): number {
    return this.#ends.nextS;
  }

  advance(nowS: number): void {
    const ends = this.#ends;
    for (let endS = ends.nextS; endS < nowS; endS = ends.nextS) {
      this.#end(endS);
      if (this.waiting > 0) this.pass(endS);
    }
    if (ends.nextS === nowS) this.#end(nowS);
  }

  submit(job: number): void {
    const processors = this.#columns.processors[job] ?? 0;
    const estimateS = this.#columns.estimateS[job] ?? 0;
    const at = this.#queue.insert(job, this.#keyOf(job), processors, estimateS);
    this.#byEstimate?.insert(job, estimateS, processors, estimateS);
    this.waiting += 1;
    this.requestedWork += processors * estimateS;
    if (at === this.#queue.first) this.#isReserved = false;
    this.#unseen += at === this.#queue.end - 1 ? 1 : this.#queue.length;
  }

  pass(nowS: number): void {
    const queue = this.#queue;
    if (!this.#isReserved) {
      this.#startHeads(nowS);
      this.#unseen = queue.length;
      if (this.waiting === 0) return;
      if (this.#hasBackfill) this.#reserve();
      this.#isReserved = true;
    }
    if (this.#hasBackfill && this.#mostFree > 0) {
      if (this.#byEstimate !== null) this.#backfill(nowS, this.#byEstimate, this.#byEstimate.first);
      else this.#backfill(nowS, queue, Math.max(queue.end - this.#unseen, queue.first + 1));
    }
    this.#unseen = 0;
  }

  estimateStart(job: number, nowS: number): number {
    const [running, ...more] = this.#expected;
    if (!running || more.length > 0) throw new Error("an estimate is made for one centre");
    this.#trial ??= new Trial();
    const { startS, processors, estimateS } = this.#columns;
    const queue = this.#queue;
    const place = queue.placeOf(this.#keyOf(job), job);
    // Who comes next may stand ahead of those that were planned, but where the order is that of submission.
    if (this.#order.kind !== "fcfs") this.#trial.forget();
    const planned = this.#trial.begin(nowS, this.#free[0] ?? 0, running);
    for (let at = queue.first + planned; at < place; at += 1) {
      if ((startS[queue.job[at] ?? 0] ?? 0) >= 0) this.#trial.pass();
      else this.#trial.reserve(queue.processors[at] ?? 0, queue.estimateS[at] ?? 0);
    }
    return this.#trial.startS(processors[job] ?? 0, estimateS[job] ?? 0);
  }

  #keyOf(job: number): number {
    const { submitS, processors, estimateS } = this.#columns;
    return orderKey(this.#order, job, submitS[job] ?? 0, processors[job] ?? 0, estimateS[job] ?? 0);
  }

  #end(nowS: number): void {
    const ends = this.#ends;
    const free = this.#free;
    const { startS, estimateS, processors, centre } = this.#columns;
    do {
      const job = ends.pop();
      const at = (centre[job] ?? 0) - this.#first;
      const needs = processors[job] ?? 0;
      const askedS = estimateS[job] ?? 0;
      const freeNow = (free[at] ?? 0) + needs;
      free[at] = freeNow;
      this.#isChanged[at] = 1;
      if (freeNow > this.#mostFree) this.#mostFree = freeNow;
      this.#expected[at]?.remove((startS[job] ?? 0) + askedS, needs);
      this.requestedWork -= needs * askedS;
    } while (ends.nextS === nowS);
    this.#isReserved = false;
    this.#trial?.forget();
  }

  #startHeads(nowS: number): void {
    const queue = this.#queue;
    const byEstimate = this.#byEstimate;
    const { startS } = this.#columns;
    this.#reserved = -1;
    for (; queue.first < queue.end; queue.first += 1) {
      const job = queue.job[queue.first] ?? 0;
      if (byEstimate !== null && (startS[job] ?? 0) >= 0) continue;
      const processors = queue.processors[queue.first] ?? 0;
      if (processors > this.#mostFree) return;
      const estimateS = queue.estimateS[queue.first] ?? 0;
      byEstimate?.remove(job, estimateS);
      this.#start(job, nowS, processors, estimateS, this.#roomFor(processors, false));
    }
  }

  /** The centre with the earliest shadow: of equal ones the head's home, then the first. */
  #reserve(): void {
    const queue = this.#queue;
    const processors = queue.processors[queue.first] ?? 0;
    const home = (this.#columns.home[queue.job[queue.first] ?? 0] ?? 0) - this.#first;
    const isOther = processors !== this.#shadowNeeds;
    this.#shadowNeeds = processors;
    this.#shadowS = Number.POSITIVE_INFINITY;
    for (let at = 0; at < this.#expected.length; at += 1) {
      if ((this.#processors[at] ?? 0) < processors) continue;
      if (isOther || this.#isChanged[at] === 1) this.#lookAhead(at, processors);
      const shadowS = this.#shadowsS[at] ?? 0;
      if (shadowS > this.#shadowS || (shadowS === this.#shadowS && at !== home)) continue;
      this.#reserved = at;
      this.#shadowS = shadowS;
      this.#extra = this.#extras[at] ?? 0;
    }
  }

  #lookAhead(at: number, processors: number): void {
    const expected = this.#expected[at];
    expected?.reserve(processors, this.#free[at] ?? 0);
    this.#shadowsS[at] = expected?.shadowS ?? 0;
    this.#extras[at] = expected?.extra ?? 0;
    this.#isChanged[at] = 0;
  }

  /** Looks at the jobs of `queue` from `from` on; the head, wherever it is, needs more than is free anywhere. */
  #backfill(nowS: number, queue: JobQueue, from: number): void {
    const roomS = this.#shadowS - nowS;
    const end = queue.end;
    const needs = queue.processors;
    const asked = queue.estimateS;
    let at = from;
    let kept = from;
    for (; at < end && this.#mostFree > 0; at += 1) {
      const processors = needs[at] ?? 0;
      let centre = -1;
      if (processors <= this.#mostFree) {
        const isLate = (asked[at] ?? 0) > roomS;
        centre = this.#roomFor(processors, isLate);
        if (isLate && centre === this.#reserved) this.#extra -= processors;
      }
      if (centre >= 0) this.#start(queue.job[at] ?? 0, nowS, processors, asked[at] ?? 0, centre);
      else {
        if (kept !== at) queue.move(at, kept);
        kept += 1;
      }
    }
    queue.closeHole(kept, at);
  }

  /** Where fewest stay free, of equal ones the first; -1 for nowhere. Who ends late may take only what is extra at the head's. */
  #roomFor(processors: number, isLate: boolean): number {
    const free = this.#free;
    let best = -1;
    let bestFree = Number.POSITIVE_INFINITY;
    for (let at = 0; at < free.length; at += 1) {
      const here = free[at] ?? 0;
      if (here < processors || here >= bestFree) continue;
      if (isLate && at === this.#reserved && processors > this.#extra) continue;
      best = at;
      bestFree = here;
    }
    return best;
  }

  #start(job: number, nowS: number, processors: number, estimateS: number, at: number): void {
    const { startS, runS, centre } = this.#columns;
    const free = this.#free;
    if (nowS > lastSecondS) throw new BeyondClock();
    startS[job] = nowS;
    centre[job] = this.#first + at;
    this.waiting -= 1;
    this.#trial?.forget();
    this.#ends.add(job, nowS + (runS[job] ?? 0));
    this.#expected[at]?.add(nowS + estimateS, processors);
    const before = free[at] ?? 0;
    free[at] = before - processors;
    this.#isChanged[at] = 1;
    if (before < this.#mostFree) return;
    let most = 0;
    for (let i = 0; i < free.length; i += 1) most = Math.max(most, free[i] ?? 0);
    this.#mostFree = most;
  }
}
