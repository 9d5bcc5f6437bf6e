import type { Answer } from "#api/client.ts";

/** Terms as they are edited; each change makes a new one, so that a preview can tell whether it is of this draft. */
export type Terms = Answer<"terms">["terms"];
export type PoolTerms = Terms["otherPools"];
export type Hours = PoolTerms["hours"][number];

/** `pool` null: all pools without terms of their own. */
export function termsOf(terms: Terms, pool: string | null): PoolTerms {
  return (pool !== null && ownTerms(terms, pool)) || terms.otherPools;
}

export function hasOwn(terms: Terms, pool: string): boolean {
  return ownTerms(terms, pool) !== undefined;
}

/** A pool gets terms of its own as they are now, or goes back to those of the others. */
export function withOwn(terms: Terms, pool: string, own: boolean): Terms {
  const { [pool]: _, ...others } = terms.pools;
  return { ...terms, pools: own ? { ...others, [pool]: termsOf(terms, pool) } : others };
}

export function withChange(terms: Terms, pool: string | null, change: Partial<PoolTerms>): Terms {
  const changed = { ...termsOf(terms, pool), ...change };
  if (pool === null) return { ...terms, otherPools: changed };
  return { ...terms, pools: { ...terms.pools, [pool]: changed } };
}

export function withHours(hours: readonly Hours[], at: number, change: Partial<Hours> | null): Hours[] {
  return hours.flatMap((one, place) => (place !== at ? [one] : change === null ? [] : [{ ...one, ...change }]));
}

/** A night on workdays: what a centre most often lends. */
export const firstHours: Hours = { days: [1, 2, 3, 4, 5], from: "20:00", to: "08:00" };

function ownTerms(terms: Terms, pool: string): PoolTerms | undefined {
  return Object.hasOwn(terms.pools, pool) ? terms.pools[pool] : undefined;
}
