import type { Order, Policy } from "../policy.ts";
import { BeyondClock, type Columns, lastSecondS } from "./columns.ts";
import { Ends } from "./ends.ts";
import { ExpectedEnds } from "./expected-ends.ts";
import { orderKey } from "./order.ts";
import { JobQueue } from "./queue.ts";

export type KeptHeadPolicy = {
  readonly order: Extract<Order, { readonly kind: "fcfs" | "sjf" | "saf" | "f1" }>;
  readonly hasBackfill: boolean;
};

/** The policy as one of those of RLScheduler, or null where it is none. */
export function keptHeadPolicy({ head, order, backfill }: Policy): KeptHeadPolicy | null {
  if (head !== "kept" || order.kind === "score") return null;
  if (backfill !== "none" && backfill !== "window") return null;
  return { order, hasBackfill: backfill === "window" };
}

/**
 * The rules of RLScheduler (Zhang et al., SC'20), under which its heuristics were measured: each decision takes the first
 * job of the whole queue, which then blocks until it starts, whatever comes; while it does, the next submission or the next
 * end is handled, a submission first where both are at one instant. With backfill, while the job blocks, others start in
 * order of submission if they fit and are due before the window's end: the earliest expected time, when it began to
 * block, at which it would fit.
 */
export function replayKeptHead(
  machine: KeptHeadMachine,
  policy: KeptHeadPolicy,
  onJobs: (count: number) => void,
): void {
  const queue = new KeptHeadQueue(machine, policy);
  const count = machine.jobs === null ? machine.submitS.length : machine.jobs.length;
  for (let next = 0; next < count; ) {
    if (queue.isNext(next)) {
      queue.submit(next);
      next += 1;
      if ((next & 1023) === 0) onJobs(1024);
    } else queue.endOne();
    queue.startWhatMay();
  }
  while (queue.length > 0) {
    queue.endOne();
    queue.startWhatMay();
  }
  onJobs(count & 1023);
}

type KeptHeadMachine = Columns & {
  /** In order of submission; null: all. */
  readonly jobs: Int32Array | null;
  readonly size: number;
  readonly firstSubmitS: number;
  readonly centreNumber: number;
};

class KeptHeadQueue {
  readonly #machine: KeptHeadMachine;
  readonly #order: KeptHeadPolicy["order"];
  readonly #ends = new Ends();
  readonly #expected = new ExpectedEnds();
  /** All that wait: in the policy's order; and for backfill in order of submission. */
  readonly #chosen = new JobQueue();
  readonly #inOrder: JobQueue | null;
  #free: number;
  #nowS = 0;
  /** The job that blocks, and the end of its window. */
  #head = -1;
  #beforeS = 0;
  /** From here on in `#inOrder` somebody may be able to start who was not before. */
  #unseen = 0;

  constructor(machine: KeptHeadMachine, { order, hasBackfill }: KeptHeadPolicy) {
    this.#machine = machine;
    this.#order = order;
    this.#inOrder = hasBackfill ? new JobQueue() : null;
    this.#free = machine.size;
  }

  get length(): number {
    return this.#chosen.length;
  }

  /** Whether the submission comes before the next end, or with it. */
  isNext(place: number): boolean {
    return (this.#machine.submitS[this.#jobAt(place)] ?? 0) <= this.#ends.nextS;
  }

  submit(place: number): void {
    const { submitS, processors, estimateS } = this.#machine;
    const job = this.#jobAt(place);
    const needs = processors[job] ?? 0;
    this.#nowS = Math.max(this.#nowS, submitS[job] ?? 0);
    this.#chosen.insert(job, this.#keyOf(job), needs, estimateS[job] ?? 0);
    this.#inOrder?.insert(job, job, needs, estimateS[job] ?? 0);
    this.#unseen = (this.#inOrder?.end ?? 0) - 1;
  }

  endOne(): void {
    const { startS, processors, estimateS } = this.#machine;
    this.#nowS = Math.max(this.#nowS, this.#ends.nextS);
    const job = this.#ends.pop();
    this.#free += processors[job] ?? 0;
    this.#expected.remove((startS[job] ?? 0) + (estimateS[job] ?? 0), processors[job] ?? 0);
    this.#unseen = this.#inOrder?.first ?? 0;
  }

  startWhatMay(): void {
    const { processors } = this.#machine;
    while (this.#chosen.length > 0) {
      const isKept = this.#head >= 0;
      const head = isKept ? this.#head : (this.#chosen.job[this.#chosen.first] ?? 0);
      const needs = processors[head] ?? 0;
      if (needs > this.#free) {
        if (this.#inOrder === null) {
          this.#head = head;
          return;
        }
        if (!isKept) {
          this.#expected.reserve(needs, this.#free);
          this.#beforeS = this.#expected.shadowS;
          this.#unseen = this.#inOrder.first;
          this.#head = head;
        }
        this.#fill(this.#inOrder);
        return;
      }
      this.#head = -1;
      this.#take(head);
    }
  }

  #fill(inOrder: JobQueue): void {
    for (let at = this.#unseen; at < inOrder.end && this.#free > 0; ) {
      const isDue = this.#nowS + (inOrder.estimateS[at] ?? 0) < this.#beforeS;
      if (isDue && (inOrder.processors[at] ?? 0) <= this.#free) {
        this.#take(inOrder.job[at] ?? 0);
        at = Math.max(at, inOrder.first);
      } else at += 1;
    }
  }

  #take(job: number): void {
    const { startS, runS, estimateS, processors, centre, centreNumber } = this.#machine;
    this.#chosen.remove(job, this.#keyOf(job));
    this.#inOrder?.remove(job, job);
    if (this.#nowS > lastSecondS) throw new BeyondClock();
    startS[job] = this.#nowS;
    centre[job] = centreNumber;
    this.#free -= processors[job] ?? 0;
    this.#ends.add(job, this.#nowS + (runS[job] ?? 0));
    this.#expected.add(this.#nowS + (estimateS[job] ?? 0), processors[job] ?? 0);
  }

  #jobAt(place: number): number {
    return this.#machine.jobs === null ? place : (this.#machine.jobs[place] ?? 0);
  }

  #keyOf(job: number): number {
    const { submitS, processors, estimateS, firstSubmitS } = this.#machine;
    const onItsClockS = (submitS[job] ?? 0) + firstSubmitS;
    return orderKey(this.#order, job, onItsClockS, processors[job] ?? 0, estimateS[job] ?? 0);
  }
}
