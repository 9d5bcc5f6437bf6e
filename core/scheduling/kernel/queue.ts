import { grown } from "./columns.ts";

/**
 * Waiting jobs in the order (key, job), in arrays without holes from `first` to `end`; who reads them goes through the
 * arrays themselves. What a scan needs of a job lies beside it, so that a long queue is read straight through.
 */
export class JobQueue {
  job = new Int32Array(64);
  key = new Float64Array(64);
  processors = new Int32Array(64);
  estimateS = new Int32Array(64);
  first = 0;
  end = 0;

  get length(): number {
    return this.end - this.first;
  }

  /** Answers the place it got. */
  insert(job: number, key: number, processors: number, estimateS: number): number {
    if (this.end === this.job.length) this.#makeRoom();
    let at = this.end;
    if (at > this.first && this.#isBehind(at - 1, key, job)) {
      at = this.placeOf(key, job);
      this.#shift(at, this.end, at + 1);
    }
    this.end += 1;
    this.job[at] = job;
    this.key[at] = key;
    this.processors[at] = processors;
    this.estimateS[at] = estimateS;
    return at;
  }

  /** Where (key, job) is, or would be. */
  placeOf(key: number, job: number): number {
    let low = this.first;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#isBehind(middle, key, job)) high = middle;
      else low = middle + 1;
    }
    return low > this.first && this.job[low - 1] === job ? low - 1 : low;
  }

  /** The job must be in it, under that key. */
  remove(job: number, key: number): void {
    this.removeAt(this.placeOf(key, job));
  }

  removeAt(at: number): void {
    if (at === this.first) this.first += 1;
    else {
      this.#shift(at + 1, this.end, at);
      this.end -= 1;
    }
  }

  /** Moves the entry at `from` to `to`; the scan that starts jobs closes the holes it makes with it. */
  move(from: number, to: number): void {
    this.job[to] = this.job[from] ?? 0;
    this.key[to] = this.key[from] ?? 0;
    this.processors[to] = this.processors[from] ?? 0;
    this.estimateS[to] = this.estimateS[from] ?? 0;
  }

  /** Closes the hole [to, from) at the end of such a scan. */
  closeHole(to: number, from: number): void {
    if (to === from) return;
    this.#shift(from, this.end, to);
    this.end -= from - to;
  }

  #isBehind(at: number, key: number, job: number): boolean {
    const here = this.key[at] ?? 0;
    return here > key || (here === key && (this.job[at] ?? 0) > job);
  }

  #shift(from: number, end: number, to: number): void {
    if (from === end) return;
    this.job.copyWithin(to, from, end);
    this.key.copyWithin(to, from, end);
    this.processors.copyWithin(to, from, end);
    this.estimateS.copyWithin(to, from, end);
  }

  #makeRoom(): void {
    if (this.first >= this.job.length / 2) {
      this.#shift(this.first, this.end, 0);
      this.end -= this.first;
      this.first = 0;
    } else this.#grow();
  }

  #grow(): void {
    const size = this.job.length * 2;
    this.job = grown(this.job, new Int32Array(size));
    this.key = grown(this.key, new Float64Array(size));
    this.processors = grown(this.processors, new Int32Array(size));
    this.estimateS = grown(this.estimateS, new Int32Array(size));
  }
}
