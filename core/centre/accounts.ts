import { type DriverName, driverNames } from "#core/centre/centre.ts";
import type { PersonId, ProjectId } from "#core/ids.ts";

/**
 * Where a run is a local user's own (Slurm), who may run there is the centre's to say (P2): the network names a person
 * and a project by their ids, and the centre answers how far it is with them. Which local user that is, it never tells.
 */
export type Pair = { readonly person: PersonId; readonly project: ProjectId };

/**
 * How far a centre is with a pair: `requested`: it was asked for one; `created`: the site says it is there, and no test
 * job has succeeded; `needs-credential`: where people lend their own credential to the centre's agent, none is in force,
 * or it is near its end; `ready`: a test job has succeeded; `removed`: the site took it away. Only to `ready` is work sent.
 */
export const readinessKinds = ["requested", "created", "needs-credential", "ready", "removed"] as const;
export type Readiness = (typeof readinessKinds)[number];

/** What the centre says of a pair that it was asked for; the local account as in `LocalAccounts`. */
export type ToldAccount = {
  readonly person: number;
  readonly project: number;
  readonly readiness: Readiness;
  readonly localAccount?: string | undefined;
};

/** By `pairKey`; a pair that is not there has not been asked for. */
export type Accounts = ReadonlyMap<string, Readiness>;

/**
 * By `pairKey`: which local account it is, by a key of the centre's agent that says that two pairs are the same one there and
 * nothing else (P2). A pair that is not there has none, or its agent does not tell.
 */
export type LocalAccounts = ReadonlyMap<string, string>;

export function pairKey({ person, project }: Pair): string {
  return `${person}.${project}`;
}

const needs = { process: false, simulated: false, slurm: true } as const satisfies Record<DriverName, boolean>;

export function needsAccounts(driver: string): boolean {
  return driverNames.some((name) => name === driver && needs[name]);
}

/** What the network lets a project, and all projects of its tenant together, use in all of it. */
export type Quota = { readonly project: QuotaLimits; readonly tenant: QuotaLimits };

/** null: any number. Hours as granted, counted from then on; cores at once. */
export type QuotaLimits = {
  readonly coreHours: number | null;
  readonly cardHours: number | null;
  readonly cores: number | null;
};
