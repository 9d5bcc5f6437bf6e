import { type Amounts, take } from "./amounts.ts";
import { dropBefore, mostQueued, placeAfter, placeOf, reserveOwn, startOwn } from "./own-queue.ts";

/**
 * What a home's own jobs would have waited for on its own machines, first come first served with EASY backfill: the truth,
 * as late as it is known. Every run time is the true one, so that the schedule stops where it would need the end of a job
 * that has not run for so long yet in truth, and goes on as that does. What sharing lets start sooner never stops it.
 * `VirtualHome` is never late, and as slow as people ask for more time than they need.
 */
export class Alone {
  #size: Amounts;
  readonly #free: number[];
  /** All until then was told, and the schedule has come so far. */
  #nowS: number;
  #atS: number;
  /** There is more room, or one less that waits. */
  #isOther = false;
  readonly #onStart: (held: Amounts) => void;
  /** In the order of submission, from `#first` on; those from `#come` on come later than the schedule has. */
  readonly #queue: Entry[] = [];
  #first = 0;
  #come = 0;
  /** Of those that run: those whose run time is known, by end; the others; and all of them by the time they asked for. */
  readonly #ending: Entry[] = [];
  readonly #open = new Set<Entry>();
  readonly #due: Entry[] = [];
  readonly #byJob = new Map<number, Entry>();
  readonly #reserve = (needs: Amounts) => reserveOwn(needs, this.#free, this.#due, ofDue);
  readonly #alone = new Waits();
  readonly #truly = new Waits();

  /** `onStart`: told what its own work would hold in all once another has started. */
  constructor(size: Amounts, onStart: (held: Amounts) => void, nowS = 0) {
    this.#size = size;
    this.#free = [...size];
    this.#nowS = nowS;
    this.#atS = nowS;
    this.#onStart = onStart;
  }

  resize(size: Amounts): void {
    for (const [kind, amount] of size.entries())
      this.#free[kind] = (this.#free[kind] ?? 0) + amount - (this.#size[kind] ?? 0);
    this.#size = size;
    this.#isOther = true;
  }

