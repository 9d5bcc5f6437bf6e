import { grown } from "./columns.ts";

/** When the processors of one centre are expected to be free again: distinct times, the latest first, and how many. */
export class ExpectedEnds {
  #endS = new Float64Array(32);
  #freed = new Int32Array(32);
  count = 0;
  /** Of the last `reserve`. */
  shadowS = 0;
  extra = 0;

  /** `at` counts from the earliest end. */
  endS(at: number): number {
    return this.#endS[this.count - 1 - at] ?? 0;
  }

  freed(at: number): number {
    return this.#freed[this.count - 1 - at] ?? 0;
  }

  /** The first end at which so many are free (`shadowS`), and how many are free then besides (`extra`). */
  reserve(processors: number, freeNow: number): void {
    const freed = this.#freed;
    let free = freeNow;
    let at = this.count;
    while (free < processors && at > 0) {
      at -= 1;
      free += freed[at] ?? 0;
    }
    this.shadowS = this.#endS[at] ?? 0;
    this.extra = free - processors;
  }

  add(endS: number, processors: number): void {
    const at = this.#placeOf(endS);
    if (at < this.count && this.#endS[at] === endS) {
      this.#freed[at] = (this.#freed[at] ?? 0) + processors;
      return;
    }
    if (this.count === this.#endS.length) {
      this.#endS = grown(this.#endS, new Float64Array(this.count * 2));
      this.#freed = grown(this.#freed, new Int32Array(this.count * 2));
    }
    this.#shift(at, this.count, 1);
    this.count += 1;
    this.#endS[at] = endS;
    this.#freed[at] = processors;
  }

  remove(endS: number, processors: number): void {
    const at = this.#placeOf(endS);
    const left = (this.#freed[at] ?? 0) - processors;
    this.#freed[at] = left;
    if (left > 0) return;
    this.#shift(at + 1, this.count, -1);
    this.count -= 1;
  }

  /** The first place whose end is not later. */
  #placeOf(endS: number): number {
    const ends = this.#endS;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) > endS) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A loop is faster for the few places it mostly is. */
  #shift(from: number, end: number, by: 1 | -1): void {
    const ends = this.#endS;
    const freed = this.#freed;
    if (end - from > 40) {
      ends.copyWithin(from + by, from, end);
      freed.copyWithin(from + by, from, end);
    } else if (by === 1) {
      for (let i = end; i > from; i -= 1) {
        ends[i] = ends[i - 1] ?? 0;
        freed[i] = freed[i - 1] ?? 0;
      }
    } else {
      for (let i = from; i < end; i += 1) {
        ends[i - 1] = ends[i] ?? 0;
        freed[i - 1] = freed[i] ?? 0;
      }
    }
  }
}
