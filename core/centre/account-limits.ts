import type { Pair } from "#core/centre/accounts.ts";

/**
 * What binds the work of a person or project at a centre whose runs are local users' own, as its engine enforces it there
 * on the local user and account; by ids alone (P2). null: no limit.
 */
export type AccountLimits = Bound & {
  /** Whose work: of this person in this project, of this person (project null), of this project (person null). */
  readonly person: number | null;
  readonly project: number | null;
  /** What of `mostSubmitted` is taken: jobs in the engine's queue or running, of the network or not. */
  readonly submitted: number;
  /** What the account's running jobs that are not the network's hold: `job`, `cpu`, `node`; absent: not known. */
  readonly othersHold?: readonly { readonly name: string; readonly count: number }[] | undefined;
};

export type Bound = {
  readonly mostRunning: number | null;
  readonly mostSubmitted: number | null;
  /** The longest time limit of one job, in seconds. */
  readonly mostTimeS: number | null;
  /** What all jobs of the account may hold at once: `cpu`, `node`, `gres/gpu`, …; `mem` in MiB. */
  readonly together: readonly Most[];
  /** What they may use in all, in minutes of each, since the engine's last reset. */
  readonly togetherMinutes: readonly Most[];
  /** The local fair-share factor, from 0 (has had far more than its share) to 1; null: the engine has none. */
  readonly fairShare: number | null;
};

export type Most = { readonly name: string; readonly most: number };

/** By `limitsKey`. */
export type LimitsByWho = ReadonlyMap<string, AccountLimits>;

export function limitsByWho(told: readonly AccountLimits[]): LimitsByWho {
  return new Map(told.map((limits) => [limitsKey(limits.person, limits.project), limits]));
}

/** The most exact entry decides: of this person in this project, of this person, of this project. */
export function limitsFor(told: LimitsByWho, { person, project }: Pair): AccountLimits | null {
  const of = (who: number | null, what: number | null) => told.get(limitsKey(who, what));
  return of(person, project) ?? of(person, null) ?? of(null, project) ?? null;
}

/** What the account may hold at once, its number of running jobs among it as `job`. */
export function boundTogether({ mostRunning, together }: Pick<Bound, "mostRunning" | "together">): readonly Most[] {
  return mostRunning === null ? together : [{ name: "job", most: mostRunning }, ...together];
}

export function isAtSubmitLimit({ mostSubmitted, submitted }: AccountLimits): boolean {
  return mostSubmitted !== null && submitted >= mostSubmitted;
}

function limitsKey(person: number | null, project: number | null): string {
  return `${person ?? "*"}.${project ?? "*"}`;
}
