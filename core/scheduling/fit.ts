import { type DriverName, runsJobs } from "#core/centre/centre.ts";
import { type Accelerators, type CentreWishes, coresPerNode, memoryMibPerNode, type Shape } from "#core/job/spec.ts";
import {
  type CentreRecord,
  type Device,
  deviceKey,
  devicesFor,
  freeCards,
  freeCores,
  freeMemoryMib,
  type PoolRecord,
} from "#core/scheduling/centres.ts";
import { nameAt } from "#core/scheduling/job-record.ts";
import { type Candidate, type CentreRule, candidate, type Facts, ruleRank } from "#core/scheduling/reasons.ts";

/** The first rule that a shape fails at a centre, asked in the order of `rules`, as the centre is at this moment. */
export function judge(shape: Shape, wishes: CentreWishes, centre: CentreRecord): Candidate {
  const failing =
    againstWishes(wishes, centre) ??
    outOfService(centre) ??
    outOfReach(centre) ??
    neverFits(shape, centre) ??
    busy(shape, centre) ??
    behind(centre);
  return candidate(centre.id, failing?.rule ?? null, failing?.facts ?? freeFacts(centre));
}

/** Whether the shape could run there if the centre were empty, reachable or not. */
export function mayEverRun(shape: Shape, wishes: CentreWishes, centre: CentreRecord): boolean {
  if (!centre.state || againstWishes(wishes, centre) || outOfService(centre)) return false;
  return centre.pools.length > 0 && neverFits(shape, centre) === null;
}

/** As `judge`, of a centre as if it were empty and reachable. A centre that has never described itself is not refused. */
export function judgeEver(shape: Shape, wishes: CentreWishes, centre: CentreRecord): Candidate {
  const failing = againstWishes(wishes, centre) ?? outOfService(centre) ?? neverFits(shape, centre);
  return candidate(centre.id, failing?.rule ?? null, failing?.facts ?? freeFacts(centre));
}

/** A pool where the shape could start now, and the device it would get there. */
export type Offer = {
  readonly centre: CentreRecord;
  readonly pool: PoolRecord;
  readonly device: Device | null;
  readonly freeCards: number;
};

/** The centre's pool with most free of those where the shape could start now; null where it must wait. */
export function offerOf(shape: Shape, centre: CentreRecord): Offer | null {
  if (centre.state?.connection !== "connected" || centre.heldBy || shape.nodes > mostNodes(centre)) return null;
  let best: Offer | null = null;
  for (const pool of centre.pools) {
    if (shape.nodes * coresPerNode(shape) > freeCores(pool)) continue;
    if (shape.nodes * memoryMibPerNode(shape, pool.state.memoryMibPerCore) > freeMemoryMib(pool)) continue;
    const device = freest(shape, pool);
    const cards = device ? freeCards(pool, device) : 0;
    if (shape.accelerators && shape.nodes * shape.accelerators.perNode > cards) continue;
    const offer = { centre, pool, device, freeCards: cards };
    if (!best || hasMoreFree(offer, best)) best = offer;
  }
  return best;
}

/** Most free first: accelerators where any are asked, then cores, then memory; all alike: the one met first. */
export function hasMoreFree(one: Offer, other: Offer): boolean {
  if (one.freeCards !== other.freeCards) return one.freeCards > other.freeCards;
  const cores = freeCores(one.pool) - freeCores(other.pool);
  return cores === 0 ? freeMemoryMib(one.pool) > freeMemoryMib(other.pool) : cores > 0;
}

type Failing = { readonly rule: CentreRule; readonly facts: Facts };

const nodesPerRun = { process: 1, slurm: 100_000, simulated: 100_000 } as const satisfies Record<DriverName, number>;

/** How many nodes one run may have at a centre of this kind. */
export function mostNodes(centre: CentreRecord): number {
  return centre.state ? nodesPerRun[centre.state.driver] : 0;
}

function againstWishes(wishes: CentreWishes, centre: CentreRecord): Failing | null {
  if (wishes.only.length > 0 && !wishes.only.includes(centre.id))
    return { rule: "not-among-wished", facts: { only: wishes.only.join(", ") } };
  return wishes.except.includes(centre.id) ? { rule: "excluded-by-job", facts: {} } : null;
}

function outOfService(centre: CentreRecord): Failing | null {
  if (!centre.state) return { rule: "not-in-service", facts: { lifeCycle: "retired" } };
  const { lifeCycle, pools } = centre.state;
  if (!runsJobs[lifeCycle]) return { rule: "not-in-service", facts: { lifeCycle } };
  const [first] = pools;
  if (!first || centre.pools.length > 0) return null;
  return { rule: "not-in-service", facts: { lifeCycle: first.lifeCycle, pool: first.name } };
}

