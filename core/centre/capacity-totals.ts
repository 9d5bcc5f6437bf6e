import { type Capacity, type CapacityTotal, precisions } from "#core/centre/capacity.ts";
import type { Centre, Pool } from "#core/centre/centre.ts";
import { type LifeCycle, lifeCycles } from "#core/centre/life-cycle.ts";

/**
 * What a centre has in one stage of its life-cycle, per (precision, sparsity, basis), in the order of `precisions`:
 * device counts × the figure of one device, and what is stated for pools. A device is no further than its pool, phase
 * and centre are.
 */
export function capacityTotals(centre: Centre, stage: LifeCycle): readonly CapacityTotal[] {
  const totals = new Map<string, CapacityTotal>();
  const add = ({ precision, sparsity, basis, gigaflops }: Capacity, count: number) => {
    const key = `${precisions.indexOf(precision)} ${sparsity} ${basis}`;
    const sum = (totals.get(key)?.gigaflops ?? 0n) + gigaflops * BigInt(count);
    totals.set(key, { precision, sparsity, basis, gigaflops: sum });
  };
  for (const pool of centre.pools) {
    const above = [centre.lifeCycle, pool.lifeCycle, ...phaseStages(centre, pool)];
    for (const capacity of pool.capacities) if (stageOf([...above, capacity.lifeCycle]) === stage) add(capacity, 1);
    for (const device of pool.devices)
      for (const capacity of device.capacities)
        if (stageOf([...above, device.lifeCycle, capacity.lifeCycle]) === stage) add(capacity, device.count);
  }
  return [...totals].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, total]) => total);
}

/** The stage of what lies within others: retired where any is, else the earliest. */
export function stageOf(lifeCycleOfEach: readonly LifeCycle[]): LifeCycle {
  if (lifeCycleOfEach.includes("retired")) return "retired";
  return lifeCycles.find((stage) => lifeCycleOfEach.includes(stage)) ?? "planned";
}

function phaseStages(centre: Centre, pool: Pool): LifeCycle[] {
  const phases = centre.sites.filter((site) => site.name === pool.phase?.site).flatMap((site) => site.phases);
  return phases.filter((phase) => phase.name === pool.phase?.name).map((phase) => phase.lifeCycle);
}
