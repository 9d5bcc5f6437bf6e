/**
 * What would have become of a home's own jobs on its own processors, first come first served with EASY backfill, as far as
 * it is known by now: a job ends virtually so long after its virtual start as it took in truth; while that is not known,
 * when what it asked for is over. The times it is told of never go back.
 */
export class VirtualHome {
  #free: number;
  #nowS = 0;
  #isStale = false;
  readonly #onStart: (job: number, atS: number) => void;
  readonly #queue: Waiting[] = [];
  /** By virtual end, the earliest first. */
  readonly #running: Running[] = [];
  readonly #byJob = new Map<number, Running>();
  /** Took so long in truth, and have not started virtually. */
  readonly #known = new Map<number, number>();

  constructor(processors: number, onStart: (job: number, atS: number) => void) {
    this.#free = processors;
    this.#onStart = onStart;
  }

  submit(job: number, processors: number, limitS: number): void {
    this.#queue.push({ job, processors, limitS });
    this.#isStale = true;
  }

  /** The job has ended in truth. */
  ended(job: number, runS: number): void {
    const running = this.#byJob.get(job);
    if (!running) {
      if (this.#queue.some((waiting) => waiting.job === job)) this.#known.set(job, runS);
      return;
    }
    this.#running.splice(this.#running.indexOf(running), 1);
    this.#insert({ ...running, endS: running.startS + runS });
  }

  /** All that happens until `nowS`, this instant included. */
  advance(nowS: number): void {
    for (;;) {
      const next = this.#running[0];
      const atS = next && next.endS <= nowS ? Math.max(next.endS, this.#nowS) : nowS;
      for (let ended = next; ended && ended.endS <= atS; ended = this.#running[0]) {
        this.#free += ended.processors;
        this.#byJob.delete(ended.job);
        this.#running.shift();
        this.#isStale = true;
      }
      this.#nowS = atS;
      if (!this.#isStale) return;
      this.#isStale = false;
      this.#pass(atS);
    }
  }

  #pass(nowS: number): void {
    let left = 0;
    let shadowS = Number.POSITIVE_INFINITY;
    let extra = 0;
    let hasHead = false;
    for (const waiting of this.#queue) {
      const { processors, limitS } = waiting;
      const fits = processors <= this.#free && (!hasHead || nowS + limitS <= shadowS || processors <= extra);
      if (fits) {
        if (hasHead && nowS + limitS > shadowS) extra -= processors;
        this.#start(waiting, nowS);
        continue;
      }
      this.#queue[left++] = waiting;
      if (hasHead) continue;
      hasHead = true;
      ({ shadowS, extra } = this.#reserve(processors));
    }
    this.#queue.length = left;
  }

  #start({ job, processors, limitS }: Waiting, nowS: number): void {
    const runS = this.#known.get(job);
    this.#known.delete(job);
    this.#free -= processors;
    this.#insert({ job, processors, startS: nowS, endS: nowS + (runS ?? limitS) });
    this.#onStart(job, nowS);
  }

  #insert(running: Running): void {
    let low = 0;
    let high = this.#running.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#running[middle]?.endS ?? 0) <= running.endS) low = middle + 1;
      else high = middle;
    }
    this.#running.splice(low, 0, running);
    this.#byJob.set(running.job, running);
  }

  #reserve(processors: number): { readonly shadowS: number; readonly extra: number } {
    let free = this.#free;
    let shadowS = Number.POSITIVE_INFINITY;
    for (const running of this.#running) {
      if (free >= processors && running.endS > shadowS) break;
      free += running.processors;
      if (free >= processors) shadowS = Math.min(shadowS, running.endS);
    }
    return { shadowS, extra: free - processors };
  }
}

type Waiting = { readonly job: number; readonly processors: number; readonly limitS: number };
type Running = {
  readonly job: number;
  readonly processors: number;
  readonly startS: number;
  readonly endS: number;
};