function outOfReach(centre: CentreRecord): Failing | null {
  if (centre.pools.length === 0 || centre.state?.connection === "never-connected")
    return { rule: "never-connected", facts: {} };
  return centre.state?.connection === "unreachable" ? { rule: "unreachable", facts: {} } : null;
}

function neverFits(shape: Shape, centre: CentreRecord): Failing | null {
  if (centre.state && shape.nodes > mostNodes(centre))
    return { rule: "several-nodes", facts: { asked: shape.nodes, driver: centre.state.driver } };
  return nearestFailure(centre, (pool) => neverFitsPool(shape, pool));
}

function neverFitsPool(shape: Shape, pool: PoolRecord): Failing | null {
  const { name, cores, memoryMib, memoryMibPerCore } = pool.state;
  const askedCores = shape.nodes * coresPerNode(shape);
  if (askedCores > cores) return { rule: "too-few-cores", facts: { asked: askedCores, total: cores, pool: name } };
  const askedMib = shape.nodes * memoryMibPerNode(shape, memoryMibPerCore);
  if (askedMib > memoryMib) return { rule: "too-little-memory", facts: { askedMib, totalMib: memoryMib, pool: name } };
  if (!shape.accelerators) return null;
  const devices = devicesFor(shape, pool);
  const device = deviceWords(shape.accelerators);
  if (devices.length === 0)
    return { rule: "no-such-accelerator", facts: { device, offered: offeredWords(pool), pool: name } };
  const asked = shape.nodes * shape.accelerators.perNode;
  const total = Math.max(...devices.map((each) => each.count));
  return asked > total ? { rule: "too-few-accelerators", facts: { asked, total, device, pool: name } } : null;
}

function busy(shape: Shape, centre: CentreRecord): Failing | null {
  return nearestFailure(centre, (pool) => neverFitsPool(shape, pool) ?? busyPool(shape, pool));
}

function busyPool(shape: Shape, pool: PoolRecord): Failing | null {
  const { name, cores, memoryMib, memoryMibPerCore } = pool.state;
  const askedCores = shape.nodes * coresPerNode(shape);
  if (askedCores > freeCores(pool))
    return { rule: "cores-busy", facts: { asked: askedCores, free: shown(freeCores(pool)), total: cores, pool: name } };
  const askedMib = shape.nodes * memoryMibPerNode(shape, memoryMibPerCore);
  if (askedMib > freeMemoryMib(pool)) {
    const freeMib = shown(freeMemoryMib(pool));
    return { rule: "memory-busy", facts: { askedMib, freeMib, totalMib: memoryMib, pool: name } };
  }
  const device = freest(shape, pool);
  if (!shape.accelerators || !device) return null;
  const asked = shape.nodes * shape.accelerators.perNode;
  const free = freeCards(pool, device);
  if (asked <= free) return null;
  const facts = { asked, free: shown(free), total: device.count, device: deviceWords(shape.accelerators), pool: name };
  return { rule: "accelerators-busy", facts };
}

function behind(centre: CentreRecord): Failing | null {
  if (!centre.heldBy) return null;
  return { rule: "behind-in-queue", facts: { ahead: nameAt(centre.heldBy.job, centre.heldBy.position) } };
}

/** null where one pool passes, else the failure of the pool that came furthest through the rules. */
function nearestFailure(centre: CentreRecord, fails: (pool: PoolRecord) => Failing | null): Failing | null {
  let nearest: Failing | null = null;
  for (const pool of centre.pools) {
    const failing = fails(pool);
    if (!failing) return null;
    if (!nearest || ruleRank(failing.rule) > ruleRank(nearest.rule)) nearest = failing;
  }
  return nearest;
}

/** Of the devices the shape may use, the one with most free; ties by its place in the description. */
function freest(shape: Shape, pool: PoolRecord): Device | null {
  if (!shape.accelerators) return null;
  let best: Device | null = null;
  for (const device of devicesFor(shape, pool))
    if (!best || freeCards(pool, device) > freeCards(pool, best)) best = device;
  return best;
}

function freeFacts(centre: CentreRecord): Facts {
  let free = 0;
  let total = 0;
  for (const pool of centre.pools) {
    free += freeCores(pool);
    total += pool.state.cores;
  }
  return { free: shown(free), total };
}

/** A centre that became smaller than what runs there has nothing free, not less than nothing. */
function shown(free: number): number {
  return Math.max(0, free);
}

function deviceWords({ vendor, model }: Accelerators): string {
  return vendor === null && model === null ? "any" : deviceKey(vendor, model);
}

function offeredWords(pool: PoolRecord): string {
  return pool.state.accelerators.map(({ vendor, model }) => deviceKey(vendor, model)).join(", ") || "none";
}
