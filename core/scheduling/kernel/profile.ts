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

  /** From what runs alone, each job until its expected end. */
  rebuild(nowS: number, freeNow: number, running: ExpectedEnds): void {
    const ends = running.count;
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
    let at = this.#first;
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
    return timeS[at] ?? 0;
  }

  /** Takes what the last `find` found. */
  take(processors: number): void {
    if (this.#until === this.#count || this.#timeS[this.#until] !== this.#untilS)
      this.#insert(this.#until, this.#untilS);
    const free = this.#free;
    for (let i = this.#from; i < this.#until; i += 1) free[i] = (free[i] ?? 0) - processors;
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
