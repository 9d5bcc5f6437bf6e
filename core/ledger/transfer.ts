import { type CentreId, type ProjectId, type RunRef, runId } from "#core/ids.ts";
import { billedMs, type Metered, type RunEnd } from "#core/job/state.ts";
import { type AccountCode, centreAccount, projectAccount } from "#core/ledger/account.ts";
import type { Unit } from "#core/ledger/unit.ts";
import { holdOf, usageOf } from "#core/ledger/usage.ts";
import type { Allocation } from "#core/run-order.ts";

/**
 * Immutable, and named by whoever makes it, so that a retry is no second transfer. `pending` holds an amount; `post`
 * ends it by moving all or less of it, `void` by moving nothing; each pending ends at most once. `single` moves at once.
 */
export type Transfer = Movement &
  (
    | { readonly kind: "single" }
    | { readonly kind: "pending" }
    | { readonly kind: "post"; readonly pending: string }
    /** Its amount is 0: nothing moves. */
    | { readonly kind: "void"; readonly pending: string }
  );

type Movement = {
  /** E.g. `run:12.0.1:hold:core-ms`, `run:12.0.1:post:core-ms`, `run:12.0.1:void:core-ms`, `run:12.0.1:beyond:core-ms`. */
  readonly id: string;
  readonly unit: Unit;
  readonly debit: AccountCode;
  readonly credit: AccountCode;
  readonly amount: bigint;
  readonly run: RunRef;
  readonly atMs: number;
};

/** A run as the books see it. The hold covers the time limit and the grace (M4). */
export type BookedRun = {
  readonly run: RunRef;
  readonly project: ProjectId;
  readonly centre: CentreId;
  readonly allocation: Allocation;
  readonly timeLimitS: number;
  readonly graceS: number;
};

/** What goes with the placement: one pending transfer a unit, in the order core-ms, cards, mib-s, wall-ms. */
export function holdTransfers(run: BookedRun, atMs: number): readonly Transfer[] {
  return [...holdOf(run.allocation, run.timeLimitS, run.graceS)].map(([unit, amount]) => ({
    ...parties(run, "hold", unit, atMs),
    kind: "pending",
    amount,
  }));
}

/**
 * What goes with the end of a run, in the same transaction. Billed: each hold is posted with what was used (nothing
 * used: voided), and what goes beyond the hold is a second transfer, in full (M4). Not billed: every hold is voided (M7).
 * Of a preempted run only what it had saved is posted: that the rest is not is its compensation.
 */
export function endTransfers(run: BookedRun, end: RunEnd, metered: Metered, atMs: number): readonly Transfer[] {
  const used = usageOf(run.allocation, billedMs(end, metered));
  return [...holdOf(run.allocation, run.timeLimitS, run.graceS)].flatMap(([unit, held]) =>
    endOfHold(run, unit, held, used.get(unit) ?? 0n, atMs),
  );
}

function endOfHold(run: BookedRun, unit: Unit, held: bigint, used: bigint, atMs: number): readonly Transfer[] {
  const pending = transferId(run.run, "hold", unit);
  if (used === 0n) return [{ ...parties(run, "void", unit, atMs), kind: "void", pending, amount: 0n }];
  const within = used < held ? used : held;
  const post: Transfer = { ...parties(run, "post", unit, atMs), kind: "post", pending, amount: within };
  if (used === within) return [post];
  return [post, { ...parties(run, "beyond", unit, atMs), kind: "single", amount: used - within }];
}

export type TransferRole = "hold" | "post" | "void" | "beyond";

export function transferId(run: RunRef, role: TransferRole, unit: Unit): string {
  return `run:${runId(run)}:${role}:${unit}`;
}

function parties(run: BookedRun, role: TransferRole, unit: Unit, atMs: number): Omit<Movement, "amount"> {
  return {
    id: transferId(run.run, role, unit),
    unit,
    debit: projectAccount(run.project),
    credit: centreAccount(run.centre),
    run: run.run,
    atMs,
  };
}
