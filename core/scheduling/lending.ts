import type { Shape } from "#core/job/spec.ts";
import type { Bounds } from "#core/scheduling/bounds.ts";
import { type CentreRecord, devicesFor, isShared, needIn, type PoolRecord } from "#core/scheduling/centres.ts";
import type { Allowance } from "#core/scheduling/order/account.ts";
import type { Amounts } from "#core/scheduling/order/amounts.ts";
import type { HomePriority } from "#core/scheduling/policy.ts";

/** null: visitors come in whatever they cost. */
export function allowanceOf(homePriority: HomePriority | null): Allowance | null {
  const { allowanceS = null, allowancePerJobS = 0 } = homePriority ?? {};
  return allowanceS === null ? null : { allowanceS, allowancePerJobS };
}

/**
 * Whether work is kept away for the centre's own users (docs/decisions/0087). That is only a visitor that has another home,
 * which could take it: whoever has none is let in. `couldTake`: whether it may ever run in that pool.
 */
export function isKeptAway(
  { bounds, shape, timeLimitS, graceS }: Guest,
  pool: PoolRecord,
  couldTake: (pool: PoolRecord) => boolean,
): boolean {
  const { lends } = pool.centre;
  const home = bounds?.home ?? null;
  if (!lends || home === null || home === pool.centre || isShared(pool)) return false;
  if (lends.account.admits(amountsIn(shape, pool), timeLimitS + graceS, lends.allowance)) return false;
  return home.pools.some((own) => !isShared(own) && couldTake(own));
}

type Guest = {
  readonly bounds: Bounds | null;
  readonly shape: Shape;
  readonly timeLimitS: number;
  readonly graceS: number;
};

/** The same as one who is let in: what was promised is kept. */
export function letIn<One extends { readonly bounds: Bounds | null }>(asked: One): One {
  return asked.bounds?.home ? { ...asked, bounds: { ...asked.bounds, home: null } } : asked;
}

/** Runs there came or went. */
export function tellLender({ lends }: CentreRecord): void {
  lends?.account.changed();
}

/** Cores, MiB and cards. */
export function amountsIn(shape: Shape, pool: PoolRecord): Amounts {
  const [device = -1] = shape.accelerators ? devicesFor(shape, pool.devices) : [];
  const { nodes, cores, memoryMib, cards } = needIn(shape, pool, device);
  return [nodes * cores, nodes * memoryMib, nodes * cards];
}
