import type { Demand } from "#core/scheduling/packing/demand.ts";
import {
  type DeviceNeed,
  devicesLeftMilli,
  hasBeside,
  mayUse,
  type NodeLeft,
} from "#core/scheduling/packing/node-left.ts";

/**
 * How much of what a node's devices have left is of no use to what is likely to be asked, summed over the demand by its
 * weights: thousandths of a device × weight, a whole number. Divided by the demand's whole weight it is the expected
 * fragmentation of Weng et al., "Beware of Fragmentation" (USENIX ATC '23), section 3, with memory and allowed models
 * beside cores: to a need that does not fit the node all that is left is useless, to one that fits the devices that have
 * too little left for it.
 */
export function fragmentation(left: NodeLeft, demand: Demand): number {
  const all = devicesLeftMilli(left);
  if (all === 0) return 0;
  let sum = 0;
  for (const { need, weight } of demand) sum += weight * (all - usefulMilli(left, need));
  return sum;
}

function usefulMilli(left: NodeLeft, need: DeviceNeed): number {
  if (!hasBeside(left, need)) return 0;
  let useful = 0;
  for (const kind of left.kinds) {
    if (!mayUse(need, kind)) continue;
    let devices = 0;
    let ofKind = 0;
    for (let at = kind.leftMilli.length - 1; at >= 0; at--) {
      const milli = kind.leftMilli[at] ?? 0;
      if (milli < need.shareMilli) break;
      devices += 1;
      ofKind += milli;
    }
    if (devices >= need.devices) useful += ofKind;
  }
  return useful;
}
