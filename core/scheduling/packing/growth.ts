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
  const cell = room.cells.find((each) => holds(each, need));
  if (!cell) return 0;
  const fits = matchesOf(devices, demand);
  let before = uselessBefore.get(cell);
  if (before?.demand !== demand) {
    before = { demand, milli: uselessMilli(cell, fits, demand) };
    uselessBefore.set(cell, before);
  }
  return need.nodes * (uselessMilli(less(cell, need, 1), fits, demand) - before.milli);
}

function hasCards({ cards, cells }: Room): boolean {
  return cards.some((count) => count > 0) || cells.some(({ shared }) => shared !== null);
}

/** Nodes never change, nor what is asked of them until it is renewed: a decision asks of most with many needs. */
const uselessBefore = new WeakMap<Cell, { readonly demand: Demand; readonly milli: number }>();

/** `fits`: which need may have which device, need by need. */
function uselessMilli({ cores, memoryMib, cards, shared }: Cell, fits: Uint8Array, demand: Demand): number {
  let useless = 0;
  let asked = -1;
  for (const { need, weight } of demand) {
    asked += 1;
    const isEnough = cores * 1000 >= need.coresMilli && memoryMib >= need.memoryMib;
    for (let device = 0; device < cards.length; device++) {
      const whole = cards[device] ?? 0;
      const parts = shared?.[device] ?? none;
      const useful = isEnough && fits[asked * cards.length + device] === 1 ? usefulMilli(whole, parts, need) : 0;
      useless += weight * (1000 * whole + sum(parts) - useful);
    }
  }
  return useless;
}

function matchesOf(devices: readonly Device[], demand: Demand): Uint8Array {
  const known = matching.get(devices);
  if (known?.demand === demand) return known.fits;
  const keys = devices.map(({ vendor, model }) => deviceKey(vendor, model));
  const fits = Uint8Array.from(demand.flatMap(({ need }) => keys.map((key) => Number(matches(need.models, key)))));
  matching.set(devices, { demand, fits });
  return fits;
}

const matching = new WeakMap<readonly Device[], { readonly demand: Demand; readonly fits: Uint8Array }>();

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
