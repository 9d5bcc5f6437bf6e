import { type Amounts, take } from "./amounts.ts";
import { dropBefore, mostQueued, placeAfter, placeOf, reserveOwn, startOwn } from "./own-queue.ts";

/**
 * What would have become of a home's own jobs on its own machines, first come first served with EASY backfill, as far as
 * it is known by now: a job ends virtually so long after its virtual start as it took in truth; while that is not known,
 * when what it asked for is over. Amounts are of any kinds, each kind in its place; jobs are numbers of the caller's, smaller
 * where submitted earlier. Before it is told of a moment all until then happens, so that nothing is known before its time.
 */
export class VirtualHome {
  #size: Amounts;
  readonly #free: number[];
  #nowS: number;
  /** When there is something new to be looked at; Infinity: never. */
  #dueS = Number.POSITIVE_INFINITY;
  readonly #onStart: (job: number, atS: number) => void;
  /** In the order of submission; those before `#first` are gone. */
  readonly #queue: Entry[] = [];
  #first = 0;
  /** By virtual end, the earliest first. */
  readonly #running: Entry[] = [];
  readonly #reserve = (needs: Amounts) => reserveOwn(needs, this.#free, this.#running, ofEnd);
  /** All that are not over both in truth and virtually. */
  readonly #byJob = new Map<number, Entry>();

  constructor(size: Amounts, onStart: (job: number, atS: number) => void, nowS = 0) {
    this.#size = size;
    this.#free = [...size];
    this.#nowS = nowS;
    this.#onStart = onStart;
  }

