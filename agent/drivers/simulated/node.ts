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
  /** The leaf switch; null: none is described. */
  readonly within: string | null;
  up: boolean;
  freeCores: number;
  freeMemoryMib: number;
  /** In the order of `devices`: of those that nobody has a part of. */
  readonly freeDevices: number[];
  /** Those that are given out in part, and who has a part of which. */
  readonly shared: Shared[];
  readonly sharers: Map<Ask, Shared>;
};

/** One device of the kind at this place, and how many of its parts are left. */
type Shared = { readonly device: number; parts: number };

/** What one piece of work asks for, on each of so many nodes. */
export type Ask = {
  readonly nodes: number;
  readonly cores: number;
  readonly memoryMib: number;
  readonly devices: AskedDevices | null;
  /** Nodes that nobody else is on, and all of them. */
  readonly wholeNodes?: true | undefined;
  /** At no more leaf switches than so many. */
  readonly nodeGroups?: number | undefined;
  /** Next to each other, in the order of the description. */
  readonly contiguous?: true | undefined;
};

type AskedDevices = {
  readonly vendor: string | null;
  readonly model: string | null;
  readonly count: number;
  /** So much of one device, in thousandths. */
  readonly shareMilli?: number | undefined;
};

/** Of each pool; a node that several of them name is one. */
export function nodesOf(pools: readonly PoolDescription[]): readonly (readonly Node[])[] {
  const known = new Map<string, Node>();
  return pools.map((pool) =>
    pool.nodes.flatMap((group) =>
      (hostsOf(group.names) ?? []).map((name) => {
        const node = known.get(name) ?? emptyNode(name, group);
        known.set(name, node);
        return node;
      }),
    ),
  );
}

function emptyNode(name: string, group: PoolDescription["nodes"][number]): Node {
  const { cores, memoryMib, accelerators, features, within = null } = group;
  return {
    name,
    cores,
    memoryMib,
    devices: accelerators,
    features,
    within,
    up: true,
    freeCores: cores,
    freeMemoryMib: memoryMib,
    freeDevices: accelerators.map(({ count }) => count),
    shared: [],
    sharers: new Map(),
  };
}

/** The first nodes that have it free, as close together as asked; null where too few have. */
export function pick(nodes: readonly Node[], ask: Ask): readonly Node[] | null {
  if (ask.contiguous) return inARow(nodes, ask);
  const free = nodes.filter((node) => isFree(node, ask));
  const picked = (ask.nodeGroups === undefined ? free : closest(free, ask.nodes, ask.nodeGroups)).slice(0, ask.nodes);
  return picked.length === ask.nodes ? picked : null;
}

/** The first that are free and next to each other. */
function inARow(nodes: readonly Node[], ask: Ask): readonly Node[] | null {
  for (let from = 0; from + ask.nodes <= nodes.length; from += 1) {
    const row = nodes.slice(from, from + ask.nodes);
    const groups = new Set(row.map(({ within }) => within));
    const isTogether = ask.nodeGroups === undefined || (groups.size <= ask.nodeGroups && !groups.has(null));
    if (isTogether && row.every((node) => isFree(node, ask))) return row;
  }
  return null;
}

function isFree(node: Node, ask: Ask): boolean {
  if (!node.up || node.freeCores < ask.cores || node.freeMemoryMib < ask.memoryMib) return false;
  if (ask.wholeNodes && node.freeCores < node.cores) return false;
  return deviceAt(node, ask) !== null;
}

/** Of one switch that has enough the one with fewest, else of as many as allowed those with most. */
function closest(free: readonly Node[], nodes: number, mostGroups: number): readonly Node[] {
  const groups = new Map<string, Node[]>();
  for (const node of free)
    if (node.within !== null) groups.set(node.within, [...(groups.get(node.within) ?? []), node]);
  const most = [...groups.values()].sort((a, b) => b.length - a.length);
  return most.findLast((group) => group.length >= nodes) ?? most.slice(0, mostGroups).flat();
}

