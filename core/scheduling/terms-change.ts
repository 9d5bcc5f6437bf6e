import type { Region } from "#core/centre/region.ts";
import type { PoolTermsInForce } from "#core/centre/terms.ts";
import type { CentreRecord, PoolRecord } from "#core/scheduling/centres.ts";
import { mayEverUse } from "#core/scheduling/fit.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import type { Ask } from "#core/scheduling/queue.ts";
import { devicesOf } from "#core/scheduling/room.ts";

/**
 * Queued tasks that some pool could ever run and, were these the terms of the centre's pools, none could. Looks at every
 * job; `terms` by the pool's name, where they would change.
 */
export function lostWith(
  jobs: Iterable<JobRecord>,
  centre: CentreRecord | undefined,
  terms: ReadonlyMap<string, PoolTermsInForce>,
  region: Region | null,
): number {
  if (!centre) return 0;
  const would = centre.pools.filter((pool) => terms.has(pool.name));
  const isLost = new Map<Ask, boolean>();
  return withTerms(centre, would, terms, region, () => {
    let lost = 0;
    for (const { ask, queued } of jobs) {
      const known = isLost.get(ask) ?? losesAll(ask, centre);
      isLost.set(ask, known);
      if (known)
        for (let pair = 0; pair + 1 < queued.length; pair += 2) lost += (queued[pair + 1] ?? 0) - (queued[pair] ?? 0);
    }
    return lost;
  });
}

/** Its group says where it could run by the terms in force. */
function losesAll(ask: Ask, centre: CentreRecord): boolean {
  const { pools } = ask.group;
  return pools.length > 0 && pools.every((pool) => pool.centre === centre && !mayEverUse(ask, pool));
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
      pool.devices = devicesOf(pool.state);
    }
  try {
    return look();
  } finally {
    centre.state = stateBefore;
    for (const [at, pool] of pools.entries()) Object.assign(pool, before[at]);
  }
}
