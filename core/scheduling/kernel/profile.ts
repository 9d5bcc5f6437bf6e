import type { Running } from "./running.ts";
import { grown } from "./running.ts";

/**
 * How many processors are free from now on, as a step function: from `timeS[i]` until the next step `free[i]` are. The last
 * step lasts for ever. Whatever is reserved begins at a step, so each reservation adds one at most.
 */
export class Profile {
  #timeS = new Float64Array(64);
  #free = new Int32Array(64);
  #first = 0;
  #count = 1;

  /** From what runs alone, each job until its expected end. */
  rebuild(nowS: number, running: Running): void {
    const ends = running.expectedCount;
    this.#first = 0;
    this.#count = ends + 1;
    while (this.#timeS.length < this.#count) this.#grow();
    let free = running.free;
    this.#timeS[0] = nowS;
    this.#free[0] = free;
    for (let at = 0; at < ends; at += 1) {
      free += running.freedAt(at);
      this.#timeS[at + 1] = running.expectedS(at);
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

  /** Reserves so many for so long as early as they are free throughout, and answers from when. */
  reserve(processors: number, durationS: number): number {
    const timeS = this.#timeS;
    const free = this.#free;
    const count = this.#count;
    let at = this.#first;
    let endS = 0;
    let end = 0;
    while (true) {
      while ((free[at] ?? 0) < processors) at += 1;
      endS = (timeS[at] ?? 0) + durationS;
      end = at + 1;
      while (end < count && (timeS[end] ?? 0) < endS && (free[end] ?? 0) >= processors) end += 1;
      if (end === count || (timeS[end] ?? 0) >= endS) break;
      at = end + 1;
    }
    const startS = timeS[at] ?? 0;
    if (end === count || timeS[end] !== endS) this.#insert(end, endS);
    const lowered = this.#free;
    for (let i = at; i < end; i += 1) lowered[i] = (lowered[i] ?? 0) - processors;
    return startS;
  }

  copy(other: Profile): void {
    while (this.#timeS.length < other.#count) this.#grow();
    this.#timeS.set(other.#timeS.subarray(other.#first, other.#count));
    this.#free.set(other.#free.subarray(other.#first, other.#count));
    this.#first = 0;
    this.#count = other.#count - other.#first;
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
