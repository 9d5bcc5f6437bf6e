import type { DeviceCount, EnginePool, ForeignLoad, NodeGroup, ShutPool, TimeWindow } from "#core/centre/engine.ts";
import { hostNames } from "#core/centre/host-list.ts";
import { type NamedPools, nodesKept, noNamedPools, poolsOfJob, type SeenReservation, shutOf } from "./named-pools.ts";
import { shardsLeft, shardsOfEach, shardWords } from "./shards.ts";
import { durationS, hostList, present, secondsSince1970, sizeMib, type Words } from "./slurm-text.ts";

/** Pure: from the texts of `scontrol --oneliner -d show node` and `show partition` to what the network is told. */
export type Seen = {
  readonly nodes: readonly Words[];
  readonly partitions: readonly Words[];
  /** By partition. */
  readonly foreign: ReadonlyMap<string, ForeignLoad>;
  readonly ours: ReadonlyMap<string, EnginePool["ours"]>;
  /** By node. */
  readonly maintenance: ReadonlyMap<string, TimeWindow>;
  /** By node: its leaf switch. */
  readonly switches: ReadonlyMap<string, string>;
  /** By node: how many shards of GPUs jobs have there; null: jobs are hidden. */
  readonly shardsHeld: ReadonlyMap<string, number> | null;
  /** The site's own words for its devices, before the table. */
  readonly devices: Readonly<Record<string, SaidDevice>>;
  /** null: all. */
  readonly only: readonly string[] | null;
  /** Absent: partitions alone are pools. */
  readonly named?: NamedPools;
};

/** `counts`: the numbers that a job may have on one node; absent: any. */
type SaidDevice = Pick<DeviceCount, "vendor" | "model" | "counts">;

export function poolsOf(seen: Seen): readonly EnginePool[] {
  const { named = noNamedPools } = seen;
  const kept = nodesKept(named);
  const own = seen.partitions.filter(
    (partition) => (seen.only?.includes(nameOf(partition)) ?? true) && named.pools[nameOf(partition)] === undefined,
  );
  const plain = own.map(
    (partition): Ground => ({ name: nameOf(partition), partition, shut: null, reservation: null, kept }),
  );
  const byName = Object.entries(named.pools).map(([name, pool]): Ground => {
    const partition = seen.partitions.find((one) => nameOf(one) === pool.partition) ?? new Map<string, string>();
    const shut = shutOf(pool, named, seen.partitions.map(nameOf));
    const reservation = (pool.reservation !== null && named.reservations.get(pool.reservation)) || null;
    return { name, partition, shut, reservation, kept };
  });
  const all = [...plain, ...byName];
  return all.map((ground) => poolOf(ground, all, seen));
}

/** What a pool stands on. `kept`: nodes that are in pools of open reservations alone. */
type Ground = {
  readonly name: string;
  readonly partition: Words;
  readonly shut: ShutPool | null;
  readonly reservation: SeenReservation | null;
  readonly kept: ReadonlySet<string>;
};

function isOn({ partition, shut, reservation, kept }: Ground, node: Words): boolean {
  if (shut !== null || !partitionsOf(node).includes(nameOf(partition))) return false;
  const name = node.get("NodeName") ?? "";
  return reservation === null ? !kept.has(name) : reservation.nodes.has(name);
}

/** `all`: all that are told of. */
function poolOf(ground: Ground, all: readonly Ground[], seen: Seen): EnginePool {
  const { name, partition, shut, reservation } = ground;
  const nodes = seen.nodes.filter((node) => isOn(ground, node));
  const memory = sizeMib(present(partition.get("DefMemPerCPU")) ?? undefined);
  const most = partition.get("MaxNodes");
  const groups = groupsOf(nodes, all, seen);
  return {
    name,
    state: shut === null ? poolState(partition.get("State") ?? "") : "down",
    memoryMibPerCore: memory ?? leastMemoryPerCore(groups),
    limits: {
      timeLimitS: durationS(partition.get("MaxTime")),
      leastNodes: Math.max(1, Number(partition.get("MinNodes") ?? 1) || 1),
      mostNodes: most !== undefined && /^[1-9]\d*$/.test(most) ? Number(most) : null,
    },
    nodes: groups,
    ours: seen.ours.get(name) ?? { cores: 0, memoryMib: 0, accelerators: [] },
    foreign: seen.foreign.get(name) ?? { kind: "seen", running: [], waiting: { jobs: 0, cores: 0 } },
    ...(shut === null && reservation && { window: reservation.window }),
    ...(shut !== null && { shut }),
  };
}

