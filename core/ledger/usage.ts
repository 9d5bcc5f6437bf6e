import { type Amounts, cardUnit, type Unit } from "#core/ledger/unit.ts";
import type { Allocation } from "#core/run-order.ts";

/**
 * What an allocation uses in `wallMs` milliseconds. All but memory is exact, so the parts of a divided interval add up.
 * Memory is counted in whole MiB-seconds, rounded down: a part of an interval is the difference of what was used up to
 * its end and up to its beginning, never rounded by itself (M5 reports usage cumulatively for this reason).
 */
export function usageOf(allocation: Allocation, wallMs: number): Amounts {
  const nodeMs = BigInt(wallMs) * BigInt(allocation.nodes);
  const amounts: readonly (readonly [Unit, bigint])[] = [
    ["core-ms", nodeMs * BigInt(allocation.coresPerNode)],
    [
      cardUnit(allocation.acceleratorVendor, allocation.acceleratorModel),
      nodeMs * BigInt(allocation.acceleratorsPerNode) * BigInt(allocation.acceleratorShareMilli ?? 1000),
    ],
    ["mib-s", (nodeMs * BigInt(allocation.memoryMibPerNode)) / 1000n],
    ["wall-ms", BigInt(wallMs)],
  ];
  return new Map(amounts.filter(([, amount]) => amount > 0n));
}

/** What a placement holds: the most the run can use, from its start to the end of the grace after its time limit. */
export function holdOf(allocation: Allocation, timeLimitS: number, graceS: number): Amounts {
  return usageOf(allocation, (timeLimitS + graceS) * 1000);
}