  /** What is there changed; nothing that runs virtually is ended for it. Answers whether it is another size. */
  resize(size: Amounts): boolean {
    if (size.every((amount, kind) => amount === this.#size[kind])) return false;
    for (const [kind, amount] of size.entries())
      this.#free[kind] = (this.#free[kind] ?? 0) + amount - (this.#size[kind] ?? 0);
    this.#size = size;
    this.#dueS = Math.min(this.#dueS, this.#nowS);
    return true;
  }

  /** `atS` before now counts as now. Answers whether it is known from now on: not where the queue is too long already. */
  submit(job: number, needs: Amounts, limitS: number, atS: number): boolean {
    this.advance(atS - 1);
    if (this.#byJob.has(job)) return true;
    if (this.#queue.length - this.#first >= mostQueued) return false;
    const submitS = Math.max(atS, this.#nowS);
    const entry = { job, needs, submitS, limitS, startS: -1, endS: -1, ranS: -1, isOver: false, isGone: false };
    this.#byJob.set(job, entry);
    this.#enqueue(entry);
    this.#dueS = Math.min(this.#dueS, submitS);
    return true;
  }

  /** The job has ended in truth, after `ranS`; -1: it will not have started. */
  ended(job: number, ranS: number, atS: number): void {
    this.advance(atS - 1);
    const entry = this.#byJob.get(job);
    if (!entry || entry.ranS >= 0) return;
    entry.ranS = Math.max(0, ranS);
    if (entry.isOver) this.#byJob.delete(job);
    else if (entry.startS >= 0) {
      this.#running.splice(placeOf(this.#running, entry, ofEnd), 1);
      this.#run(entry, Math.max(entry.startS + entry.ranS, atS));
    } else if (ranS < 0) {
      entry.isGone = true;
      this.#byJob.delete(job);
      this.#dueS = Math.min(this.#dueS, Math.max(atS, this.#nowS));
    }
  }

  /** All that happens until `nowS`, this second included. */
  advance(nowS: number): void {
    for (;;) {
      const atS = Math.min(this.#running[0]?.endS ?? Number.POSITIVE_INFINITY, this.#dueS);
      if (atS > nowS) break;
      this.#nowS = Math.max(atS, this.#nowS);
      this.#dueS = Number.POSITIVE_INFINITY;
      let over = 0;
      for (let next = this.#running[over]; next && next.endS <= this.#nowS; next = this.#running[++over])
        this.#end(next);
      this.#running.splice(0, over);
      this.#pass(this.#nowS);
    }
    this.#nowS = Math.max(this.#nowS, nowS);
  }

  /** When it started virtually; null: it has not, or is not known here. */
  startOf(job: number): number | null {
    const startS = this.#byJob.get(job)?.startS ?? -1;
    return startS < 0 ? null : startS;
  }

  /** What is known here alone, at most so many: who started virtually, and who is over in truth and still waits virtually. */
  remembered(most: number): RememberedHome {
    const entries = [...this.#byJob.values()].filter(({ startS, ranS }) => startS >= 0 || ranS >= 0);
    return {
      nowS: this.#nowS,
      jobs: entries
        .slice(0, most)
        .map(({ job, submitS, limitS, startS, endS, ranS, isOver, needs }) => [
          ...[job, submitS, limitS, startS, endS, ranS, isOver ? 1 : 0],
          ...needs,
        ]),
    };
  }

  /** Begins with what another remembered; nothing was told here yet. */
  recall({ nowS, jobs }: RememberedHome): void {
    this.#nowS = nowS;
    for (const [job = 0, submitS = 0, limitS = 0, startS = 0, endS = 0, ranS = 0, isOver = 0, ...needs] of jobs) {
      const entry = { job, needs, submitS, limitS, startS: -1, endS, ranS, isOver: isOver === 1, isGone: false };
      this.#byJob.set(job, entry);
      if (startS < 0) this.#enqueue(entry);
      else this.#begin(entry, startS);
    }
    this.#dueS = this.#nowS;
  }

  #enqueue(entry: Entry): void {
    const queue = this.#queue;
    let at = queue.length;
    while (at > this.#first && isLater(queue[at - 1], entry)) at -= 1;
    if (at === queue.length) queue.push(entry);
    else queue.splice(at, 0, entry);
  }

  #begin(entry: Entry, startS: number): void {
    entry.startS = startS;
    if (!entry.isOver) {
      take(this.#free, entry.needs, -1);
      this.#run(entry, entry.endS);
    }
    this.#onStart(entry.job, startS);
  }

  #end(entry: Entry): void {
    take(this.#free, entry.needs, 1);
    entry.isOver = true;
    if (entry.ranS >= 0) this.#byJob.delete(entry.job);
  }

  #pass(nowS: number): void {
    this.#first = startOwn(
      this.#queue,
      { first: this.#first, end: this.#queue.length },
      { free: this.#free, nowS },
      isGone,
      this.#reserve,
      (entry) => {
        entry.endS = nowS + (entry.ranS < 0 ? entry.limitS : entry.ranS);
        this.#begin(entry, nowS);
      },
    );
    this.#first -= dropBefore(this.#queue, this.#first);
  }

  #run(entry: Entry, endS: number): void {
    entry.endS = endS;
    this.#running.splice(placeAfter(this.#running, endS, ofEnd), 0, entry);
  }
}

/** `jobs`: number, submission, limit, virtual start or -1, virtual end, true run time or -1, whether it is over virtually, amounts. */
export type RememberedHome = { readonly nowS: number; readonly jobs: readonly (readonly number[])[] };

/** -1: not yet, and not known. */
type Entry = {
  readonly job: number;
  readonly needs: Amounts;
  readonly submitS: number;
  readonly limitS: number;
  startS: number;
  endS: number;
  ranS: number;
  isOver: boolean;
  /** It waited virtually and will never run. */
  isGone: boolean;
};

const isGone = (entry: Entry) => entry.isGone;
const ofEnd = ({ endS }: Entry) => endS;

function isLater(one: Entry | undefined, { submitS, job }: Entry): boolean {
  return one !== undefined && (one.submitS > submitS || (one.submitS === submitS && one.job > job));
}
