import type { RunEnd } from "#core/job/state.ts";
import type { JobWord } from "./job-word.ts";
import type { WrapperRecord } from "./record.ts";

/** All that decides how a run ended. Pure: the same evidence gives the same end. */
export type Evidence = {
  /** The engine's last word, in a state that is an end. */
  readonly word: JobWord;
  /** Accounting's, where there is any: it alone says who cancelled. */
  readonly accounting: JobWord | null;
  readonly record: WrapperRecord | null;
  /** The wrapper found the folder of the run and ran nothing. */
  readonly isDuplicate: boolean;
  /** This agent asked for the cancel. */
  readonly askedToCancel: boolean;
  /** This agent asked the engine to take it out of its queue, on the network's word. */
  readonly isTakenBack: boolean;
  /** This agent cancelled it in the queue, because its lease had passed while the site held it. */
  readonly isFenced: boolean;
  readonly user: { readonly name: string; readonly uid: number | null };
  readonly timeLimitS: number;
  /** The engine ended it for its memory: accounting measured more than it asked for, or slurmstepd said so. */
  readonly isOverMemory: boolean;
};

export type Verdict =
  | {
      readonly kind: "ended";
      readonly end: RunEnd;
      /** For the user. */
      readonly words: string | null;
      /** The wrapper says something else: shown and noted, and the engine's word holds. */
      readonly difference: string | null;
      /** The engine speaks of another start than the one that ended: when, and what was used, is by the wrapper's record too. */
      readonly isByRecord?: true;
    }
  /** Slurm ended this copy of a federation's job, because another cluster started it: no end of the run. */
  | { readonly kind: "elsewhere"; readonly words: string };

/**
 * The table from Slurm's states to ends of runs. Exit codes come from text, never from JSON; a job without a node never
 * ran, whatever start it shows (DEADLINE, and CANCELLED in the queue).
 */
export function endOf(evidence: Evidence): Verdict {
  const { word } = evidence;
  const never = word.nodes === null;
  switch (word.state) {
    case "COMPLETED":
    case "FAILED":
      return byItself(evidence);
    case "CANCELLED":
      if (never) return cancelledWaiting(evidence);
      return endedBeforeItBegan(evidence) ?? ended(isUnbegun(evidence) ? unbegun(word) : cancelled(evidence));
    case "TIMEOUT":
      return ended(isCutShort(evidence) ? cutShort : { kind: "timed-out" });
    case "OUT_OF_MEMORY":
      return ended({ kind: "out-of-memory" });
    case "PREEMPTED":
      return ended(never ? withdrawn("preempted before it had a node") : { kind: "preempted" });
    case "DEADLINE":
      return ended(
        never
          ? withdrawn(`Slurm ended job ${word.jobId} in state DEADLINE, without a node: it can no longer start`)
          : { kind: "platform-fault", reason: "Slurm ended it in state DEADLINE although it had a node" },
      );
    case "NODE_FAIL":
      return (
        endedBeforeItsNode(evidence) ??
        ended({ kind: "node-failed", reason: `Slurm: NODE_FAIL on ${word.nodes ?? "its nodes"}` })
      );
    case "BOOT_FAIL":
    case "LAUNCH_FAILED":
    case "RECONFIG_FAIL":
      return ended({ kind: "node-failed", reason: `Slurm: ${word.state} on ${word.nodes ?? "its nodes"}` });
    case "REVOKED":
      return {
        kind: "elsewhere",
        words: `Slurm: REVOKED, another cluster of the federation started job ${word.jobId}`,
      };
    default:
      // A state of a later Slurm: said, and billed to nobody.
      return ended({
        kind: "platform-fault",
        reason: `Slurm ended it in state ${word.state}, which is not known here`,
      });
  }
}

/**
 * Slurm ends what runs in a reservation when that ends, and calls it a time-out. Its user may have shortened the limit of the
 * job at the centre, and then it was that.
 */
function isCutShort({ word: { elapsedS, limitS }, timeLimitS }: Evidence): boolean {
  return limitS !== null && elapsedS + timeoutLeewayS < Math.min(limitS, timeLimitS);
}

const cutShort = {
  kind: "cancelled",
  by: "centre",
  reason: "Slurm ended it long before its time limit, as when the reservation in which it ran ends",
} as const;

/** Slurm looks at limits every half a minute. */
const timeoutLeewayS = 30;

/**
 * A controller that was away takes what ended meanwhile for work whose node failed. On one node the wrapper knows better:
 * what exited there is over, and is not to be done again. Of several nodes another may have failed it.
 */
function endedBeforeItsNode({ word, record }: Evidence): Verdict | null {
  const end = record?.ended ?? null;
  const isOneNode = word.nodes !== null && /^[\w.-]+$/.test(word.nodes);
  if (end?.cause !== "exited" || end.signal !== 0 || !isOneNode) return null;
  const difference = `the wrapper wrote ${end.exitCode}:0 before Slurm said NODE_FAIL on ${word.nodes}`;
  // Slurm counts until its node told it so, minutes later.
  return { kind: "ended", end: exitEnd(end), words: null, difference, isByRecord: true };
}

/**
 * A controller that was killed and had not saved a start begins the job again: slurmd will not have a second copy (CANCELLED
 * by root at once), or the copy finds the run's folder and exits at once. What exited by then is over, and is told by the
 * wrapper. Its records are the user's own to write: of what ran for longer the engine's word is billed (R4).
 */
