import { dataFromMs } from "#core/job/data-places.ts";
import { networkTimeText } from "#core/ledger/network-day.ts";
import type { PoolRecord } from "#core/scheduling/centres.ts";
import type { Asked } from "#core/scheduling/fit.ts";
import type { Lacking } from "#core/scheduling/offered.ts";
import type { Facts, JobRule } from "#core/scheduling/reasons.ts";

/** From when on work may start there as far as its input goes: at once, or when that is there. */
export function dataReadyMs({ demands }: Pick<Asked, "demands">, { centre }: PoolRecord, nowMs: number): number {
  return Math.max(nowMs, dataFromMs(demands?.data, centre.id) ?? Number.POSITIVE_INFINITY);
}

export function isDataThere(asked: Pick<Asked, "demands">, pool: PoolRecord, nowMs: number): boolean {
  return !asked.demands?.data || dataReadyMs(asked, pool, nowMs) <= nowMs;
}

/** The same as a rule that it fails there. */
export function dataAhead(asked: Pick<Asked, "demands">, pool: PoolRecord, nowMs: number): Lacking | null {
  if (isDataThere(asked, pool, nowMs)) return null;
  const ready = networkTimeText(dataReadyMs(asked, pool, nowMs));
  return { rule: "data-not-there-yet", facts: { ready, pool: pool.name } };
}

/** Whether its input is at none of the centres yet that could run it: it holds no place and takes no room before. */
export function awaitsData(asked: Pick<Asked, "demands">, pools: readonly PoolRecord[], nowMs: number): boolean {
  if (!asked.demands?.data || pools.length === 0) return false;
  return !pools.some((pool) => isDataThere(asked, pool, nowMs));
}

/** The same as the job's own reason, which says where it is first. */
export function dataReason(
  asked: Pick<Asked, "demands">,
  pools: readonly PoolRecord[],
  nowMs: number,
): { readonly rule: JobRule; readonly facts: Facts } | null {
  if (!awaitsData(asked, pools, nowMs)) return null;
  const readyMs = (pool: PoolRecord) => dataReadyMs(asked, pool, nowMs);
  const first = pools.reduce((best, pool) => (readyMs(pool) < readyMs(best) ? pool : best));
  const facts = { centre: first.centre.id, ready: networkTimeText(readyMs(first)) };
  return { rule: "waits-for-data", facts };
}

/** The same as if its input were wherever it may ever go. */
export function withoutData<Of extends Pick<Asked, "demands">>(asked: Of): Of {
  return asked.demands?.data ? { ...asked, demands: { ...asked.demands, data: undefined } } : asked;
}
