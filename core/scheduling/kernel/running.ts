/**
 * What runs on one machine of processors that are all alike: its true ends as a heap, its expected ends as a sorted
 * list. No object a job; arrays grow by doubling.
 */
export class Running {
  readonly processors: number;
  free: number;
  count = 0;
  /** Heap by true end. */
  #endS = new Float64Array(32);
  #job = new Int32Array(32);
  /** Distinct expected ends, the latest first, and the processors each of them frees. */
  #expectedS = new Float64Array(32);
  #freed = new Int32Array(32);
  #expectedCount = 0;
  /** Of the last `reserve`. */
  shadowS = 0;
  extra = 0;

  constructor(processors: number) {
    this.processors = processors;
    this.free = processors;
  }

  /** When the next job ends, Infinity where none runs. */
  get nextEndS(): number {
    return this.count === 0 ? Number.POSITIVE_INFINITY : (this.#endS[0] ?? 0);
  }

  add(job: number, processors: number, endS: number, expectedS: number): void {
    this.free -= processors;
    this.#push(job, endS);
    this.#expect(expectedS, processors);
  }

  /** Takes off the job that ends next and answers it. */
  popEnd(): number {
    const job = this.#job[0] ?? 0;
    this.count -= 1;
    const ends = this.#endS;
    const jobs = this.#job;
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

  /** What a job that has ended held until its expected end. */
  release(processors: number, expectedS: number): void {
    this.free += processors;
    const at = this.#placeOf(expectedS);
    const left = (this.#freed[at] ?? 0) - processors;
    this.#freed[at] = left;
    if (left > 0) return;
    const ends = this.#expectedS;
    const freed = this.#freed;
    this.#expectedCount -= 1;
    for (let i = at; i < this.#expectedCount; i += 1) {
      ends[i] = ends[i + 1] ?? 0;
      freed[i] = freed[i + 1] ?? 0;
    }
  }

  /** The first expected end at which so many are free (`shadowS`), and how many are free then besides (`extra`). */
  reserve(processors: number): void {
    const freed = this.#freed;
    let free = this.free;
    let at = this.#expectedCount;
    while (free < processors && at > 0) {
      at -= 1;
      free += freed[at] ?? 0;
    }
    this.shadowS = this.#expectedS[at] ?? 0;
    this.extra = free - processors;
  }

  /** Expected ends from the earliest, `at` from 0. */
  get expectedCount(): number {
    return this.#expectedCount;
  }

  expectedS(at: number): number {
    return this.#expectedS[this.#expectedCount - 1 - at] ?? 0;
  }

  freedAt(at: number): number {
    return this.#freed[this.#expectedCount - 1 - at] ?? 0;
  }

  /** Makes this the state of another where every job ends when it is expected to; their starts are written to `startS`. */
  copyExpected(
    other: Running,
    columns: { readonly startS: Int32Array; readonly estimateS: Int32Array },
    startS: Int32Array,
  ): void {
    this.free = other.free;
    this.count = 0;
    const jobs = other.#job;
    for (let i = 0; i < other.count; i += 1) {
      const job = jobs[i] ?? 0;
      const startedS = columns.startS[job] ?? 0;
      startS[job] = startedS;
      this.#push(job, startedS + (columns.estimateS[job] ?? 0));
    }
    if (this.#expectedS.length < other.#expectedS.length) {
      this.#expectedS = new Float64Array(other.#expectedS.length);
      this.#freed = new Int32Array(other.#freed.length);
    }
    this.#expectedCount = other.#expectedCount;
    this.#expectedS.set(other.#expectedS.subarray(0, other.#expectedCount));
    this.#freed.set(other.#freed.subarray(0, other.#expectedCount));
  }

  #push(job: number, endS: number): void {
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

  #expect(expectedS: number, processors: number): void {
    const at = this.#placeOf(expectedS);
    if (at < this.#expectedCount && this.#expectedS[at] === expectedS) {
      this.#freed[at] = (this.#freed[at] ?? 0) + processors;
      return;
    }
    if (this.#expectedCount === this.#expectedS.length) {
      this.#expectedS = grown(this.#expectedS, new Float64Array(this.#expectedCount * 2));
      this.#freed = grown(this.#freed, new Int32Array(this.#expectedCount * 2));
    }
    const ends = this.#expectedS;
    const freed = this.#freed;
    for (let i = this.#expectedCount; i > at; i -= 1) {
      ends[i] = ends[i - 1] ?? 0;
      freed[i] = freed[i - 1] ?? 0;
    }
    this.#expectedCount += 1;
    ends[at] = expectedS;
    freed[at] = processors;
  }

  /** The first place whose expected end is not later. */
  #placeOf(expectedS: number): number {
    const ends = this.#expectedS;
    let low = 0;
    let high = this.#expectedCount;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) > expectedS) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export function grown<T extends Int32Array | Float64Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
