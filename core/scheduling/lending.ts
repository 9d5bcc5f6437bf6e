import type { Shape } from "#core/job/spec.ts";
import type { Bounds } from "#core/scheduling/bounds.ts";
import { type CentreRecord, devicesFor, isShared, needIn, type PoolRecord } from "#core/scheduling/centres.ts";
import { type Allowance, type Asking, isWithin, type Lending } from "#core/scheduling/order/account.ts";
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
  const asking = { needs: amountsIn(shape, pool), limitS: timeLimitS + graceS };
  if (lends.account.admits(asking.needs, asking.limitS, lends.allowance)) return false;
  if (!home.pools.some((own) => !isShared(own) && couldTake(own))) return false;
  noteKept(lends, asking);
  return true;
}

/** Where one of those who were kept away would be let in by now, all who failed there are to be tried again. */
export function growWhereLooser(centres: readonly CentreRecord[], changes: number): void {
  for (const { lends, pools } of centres) {
    if (!lends?.kept.some(({ needs, limitS }) => lends.account.admits(needs, limitS, lends.allowance))) continue;
    lends.kept.length = 0;
    for (const pool of pools) pool.grown = Math.max(pool.grown, changes);
  }
}

function noteKept({ kept }: Lending, asking: Asking): void {
  if (kept.some((other) => isWithin(other, asking))) return;
  for (let at = kept.length - 1; at >= 0; at -= 1) if (isWithin(asking, kept[at] ?? asking)) kept.splice(at, 1);
  kept.push(asking);
  if (kept.length <= mostKept) return;
  // Too many to be looked at one by one: one that needs no more than either stands for both.
  const [one, other] = kept.splice(-2);
  if (one && other)
    kept.push({
      needs: one.needs.map((need, kind) => Math.min(need, other.needs[kind] ?? 0)),
      limitS: Math.min(one.limitS, other.limitS),
    });
}

const mostKept = 16;

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
