import type { Workload } from "../replay/workload.ts";
import { BeyondClock, lastSecondS } from "./columns.ts";
import { ExpectedEnds } from "./expected-ends.ts";
import { orderKey } from "./order.ts";
import { Profile } from "./profile.ts";
import type { QueuePolicy } from "./queue-policy.ts";

/** Without a plan for all: what waits may leave again. */
export type LocalQueuePolicy = Exclude<QueuePolicy, { readonly backfill: "conservative" }>;

/**
 * The queue of one centre behind a network, of which a job can be taken out again; else as `QueuedMachine`, and slower.
 * Who is on the way there is in the estimates and in no pass. First come is by when it came here.
 */
export class LocalQueue {
  requestedWork = 0;
  readonly #workload: Workload;
  readonly #policy: LocalQueuePolicy;
  readonly #latencyS: number;
  #free: number;
  readonly #expected = new ExpectedEnds();
  readonly #trial = new Profile();
  /** In the policy's order, ties as they came. */
  readonly #waiting: Waiting[] = [];

  constructor(workload: Workload, policy: LocalQueuePolicy, size: number, latencyS: number) {
    this.#workload = workload;
    this.#policy = policy;
    this.#free = size;
    this.#latencyS = latencyS;
  }

  /** It is here, and may start, from `hereS` on. */
  add(job: number, hereS: number): void {
    const one = { job, hereS, key: this.#keyOf(job) };
    let at = this.#waiting.length;
    while (at > 0 && isBehind(this.#waiting[at - 1], one)) at -= 1;
    this.#waiting.splice(at, 0, one);
    this.requestedWork += this.#needs(job) * this.#asks(job);
  }

  withdraw(job: number): void {
    const at = this.#waiting.findIndex((one) => one.job === job);
    if (at < 0) throw new Error("the job does not wait here");
    this.#waiting.splice(at, 1);
    this.requestedWork -= this.#needs(job) * this.#asks(job);
  }

  /** It ran from `startS` on. */
  end(job: number, startS: number): void {
    this.#free += this.#needs(job);
    this.#expected.remove(startS + this.#asks(job), this.#needs(job));
    this.requestedWork -= this.#needs(job) * this.#asks(job);
  }

  waitingAt(nowS: number): readonly number[] {
    return this.#waiting.filter((one) => one.hereS <= nowS).map(({ job }) => job);
  }

  /** Starts what may start now, and answers it. */
  pass(nowS: number): readonly number[] {
    const started: number[] = [];
    const here = this.#waiting.filter((one) => one.hereS <= nowS);
    let first = 0;
    for (; first < here.length && this.#needs(here[first]?.job ?? 0) <= this.#free; first += 1)
      this.#start(here[first]?.job ?? 0, nowS, started);
    const head = here[first];
    if (head !== undefined && this.#policy.backfill !== "none" && this.#free > 0)
      this.#backfill(head.job, here.slice(first + 1), nowS, started);
    return started;
  }

  /**
   * When the job starts if whoever is ahead of it gets a reservation, one after the other, by the times asked for; of a
   * job that is not here yet as if it were ordered here now.
   */
  estimateStart(job: number, nowS: number): number {
    const known = this.#waiting.find((one) => one.job === job);
    const hereS = known?.hereS ?? nowS + this.#latencyS;
    const mine = known ?? { job, hereS, key: this.#keyOf(job) };
    this.#trial.rebuild(nowS, this.#free, this.#expected);
    for (const one of this.#waiting) {
      if (one === mine || isBehind(one, mine)) break;
      this.#trial.find(this.#needs(one.job), this.#asks(one.job));
      this.#trial.take(this.#needs(one.job));
    }
    return Math.max(hereS, this.#trial.find(this.#needs(job), this.#asks(job)));
  }

  /** Beside the head's reservation: what is due by its shadow, or takes no more than what is extra then. */
  #backfill(head: number, others: Waiting[], nowS: number, started: number[]): void {
    this.#expected.reserve(this.#needs(head), this.#free);
    const { shadowS } = this.#expected;
    let { extra } = this.#expected;
    if (this.#policy.backfill === "easy-sjbf") others.sort((a, b) => this.#asks(a.job) - this.#asks(b.job));
    for (const { job } of others) {
      const isLate = nowS + this.#asks(job) > shadowS;
      if (this.#needs(job) > this.#free || (isLate && this.#needs(job) > extra)) continue;
      if (isLate) extra -= this.#needs(job);
      this.#start(job, nowS, started);
    }
  }

  #start(job: number, nowS: number, started: number[]): void {
    if (nowS > lastSecondS) throw new BeyondClock();
    started.push(job);
    this.#waiting.splice(
      this.#waiting.findIndex((one) => one.job === job),
      1,
    );
    this.#free -= this.#needs(job);
    this.#expected.add(nowS + this.#asks(job), this.#needs(job));
  }

  #keyOf(job: number): number {
    const { order } = this.#policy;
    if (order.kind === "fcfs") return 0;
    return orderKey(order, job, this.#workload.submitS[job] ?? 0, this.#needs(job), this.#asks(job));
  }

  #needs(job: number): number {
    return this.#workload.processors[job] ?? 0;
  }

  #asks(job: number): number {
    return this.#workload.estimateS[job] ?? 0;
  }
}

type Waiting = { readonly job: number; readonly hereS: number; readonly key: number };

function isBehind(one: Waiting | undefined, other: Waiting): boolean {
  if (one === undefined) return false;
  return one.key > other.key || (one.key === other.key && one.hereS > other.hereS);
}