  /** Answers whether it was not known and is from now on: not where the queue is too long already. */
  submit(job: number, needs: Amounts, limitS: number, atS: number): boolean {
    this.advance(atS - 1);
    if (this.#byJob.has(job) || this.#queue.length - this.#first >= mostQueued) return false;
    const submitS = Math.max(atS, this.#nowS + 1);
    const entry: Entry = {
      job,
      needs,
      submitS,
      limitS,
      beganS: -1,
      ranS: -1,
      startS: -1,
      endS: -1,
      dueS: -1,
      state: "ahead",
    };
    this.#byJob.set(job, entry);
    this.#queue.push(entry);
    this.#truly.join(submitS);
    return true;
  }

  /** It runs in truth from then on. */
  began(job: number, atS: number): void {
    const entry = this.#byJob.get(job);
    if (!entry || entry.beganS >= 0 || entry.ranS >= 0) return;
    entry.beganS = Math.max(atS, entry.submitS);
    this.#truly.leave(entry.submitS, entry.beganS);
  }

  /** It ran for so long in truth; -1: it never will. */
  ended(job: number, ranS: number, atS: number): void {
    this.advance(atS - 1);
    const entry = this.#byJob.get(job);
    if (!entry || entry.ranS >= 0) return;
    if (entry.beganS < 0) this.#truly.forget(entry.submitS);
    entry.ranS = Math.max(0, ranS);
    if (this.#open.delete(entry)) this.#run(entry);
    else if (ranS < 0) {
      if (entry.state === "waits") this.#alone.forget(entry.submitS);
      entry.state = "gone";
      this.#byJob.delete(job);
      this.#isOther = true;
    }
  }

  /** All that is known to happen until `nowS`, this second included. */
  advance(nowS: number): void {
    for (;;) {
      const endS = this.#ending[0]?.endS ?? Number.POSITIVE_INFINITY;
      const comeS = this.#queue[this.#come]?.submitS ?? Number.POSITIVE_INFINITY;
      const nextS = this.#isOther ? this.#atS : Math.max(this.#atS, Math.min(endS, comeS));
      if (nextS > nowS || nextS > this.#knownUntilS(nowS)) break;
      this.#atS = nextS;
      this.#isOther = false;
      this.#end(nextS);
      for (let next = this.#queue[this.#come]; next && next.submitS <= nextS; next = this.#queue[++this.#come]) {
        if (next.state === "gone") continue;
        next.state = "waits";
        this.#alone.join(next.submitS);
      }
      this.#pass(nextS);
    }
    this.#nowS = Math.max(this.#nowS, nowS);
  }

  /**
   * By how many seconds in sum its jobs have waited less than alone, as far as the schedule has come; of the time since then
   * what they waited counts against it whole.
   */
  balanceS(): number {
    const untilS = Math.max(this.#atS, Math.min(this.#nowS, this.#knownUntilS(this.#nowS)));
    return this.#alone.sumS(untilS) - this.#truly.sumS(this.#nowS);
  }

  /** Nothing that runs alone ends before then. */
  #knownUntilS(nowS: number): number {
    let untilS = Number.POSITIVE_INFINITY;
    for (const { startS, beganS } of this.#open) {
      const itsS = beganS < 0 ? startS : startS + Math.max(0, nowS - beganS);
      if (itsS < untilS) untilS = itsS;
    }
    return untilS;
  }

  #end(nowS: number): void {
    let over = 0;
    for (let next = this.#ending[over]; next && next.endS <= nowS; next = this.#ending[++over]) {
      take(this.#free, next.needs, 1);
      this.#due.splice(placeOf(this.#due, next, ofDue), 1);
      this.#byJob.delete(next.job);
    }
    this.#ending.splice(0, over);
  }

  #pass(nowS: number): void {
    this.#first = startOwn(
      this.#queue,
      { first: this.#first, end: this.#come },
      { free: this.#free, nowS },
      isGone,
      this.#reserve,
      (entry) => this.#start(entry, nowS),
    );
    const dropped = dropBefore(this.#queue, this.#first);
    this.#come -= dropped;
    this.#first -= dropped;
  }

  #start(entry: Entry, nowS: number): void {
    entry.state = "runs";
    entry.startS = nowS;
    entry.dueS = nowS + entry.limitS;
    take(this.#free, entry.needs, -1);
    this.#due.splice(placeAfter(this.#due, entry.dueS, ofDue), 0, entry);
    this.#alone.leave(entry.submitS, nowS);
    if (entry.ranS < 0) this.#open.add(entry);
    else this.#run(entry);
    this.#onStart(this.#free.map((free, kind) => (this.#size[kind] ?? 0) - free));
  }

  #run(entry: Entry): void {
    entry.endS = entry.startS + entry.ranS;
    this.#ending.splice(placeAfter(this.#ending, entry.endS, ofEnd), 0, entry);
  }
}

/** What jobs have waited for in sum, in one schedule. */
class Waits {
  #waiting = 0;
  /** Of those that wait. */
  #submitS = 0;
  /** Of those that do not any more. */
  #doneS = 0;

  join(submitS: number): void {
    this.#waiting += 1;
    this.#submitS += submitS;
  }

  leave(submitS: number, startS: number): void {
    this.forget(submitS);
    this.#doneS += startS - submitS;
  }

  forget(submitS: number): void {
    this.#waiting -= 1;
    this.#submitS -= submitS;
  }

  sumS(untilS: number): number {
    return this.#doneS + this.#waiting * untilS - this.#submitS;
  }
}

/** -1: not yet, and not known. `startS`, `endS`, `dueS`: alone; `beganS`: in truth. */
type Entry = {
  readonly job: number;
  readonly needs: Amounts;
  readonly submitS: number;
  readonly limitS: number;
  beganS: number;
  ranS: number;
  startS: number;
  endS: number;
  dueS: number;
  /** `ahead`: the schedule has not come to its submission; `gone`: it will never run. */
  state: "ahead" | "waits" | "runs" | "gone";
};

const isGone = ({ state }: Entry) => state === "gone";
const ofDue = ({ dueS }: Entry) => dueS;
const ofEnd = ({ endS }: Entry) => endS;
