import type { CentreId, RunId } from "#core/ids.ts";
import { unreachable } from "#core/unreachable.ts";

/**
 * The states of a task and of a run, and the one table of what may follow what. The server checks every change against
 * it, the buttons of the console read `cancellable`, and docs/guides/states.md prints it.
 *
 * queued → placed → starting → running → ended, with `unreachableSinceMs` beside it (R2). Terminal states are final:
 * later evidence is added to the run's history and never changes them.
 */
export type TaskState =
  | { readonly kind: "queued"; readonly sinceMs: number }
  | { readonly kind: "placed"; readonly run: RunId; readonly centre: CentreId }
  | { readonly kind: "starting"; readonly run: RunId; readonly centre: CentreId }
  | { readonly kind: "running"; readonly run: RunId; readonly centre: CentreId; readonly startedMs: number }
  | { readonly kind: "ended"; readonly outcome: Outcome; readonly endedMs: number };

export const stateKinds = ["queued", "placed", "starting", "running", "ended"] as const;
export type StateKind = (typeof stateKinds)[number];

/** How a task (and, for the last attempt, its run) ended. */
export type Outcome =
  | { readonly kind: "succeeded" }
  | { readonly kind: "failed"; readonly exitCode: number }
  | { readonly kind: "signalled"; readonly signal: number }
  | { readonly kind: "cancelled"; readonly by: CancelledBy; readonly reason: string | null }
  | { readonly kind: "timed-out" }
  | { readonly kind: "out-of-memory" }
  /** `evidence`: for whom, where it was the network that asked for its place (docs/decisions/0035). */
  | { readonly kind: "preempted"; readonly evidence?: string }
  | { readonly kind: "node-failed"; readonly reason: string }
  | { readonly kind: "platform-fault"; readonly reason: string }
  /** A centre, its engine or its policy would not take it, in the words of `reason`; nothing of it was started. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Without `by`: on evidence of the centre; an operator gives a reason in its place (R2). */
  | { readonly kind: "lost"; readonly evidence: string; readonly by?: "operator" };

/**
 * `network` is Weir itself, by a rule it names (a dependency that can never be met). `unknown`: at the centre, by its user or by
 * the site, and its engine does not say which (docs/decisions/0066, 0074).
 */
export type CancelledBy = "user" | "centre" | "operator" | "network" | "unknown";

/** Who may ask the network for an end. */
export type Canceller = Exclude<CancelledBy, "unknown">;

/** How a run ended: as its task, or in one of three ways that end no task. */
export type RunEnd =
  | Outcome
  /** Proved never to have started at the centre (R1); the task goes back to the queue. */
  | { readonly kind: "withdrawn"; readonly evidence: string }
  /** A second copy found the first one's folder and ran nothing (R4). */
  | { readonly kind: "duplicate" }
  | { readonly kind: "requeued"; readonly by: string };

/** In a run, `failed` and `signalled` are both the user's failure: they show as "failed" with the exit code or the signal. */
export type OutcomeKind = Outcome["kind"];
export type RunEndKind = RunEnd["kind"];

/** What happens to a task. Each names the evidence or the person behind it in the event's `cause`. */
export type TaskStep =
  | { readonly kind: "place"; readonly run: RunId; readonly centre: CentreId }
  | { readonly kind: "accept" }
  | { readonly kind: "start"; readonly startedMs: number }
  | { readonly kind: "requeue"; readonly atMs: number }
  | { readonly kind: "end"; readonly outcome: Outcome; readonly endedMs: number };

/** Which steps are legal in which state: the only such table. */
export const legalSteps = {
  queued: ["place", "end"],
  placed: ["accept", "start", "requeue", "end"],
  starting: ["start", "requeue", "end"],
  running: ["requeue", "end"],
  ended: [],
} as const satisfies Record<StateKind, readonly TaskStep["kind"][]>;

/** States in which a cancel does something; the console's button reads this. */
export const cancellable: readonly StateKind[] = ["queued", "placed", "starting", "running"];

export type Stepped =
  | { readonly kind: "changed"; readonly state: TaskState }
  | { readonly kind: "illegal"; readonly from: StateKind; readonly step: TaskStep["kind"] };

/** The next state, or that the step is illegal there (then it is history only, never a change). */
export function step(state: TaskState, taskStep: TaskStep): Stepped {
  const legal: readonly TaskStep["kind"][] = legalSteps[state.kind];
  if (!legal.includes(taskStep.kind)) return { kind: "illegal", from: state.kind, step: taskStep.kind };
  return { kind: "changed", state: next(state, taskStep) };
}

