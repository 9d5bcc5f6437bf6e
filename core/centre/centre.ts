import type { Capacity } from "#core/centre/capacity.ts";
import type { CentreId } from "#core/ids.ts";

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

export const lifeCycles = ["planned", "building", "trial", "in-service", "retired"] as const;
export type LifeCycle = (typeof lifeCycles)[number];

/** Which life-cycle may follow which: the only such table. `retired` is final; a trial that fails goes back to building. */
export const legalMoves = {
  planned: ["building", "retired"],
  building: ["trial", "retired"],
  trial: ["in-service", "building", "retired"],
  "in-service": ["retired"],
  retired: [],
} as const satisfies Record<LifeCycle, readonly LifeCycle[]>;

/** Whether users' work is placed on it. Trial capacity is for connection tests, not for users. */
export const runsJobs = {
  planned: false,
  building: false,
  trial: false,
  "in-service": true,
  retired: false,
} as const satisfies Record<LifeCycle, boolean>;

export type Moved =
  | { readonly kind: "moved"; readonly lifeCycle: LifeCycle }
  | {
      readonly kind: "illegal";
      readonly from: LifeCycle;
      readonly to: LifeCycle;
      readonly legal: readonly LifeCycle[];
    };

export function move(from: LifeCycle, to: LifeCycle): Moved {
  const legal: readonly LifeCycle[] = legalMoves[from];
  return legal.includes(to) ? { kind: "moved", lifeCycle: to } : { kind: "illegal", from, to, legal };
}
