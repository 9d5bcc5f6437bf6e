/**
 * How long work waited, by pool and class of size: the last `kept` waits of each, as they were. What a wait is measured in is
 * the caller's: seconds, or shares of what was foretold. From these a range is told to who has waited a part of it already,
 * so only by those that waited longer than that: what is foretold is never past.
 */
export type SeenWaits = {
  readonly byPool: Map<string, Ended>;
  readonly byClass: Map<string, Ended>;
};

type Ended = { readonly waits: number[]; lastMs: number };

/** earliest ≤ likely ≤ latest, all above what has passed. */
export type WaitRange = {
  readonly earliest: number;
  readonly likely: number;
  readonly latest: number;
  /** How many waits it rests on. */
  readonly seen: number;
};

export type SizeClass = { readonly centre: string; readonly processors: number; readonly timeLimitS: number };

const kept = 200;
/** What starts so soon after another waited for the same run to end: one wait more than that one would tell nothing. */
const togetherMs = 5_000;
/** Of fewer no tenth is told. */
const leastSeen = 10;

export function noSeenWaits(): SeenWaits {
  return { byPool: new Map(), byClass: new Map() };
}

export function learnWait({ byPool, byClass }: SeenWaits, size: SizeClass, wait: number, startedMs: number): void {
  add(byPool, size.centre, wait, startedMs);
  add(byClass, classKey(size), wait, startedMs);
}

/**
 * Of the waits that were longer than what has passed: those of its class there, where too few all of its pool. null: too few
 * of these too. One more of the same kind is by `latest` with a probability of nine in ten at least and before `earliest` of
 * one in ten at most, however they are spread: these are the ⌈0.9 (n + 1)⌉th and the ⌊0.1 (n + 1)⌋th (split conformal
 * prediction; Lei et al., Distribution-free predictive inference for regression, 2018).
 */
export function waitRange({ byPool, byClass }: SeenWaits, size: SizeClass, passed: number): WaitRange | null {
  for (const ended of [byClass.get(classKey(size)), byPool.get(size.centre)]) {
    const longer = (ended?.waits ?? []).filter((wait) => wait > passed).sort((one, other) => one - other);
    const seen = longer.length;
    if (seen < leastSeen) continue;
    const at = (rank: number) => longer[rank - 1] ?? 0;
    return {
      earliest: at(Math.floor((seen + 1) / 10)),
      likely: at(Math.ceil(seen / 2)),
      latest: at(Math.ceil((9 * (seen + 1)) / 10)),
      seen,
    };
  }
  return null;
}

/** Processors and time limit, each to the power of four below it: jobs of one class wait alike. */
export function classKey({ centre, processors, timeLimitS }: SizeClass): string {
  const step = (value: number) => Math.floor(Math.log2(Math.max(1, value)) / 2);
  return `${centre} ${step(processors)} ${step(timeLimitS)}`;
}

function add(ended: Map<string, Ended>, key: string, wait: number, startedMs: number): void {
  const known = ended.get(key);
  if (!known) {
    ended.set(key, { waits: [wait], lastMs: startedMs });
    return;
  }
  if (Math.abs(startedMs - known.lastMs) < togetherMs) return;
  known.lastMs = startedMs;
  known.waits.push(wait);
  if (known.waits.length > kept) known.waits.shift();
}