/** Whether the pool could ever hold it, were it empty and sound. */
export function couldHold(nodes: readonly Node[], ask: Ask): boolean {
  const empty = nodes.map((node) => emptied(node));
  return pick(empty, ask) !== null;
}

export function emptied(node: Node): Node {
  const { cores, memoryMib, devices } = node;
  const freeDevices = devices.map(({ count }) => count);
  const unshared = { freeDevices, shared: [], sharers: new Map<Ask, Shared>() };
  return { ...node, up: true, freeCores: cores, freeMemoryMib: memoryMib, ...unshared };
}

/** A node of its own with the same work on it. */
export function copied(node: Node): Node {
  const copies = new Map(node.shared.map((one): [Shared, Shared] => [one, { ...one }]));
  const copyOf = (one: Shared) => copies.get(one) ?? one;
  const sharers = new Map([...node.sharers].map(([ask, one]): [Ask, Shared] => [ask, copyOf(one)]));
  return { ...node, freeDevices: [...node.freeDevices], shared: [...copies.values()], sharers };
}

export function take(node: Node, ask: Ask): void {
  if (ask.wholeNodes) fill(node, 0);
  else if (ask.devices?.shareMilli !== undefined) takeShare(node, ask, ask.devices.shareMilli);
  else change(node, ask, -1);
}

export function giveBack(node: Node, ask: Ask): void {
  if (ask.wholeNodes) fill(node, 1);
  else if (ask.devices?.shareMilli !== undefined) giveShareBack(node, ask, ask.devices.shareMilli);
  else change(node, ask, 1);
}

/** All or nothing of it is free. */
function fill(node: Node, free: 0 | 1): void {
  node.freeCores = free * node.cores;
  node.freeMemoryMib = free * node.memoryMib;
  for (const [place, { count }] of node.devices.entries()) node.freeDevices[place] = free * count;
}

/** Of the device that has fewest parts left of those that have enough, else of one that nobody has a part of. */
function takeShare(node: Node, ask: Ask, shareMilli: number): void {
  change(node, { ...ask, devices: null }, -1);
  const place = deviceAt(node, ask) ?? -1;
  const parts = partsOf(node, place, shareMilli);
  const begun = node.shared.filter((one) => one.device === place && one.parts >= parts);
  let shared = begun.sort((a, b) => a.parts - b.parts)[0];
  if (!shared) {
    shared = { device: place, parts: node.devices[place]?.parts ?? 1 };
    node.shared.push(shared);
    node.freeDevices[place] = (node.freeDevices[place] ?? 0) - 1;
  }
  shared.parts -= parts;
  node.sharers.set(ask, shared);
}

function giveShareBack(node: Node, ask: Ask, shareMilli: number): void {
  change(node, { ...ask, devices: null }, 1);
  const shared = node.sharers.get(ask);
  if (!shared || !node.sharers.delete(ask)) return;
  shared.parts += partsOf(node, shared.device, shareMilli);
  if (shared.parts < (node.devices[shared.device]?.parts ?? 1)) return;
  node.shared.splice(node.shared.indexOf(shared), 1);
  node.freeDevices[shared.device] = (node.freeDevices[shared.device] ?? 0) + 1;
}

/** The network asks for whole parts, rounded down to thousandths. */
function partsOf({ devices }: Node, place: number, shareMilli: number): number {
  return Math.ceil((shareMilli * (devices[place]?.parts ?? 1)) / 1000);
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
  const { count, shareMilli } = devices;
  const at = node.devices.findIndex((has, place) => {
    if (!isKind(has, devices)) return false;
    if (shareMilli === undefined) return (node.freeDevices[place] ?? 0) >= count;
    if (has.parts === undefined) return false;
    const parts = partsOf(node, place, shareMilli);
    return (node.freeDevices[place] ?? 0) > 0 || node.shared.some((one) => one.device === place && one.parts >= parts);
  });
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