function partitionsOf(node: Words): readonly string[] {
  return (node.get("Partitions") ?? "").split(",");
}

/** INACTIVE takes no work, DRAIN starts what waits, DOWN takes it and starts nothing. */
function poolState(state: string): EnginePool["state"] {
  if (state === "UP") return "up";
  return state === "DOWN" ? "down" : "drained";
}

/** Nodes of one group are in the same pools, so that pools that share nodes name the same groups. */
function groupsOf(nodes: readonly Words[], all: readonly Ground[], seen: Seen): readonly NodeGroup[] {
  const alike = new Map<string, { readonly one: Omit<NodeGroup, "names" | "count">; readonly names: string[] }>();
  for (const node of nodes) {
    const bare = nodeOf(node, seen, isKept(node, all));
    if (bare === null) continue;
    const name = node.get("NodeName") ?? "";
    const [maintenance, within] = [seen.maintenance.get(name), seen.switches.get(name)];
    const one = { ...bare, ...(within !== undefined && { within }), ...(maintenance && { maintenance }) };
    const key = JSON.stringify([one, all.flatMap((ground) => (isOn(ground, node) ? [ground.name] : []))]);
    const group = alike.get(key) ?? { one, names: [] };
    group.names.push(name);
    alike.set(key, group);
  }
  return [...alike.values()].map(({ one, names }) => ({ names: hostList(names), count: names.length, ...one }));
}

/** By an open reservation that is a pool of the network. */
function isKept(node: Words, all: readonly Ground[]): boolean {
  return all[0]?.kept.has(node.get("NodeName") ?? "") === true;
}

