import { coresPerNode, type Shape } from "#core/job/spec.ts";
import type { Demand } from "#core/scheduling/packing/demand.ts";
import type { DeviceNeed } from "#core/scheduling/packing/node-left.ts";
import { type Cell, type Device, deviceKey, holds, less, type Need, type Room } from "#core/scheduling/room.ts";

/**
 * By how much the expected fragmentation of a pool grows when a run is put on its nodes that have least left, as `pack`
 * does: `fragmentation` of the same nodes, after and before. 0 where nothing was asked yet, or the pool has no card left.
 */
export function growthIn(room: Room, devices: readonly Device[], need: Need, demand: Demand): number {
  if (demand.length === 0 || !hasCards(room)) return 0;
  let found = growths.get(room);
  if (found?.demand !== demand) {
    found = { demand, byNeed: new Map() };
    growths.set(room, found);
  }
  const { nodes, cores, memoryMib, cards, device, shareMilli = 1000, wholeNodes = false } = need;
  const key = `${nodes} ${cores} ${memoryMib} ${cards} ${device} ${shareMilli} ${wholeNodes}`;
  const known = found.byNeed.get(key);
  if (known !== undefined) return known;
  const growth = reckon(room, devices, need, demand);
  found.byNeed.set(key, growth);
  return growth;
}

function hasCards({ cards, cells }: Room): boolean {
  return cards.some((count) => count > 0) || cells.some(({ shared }) => shared !== null);
}

/** A room never changes, so what was found of it holds as long as the demand: a decision asks the same of most pools. */
const growths = new WeakMap<Room, { readonly demand: Demand; readonly byNeed: Map<string, number> }>();

function reckon(room: Room, devices: readonly Device[], need: Need, demand: Demand): number {
  const cell = room.cells.find((each) => holds(each, need));
  if (!cell) return 0;
  const keys = devices.map(({ vendor, model }) => deviceKey(vendor, model));
  return need.nodes * (uselessMilli(less(cell, need, 1), keys, demand) - uselessMilli(cell, keys, demand));
}

function uselessMilli({ cores, memoryMib, cards, shared }: Cell, keys: readonly string[], demand: Demand): number {
  let useless = 0;
  for (const { need, weight } of demand) {
    const fits = cores * 1000 >= need.coresMilli && memoryMib >= need.memoryMib;
    for (let device = 0; device < cards.length; device++) {
      const whole = cards[device] ?? 0;
      const parts = shared?.[device] ?? none;
      const useful = fits && matches(need.models, keys[device] ?? "") ? usefulMilli(whole, parts, need) : 0;
      useless += weight * (1000 * whole + sum(parts) - useful);
    }
  }
  return useless;
}

const none: readonly number[] = [];

function usefulMilli(whole: number, parts: readonly number[], { devices, shareMilli }: DeviceNeed): number {
  const large = shareMilli === 1000 ? none : parts.filter((milli) => milli >= shareMilli);
  return whole + large.length >= devices ? 1000 * whole + sum(large) : 0;
}

function sum(parts: readonly number[]): number {
  let all = 0;
  for (const milli of parts) all += milli;
  return all;
}

/** `any/npu` is a card of that model of whatever vendor, `x/any` any of that vendor. */
function matches(models: readonly string[], key: string): boolean {
  if (models.length === 0 || models.includes(key)) return true;
  const slash = key.indexOf("/");
  return models.includes(`any${key.slice(slash)}`) || models.includes(`${key.slice(0, slash)}/any`);
}

/** What a node must have for a task of this shape, as far as that does not depend on the pool. */
export function needOfShape(shape: Shape): DeviceNeed {
  const { accelerators, memory } = shape;
  const cores = coresPerNode(shape);
  const { vendor = null, model = null, perNode = 0, shareMilli = 1000 } = accelerators ?? {};
  return {
    coresMilli: cores * 1000,
    memoryMib: memory.kind === "default" ? 0 : memory.kind === "per-core" ? cores * memory.mib : memory.mib,
    devices: perNode,
    shareMilli,
    models: vendor === null && model === null ? [] : [deviceKey(vendor, model)],
  };
}
