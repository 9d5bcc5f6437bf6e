import type pg from "pg";
import type { Candidate } from "#core/scheduling/reasons.ts";
import { maySee, type Person } from "#server/identity/caller.ts";
import { readSharers } from "#server/store/read/sharers.ts";

/**
 * Where a local account's runs count together in a centre's own queue: how many other projects are of that account too, and
 * by name those that the caller may see.
 */
export async function withSharers(
  pool: pg.Pool,
  caller: Person,
  who: { readonly personId: number; readonly projectId: number },
  candidates: readonly Candidate[],
): Promise<readonly Candidate[]> {
  const centres = candidates.filter(({ facts }) => facts.per === "account").map(({ centre }) => centre);
  if (centres.length === 0) return candidates;
  const sharers = await readSharers(pool, who, centres);
  return candidates.map((one) => {
    if (!centres.includes(one.centre)) return one;
    const there = sharers.filter(({ centre }) => centre === one.centre);
    const named = there.filter(({ project }) => maySee(caller, project)).slice(0, mostNamed);
    const names = named.map(({ name }) => name).join(", ");
    return { ...one, facts: { ...one.facts, others: there.length, named: names } };
  });
}

const mostNamed = 5;
