import type { Capacity } from "#core/centre/capacity.ts";
import type { CentreId } from "#core/ids.ts";
import type { LifeCycle } from "./life-cycle.ts";

/**
 * What a network is made of (O3): a centre has sites, a site is built in phases, a phase brings pools, a pool has
 * devices and other capacity. Each level has a life-cycle of its own; what is planned never runs a job.
 */
export type Centre = {
  readonly id: CentreId;
  readonly name: string;
  /** GB/T 2260 code of the place, e.g. 370100 for Jinan. */
  readonly regionCode: string | null;
  readonly driver: DriverName;
  readonly lifeCycle: LifeCycle;
  readonly sites: readonly Site[];
  readonly pools: readonly Pool[];
};

/** The engines an agent can drive; the later ones have their own issues. */
export const driverNames = ["process", "slurm", "simulated"] as const;
export type DriverName = (typeof driverNames)[number];

export type Site = {
  readonly name: string;
  readonly regionCode: string | null;
  readonly address: string | null;
  readonly phases: readonly Phase[];
};

export type Phase = { readonly name: string; readonly lifeCycle: LifeCycle; readonly evidence: string };

export type Pool = {
  readonly name: string;
  /** The site and phase that brought it; null where nobody said. */
  readonly phase: { readonly site: string; readonly name: string } | null;
  readonly contract: PoolContract;
  readonly lifeCycle: LifeCycle;
  readonly devices: readonly Device[];
  /** What is stated for the pool itself, e.g. a measured HPL result of its processors. */
  readonly capacities: readonly Capacity[];
};

/** How work waits there (B1, B2, B3). */
export type PoolContract = "dedicated" | "shared" | "opportunistic";

export type Device = {
  readonly vendor: string;
  readonly model: string;
  readonly count: number;
  readonly lifeCycle: LifeCycle;
  /** Of ONE device. */
  readonly capacities: readonly Capacity[];
};
