/**
 * Reservations at separate centres, one each: when so many processors are free there by what running jobs asked for
 * (`shadowS`), and how many are free then besides (`extra`). A job may start beside one if it is due by then, or needs no
 * more than the extra ones. A promise to a job past the guard's time is kept from pass to pass (`promise`): it moves
 * only to an earlier time, and since nothing starts that delays it and no job outlives what it asked for, it is never late.
 */
export class Reservations {
  /** The job that holds the centre, -1: none. */
  readonly holder: Int32Array;
  readonly shadowS: Float64Array;
  readonly extra: Int32Array;
  /** Where each promised job is promised; kept between passes. */
  readonly #promised = new Map<number, number>();

  constructor(centres: number) {
    this.holder = new Int32Array(centres).fill(-1);
    this.shadowS = new Float64Array(centres);
    this.extra = new Int32Array(centres);
  }

  /** Before a pass: all are open but those promised, whose times the caller tells anew by `hold`. */
  clear(): void {
    this.holder.fill(-1);
  }

  /** The centre a job was promised, -1: none. */
  promisedAt(job: number): number {
    return this.#promised.get(job) ?? -1;
  }

  get promised(): number {
    return this.#promised.size;
  }

  /** Each with its centre; no two have the same. */
  promises(): Iterable<readonly [job: number, centre: number]> {
    return this.#promised;
  }

  promise(job: number, centre: number): void {
    this.#promised.set(job, centre);
  }

  /** The job has started. */
  started(job: number): void {
    if (this.#promised.size > 0) this.#promised.delete(job);
  }

  hold(centre: number, job: number, shadowS: number, extra: number): void {
    this.holder[centre] = job;
    this.shadowS[centre] = shadowS;
    this.extra[centre] = extra;
  }

  /** Whether the job, due at `dueS` by what it asks for, leaves the reservation there as it is. */
  allows(centre: number, job: number, processors: number, dueS: number): boolean {
    const holder = this.holder[centre] ?? -1;
    if (holder < 0 || holder === job) return true;
    return dueS <= (this.shadowS[centre] ?? 0) || processors <= (this.extra[centre] ?? 0);
  }

  /** Such a job has started there. */
  use(centre: number, job: number, processors: number, dueS: number): void {
    const holder = this.holder[centre] ?? -1;
    if (holder < 0) return;
    if (holder === job) this.holder[centre] = -1;
    else if (dueS > (this.shadowS[centre] ?? 0)) this.extra[centre] = (this.extra[centre] ?? 0) - processors;
  }
}
