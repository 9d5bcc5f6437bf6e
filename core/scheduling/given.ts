import type { CentreId } from "#core/ids.ts";
import type { Allocation } from "#core/run-order.ts";
import { withinShare } from "#core/scheduling/agreed.ts";
import { allocationOf, type CentreRecord, devicesFor, needIn, type PoolRecord } from "#core/scheduling/centres.ts";
import { type Asked, couldEverUse } from "#core/scheduling/fit.ts";
import { hasRoom } from "#core/scheduling/room.ts";

/** What a task is given of a pool; its hold is of this. */
export type Given = { readonly centre: CentreId; readonly pool: string; readonly allocation: Allocation };

/**
 * All that a task could ever be given as the centres describe themselves, by whatever placement: of each pool that could
 * run it, with each of its kinds of device. Empty where no centre that could has described itself.
 */
export function everGiven(
  centres: readonly CentreRecord[],
  asked: Omit<Asked, "line" | "who" | "graceS">,
): readonly Given[] {
  const pools = centres.flatMap((centre) => centre.pools.filter((pool) => couldEverUse(asked, pool)));
  return pools.flatMap((pool) => {
    const { shape } = asked;
    const all = withinShare(pool, pool.size, null);
    const devices = shape.accelerators ? devicesFor(shape, pool.devices) : [-1];
    return devices
      .filter((device) => hasRoom(all, needIn(shape, pool, device)))
      .map((device) => givenOf(shape, pool, device));
  });
}

export function givenOf(shape: Asked["shape"], pool: PoolRecord, device: number): Given {
  return { centre: pool.centre.id, pool: pool.name, allocation: allocationOf(shape, pool, device) };
}
