import type { Amounts, EnginePool, ForeignLoad, NodeGroup } from "#core/centre/engine.ts";
import type { PoolState, Work } from "./cluster.ts";
import { hostsText } from "./hosts.ts";
import type { Node } from "./node.ts";

/** A pool as its engine reports it. `speed` turns the centre's time into real time. */
export function poolReport(pool: PoolState, nowMs: number, speed: number): EnginePool {
  const { description } = pool;
  return {
    name: description.name,
    state: pool.nodes.some((node) => node.up) ? "up" : "down",
    memoryMibPerCore: description.memoryMibPerCore,
    // The centre's limit: its time goes `speed` times as fast, and so does the job's.
    limits: { timeLimitS: description.timeLimitS, leastNodes: 1, mostNodes: pool.nodes.length },
    nodes: groups(pool.nodes),
    ours: held([...pool.running].filter(({ run }) => run !== null)),
    foreign: foreignLoad(pool, nowMs, speed),
    row: description.nodes.map(({ names }) => names).join(","),
  };
}

function groups(nodes: readonly Node[]): readonly NodeGroup[] {
  const alike = new Map<string, Node[]>();
  for (const node of nodes) {
    const { up, cores, memoryMib, devices, features, within, freeCores, freeMemoryMib } = node;
    const key = JSON.stringify([
      up,
      cores,
      memoryMib,
      devices,
      features,
      within,
      freeCores,
      freeMemoryMib,
      freeDevices(node),
    ]);
    const group = alike.get(key);
    if (group) group.push(node);
    else alike.set(key, [node]);
  }
  return [...alike.values()].map((group): NodeGroup => {
    const [one] = group;
    if (!one) throw new Error("broken invariant: a group has a node");
    const free = one.up
      ? { cores: one.freeCores, memoryMib: one.freeMemoryMib, accelerators: freeDevices(one) }
      : { cores: 0, memoryMib: 0, accelerators: [] };
    return {
      names: hostsText(group.map(({ name }) => name)),
      count: group.length,
      state: one.up ? "up" : "down",
      reason: one.up ? null : "failed (simulated)",
      cores: one.cores,
      memoryMib: one.memoryMib,
      accelerators: one.devices,
      features: one.features,
      ...(one.within !== null && { within: one.within }),
      free,
    };
  });
}

function freeDevices(node: Node): Amounts["accelerators"] {
  return node.devices.map((device, at) => {
    const left = node.shared.filter((one) => one.device === at).map(({ parts }) => parts);
    const partsLeft = left.filter((parts) => parts > 0).sort((a, b) => a - b);
    return { ...device, count: node.freeDevices[at] ?? 0, ...(partsLeft.length > 0 && { partsLeft }) };
  });
}

function held(works: readonly Work[]): Amounts {
  const cards = new Map<string, Amounts["accelerators"][number]>();
  let [cores, memoryMib] = [0, 0];
  for (const { ask, on } of works) {
    cores += on.length * ask.cores;
    memoryMib += on.length * ask.memoryMib;
    for (const node of on) {
      const device = ask.devices && node.devices.find(({ model }) => (ask.devices?.model ?? model) === model);
      if (!device || !ask.devices || ask.devices.shareMilli !== undefined) continue;
      const key = `${device.vendor}/${device.model}`;
      cards.set(key, { ...device, count: (cards.get(key)?.count ?? 0) + ask.devices.count });
    }
  }
  return { cores, memoryMib, accelerators: [...cards.values()] };
}

/** At most as many as the protocol carries. */
const mostShown = 10_000;

function foreignLoad(pool: PoolState, nowMs: number, speed: number): ForeignLoad {
  const { foreign } = pool.description;
  if (!foreign) return { kind: "none" };
  if (foreign.hidden) return { kind: "hidden", why: "the description hides the jobs of the centre's own users" };
  const running = [...pool.running]
    .filter(({ run }) => run === null)
    .map(({ ask, startedMs, limitMs }) => ({
      cores: ask.nodes * ask.cores,
      endsInMs: Math.max(0, Math.round(((startedMs ?? nowMs) + limitMs - nowMs) / speed)),
    }))
    .sort((a, b) => a.endsInMs - b.endsInMs)
    .slice(0, mostShown);
  const waiting = pool.queue.filter(({ run }) => run === null);
  const cores = waiting.reduce((sum, { ask }) => sum + ask.nodes * ask.cores, 0);
  return { kind: "seen", running, waiting: { jobs: waiting.length, cores } };
}
