/** The engines an agent can drive; the later ones have their own issues. */
export const driverNames = ["process", "slurm", "simulated"] as const;
export type DriverName = (typeof driverNames)[number];

/** How work waits in a pool (B1, B2, B3). */
export type PoolContract = "dedicated" | "shared" | "opportunistic";
