/**
 * Jobs of one or several homes (centres whose users submitted them), to be replayed: one array a column, an entry a job, in
 * the order of the queue: (submit, home, place in the home's trace). Whole seconds; jobs are rigid and ask for processors
 * alone. Each home is already filtered, clipped to its own size and shifted to its first submission, after the rules of
 * the `batch` model (docs/guides/simulate.md).
 */
export type Workload = {
  readonly homes: readonly Home[];
  readonly count: number;
  /** Since the first submission of its home. */
  readonly submitS: Int32Array;
  /** As it will be known at its end, at most `estimateS` (not so under RLScheduler's rules, where nothing is killed). */
  readonly runS: Int32Array;
  /** What the submitter asked for; with `--estimates actual` the run time itself. */
  readonly estimateS: Int32Array;
  readonly processors: Int32Array;
  /** Place among `homes`. */
  readonly home: Uint16Array;
  /** Dense numbers from 0, of (home, user) and (home, group) of the trace. */
  readonly person: Int32Array;
  readonly project: Int32Array;
  /** The place of the job in its trace after the filter, from 0: what a start checksum of one log counts by. */
  readonly place: Int32Array;
  /** The job's number in its trace; with several homes the checksum's order is (submit, home, number). */
  readonly number: Int32Array;
};

export type Home = {
  readonly name: string;
  readonly processors: number;
  /** The second of the trace's own clock that is second 0 here; 0 where the trace's clock does not matter. */
  readonly firstSubmitS: number;
  /** Left out by the filter: no run time, no processors, submitted before 0. */
  readonly dropped: number;
  /** Asked for more processors than the home has, and got all of it. */
  readonly clipped: number;
  /** Ran longer than they asked for, and end at their limit. */
  readonly killed: number;
};

/** When and where each job of a workload started; entries in the order of the workload. */
export type Schedule = {
  /** Seconds on the workload's clock. */
  readonly startS: Int32Array;
  /** Place among the workload's homes; 0 throughout where all are one machine. */
  readonly centre: Uint16Array;
};
