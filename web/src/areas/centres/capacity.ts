import type { Centre } from "#api/network.ts";
import { quotientText } from "../../words/format.ts";

type Pool = Centre["pools"][number];
type Capacity = Pool["capacities"][number];

/** Peak in P, T or G of operations a second; the caller always says the precision beside it. */
export function flopsText(valueGigaflops: string): string {
  const value = BigInt(valueGigaflops);
  if (value >= 1_000_000n) return `${quotientText(value, 1_000_000n, 2)} P`;
  if (value >= 1000n) return `${quotientText(value, 1000n, 2)} T`;
  return `${quotientText(value, 1n, 0)} G`;
}

export function precisionText(capacity: Capacity): string {
  return capacity.precision.toUpperCase();
}

export function cardsOf(pools: readonly Pool[]): number {
  return pools.reduce((sum, pool) => sum + pool.accelerators.reduce((of, one) => of + one.count, 0), 0);
}

/** "64 × Ascend 910b, 8 × …" */
export function cardsText(pools: readonly Pick<Pool, "accelerators">[]): string {
  const counts = new Map<string, number>();
  for (const { vendor, model, count } of pools.flatMap((pool) => pool.accelerators)) {
    const name = `${vendor} ${model}`.trim();
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return [...counts]
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} × ${name}`)
    .join(", ");
}

export function sum(pools: readonly Pool[], of: (pool: Pool) => number): number {
  return pools.reduce((total, pool) => total + of(pool), 0);
}
