/** Of each kind that a home has: of processors alone in a replay, of cores, memory and cards in the live network. */
export type Amounts = readonly number[];

export function fits(needs: Amounts, free: Amounts): boolean {
  for (let kind = 0; kind < needs.length; kind += 1) if ((needs[kind] ?? 0) > (free[kind] ?? 0)) return false;
  return true;
}

export function take(free: number[], needs: Amounts, sign: 1 | -1): void {
  for (let kind = 0; kind < needs.length; kind += 1) free[kind] = (free[kind] ?? 0) + sign * (needs[kind] ?? 0);
}
