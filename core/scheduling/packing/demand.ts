import type { DeviceNeed } from "#core/scheduling/packing/node-left.ts";

/** What is likely to be asked next: each need with how often it was asked, which is its weight. */
export type Demand = readonly Wanted[];
export type Wanted = { readonly need: DeviceNeed; readonly weight: number };

/** Learns what is asked from what has been asked, and from nothing that is still to come. */
export type DemandRecord = {
  /** Takes note of a need as it arrives, so many times at once; answers whether `known` changed with it. */
  saw(need: DeviceNeed, times?: number): boolean;
  /** As it was when it was last renewed: what rests on it need not be worked out again for each need. */
  known(): Demand;
  /** What would be known had it seen that too. */
  knownWith(need: DeviceNeed, times: number): Demand;
};

/** It is renewed whenever the number of needs seen has doubled, and each time so many more came. */
const renewedAfter = 8192;

/**
 * The `mostKept` needs asked most often stand for all: the rest are too rare to keep a place for. Once `renewedAfter` were
 * seen, each renewal halves what was counted before: what nobody asks for any more is forgotten.
 */
export function emptyDemand(mostKept = 256): DemandRecord {
  const counts = new Map<string, { readonly need: DeviceNeed; weight: number }>();
  let seen = 0;
  let nextAt = 1;
  let known: Demand = [];
  return {
    saw: (need, times = 1) => {
      const key = needKey(need);
      const count = counts.get(key);
      if (count) count.weight += times;
      else counts.set(key, { need, weight: times });
      seen += times;
      if (seen < nextAt) return false;
      nextAt = seen + Math.min(seen, renewedAfter);
      known = oftenest(counts, mostKept);
      if (seen > renewedAfter) halve(counts);
      return true;
    },
    known: () => known,
    knownWith: (need, times) => {
      if (seen + times < nextAt) return known;
      const key = needKey(need);
      const weight = (counts.get(key)?.weight ?? 0) + times;
      return oftenest(new Map(counts).set(key, { need, weight }), mostKept);
    },
  };
}

/** Needs without a device are left out: to them all that devices have left is useless, wherever it is. */
function oftenest(counts: ReadonlyMap<string, Wanted>, mostKept: number): Demand {
  return [...counts]
    .filter(([, { need }]) => need.devices > 0)
    .sort(([a, one], [b, other]) => other.weight - one.weight || (a < b ? -1 : 1))
    .slice(0, mostKept)
    .map(([, { need, weight }]) => ({ need, weight }));
}

function halve(counts: Map<string, { readonly need: DeviceNeed; weight: number }>): void {
  for (const [key, count] of counts) {
    count.weight = Math.floor(count.weight / 2);
    if (count.weight === 0) counts.delete(key);
  }
}

/** Needs that are the same have the same. */
export function needKey({ coresMilli, memoryMib, devices, shareMilli, models }: DeviceNeed): string {
  return `${coresMilli} ${memoryMib} ${devices} ${shareMilli} ${models.join("|")}`;
}
