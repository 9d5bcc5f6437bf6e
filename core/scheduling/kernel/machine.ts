/**
 * One queue over one or several centres whose processors are all alike, driven from outside. At one instant: all ends, then
 * all submissions, then one pass. `advance`, `submit` and `pass` are called with times that never go back.
 */
export type Machine = {
  /** When the next running job ends; Infinity where none runs. */
  readonly nextEndS: number;
  /** How many wait. */
  readonly waiting: number;
  /** Σ processors × time asked for, of all that waits or runs. */
  readonly requestedWork: number;
  /** All that happens before `nowS`, and of that instant the ends alone. */
  advance(nowS: number): void;
  /** Puts a job in the queue; it starts with the next `pass` at the earliest. */
  submit(job: number): void;
  /** Starts what may start now: writes start and centre to the columns. */
  pass(nowS: number): void;
  /** When the job, were it submitted now, would start if whoever is ahead of it got a reservation, one after the other. */
  estimateStart(job: number, nowS: number): number;
};

/** The centres of a machine: their processors, and the number of the first in the workload. */
export type Centres = { readonly processors: readonly number[]; readonly first: number };
