import { runsJobs } from "#core/centre/centre.ts";
import type { CentreId } from "#core/ids.ts";
import { coresPerNode, memoryMibPerNode, type Shape } from "#core/job/spec.ts";
import type { Allocation } from "#core/run-order.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import type { CentreState, PoolState } from "#core/scheduling/world.ts";

/** A centre and what is taken of it. Changed in place by `createWorld` and, for the length of a decision, by the walk. */
export type CentreRecord = {
  readonly id: CentreId;
  /** null: not described yet, or removed; what runs there stays counted. */
  state: CentreState | null;
  /** Those that take users' work. */
  pools: readonly PoolRecord[];
  /** By the name of the pool; outlives changes of the description. */
  readonly taken: Map<string, Taken>;
  /** Within one decision: the first job that must wait for this centre, and keeps those behind it away. */
  heldBy: { readonly job: JobRecord; readonly position: number } | null;
};

export type PoolRecord = { readonly state: PoolState; readonly taken: Taken };

/** What is taken of a pool, or what one run takes. */
export type Taken = { cores: number; memoryMib: number; cards: Map<string, number> | null };

export type Device = PoolState["accelerators"][number];

export function emptyCentre(id: CentreId): CentreRecord {
  return { id, state: null, pools: [], taken: new Map(), heldBy: null };
}

/** Takes a new description in; what runs there stays counted. */
export function describe(centre: CentreRecord, state: CentreState | null): void {
  centre.state = state;
  const serving = state && runsJobs[state.lifeCycle] ? state.pools.filter((pool) => runsJobs[pool.lifeCycle]) : [];
  centre.pools = serving.map((pool) => ({ state: pool, taken: takenOf(centre, pool.name) }));
}

export function takenOf(centre: CentreRecord, pool: string): Taken {
  const known = centre.taken.get(pool);
  if (known) return known;
  const taken: Taken = { cores: 0, memoryMib: 0, cards: null };
  centre.taken.set(pool, taken);
  return taken;
}

export function take(taken: Taken, allocation: Allocation): void {
  change(taken, allocation, 1);
}

export function giveBack(taken: Taken, allocation: Allocation): void {
  change(taken, allocation, -1);
}

function change(taken: Taken, allocation: Allocation, sign: 1 | -1): void {
  taken.cores += sign * allocation.nodes * allocation.coresPerNode;
  taken.memoryMib += sign * allocation.nodes * allocation.memoryMibPerNode;
  const cards = sign * allocation.nodes * allocation.acceleratorsPerNode;
  if (cards === 0) return;
  const key = deviceKey(allocation.acceleratorVendor, allocation.acceleratorModel);
  taken.cards ??= new Map();
  taken.cards.set(key, (taken.cards.get(key) ?? 0) + cards);
}

export function deviceKey(vendor: string | null, model: string | null): string {
  return `${vendor ?? "any"}/${model ?? "any"}`;
}

export function freeCores(pool: PoolRecord): number {
  return pool.state.cores - pool.taken.cores;
}

export function freeMemoryMib(pool: PoolRecord): number {
  return pool.state.memoryMib - pool.taken.memoryMib;
}

export function freeCards(pool: PoolRecord, device: Device): number {
  return device.count - (pool.taken.cards?.get(deviceKey(device.vendor, device.model)) ?? 0);
}

/** The devices of a pool that a shape may use. */
export function devicesFor(shape: Shape, pool: PoolRecord): readonly Device[] {
  const asked = shape.accelerators;
  if (!asked) return [];
  return pool.state.accelerators.filter(
    (device) =>
      (asked.vendor === null || asked.vendor === device.vendor) &&
      (asked.model === null || asked.model === device.model),
  );
}

/** What the shape gets of this pool; `device` is the one chosen, null where the shape asks for none. */
export function allocationOf(shape: Shape, pool: PoolRecord, device: Device | null): Allocation {
  return {
    nodes: shape.nodes,
    tasks: shape.tasks,
    coresPerTask: shape.coresPerTask,
    coresPerNode: coresPerNode(shape),
    memoryMibPerNode: memoryMibPerNode(shape, pool.state.memoryMibPerCore),
    acceleratorsPerNode: shape.accelerators?.perNode ?? 0,
    acceleratorVendor: device?.vendor ?? null,
    acceleratorModel: device?.model ?? null,
  };
}
