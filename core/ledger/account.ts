import type { CentreId, ProjectId } from "#core/ids.ts";
import type { Unit } from "#core/ledger/unit.ts";

/** An account is named by (code, unit): `project:7` in core-ms pays, `centre:local` in core-ms is owed. */
export type AccountCode = `project:${number}` | `centre:${string}`;

/** Four totals, each ≥ 0 and only a cache of what the transfers say. `pending`: holds neither posted nor voided. */
export type Account = {
  readonly code: AccountCode;
  readonly unit: Unit;
  readonly debitsPending: bigint;
  readonly debitsPosted: bigint;
  readonly creditsPending: bigint;
  readonly creditsPosted: bigint;
};

export function projectAccount(project: ProjectId): AccountCode {
  return `project:${project}`;
}

export function centreAccount(centre: CentreId): AccountCode {
  return `centre:${centre}`;
}
