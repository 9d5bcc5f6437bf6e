/** A model draws its jobs in order; `gapS` is the time since the one before at the day's mean rate. */
export type Model = {
  readonly name: string;
  readonly words: string;
  readonly mostProcessors: number;
  /** What the time between jobs is stretched to where nothing is asked for; null: it is the model's own. */
  readonly usualLoad: number | null;
  draw(settings: DrawSettings, take: (job: DrawnJob, place: number) => void): void;
  /** For each half hour from midnight: its rate of submissions ÷ the day's mean. */
  rates(): readonly number[];
};

export type DrawSettings = {
  /** 1 to 100 000 000. */
  readonly jobs: number;
  readonly processors: number;
  readonly seed: number;
};

export type DrawnJob = {
  readonly gapS: number;
  readonly processors: number;
  readonly runS: number;
  /** -1: missing, as are the two below. */
  readonly requestedS: number;
  readonly user: number;
  readonly group: number;
};
