import type { DeviceCount } from "#core/centre/engine.ts";
import type { PoolDescription } from "./description.ts";
import { hostsOf } from "./hosts.ts";

/** One node and what is free of it; changed in place as work comes and goes. */
export type Node = {
  readonly name: string;
  readonly cores: number;
  readonly memoryMib: number;
  readonly devices: readonly DeviceCount[];
  readonly features: readonly string[];
  up: boolean;
  freeCores: number;
  freeMemoryMib: number;
  /** In the order of `devices`. */
  readonly freeDevices: number[];
};

/** What one piece of work asks for, on each of so many nodes. */
export type Ask = {
  readonly nodes: number;
  readonly cores: number;
  readonly memoryMib: number;
  readonly devices: { readonly vendor: string | null; readonly model: string | null; readonly count: number } | null;
};

export function nodesOf(pool: PoolDescription): Node[] {
  return pool.nodes.flatMap(({ names, cores, memoryMib, accelerators, features }) =>
    (hostsOf(names) ?? []).map((name) => ({
      name,
      cores,
      memoryMib,
      devices: accelerators,
      features,
      up: true,
      freeCores: cores,
      freeMemoryMib: memoryMib,
      freeDevices: accelerators.map(({ count }) => count),
    })),
  );
}

/** The first nodes that have it free; null where too few have. */
export function pick(nodes: readonly Node[], ask: Ask): readonly Node[] | null {
  const picked: Node[] = [];
  for (const node of nodes) {
    if (!node.up || node.freeCores < ask.cores || node.freeMemoryMib < ask.memoryMib) continue;
    if (deviceAt(node, ask) === null) continue;
    picked.push(node);
    if (picked.length === ask.nodes) return picked;
  }
  return null;
}

/** Whether the pool could ever hold it, were it empty and sound. */
export function couldHold(nodes: readonly Node[], ask: Ask): boolean {
  const empty = nodes.map((node) => emptied(node));
  return pick(empty, ask) !== null;
}

export function emptied(node: Node): Node {
  const { cores, memoryMib, devices } = node;
  const freeDevices = devices.map(({ count }) => count);
  return { ...node, up: true, freeCores: cores, freeMemoryMib: memoryMib, freeDevices };
}

export function take(node: Node, ask: Ask): void {
  change(node, ask, -1);
}

export function giveBack(node: Node, ask: Ask): void {
  change(node, ask, 1);
}

function change(node: Node, ask: Ask, sign: 1 | -1): void {
  const device = sign === -1 ? deviceAt(node, ask) : heldAt(node, ask);
  node.freeCores += sign * ask.cores;
  node.freeMemoryMib += sign * ask.memoryMib;
  if (ask.devices && device !== null)
    node.freeDevices[device] = (node.freeDevices[device] ?? 0) + sign * ask.devices.count;
}

/** The place of a kind of device of which enough is free; -1 where none is asked for. */
function deviceAt(node: Node, { devices }: Ask): number | null {
  if (!devices) return -1;
  const at = node.devices.findIndex(
    (has, place) => isKind(has, devices) && (node.freeDevices[place] ?? 0) >= devices.count,
  );
  return at === -1 ? null : at;
}

/** Where a kind was left open, the first that has room for what comes back. */
function heldAt(node: Node, { devices }: Ask): number | null {
  if (!devices) return -1;
  const at = node.devices.findIndex(
    (has, place) => isKind(has, devices) && (node.freeDevices[place] ?? 0) + devices.count <= has.count,
  );
  return at === -1 ? null : at;
}

function isKind(has: DeviceCount, asked: NonNullable<Ask["devices"]>): boolean {
  return (asked.vendor ?? has.vendor) === has.vendor && (asked.model ?? has.model) === has.model;
}
