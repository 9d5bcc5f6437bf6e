import type { Amounts, DeviceCount } from "#core/centre/engine.ts";
import type { ChunkFacts } from "./notebook.ts";

/** What the runs that have started hold, by pool. */
export function heldByPool(
  tracks: Iterable<{ readonly phase: "waiting" | "running"; readonly facts: ChunkFacts }>,
): ReadonlyMap<string, Amounts> {
  const sums = new Map<string, { cores: number; memoryMib: number; cards: Map<string, DeviceCount> }>();
  for (const { phase, facts } of tracks) {
    if (phase !== "running") continue;
    const sum = sums.get(facts.pool) ?? { cores: 0, memoryMib: 0, cards: new Map() };
    sums.set(facts.pool, sum);
    sum.cores += facts.cores;
    sum.memoryMib += facts.memoryMib;
    const { acceleratorVendor: vendor, acceleratorModel: model, accelerators } = facts;
    if (accelerators === 0 || vendor === null || model === null) continue;
    const key = `${vendor}/${model}`;
    sum.cards.set(key, { vendor, model, count: (sum.cards.get(key)?.count ?? 0) + accelerators });
  }
  return new Map(
    [...sums].map(([pool, { cores, memoryMib, cards }]) => [
      pool,
      { cores, memoryMib, accelerators: [...cards.values()] },
    ]),
  );
}
