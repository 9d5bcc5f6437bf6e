import { openingAt } from "#core/centre/hours.ts";
import type { Region } from "#core/centre/region.ts";
import type { PoolTermsInForce } from "#core/centre/terms.ts";
import type { CentreRecord, PoolRecord } from "#core/scheduling/centres.ts";
import { mayEverUse } from "#core/scheduling/fit.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import type { Ask } from "#core/scheduling/queue.ts";
import { deviceKey, devicesOf } from "#core/scheduling/room.ts";

/** Queued tasks that a change of terms leaves without a place: for good, and until agreed hours begin. */
export type Stranded = { readonly nowhere: number; readonly closed: number };

/**
 * Of the queued tasks that only pools of this centre could ever run, those that none could were these its terms, and those
 * that only pools could whose hours have not begun. Looks at every job; `terms` by the pool's name, where they would change.
 */
export function lostWith(
  jobs: Iterable<JobRecord>,
  centre: CentreRecord | undefined,
  terms: ReadonlyMap<string, PoolTermsInForce>,
  region: Region | null,
  nowMs: number,
): Stranded {
  if (!centre) return { nowhere: 0, closed: 0 };
  const would = centre.pools.filter((pool) => terms.has(pool.name));
  const isOpen = (pool: PoolRecord) => openingAt(pool.state?.hours ?? [], nowMs).kind === "open";
  const open = new Set(centre.pools.filter(isOpen));
  const fates = new Map<Ask, "nowhere" | "closed" | null>();
  return withTerms(centre, would, terms, region, () => {
    /** Its group says where it could run by the terms in force. */
    const fateOf = (ask: Ask) => {
      const { pools } = ask.group;
      if (pools.length === 0 || pools.some((pool) => pool.centre !== centre)) return null;
      const left = pools.filter((pool) => mayEverUse(ask, pool));
      if (left.length === 0) return "nowhere";
      return pools.some((pool) => open.has(pool)) && !left.some(isOpen) ? "closed" : null;
    };
    const count = { nowhere: 0, closed: 0 };
    for (const { ask, queued } of jobs) {
      const fate = fates.has(ask) ? fates.get(ask) : fateOf(ask);
      fates.set(ask, fate ?? null);
      if (fate)
        for (let pair = 0; pair + 1 < queued.length; pair += 2)
          count[fate] += (queued[pair + 1] ?? 0) - (queued[pair] ?? 0);
    }
    return count;
  });
}

/** Looks at the pools as they would be, and leaves them as they were. */
function withTerms<Seen>(
  centre: CentreRecord,
  pools: readonly PoolRecord[],
  terms: ReadonlyMap<string, PoolTermsInForce>,
  region: Region | null,
  look: () => Seen,
): Seen {
  const before = pools.map(({ state, devices }) => ({ state, devices }));
  const { state: stateBefore } = centre;
  if (stateBefore) centre.state = { ...stateBefore, region };
  for (const pool of pools)
    if (pool.state) {
      pool.state = { ...pool.state, ...terms.get(pool.name) };
      const own = new Map(devicesOf(pool.state).map((device) => [deviceKey(device.vendor, device.model), device]));
      pool.devices = pool.devices.map((device) => own.get(deviceKey(device.vendor, device.model)) ?? device);
    }
  try {
    return look();
  } finally {
    centre.state = stateBefore;
    for (const [at, pool] of pools.entries()) Object.assign(pool, before[at]);
  }
}
