import type { SubmitAnswer } from "./engine.ts";

/**
 * What sbatch's complaint means for the run. Only what slurmctld has answered is a refusal; where the answer was cut off
 * the job may be in the queue. Texts: src/common/slurm_errno.c of 22.05.
 */
export function sbatchAnswer(stderr: string, exit: number): Exclude<SubmitAnswer, { kind: "submitted" }> {
  const said = stderr.trim().replace(/^sbatch: (?:error: )?/gm, "");
  const words = said === "" ? `sbatch ended with status ${exit} and no words` : `sbatch: ${said}`;
  if (inDoubt.test(stderr) || (exit >= 128 && !rejected.test(stderr))) return { kind: "in-doubt", words };
  if (passing.test(stderr)) return { kind: "later", words };
  if (definite.test(stderr)) return { kind: "refused", words, definite: true };
  if (rejected.test(stderr)) return { kind: "refused", words };
  return { kind: "in-doubt", words };
}

const inDoubt =
  /Socket timed out|Zero Bytes were transmitted|Unexpected message received|Message (?:send|receive) failure|Transport endpoint|Connection reset|Communication (?:shutdown|connection)/i;

/** Never reached it, or it asks to come again: full spool, too many jobs, a limit on how many may be submitted. */
const passing =
  /connect failure|Unable to contact slurm controller|Connection refused|temporarily unable to accept|Resource temporarily unavailable|slurmctld is (?:starting|in standby)|in standby mode|job submit limit|No space left|Slurm backup controller|Unable to open file|maximum number of jobs/i;

/** slurmctld's own no; each of its reasons comes after these words. */
const rejected = /Batch job submission failed|Unable to submit batch job|Invalid |allocation failure|sbatch: error: /i;

/**
 * Of these only what stays so for this job: an unknown partition may be one that is being set up again, a limit of time or
 * nodes one that is being changed.
 */
const definite =
  /^(?:sbatch: error: )?Batch job submission failed: (?:Invalid account or account\/partition combination specified|Invalid qos specification|Requested node configuration is not available|Access\/permission denied|User's group not permitted to use this partition|Access denied to requested reservation)\s*(?:\(|$)/m;

/** While the site's own switch is set. */
export const stoppedWords = "the site takes no new work now (weir-agent stop-new)";
