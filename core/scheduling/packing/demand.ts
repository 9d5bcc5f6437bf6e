import type { DeviceNeed } from "#core/scheduling/packing/node-left.ts";

/** What is likely to be asked next: each need with how often it was asked, which is its weight. */
export type Demand = readonly Wanted[];
export type Wanted = { readonly need: DeviceNeed; readonly weight: number };

/** Learns what is asked from what has been asked, and from nothing that is still to come. */
export type DemandRecord = {
  /** Takes note of a need as it arrives; answers whether `known` changed with it. */
  saw(need: DeviceNeed): boolean;
  /** As it was when the number of needs seen last doubled: what rests on it need not be worked out again for each. */
  known(): Demand;
};

/** The `mostKept` needs asked most often stand for all: the rest are too rare to keep a place for. */
const mostKept = 256;

export function emptyDemand(): DemandRecord {
  const counts = new Map<string, { readonly need: DeviceNeed; weight: number }>();
  let seen = 0;
  let nextAt = 1;
  let known: Demand = [];
  return {
    saw: (need) => {
      const key = needKey(need);
      const count = counts.get(key);
      if (count) count.weight += 1;
      else counts.set(key, { need, weight: 1 });
      seen += 1;
      if (seen < nextAt) return false;
      nextAt = seen * 2;
      known = oftenest(counts);
      return true;
    },
    known: () => known,
  };
}

/** Needs without a device are left out: to them all that devices have left is useless, wherever it is. */
function oftenest(counts: ReadonlyMap<string, Wanted>): Demand {
  return [...counts]
    .filter(([, { need }]) => need.devices > 0)
    .sort(([a, one], [b, other]) => other.weight - one.weight || (a < b ? -1 : 1))
    .slice(0, mostKept)
    .map(([, { need, weight }]) => ({ need, weight }));
}

/** Needs that are the same have the same. */
export function needKey({ coresMilli, memoryMib, devices, shareMilli, models }: DeviceNeed): string {
  return `${coresMilli} ${memoryMib} ${devices} ${shareMilli} ${models.join("|")}`;
}
