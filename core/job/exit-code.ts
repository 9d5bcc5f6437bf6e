import type { Outcome } from "#core/job/state.ts";
import { unreachable } from "#core/unreachable.ts";

/**
 * What `weir submit --wait` ends with: the job's own exit code, 128 + n for signal n, 124 at the time limit (as
 * timeout(1)), 137 out of memory (as after SIGKILL), and 125 where the network and not the work ended it.
 */
export function exitCodeOf(outcome: Outcome): number {
  switch (outcome.kind) {
    case "succeeded":
      return 0;
    case "failed":
      return outcome.exitCode;
    case "signalled":
      return 128 + outcome.signal;
    case "timed-out":
      return 124;
    case "out-of-memory":
      return 137;
    case "cancelled":
    case "preempted":
    case "node-failed":
    case "platform-fault":
    case "refused":
    case "lost":
      return notItsOwnCode;
    default:
      return unreachable(outcome);
  }
}

/** Cancelled, preempted, node failed, lost, or Weir itself failed or refused. */
export const notItsOwnCode = 125;
