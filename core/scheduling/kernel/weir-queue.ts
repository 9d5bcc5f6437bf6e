import type { Policy } from "../policy.ts";
import type { Workload } from "../replay/workload.ts";
import type { Columns } from "./columns.ts";
import { ExpectedEnds } from "./expected-ends.ts";
import type { Machine } from "./machine.ts";
import { Profile } from "./profile.ts";
import { WeirMachine } from "./weir.ts";

/** Weir's own scheduler at one centre, with what others ask a queue before they bind a job to it. */
export class WeirQueue implements Machine {
  readonly #columns: Workload & Columns;
  readonly #machine: WeirMachine;
  readonly #size: number;
  readonly #centre: number;
  readonly #trial = new Profile();
  /** What was submitted and was not known to be over when it was last looked at. */
  #present: number[] = [];
  readonly #submitted: number[] = [];
  #nowS = 0;

  constructor(columns: Workload & Columns, policy: Policy, seed: number, centre: number) {
    const home = columns.homes[centre];
    if (home === undefined) throw new Error("no such centre");
    const alone = { ...columns, homes: [home], home: new Uint16Array(columns.count) };
    this.#columns = columns;
    this.#machine = new WeirMachine(alone, policy, seed, {});
    this.#size = home.processors;
    this.#centre = centre;
  }

  get nextEndS(): number {
    const { runS } = this.#columns;
    return Math.min(...this.#running().map((job) => this.#startOf(job) + (runS[job] ?? 0)));
  }

  get waiting(): number {
    return this.#present.filter((job) => this.#startOf(job) < 0).length;
  }

  get requestedWork(): number {
    const { processors, estimateS } = this.#columns;
    this.#forget();
    return this.#present.reduce((sum, job) => sum + (processors[job] ?? 0) * (estimateS[job] ?? 0), 0);
  }

  advance(nowS: number): void {
    this.#machine.advance(nowS);
    this.#nowS = nowS;
    if (nowS < Number.POSITIVE_INFINITY) return;
    // All is over: what it knows is handed on.
    for (const job of this.#submitted) this.#columns.startS[job] = this.#startOf(job);
  }

  submit(job: number): void {
    this.#machine.submit(job);
    this.#columns.centre[job] = this.#centre;
    this.#present.push(job);
    this.#submitted.push(job);
  }

  pass(nowS: number): void {
    this.#machine.pass(nowS);
  }

  /** Who waits is ahead in the order of submission: the order of Weir's own queue is another at each pass. */
  estimateStart(job: number, nowS: number): number {
    const { processors, estimateS } = this.#columns;
    this.#forget();
    const ends = new ExpectedEnds();
    let free = this.#size;
    for (const other of this.#running()) {
      ends.add(this.#startOf(other) + (estimateS[other] ?? 0), processors[other] ?? 0);
      free -= processors[other] ?? 0;
    }
    this.#trial.rebuild(nowS, free, ends);
    for (const other of this.#present) {
      if (this.#startOf(other) >= 0) continue;
      this.#trial.find(processors[other] ?? 0, estimateS[other] ?? 0);
      this.#trial.take(processors[other] ?? 0);
    }
    return this.#trial.find(processors[job] ?? 0, estimateS[job] ?? 0);
  }

  #startOf(job: number): number {
    return this.#machine.startS[job] ?? -1;
  }

  #running(): readonly number[] {
    this.#forget();
    return this.#present.filter((job) => this.#startOf(job) >= 0);
  }

  #forget(): void {
    const { runS } = this.#columns;
    this.#present = this.#present.filter((job) => {
      const startS = this.#startOf(job);
      return startS < 0 || startS + (runS[job] ?? 0) > this.#nowS;
    });
  }
}