/** null for a node that is not there yet (FUTURE). `isOurs`: what has reserved it is a pool. */
function nodeOf(
  node: Words,
  { devices, shardsHeld }: Seen,
  isOurs: boolean,
): Omit<NodeGroup, "names" | "count"> | null {
  const flags = (node.get("State") ?? "").replace(/[*~#!%$@^-]+$/, "").split("+");
  if (flags[0] === "FUTURE") return null;
  const state = nodeState(node.get("State") ?? "");
  const cores = number(node, "CPUEfctv") ?? number(node, "CPUTot") ?? 0;
  const memoryMib = Math.max(0, (number(node, "RealMemory") ?? 0) - (number(node, "MemSpecLimit") ?? 0));
  const parts = shardsOfEach(node.get("Gres"));
  const accelerators = gresOf(node.get("Gres"), devices).map((device) =>
    parts !== null && isSame(device, gpuOf(node, devices)) ? { ...device, parts } : device,
  );
  const used = gresOf(node.get("GresUsed"), devices);
  const held = shardsHeld && (shardsHeld.get(node.get("NodeName") ?? "") ?? 0);
  const partsLeft = parts === null ? [] : shardsLeft(node.get("GresUsed"), parts, held);
  // In a reservation of somebody else's, as far as this agent can know: nothing of it is to be had.
  const isTaken = flags.includes("RESERVED") && !isOurs;
  const left = (has: number, taken: number) => (isTaken ? 0 : Math.max(0, has - taken));
  return {
    state,
    reason: state === "up" ? (isTaken ? "reserved" : null) : (present(node.get("Reason")) ?? flags.join("+")),
    cores,
    memoryMib,
    accelerators,
    features: (present(node.get("AvailableFeatures")) ?? "").split(",").filter((word) => word !== ""),
    free: {
      cores: left(cores, number(node, "CPUAlloc") ?? 0),
      memoryMib: left(memoryMib, number(node, "AllocMem") ?? 0),
      accelerators: accelerators.map((device) => {
        const begun = device.parts === undefined || isTaken ? [] : partsLeft;
        const taken = (used.find((one) => isSame(one, device))?.count ?? 0) + begun.length;
        return { ...device, count: left(device.count, taken), ...(begun.length > 0 && { partsLeft: begun }) };
      }),
    },
  };
}

/** The GPUs that shards are of. */
function gpuOf(node: Words, devices: Seen["devices"]): SaidDevice | null {
  const all = (node.get("Gres") ?? "").replace(/\([^)]*\)/g, "").split(",");
  const words = all.filter((word) => /^gpu\b/.test(word));
  return gresOf(words.join(","), devices)[0] ?? null;
}

/** `MIXED+DRAIN`, `DOWN*`, `IDLE+MAINTENANCE`, `IDLE~` (asleep, and woken by work: up), … (scontrol(1), node states). */
export function nodeState(text: string): NodeGroup["state"] {
  const isSilent = text.includes("*");
  const [base = "", ...flags] = text.replace(/[*~#!%$@^-]/g, "").split("+");
  if (["DOWN", "ERROR", "UNKNOWN", "FAIL"].includes(base) || isSilent || flags.includes("NOT_RESPONDING"))
    return "down";
  if (flags.includes("MAINTENANCE") || flags.includes("REBOOT_ISSUED") || base === "MAINT") return "maintenance";
  const leaving = ["DRAIN", "FAIL", "INVALID_REG", "REBOOT_REQUESTED"];
  if (flags.some((flag) => leaving.includes(flag)) || base === "DRAINED" || base === "DRAINING") return "draining";
  return "up";
}

/**
 * Of each node the first maintenance window that is not over, by the lines of `scontrol show reservation`: those with the
 * flag MAINT. Other reservations are seen only on the nodes that they hold now.
 */
export function maintenanceOf(reservations: readonly Words[], nowS: number): ReadonlyMap<string, TimeWindow> {
  const windows = new Map<string, TimeWindow>();
  for (const words of reservations) {
    if (!(words.get("Flags") ?? "").split(",").includes("MAINT")) continue;
    const startS = secondsSince1970(words.get("StartTime"));
    const endS = secondsSince1970(words.get("EndTime"));
    if (startS === null || endS === null || endS <= nowS) continue;
    const window = { startsInMs: Math.max(0, startS - nowS) * 1000, endsInMs: (endS - nowS) * 1000 };
    for (const node of hostNames(present(words.get("Nodes")) ?? "") ?? []) {
      const known = windows.get(node);
      if (!known || window.startsInMs < known.startsInMs) windows.set(node, window);
    }
  }
  return windows;
}

/** Of each node its leaf switch, by the lines of `scontrol show topology`: those of level 0. */
export function switchesOf(topology: readonly Words[]): ReadonlyMap<string, string> {
  const switches = new Map<string, string>();
  for (const words of topology) {
    const name = words.get("SwitchName");
    if (name === undefined || words.get("Level") !== "0") continue;
    for (const node of hostNames(present(words.get("Nodes")) ?? "") ?? []) switches.set(node, name);
  }
  return switches;
}

/**
 * All nodes of the cluster in the order in which Slurm counts which are next to each other, which is that of its listing;
 * null where `--contiguous` would not be kept to: a tree of switches has an order of its own. Also where it is too long to say.
 */
export function rowOf({ nodes, switches }: Pick<Seen, "nodes" | "switches">): string | null {
  if (switches.size > 0) return null;
  const names = nodes.map((node) => node.get("NodeName") ?? "");
  const pieces: string[][] = [];
  for (const name of names) {
    const open = pieces.at(-1);
    const last = open?.at(-1);
    if (open && last !== undefined && isNext(last, name)) open.push(name);
    else pieces.push([name]);
  }
  const row = pieces.map(hostList).join(",");
  return row.length <= mostLetters ? row : null;
}

function isNext(one: string, other: string): boolean {
  const [a, b] = [one, other].map((name) => /^(.*?)(\d{1,9})$/.exec(name));
  if (!a || !b || a[1] !== b[1] || a[2]?.length !== b[2]?.length) return false;
  return Number(a[2]) + 1 === Number(b[2]);
}

/** As long as a report may be there. */
const mostLetters = 100_000;

/** `npu:ascend910b:8,gpu:a100:4(S:0-1),gpu:2` as devices; what is not counted (`craynetwork`, `no_consume`) is left out. */
export function gresOf(text: string | undefined, devices: Seen["devices"]): readonly DeviceCount[] {
  const found: DeviceCount[] = [];
  for (const word of (present(text) ?? "").replace(/\([^)]*\)/g, "").split(",")) {
    const parts = word.split(":").filter((part) => part !== "no_consume");
    const count = /^\d+$/.test(parts.at(-1) ?? "") ? Number(parts.at(-1)) : 0;
    const [name = "", type = null] = /^\d+$/.test(parts.at(-1) ?? "") ? parts.slice(0, -1) : parts;
    if (word.includes("no_consume") || (!cards.has(name) && devices[name] === undefined)) continue;
    const device = { ...deviceOf(name, type, devices), count };
    const known = found.findIndex((one) => isSame(one, device));
    const before = found[known];
    if (before === undefined) found.push(device);
    else found[known] = { ...before, count: before.count + count };
  }
  return found;
}

/** The words for `--gres` that ask for this device at this centre; null where no node of the pool has it. */
export function gresWords(
  nodes: readonly Words[],
  pool: string,
  asked: {
    readonly vendor: string | null;
    readonly model: string | null;
    readonly count: number;
    /** Of one, in thousandths; absent: whole ones. */
    readonly shareMilli?: number | undefined;
  },
  devices: Seen["devices"],
): string | null {
  for (const node of nodes) {
    if (!partitionsOf(node).includes(pool)) continue;
    for (const word of (present(node.get("Gres")) ?? "").replace(/\([^)]*\)/g, "").split(",")) {
      const [device] = gresOf(word, devices);
      if (!device || device.count < asked.count) continue;
      if (asked.vendor !== null && asked.vendor !== device.vendor) continue;
      if (asked.model !== null && asked.model !== device.model) continue;
      if (asked.shareMilli !== undefined) {
        const each = word.startsWith("gpu") ? shardsOfEach(node.get("Gres")) : null;
        if (each === null) continue;
        return shardWords(asked.shareMilli, each);
      }
      return word.replace(/:\d+$/, `:${asked.count}`);
    }
  }
  return null;
}

/** Vendor and model by the site's words, else by name and type: models keep Slurm's own type, which users write. */
function deviceOf(name: string, type: string | null, devices: Seen["devices"]): SaidDevice {
  const said = (type === null ? undefined : devices[`${name}:${type}`]) ?? devices[name];
  if (said) return { vendor: said.vendor, model: said.model, ...(said.counts && { counts: said.counts }) };
  const model = (type ?? name).toLowerCase();
  const vendor = cards.get(name) ?? vendors.find(({ pattern }) => pattern.test(model))?.vendor ?? "unknown";
  return { vendor, model };
}

/** Classes of GRES that are cards, with the one vendor whose they are, as the options of jobs name them. */
const cards: ReadonlyMap<string, string | null> = new Map([
  ["gpu", null],
  ["npu", "huawei"],
  ["dcu", "hygon"],
  ["mlu", "cambricon"],
]);

const vendors: readonly { readonly pattern: RegExp; readonly vendor: string }[] = [
  { pattern: /^ascend|^910|^310/, vendor: "huawei" },
  { pattern: /^mi\d|^instinct|^gfx\d|^radeon/, vendor: "amd" },
  {
    pattern: /^(?:nvidia|tesla|geforce|quadro|rtx|gtx|titan)|^[avhblkp]\d{1,4}\w*(?:$|[-_])|^gh?b?\d{3}|^t4|^gb200/,
    vendor: "nvidia",
  },
  { pattern: /^(?:max|flex|pvc|xe)[-_]?\d*/, vendor: "intel" },
];

/** Rows of other people's jobs, as squeue prints them (see `foreignColumns`) or as the helper's `load` gives them. */
export function foreignLoad(
  rows: readonly Words[],
  nowS: number,
  named: NamedPools = noNamedPools,
): ReadonlyMap<string, ForeignLoad> {
  const byPool = new Map<string, { running: { cores: number; endsInMs: number }[]; jobs: number; cores: number }>();
  for (const row of rows) {
    if (row.get("weir") === "1") continue;
    // A pending job may name several partitions; it waits in all of them.
    for (const name of poolsOfJob(row, named)) {
      const pool = byPool.get(name) ?? { running: [], jobs: 0, cores: 0 };
      byPool.set(name, pool);
      const cores = Number(row.get("cpus") ?? 0) || 0;
      if (row.get("state") === "PENDING") {
        const copies = Number(row.get("copies") ?? 1) || 1;
        pool.jobs += copies;
        pool.cores += cores * copies;
        continue;
      }
      const endS = Number(row.get("end") || Number.NaN);
      // Without a limit it never has to end.
      const endsInMs = Number.isFinite(endS) ? Math.max(0, Math.round((endS - nowS) * 1000)) : foreverMs;
      pool.running.push({ cores, endsInMs });
    }
  }
  return new Map(
    [...byPool].map(([name, { running, jobs, cores }]) => [
      name,
      {
        kind: "seen",
        running: running.sort((a, b) => a.endsInMs - b.endsInMs).slice(0, mostRunning),
        waiting: { jobs, cores },
      },
    ]),
  );
}

/** squeue(1) --format, and the names of the columns for `foreignLoad`; job names only to know the network's own. */
export const foreignColumns = {
  format: "%T|%P|%C|%e|%K|%b|%N|%v|%j",
  names: ["state", "partition", "cpus", "end", "task", "gres", "nodelist", "reservation", "name"],
};

export function foreignRows(text: string): readonly Words[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [
        state = "",
        partition = "",
        cpus = "",
        end = "",
        task = "",
        gres = "",
        nodelist = "",
        reservation = "",
        ...name
      ] = line.split("|");
      return new Map([
        ["state", state],
        ["partition", partition],
        ["cpus", cpus],
        ["end", /^\d+$/.test(end) ? end : ""],
        ["copies", String(copiesOf(task))],
        ["gres", gres],
        ["nodelist", nodelist],
        ["reservation", reservation],
        ["weir", /\.weir-[0-9A-Za-z.-]+$/.test(name.join("|")) ? "1" : "0"],
      ]);
    });
}

/** How many tasks a pending line stands for: `0-2,4-199%2` is 199. */
function copiesOf(task: string): number {
  let count = 0;
  for (const range of task.replace(/%\d+$/, "").split(",")) {
    const match = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(range);
    if (!match) continue;
    const [first, last, step] = [Number(match[1]), Number(match[2] ?? match[1]), Number(match[3] ?? 1) || 1];
    count += Math.floor((last - first) / step) + 1;
  }
  return Math.max(1, count);
}

const mostRunning = 10_000;
const foreverMs = 365 * 86_400_000;

/** Of what jobs can have there, so that all cores of a node can be asked for with it. */
function leastMemoryPerCore(groups: readonly NodeGroup[]): number {
  const each = groups.flatMap(({ cores, memoryMib }) =>
    cores > 0 && memoryMib > 0 ? [Math.floor(memoryMib / cores)] : [],
  );
  return each.length === 0 ? 0 : Math.min(...each);
}

function isSame(a: SaidDevice, b: SaidDevice | null): boolean {
  return a.vendor === b?.vendor && a.model === b.model;
}

function nameOf(partition: Words): string {
  return partition.get("PartitionName") ?? "";
}

function number(words: Words, key: string): number | null {
  const value = words.get(key);
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : null;
}