function endedBeforeItBegan(evidence: Evidence): Verdict | null {
  const { word, record } = evidence;
  const end = record?.ended ?? null;
  if (end?.cause !== "exited" || record?.started?.engine !== word.jobId) return null;
  // The same start, told in whole seconds.
  if (word.startS === null || record.started.startedMs > 1000 * word.startS - 2000) return null;
  const isSecondCopy =
    word.state === "CANCELLED" ? endedByEngineAtOnce(evidence) : evidence.isDuplicate && word.elapsedS < leastTrustedS;
  if (!isSecondCopy) return null;
  const difference = `Slurm had lost its start, and began job ${word.jobId} again for nothing: this end is by the wrapper's record`;
  return { kind: "ended", end: exitEnd(end), words: null, difference, isByRecord: true };
}

/**
 * Below this a missing record of the wrapper counts as a fault of the site, and one of a second copy is believed; above it the
 * user could be hiding the one or inventing the other.
 */
const leastTrustedS = 5;

function byItself(evidence: Evidence): Verdict {
  const { word, record, timeLimitS } = evidence;
  const end = record?.ended ?? null;
  if (evidence.isDuplicate && record?.started?.engine !== word.jobId) return ended({ kind: "duplicate" });
  const before = endedBeforeItBegan(evidence);
  if (before !== null) return before;
  if (evidence.isOverMemory && word.signal !== 0) return ended({ kind: "out-of-memory" });
  // The wrapper ends the work at the exact second; the engine, whose limit is in whole minutes, saw it pass that time.
  if (end?.cause === "time-limit" && word.elapsedS >= timeLimitS - 1) return ended({ kind: "timed-out" });
  if (record === null && word.state === "FAILED" && word.elapsedS < leastTrustedS) {
    const exit = `${word.exitCode}:${word.signal}`;
    const reason = `the wrapper left no record; Slurm: FAILED ${exit} (${word.reason ?? "no reason"})`;
    return ended({ kind: "platform-fault", reason });
  }
  const exitCode = trueExitCode(evidence);
  const said = exitEnd({ exitCode, signal: word.signal });
  const differs = end?.cause === "exited" && (end.exitCode !== exitCode || end.signal !== word.signal);
  const difference = differs
    ? `the wrapper wrote ${end.exitCode}:${end.signal}, Slurm says ${exitCode}:${word.signal}`
    : null;
  return { kind: "ended", end: said, words: end?.cause === "start-failed" ? end.words : null, difference };
}

function exitEnd({ exitCode, signal }: { readonly exitCode: number; readonly signal: number }): RunEnd {
  if (signal !== 0) return { kind: "signalled", signal };
  return exitCode === 0 ? { kind: "succeeded" } : { kind: "failed", exitCode };
}

/** sacct of 22.05 prints a code above 127 less 128; where the wrapper's is that very code, the two agree. */
function trueExitCode({ word, record }: Evidence): number {
  const own = record?.ended?.exitCode ?? 0;
  return word.source === "accounting" && own === word.exitCode + 128 ? own : word.exitCode;
}

/**
 * What slurmd cannot begin (its spool is full: it drains the node) ends CANCELLED in the first seconds on its node, by
 * nobody or by root, and our wrapper never ran.
 */
function isUnbegun(evidence: Evidence): boolean {
  return evidence.record === null && endedByEngineAtOnce(evidence);
}

function endedByEngineAtOnce({ word, accounting, askedToCancel, isTakenBack }: Evidence): boolean {
  const by = accounting?.cancelledBy ?? word.cancelledBy;
  const byEngine = by === null || by === "root" || by === "0";
  return word.elapsedS < leastTrustedS && byEngine && !askedToCancel && !isTakenBack;
}

function unbegun({ jobId, nodes }: JobWord): RunEnd {
  const reason = `Slurm ended job ${jobId} as soon as it had ${nodes ?? "its nodes"}, and nothing of it was begun there`;
  return { kind: "node-failed", reason };
}

/** In the queue: by whom it was decides whether the task ends or is placed again (R1). */
function cancelledWaiting(evidence: Evidence): Verdict {
  if (evidence.isFenced && !evidence.askedToCancel)
    return ended(withdrawn("its lease passed in the centre's queue, and it was taken out there without a start"));
  if (evidence.isTakenBack && !evidence.askedToCancel)
    return ended(withdrawn("the network took it back, and it was taken out of the centre's queue without a start"));
  const end = cancelled(evidence);
  if (end.by === "user") return ended(end);
  return ended(
    withdrawn(
      `cancelled in the centre's queue before it had a node; ${end.reason ?? "the engine does not say by whom"}`,
    ),
  );
}

function cancelled({ word, accounting, askedToCancel, user }: Evidence) {
  const by = accounting?.cancelledBy ?? word.cancelledBy;
  if (askedToCancel) return { kind: "cancelled", by: "user", reason: null } as const;
  if (by !== null && (by === user.name || by === String(user.uid)))
    return { kind: "cancelled", by: "user", reason: "scancel at the centre" } as const;
  // Without accounting Slurm tells nobody who it was: nobody is named, or charged, who may not have done it (M7).
  if (by === null) return { kind: "cancelled", by: "unknown", reason: null } as const;
  // By which local user is nothing to the network (P2); root is nobody's name.
  const who = by === "root" || by === "0" ? "root" : "another local user";
  return { kind: "cancelled", by: "centre", reason: `scancel by ${who}` } as const;
}

function withdrawn(evidence: string): RunEnd {
  return { kind: "withdrawn", evidence };
}

function ended(end: RunEnd): Verdict {
  return { kind: "ended", end, words: null, difference: null };
}
