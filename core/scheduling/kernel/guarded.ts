/**
 * Waiting jobs past the guard's time, who are served as they came. The next that could start, or would get a reservation, is
 * found without going through the rest: jobs of like sizes (up to twice the least) are leaves of a tree, whose nodes know the
 * fewest processors and the shortest time asked for below them.
 */
export class Guarded {
  count = 0;
  readonly #classes: (Tree | undefined)[] = [];

  /** `job` is greater than any before it. */
  add(job: number, processors: number, estimateS: number): void {
    const at = classOf(processors);
    this.#classes[at] ??= new Tree();
    this.#classes[at].add(job, processors, estimateS);
    this.count += 1;
  }

  /** The job must be here. */
  remove(job: number, processors: number): void {
    this.#classes[classOf(processors)]?.remove(job);
    this.count -= 1;
  }

  /** Infinity: there is none. */
  get fewestProcessors(): number {
    for (const tree of this.#classes) if (tree !== undefined && tree.count > 0) return tree.fewest;
    return Number.POSITIVE_INFINITY;
  }

  /** The first job after that one for which there is room; -1: none. */
  next(after: number, room: Room): number {
    let first = Number.POSITIVE_INFINITY;
    for (const tree of this.#classes) {
      if (tree === undefined || tree.count === 0 || tree.fewest > room.most) continue;
      const job = tree.next(after, room);
      if (job >= 0 && job < first) first = job;
    }
    return first === Number.POSITIVE_INFINITY ? -1 : first;
  }
}

/** For whom there is room: who needs no more than `any`, or, in one of the places, no more than is there for so long. */
export class Room {
  any = 0;
  most = 0;
  #places = 0;
  readonly #processors: Float64Array;
  readonly #forS: Float64Array;

  constructor(places: number) {
    this.#processors = new Float64Array(places);
    this.#forS = new Float64Array(places);
  }

  clear(): void {
    this.any = 0;
    this.most = 0;
    this.#places = 0;
  }

  add(processors: number, forS = Number.POSITIVE_INFINITY): void {
    this.most = Math.max(this.most, processors);
    if (forS === Number.POSITIVE_INFINITY) this.any = Math.max(this.any, processors);
    else if (forS > 0) {
      this.#processors[this.#places] = processors;
      this.#forS[this.#places] = forS;
      this.#places += 1;
    }
  }

  has(processors: number, estimateS: number): boolean {
    if (processors <= this.any) return true;
    for (let place = 0; place < this.#places; place += 1)
      if (processors <= (this.#processors[place] ?? 0) && estimateS <= (this.#forS[place] ?? 0)) return true;
    return false;
  }
}

function classOf(processors: number): number {
  return 31 - Math.clz32(processors);
}

/** Jobs of one class in the order of submission: leaves from `#width` on, the node above `at` being `at >> 1`. */
class Tree {
  count = 0;
  #width = 8;
  /** So many leaves were given away; of those whose job has gone nothing is left but the number. */
  #end = 0;
  #job = new Int32Array(this.#width);
  #fewest = new Int32Array(2 * this.#width).fill(gone);
  #shortest = new Int32Array(2 * this.#width).fill(gone);

  get fewest(): number {
    return this.#fewest[1] ?? gone;
  }

  add(job: number, processors: number, estimateS: number): void {
    if (this.#end === this.#width) this.#rebuild();
    this.#job[this.#end] = job;
    let at = this.#width + this.#end;
    this.#end += 1;
    this.count += 1;
    for (; at > 0; at >>= 1) {
      this.#fewest[at] = Math.min(this.#fewest[at] ?? gone, processors);
      this.#shortest[at] = Math.min(this.#shortest[at] ?? gone, estimateS);
    }
  }

  remove(job: number): void {
    this.count -= 1;
    let at = this.#width + this.#leafAfter(job - 1);
    this.#fewest[at] = gone;
    this.#shortest[at] = gone;
    for (at >>= 1; at > 0; at >>= 1) this.#sum(at);
  }

  next(after: number, room: Room): number {
    const leaf = this.#leafAfter(after);
    if (leaf === this.#end) return -1;
    for (let at = this.#width + leaf; at > 0; ) {
      if (room.has(this.#fewest[at] ?? gone, this.#shortest[at] ?? gone)) {
        if (at >= this.#width) return this.#job[at - this.#width] ?? -1;
        at *= 2;
      } else {
        while ((at & 1) === 1) at >>= 1;
        if (at > 0) at += 1;
      }
    }
    return -1;
  }

  /** The first leaf of a greater number. */
  #leafAfter(job: number): number {
    let low = 0;
    let high = this.#end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#job[middle] ?? 0) <= job) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Without those that have gone, twice as wide as the rest needs. */
  #rebuild(): void {
    const [jobs, fewest, shortest, width] = [this.#job, this.#fewest, this.#shortest, this.#width];
    while (this.#width < 2 * this.count) this.#width *= 2;
    while (this.#width > 8 && this.#width >= 8 * this.count) this.#width /= 2;
    this.#job = new Int32Array(this.#width);
    this.#fewest = new Int32Array(2 * this.#width).fill(gone);
    this.#shortest = new Int32Array(2 * this.#width).fill(gone);
    let to = 0;
    for (let leaf = 0; leaf < this.#end; leaf += 1) {
      if (fewest[width + leaf] === gone) continue;
      this.#job[to] = jobs[leaf] ?? 0;
      this.#fewest[this.#width + to] = fewest[width + leaf] ?? 0;
      this.#shortest[this.#width + to] = shortest[width + leaf] ?? 0;
      to += 1;
    }
    this.#end = to;
    for (let at = this.#width - 1; at > 0; at -= 1) this.#sum(at);
  }

  #sum(at: number): void {
    this.#fewest[at] = Math.min(this.#fewest[2 * at] ?? gone, this.#fewest[2 * at + 1] ?? gone);
    this.#shortest[at] = Math.min(this.#shortest[2 * at] ?? gone, this.#shortest[2 * at + 1] ?? gone);
  }
}

/** More than anybody needs. */
const gone = 2_147_483_647;
