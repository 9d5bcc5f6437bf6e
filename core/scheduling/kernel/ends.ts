import { grown } from "./columns.ts";

/** Running jobs by when they will truly end: a binary heap in two arrays. */
export class Ends {
  count = 0;
  #endS = new Float64Array(32);
  #job = new Int32Array(32);

  /** When the next job ends, Infinity where none runs. */
  get nextS(): number {
    return this.count === 0 ? Number.POSITIVE_INFINITY : (this.#endS[0] ?? 0);
  }

  add(job: number, endS: number): void {
    if (this.count === this.#endS.length) {
      this.#endS = grown(this.#endS, new Float64Array(this.count * 2));
      this.#job = grown(this.#job, new Int32Array(this.count * 2));
    }
    const ends = this.#endS;
    const jobs = this.#job;
    let at = this.count;
    this.count += 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const parentS = ends[parent] ?? 0;
      if (parentS <= endS) break;
      ends[at] = parentS;
      jobs[at] = jobs[parent] ?? 0;
      at = parent;
    }
    ends[at] = endS;
    jobs[at] = job;
  }

  /** Takes off the job that ends next and answers it. */
  pop(): number {
    const ends = this.#endS;
    const jobs = this.#job;
    const job = jobs[0] ?? 0;
    this.count -= 1;
    const count = this.count;
    const lastS = ends[count] ?? 0;
    const last = jobs[count] ?? 0;
    let at = 0;
    for (let child = 1; child < count; child = 2 * at + 1) {
      if (child + 1 < count && (ends[child + 1] ?? 0) < (ends[child] ?? 0)) child += 1;
      const childS = ends[child] ?? 0;
      if (childS >= lastS) break;
      ends[at] = childS;
      jobs[at] = jobs[child] ?? 0;
      at = child;
    }
    ends[at] = lastS;
    jobs[at] = last;
    return job;
  }
}
