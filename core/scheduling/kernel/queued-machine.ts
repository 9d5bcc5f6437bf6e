import type { Columns, Machine, QueuePolicy } from "./machine.ts";
import { orderKey } from "./order.ts";
import { JobQueue } from "./queue.ts";
import { Running } from "./running.ts";

/**
 * A queue whose head blocks, with at most one reservation, the head's (EASY: Lifka 1995; Mu'alem and Feitelson 2001). The
 * reservation is kept from one pass to the next: after an instant that has only submissions behind the head it stays
 * exactly valid, and only the new jobs need a look.
 */
export class QueuedMachine implements Machine {
  readonly processors: number;
  readonly #columns: Columns;
  readonly #order: QueuePolicy["order"];
  readonly #hasBackfill: boolean;
  readonly #running: Running;
  /** In the policy's order; with `#byEstimate` it keeps the jobs that started from there, and they are passed over. */
  readonly #queue = new JobQueue();
  /** The waiting jobs as backfill takes them, where that is another order. */
  readonly #byEstimate: JobQueue | null;
  /** Whether the head's reservation is as it would be made anew. */
  #isReserved = false;
  #shadowS = 0;
  #extra = 0;
  /** How many at the end of the queue no pass has seen; more than there are where they may be anywhere. */
  #unseen = 0;
  #waiting = 0;

  constructor(
    columns: Columns,
    order: QueuePolicy["order"],
    backfill: "none" | "easy" | "easy-sjbf",
    processors: number,
  ) {
    this.#columns = columns;
    this.#order = order;
    this.#hasBackfill = backfill !== "none";
    this.#byEstimate = backfill === "easy-sjbf" ? new JobQueue() : null;
    this.#running = new Running(processors);
    this.processors = processors;
  }

  get nextEndS(): number {
    return this.#running.nextEndS;
  }

  get waiting(): number {
    return this.#waiting;
  }

  advance(nowS: number): void {
    const running = this.#running;
    for (let endS = running.nextEndS; endS < nowS; endS = running.nextEndS) {
      this.#end(endS);
      if (this.#waiting > 0) this.pass(endS);
    }
    if (running.nextEndS === nowS) this.#end(nowS);
  }

  submit(job: number, _nowS: number): void {
    const processors = this.#columns.processors[job] ?? 0;
    const estimateS = this.#columns.estimateS[job] ?? 0;
    const key = orderKey(this.#order, job, this.#columns.submitS[job] ?? 0, processors, estimateS);
    const at = this.#queue.insert(job, key, processors, estimateS);
    this.#byEstimate?.insert(job, estimateS, processors, estimateS);
    this.#waiting += 1;
    if (at === this.#queue.first) this.#isReserved = false;
    this.#unseen += at === this.#queue.end - 1 ? 1 : this.#queue.length;
  }

  pass(nowS: number): void {
    const queue = this.#queue;
    if (!this.#isReserved) {
      this.#startHeads(nowS);
      this.#unseen = queue.length;
      if (this.#waiting === 0) return;
      if (this.#hasBackfill) {
        this.#running.reserve(queue.processors[queue.first] ?? 0);
        this.#shadowS = this.#running.shadowS;
        this.#extra = this.#running.extra;
      }
      this.#isReserved = true;
    }
    if (this.#hasBackfill && this.#running.free > 0) {
      if (this.#byEstimate === null) {
        this.#backfill(nowS, queue, Math.max(queue.end - this.#unseen, queue.first + 1));
      } else this.#backfill(nowS, this.#byEstimate, this.#byEstimate.first);
    }
    this.#unseen = 0;
  }

  copyExpected(other: Machine): void {
    if (!(other instanceof QueuedMachine)) throw new Error("another kind of machine");
    const { startS } = this.#columns;
    this.#running.copyExpected(other.#running, other.#columns, startS);
    // Those that started from their place by estimate are left out, and the places of the others stay as they are.
    this.#queue.copy(other.#queue, other.#byEstimate === null ? null : other.#columns.startS);
    if (other.#byEstimate !== null) this.#byEstimate?.copy(other.#byEstimate, null);
    for (let at = this.#queue.first; at < this.#queue.end; at += 1) startS[this.#queue.job[at] ?? 0] = -1;
    this.#isReserved = other.#isReserved;
    this.#shadowS = other.#shadowS;
    this.#extra = other.#extra;
    this.#unseen = other.#unseen;
    this.#waiting = other.#waiting;
  }

  #end(nowS: number): void {
    const running = this.#running;
    const { startS, estimateS, processors } = this.#columns;
    do {
      const job = running.popEnd();
      running.release(processors[job] ?? 0, (startS[job] ?? 0) + (estimateS[job] ?? 0));
    } while (running.nextEndS === nowS);
    this.#isReserved = false;
  }

  #startHeads(nowS: number): void {
    const queue = this.#queue;
    const byEstimate = this.#byEstimate;
    const { startS } = this.#columns;
    for (; queue.first < queue.end; queue.first += 1) {
      const job = queue.job[queue.first] ?? 0;
      if (byEstimate !== null && (startS[job] ?? 0) >= 0) continue;
      if ((queue.processors[queue.first] ?? 0) > this.#running.free) return;
      const estimateS = queue.estimateS[queue.first] ?? 0;
      byEstimate?.removeAt(byEstimate.placeOf(estimateS, job));
      this.#start(job, nowS, estimateS, queue.processors[queue.first] ?? 0);
    }
  }

  /** Looks at the jobs of `queue` from `from` on; the head, wherever it is, needs more than is free. */
  #backfill(nowS: number, queue: JobQueue, from: number): void {
    const roomS = this.#shadowS - nowS;
    const end = queue.end;
    const needs = queue.processors;
    const asked = queue.estimateS;
    let free = this.#running.free;
    let at = from;
    let kept = from;
    for (; at < end && free > 0; at += 1) {
      const processors = needs[at] ?? 0;
      const estimateS = asked[at] ?? 0;
      if (processors <= free && (estimateS <= roomS || processors <= this.#extra)) {
        if (estimateS > roomS) this.#extra -= processors;
        free -= processors;
        this.#start(queue.job[at] ?? 0, nowS, estimateS, processors);
      } else {
        if (kept !== at) queue.move(at, kept);
        kept += 1;
      }
    }
    queue.closeHole(kept, at);
  }

  #start(job: number, nowS: number, estimateS: number, processors: number): void {
    this.#columns.startS[job] = nowS;
    this.#waiting -= 1;
    this.#running.add(job, processors, nowS + (this.#columns.runS[job] ?? 0), nowS + estimateS);
  }
}
