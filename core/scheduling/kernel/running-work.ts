import { grown } from "./columns.ts";

/** Jobs that run at one centre, by when they are due by what they asked for, the earliest first. */
export class RunningWork {
  count = 0;
  job = new Int32Array(32);
  #dueS = new Float64Array(32);
  #processors = new Int32Array(32);
  /** Of the last `reserve`. */
  shadowS = 0;
  extra = 0;

  add(job: number, dueS: number, processors: number): void {
    if (this.count === this.job.length) {
      this.job = grown(this.job, new Int32Array(this.count * 2));
      this.#dueS = grown(this.#dueS, new Float64Array(this.count * 2));
      this.#processors = grown(this.#processors, new Int32Array(this.count * 2));
    }
    let at = this.count++;
    while (at > 0 && (this.#dueS[at - 1] ?? 0) > dueS) {
      this.#copy(at, at - 1);
      at -= 1;
    }
    this.job[at] = job;
    this.#dueS[at] = dueS;
    this.#processors[at] = processors;
  }

  remove(job: number): void {
    const from = this.job.indexOf(job);
    this.count -= 1;
    for (let at = from; at < this.count; at += 1) this.#copy(at, at + 1);
  }

  /** The first due time at which so many are free (`shadowS`), and how many are free then besides (`extra`). */
  reserve(processors: number, freeNow: number): void {
    let free = freeNow;
    let at = 0;
    while (free < processors && at < this.count) free += this.#processors[at++] ?? 0;
    const shadowS = this.#dueS[at - 1] ?? 0;
    while (at < this.count && this.#dueS[at] === shadowS) free += this.#processors[at++] ?? 0;
    this.shadowS = shadowS;
    this.extra = free - processors;
  }

  #copy(to: number, from: number): void {
    this.job[to] = this.job[from] ?? 0;
    this.#dueS[to] = this.#dueS[from] ?? 0;
    this.#processors[to] = this.#processors[from] ?? 0;
  }
}
