import { type LocalAccounts, type Pair, pairKey } from "#core/centre/accounts.ts";
import type { ProjectId } from "#core/ids.ts";
import { coresPerNode, type Shape } from "#core/job/spec.ts";
import type { Allocation } from "#core/run-order.ts";
import type { CentreRecord, PoolRecord } from "#core/scheduling/centres.ts";

/**
 * Who shares the places in a centre's own queue (B2): the runs of one local account that are alike in nodes, cores and cards.
 * Which account that is, each centre says for itself; where it does not, those of one project (docs/decisions/0073).
 */
export type Line = {
  /** Where no centre tells otherwise. */
  readonly ofProject: string;
  readonly size: string;
};

export function lineFor({ project, shape }: { readonly project: ProjectId; readonly shape: Shape }): Line {
  const { nodes, accelerators, wholeNodes } = shape;
  return lineOf(project, sizeOf(nodes, wholeNodes, coresPerNode(shape), accelerators?.perNode ?? 0));
}

/** Of a run, by what it was given. */
export function lineOfRun({ centre }: PoolRecord, who: Pair, allocation: Allocation): string {
  const { nodes, wholeNodes, coresPerNode: cores, acceleratorsPerNode: cards } = allocation;
  return lineAt(centre, who, lineOf(who.project, sizeOf(nodes, wholeNodes, cores, cards)));
}

/** `who` null: somebody who is nobody in particular anywhere. */
export function lineAt({ state }: CentreRecord, who: Pair | null, { ofProject, size }: Line): string {
  const account = accountOf(who, state?.localAccounts);
  return account === null ? ofProject : `${account} ${size}`;
}

/** null: its agent does not tell. No project is called so. */
export function accountOf(who: Pair | null, localAccounts: LocalAccounts | undefined): string | null {
  const key = who && localAccounts?.get(pairKey(who));
  return key ? `account:${key}` : null;
}

function lineOf(project: ProjectId, size: string): Line {
  return { ofProject: `${project} ${size}`, size };
}

function sizeOf(nodes: number, wholeNodes: true | undefined, coresOfNode: number, cardsOfNode: number): string {
  return `${nodes}×${wholeNodes ? "whole" : coresOfNode}+${wholeNodes ? 0 : cardsOfNode}`;
}