function next(state: TaskState, taskStep: TaskStep): TaskState {
  switch (taskStep.kind) {
    case "place":
      return { kind: "placed", run: taskStep.run, centre: taskStep.centre };
    case "accept":
      return { kind: "starting", ...bound(state) };
    case "start":
      return { kind: "running", ...bound(state), startedMs: taskStep.startedMs };
    case "requeue":
      return { kind: "queued", sinceMs: taskStep.atMs };
    case "end":
      return { kind: "ended", outcome: taskStep.outcome, endedMs: taskStep.endedMs };
    default:
      return unreachable(taskStep);
  }
}

function bound(state: TaskState): { readonly run: RunId; readonly centre: CentreId } {
  if (state.kind === "queued" || state.kind === "ended") throw new Error(`broken invariant: ${state.kind} is bound`);
  return { run: state.run, centre: state.centre };
}

/**
 * What follows the end of a run for its task: another attempt, or the end of the task.
 * Retries follow failed, node failed, preempted and platform fault; `withdrawn` and `requeued` always go back to the
 * queue and cost no retry, and so do node failed and preempted where the job asked to be requeued (R5); `lost` goes back
 * only where the job said `restart-after` (R2). Who may be preempted goes back when it was. `refused` goes back too, and never
 * again to the centre that refused: where no other could ever take it, it ends so (docs/decisions/0047).
 */
export function afterRun(
  end: RunEnd,
  retriesLeft: number,
  job: { readonly restartsWhenLost: boolean; readonly requeues: boolean; readonly givesWay: boolean },
):
  | { readonly kind: "end"; readonly outcome: Outcome }
  | { readonly kind: "again"; readonly costsRetry: boolean }
  | { readonly kind: "nothing" } {
  switch (end.kind) {
    case "withdrawn":
    case "requeued":
    case "refused":
      return { kind: "again", costsRetry: false };
    case "duplicate":
      return { kind: "nothing" };
    case "node-failed":
    case "preempted":
      if (job.requeues || (end.kind === "preempted" && job.givesWay)) return { kind: "again", costsRetry: false };
      return retriesLeft > 0 ? { kind: "again", costsRetry: true } : { kind: "end", outcome: end };
    case "failed":
    case "signalled":
    case "platform-fault":
      return retriesLeft > 0 ? { kind: "again", costsRetry: true } : { kind: "end", outcome: end };
    case "lost":
      return job.restartsWhenLost ? { kind: "again", costsRetry: false } : { kind: "end", outcome: end };
    case "succeeded":
    case "cancelled":
    case "timed-out":
    case "out-of-memory":
      return { kind: "end", outcome: end };
    default:
      return unreachable(end);
  }
}

/**
 * Who pays for the time of a run that ended so (M7): `tenant` for its own doing, nobody for the network's or the centre's (a
 * requeue that it forced too), and of one that was preempted only what it had saved by its last checkpoint.
 */
export const bearer = {
  succeeded: "tenant",
  failed: "tenant",
  signalled: "tenant",
  "timed-out": "tenant",
  "out-of-memory": "tenant",
  cancelled: "by-canceller",
  preempted: "until-checkpoint",
  "node-failed": "nobody",
  "platform-fault": "nobody",
  refused: "nobody",
  lost: "nobody",
  withdrawn: "nobody",
  duplicate: "nobody",
  requeued: "nobody",
} as const satisfies Record<RunEndKind, "tenant" | "by-canceller" | "until-checkpoint" | "nobody">;

/** A cancel is charged to its user where it is known to be the user's: `unknown` may be the centre's (docs/decisions/0074). */
const paysForCancel = {
  user: true,
  network: true,
  centre: false,
  operator: false,
  unknown: false,
} as const satisfies Record<CancelledBy, boolean>;

/** Whether the usage of a run that ended so is posted to its project's account. */
export function isBilled(end: RunEnd, used: Pick<Metered, "checkpointMs"> = {}): boolean {
  if (end.kind === "cancelled") return paysForCancel[end.by];
  if (end.kind === "preempted") return typeof used.checkpointMs === "number";
  return bearer[end.kind] === "tenant";
}

/** `checkpointMs`: the wall time after which the run last said that it had saved its work; absent or null: it did not. */
export type Metered = { readonly wallMs: number; readonly checkpointMs?: number | null | undefined };

/** The part of the wall time that is posted. */
export function billedMs(end: RunEnd, used: Metered): number {
  if (!isBilled(end, used)) return 0;
  return end.kind === "preempted" ? Math.min(used.wallMs, used.checkpointMs ?? 0) : used.wallMs;
}
