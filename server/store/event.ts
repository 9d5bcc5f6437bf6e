import type { CentreId, TaskRef } from "#core/ids.ts";
import type { IndexRange } from "#core/job/spec.ts";
import type { Canceller, OutcomeKind, RunEndKind, StateKind } from "#core/job/state.ts";
import type { Allocation } from "#core/run-order.ts";

/** What happened, in the words of the table `event`: history and change feed in one. */
export type NewEvent = {
  readonly atMs: number;
  readonly project: number | null;
  readonly job: number | null;
  readonly index: number | null;
  readonly attempt: number | null;
  readonly kind: EventKind;
  readonly state: StateKind | null;
  readonly centre: CentreId | null;
  /** For people: the evidence, the rule or the person behind it; ids only, no names (M13). */
  readonly cause: string;
  readonly detail: EventDetail | null;
};

export type EventKind =
  /** Jobs are new: those of one person and project in one commit, by one row whose `detail.jobs` the feed tells one by one. */
  | "submitted"
  | "placed"
  | "accepted"
  /** While it is queued, some are told when they may start (`detail.startsMs`, at `detail.pool`): errors are learnt from it. */
  | "estimated"
  /** In the centre's own queue; told again when the kind of its reason changes, or its engine's estimate (`detail.startsMs`). */
  | "waiting"
  | "started"
  /** What the centre cannot do for a run now, and what that waits for; history only. */
  | "remark"
  /** A run ended and its task did not: `queued` follows, or its task had gone on without it. */
  | "run-ended"
  /** Back in the queue. */
  | "queued"
  /** A task ended (with its run, where `attempt` is set), or those of `detail.indices`. */
  | "ended"
  | "cancel-requested"
  /** To be taken back if it has not started; `detail.to`: because it would be done earlier there. */
  | "withdraw-requested"
  | "unreachable"
  | "reachable"
  | "lease-passed"
  /** By an administrator; `ended` follows, and the run is to be ended should it be found (`detail.cancel`). */
  | "declared-lost"
  /** Came after the end; history only. */
  | "later-evidence"
  | "centre-changed"
  | "policy-changed"
  /** A tenant has another home centre. */
  | "homes-changed"
  /** How many cores a tenant or project may hold at once. */
  | "core-limits-changed"
  /** How many core-hours or card-hours a tenant or project is granted. */
  | "grants-changed"
  /** Where work of a tenant or project may go, or what regions agreed. */
  | "bounds-changed";

export type EventDetail = {
  readonly jobs?: readonly number[];
  readonly pool?: string;
  readonly startsMs?: number | null;
  readonly processors?: number;
  readonly timeLimitS?: number;
  readonly held?: boolean;
  /** Of a start, or of a remark that tells it later: on which nodes. */
  readonly nodes?: string;
  readonly to?: { readonly centre: CentreId; readonly pool: string };
  readonly allocation?: Allocation;
  readonly outcome?: OutcomeKind;
  readonly end?: RunEndKind;
  /** Of a run that the centre refused: why. */
  readonly words?: string;
  /** Of a run that is over: when it had started, as its end told it; absent: it had not. */
  readonly startedMs?: number;
  /** Of one that was preempted: how much of its time was lost, and is not billed. */
  readonly lostMs?: number;
  readonly indices?: readonly IndexRange[];
  readonly cancel?: { readonly by: Canceller; readonly reason: string | null; readonly claimant?: TaskRef };
};

/** An event as the feed serves it. */
export type FeedEvent = NewEvent & Position;

/**
 * Its place in the feed; as text `xid-seq` or `xid-seq.part`, the id of Server-Sent Events. `part` counts from 0 what one
 * row tells of several jobs; without it the place is behind all of the row.
 */
export type Position = { readonly xid: bigint; readonly seq: number; readonly part?: number };

/** Before everything; the place of what no row of its own tells. */
export const origin: Position = { xid: 0n, seq: 0 };

export function positionText({ xid, seq, part }: Position): string {
  return part === undefined ? `${xid}-${seq}` : `${xid}-${seq}.${part}`;
}

export function parsePosition(text: string): Position | null {
  const match = /^(\d{1,19})-(\d{1,15})(?:\.(\d{1,9}))?$/.exec(text);
  if (!match) return null;
  const place = { xid: BigInt(match[1] ?? 0), seq: Number(match[2]) };
  return match[3] === undefined ? place : { ...place, part: Number(match[3]) };
}

export function isAfter(a: Position, b: Position): boolean {
  if (a.xid !== b.xid) return a.xid > b.xid;
  if (a.seq !== b.seq) return a.seq > b.seq;
  return (a.part ?? Number.POSITIVE_INFINITY) > (b.part ?? Number.POSITIVE_INFINITY);
}
