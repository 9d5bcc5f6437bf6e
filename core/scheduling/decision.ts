import type { CentreId } from "#core/ids.ts";
import type { MovesMade } from "#core/scheduling/placing/moves.ts";
import type { Candidate } from "#core/scheduling/reasons.ts";

/**
 * What the centres said when a run was placed, as it is kept with the run. Centres that said the same stand together: in a
 * network of a hundred full centres most do, and each run keeps this.
 */
export type Decision = {
  readonly decidedMs: number;
  readonly candidates: readonly SaidAlike[];
  /** How often its task had been moved for gain before. */
  readonly moved?: MovesMade;
};
type SaidAlike = Omit<Candidate, "centre"> & { readonly centres: readonly CentreId[] };

export function decisionOf(decidedMs: number, candidates: readonly Candidate[], moved?: MovesMade): Decision {
  const groups = new Map<string, SaidAlike & { readonly centres: CentreId[] }>();
  for (const one of candidates) {
    const key = keyOf(one);
    const group = groups.get(key);
    const { centre, ...said } = one;
    if (group) group.centres.push(centre);
    else groups.set(key, { ...said, centres: [centre] });
  }
  return { decidedMs, candidates: [...groups.values()], ...(moved ? { moved } : {}) };
}

/** Centre by centre, in the order of their ids. */
export function candidatesOf(decision: Decision | EarlierDecision): readonly Candidate[] {
  const all = decision.candidates.flatMap((said) => {
    if (!("centres" in said)) return [said];
    const { centres, ...same } = said;
    return centres.map((centre) => ({ centre, ...same }));
  });
  return all.sort((a, b) => (a.centre < b.centre ? -1 : a.centre > b.centre ? 1 : 0));
}

/** Kept before centres that say the same stood together. */
export type EarlierDecision = { readonly decidedMs: number; readonly candidates: readonly Candidate[] };

/** The placements of one decision share what has not changed between them. */
const keys = new WeakMap<Candidate, string>();

function keyOf(one: Candidate): string {
  const known = keys.get(one);
  if (known !== undefined) return known;
  const key = JSON.stringify([one.rule, one.facts, one.score]);
  keys.set(one, key);
  return key;
}
