import { grown } from "./columns.ts";
import type { ExpectedEnds } from "./expected-ends.ts";

/**
 * How many processors are free from now on, as a step function: from `timeS[i]` until the next step `free[i]` are. The last
 * step lasts for ever. Whatever is reserved begins at a step, so each reservation adds one at most.
 */
export class Profile {
  #timeS = new Float64Array(64);
  #free = new Int32Array(64);
  #first = 0;
  #count = 1;
  /** What `find` found: from this step to before that one, until then. */
  #from = 0;
  #until = 0;
  #untilS = 0;
  /**
   * Since the last rebuild there is only ever less, so who needs as much for as long as another starts no earlier than what
   * was found for that one: by classes of both (powers of two), the latest found for any that is no larger in either.
   */
  readonly #notBeforeS = new Float64Array(classes * classes);
  #knowsMore = false;

  /** From what runs alone, each job until its expected end. */
  rebuild(nowS: number, freeNow: number, running: ExpectedEnds): void {
    const ends = running.count;
    if (this.#knowsMore) this.#notBeforeS.fill(0);
    this.#knowsMore = false;
    this.#first = 0;
    this.#count = ends + 1;
    while (this.#timeS.length < this.#count) this.#grow();
    let free = freeNow;
    this.#timeS[0] = nowS;
    this.#free[0] = free;
    for (let at = 0; at < ends; at += 1) {
      free += running.freed(at);
      this.#timeS[at + 1] = running.endS(at);
      this.#free[at + 1] = free;
    }
  }

  /** Forgets what is over. */
  moveTo(nowS: number): void {
    while (this.#first + 1 < this.#count && (this.#timeS[this.#first + 1] ?? 0) <= nowS) this.#first += 1;
    this.#timeS[this.#first] = nowS;
    if (this.#first < 64) return;
    this.#timeS.copyWithin(0, this.#first, this.#count);
    this.#free.copyWithin(0, this.#first, this.#count);
    this.#count -= this.#first;
    this.#first = 0;
  }

  /** The earliest time from which so many are free for so long. They must not be more than there are at all. */
  find(processors: number, durationS: number): number {
    const timeS = this.#timeS;
    const free = this.#free;
    const count = this.#count;
    const isLong = count - this.#first > fewSteps;
    let at = isLong ? this.#firstPossible(processors, durationS) : this.#first;
    let end = at;
    let endS = 0;
    while (true) {
      while ((free[at] ?? 0) < processors) at += 1;
      endS = (timeS[at] ?? 0) + durationS;
      end = at + 1;
      while (end < count && (timeS[end] ?? 0) < endS && (free[end] ?? 0) >= processors) end += 1;
      if (end === count || (timeS[end] ?? 0) >= endS) break;
      at = end + 1;
    }
    this.#from = at;
    this.#until = end;
    this.#untilS = endS;
    const foundS = timeS[at] ?? 0;
    if (isLong && at > this.#first) this.#learn(processors, durationS, foundS);
    return foundS;
  }

  /** Whether so many are free from now on for so long. */
  isFreeNow(processors: number, durationS: number): boolean {
    const timeS = this.#timeS;
    const free = this.#free;
    const count = this.#count;
    let at = this.#first;
    const endS = (timeS[at] ?? 0) + durationS;
    while (at < count && (timeS[at] ?? 0) < endS) {
      if ((free[at] ?? 0) < processors) return false;
      at += 1;
    }
    return true;
  }

  /** Takes what the last `find` found. */
  take(processors: number): void {
    if (this.#until === this.#count || this.#timeS[this.#until] !== this.#untilS)
      this.#insert(this.#until, this.#untilS);
    const free = this.#free;
    for (let i = this.#from; i < this.#until; i += 1) free[i] = (free[i] ?? 0) - processors;
  }

  /** The step that begins when nobody so large was found a place before. */
  #firstPossible(processors: number, durationS: number): number {
    const notBeforeS = this.#notBeforeS[(31 - Math.clz32(processors)) * classes + 31 - Math.clz32(durationS)] ?? 0;
    const times = this.#timeS;
    let low = this.#first;
    let high = this.#count;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((times[middle] ?? 0) <= notBeforeS) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Each class knows at least what the smaller ones know, so the first that knows as much ends a row. */
  #learn(processors: number, durationS: number, foundS: number): void {
    const table = this.#notBeforeS;
    const column = 32 - Math.clz32(durationS - 1);
    this.#knowsMore = true;
    for (let row = 32 - Math.clz32(processors - 1); row < classes; row += 1) {
      for (let cell = row * classes + column; cell < (row + 1) * classes; cell += 1) {
        if ((table[cell] ?? 0) >= foundS) {
          if (cell === row * classes + column) return;
          break;
        }
        table[cell] = foundS;
      }
    }
  }

  #insert(at: number, timeS: number): void {
    if (this.#count === this.#timeS.length) this.#grow();
    const times = this.#timeS;
    const free = this.#free;
    if (this.#count - at > 48) {
      times.copyWithin(at + 1, at, this.#count);
      free.copyWithin(at + 1, at, this.#count);
    } else {
      for (let i = this.#count; i > at; i -= 1) {
        times[i] = times[i - 1] ?? 0;
        free[i] = free[i - 1] ?? 0;
      }
    }
    times[at] = timeS;
    free[at] = free[at - 1] ?? 0;
    this.#count += 1;
  }

  #grow(): void {
    this.#timeS = grown(this.#timeS, new Float64Array(this.#timeS.length * 2));
    this.#free = grown(this.#free, new Int32Array(this.#free.length * 2));
  }
}

/** Powers of two up to 2^31. */
const classes = 32;
/** Up to here it is faster to look through them all. */
const fewSteps = 64;
