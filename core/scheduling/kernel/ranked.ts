/**
 * Waiting jobs that are served by score, in the order of submission, with the score that each has in this pass; -Infinity
 * is no score. The best of them are found in one walk, and the rest is never sorted. What a walk needs of a job lies beside it.
 */
export class Ranked {
  job = new Int32Array(64);
  processors = new Int32Array(64);
  score = new Float64Array(64);
  first = 0;
  end = 0;
  #fewest = Number.POSITIVE_INFINITY;
  #isFewestKnown = true;
  #best = new Int32Array(32);
  #bestScore = new Float64Array(32);

  get count(): number {
    return this.end - this.first;
  }

  /** Infinity: there is none. */
  get fewestProcessors(): number {
    if (!this.#isFewestKnown) {
      this.#fewest = Number.POSITIVE_INFINITY;
      for (let at = this.first; at < this.end; at += 1)
        if ((this.processors[at] ?? 0) < this.#fewest) this.#fewest = this.processors[at] ?? 0;
      this.#isFewestKnown = true;
    }
    return this.#fewest;
  }

  /** `job` is greater than any before it. */
  add(job: number, processors: number): void {
    if (this.end === this.job.length) this.#makeRoom();
    this.job[this.end] = job;
    this.processors[this.end] = processors;
    this.end += 1;
    this.#fewest = Math.min(this.#fewest, processors);
  }

  removeFirst(): void {
    this.#left(this.processors[this.first] ?? 0);
    this.first += 1;
  }

  /** All of which that is said. */
  removeAll(hasLeft: (job: number) => boolean): void {
    let to = this.first;
    for (let at = this.first; at < this.end; at += 1) {
      const job = this.job[at] ?? 0;
      if (hasLeft(job)) {
        this.#left(this.processors[at] ?? 0);
        continue;
      }
      this.job[to] = job;
      this.processors[to] = this.processors[at] ?? 0;
      to += 1;
    }
    this.end = to;
  }

  /** Where that job is; it must be here. */
  placeOf(job: number): number {
    let low = this.first;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.job[middle] ?? 0) < job) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * The best behind that place, -1: of all; in their order, at most so many. Only those that need no more than so much and
   * that are wanted. Answers places; the next answer overwrites this one.
   */
  best(most: number, after: number, mostProcessors: number, isWanted: (job: number) => boolean): Int32Array {
    if (this.#best.length < most) {
      this.#best = new Int32Array(most);
      this.#bestScore = new Float64Array(most);
    }
    const { job, processors, score, end } = this;
    const [best, bestScore] = [this.#best, this.#bestScore];
    const lastScore = after < 0 ? Number.NEGATIVE_INFINITY : (score[after] ?? 0);
    const last = after < 0 ? end : after;
    let found = 0;
    let worst = Number.POSITIVE_INFINITY;
    for (let at = this.first; at < end; at += 1) {
      const its = score[at] ?? 0;
      if (found === most && its >= worst) continue;
      if (its < lastScore || (its === lastScore && at <= last) || (processors[at] ?? 0) > mostProcessors) continue;
      if (!isWanted(job[at] ?? 0)) continue;
      let to = found === most ? found - 1 : found++;
      for (; to > 0 && (bestScore[to - 1] ?? 0) > its; to -= 1) {
        best[to] = best[to - 1] ?? 0;
        bestScore[to] = bestScore[to - 1] ?? 0;
      }
      best[to] = at;
      bestScore[to] = its;
      worst = bestScore[found - 1] ?? 0;
    }
    return best.subarray(0, found);
  }

  #left(processors: number): void {
    if (processors <= this.#fewest) this.#isFewestKnown = false;
  }

  #makeRoom(): void {
    const { count, first } = this;
    const [job, processors] = [this.job.subarray(first), this.processors.subarray(first)];
    if (first < this.job.length / 2) {
      this.job = new Int32Array(2 * this.job.length);
      this.processors = new Int32Array(this.job.length);
      this.score = new Float64Array(this.job.length);
    }
    this.job.set(job);
    this.processors.set(processors);
    this.first = 0;
    this.end = count;
  }
}
