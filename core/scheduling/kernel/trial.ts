import type { ExpectedEnds } from "./expected-ends.ts";
import { Profile } from "./profile.ts";

/**
 * When a job would start at a centre, were every job ahead of it given a reservation in turn. The reservations made for one job
 * are kept for the next as long as nothing starts or ends there: meanwhile nothing comes due but what was to begin at once.
 */
export class Trial {
  readonly #profile = new Profile();
  #planned = 0;
  #nowS = 0;
  #isStale = true;
  #hasDue = false;

  /** Something started or ended. */
  forget(): void {
    this.#isStale = true;
  }

  /** Answers how many jobs have their reservations already, from the first of the queue on. */
  begin(nowS: number, freeNow: number, running: ExpectedEnds): number {
    if (this.#isStale || (this.#hasDue && nowS !== this.#nowS)) {
      this.#profile.rebuild(nowS, freeNow, running);
      this.#planned = 0;
      this.#isStale = false;
      this.#hasDue = false;
    } else this.#profile.moveTo(nowS);
    this.#nowS = nowS;
    return this.#planned;
  }

  /** The next of the queue. */
  reserve(processors: number, estimateS: number): void {
    if (this.#profile.find(processors, estimateS) === this.#nowS) this.#hasDue = true;
    this.#profile.take(processors);
    this.#planned += 1;
  }

  /** The next one that holds nothing any more, though it is in the queue. */
  pass(): void {
    this.#planned += 1;
  }

  startS(processors: number, estimateS: number): number {
    return this.#profile.find(processors, estimateS);
  }
}
