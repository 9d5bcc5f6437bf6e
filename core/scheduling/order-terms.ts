import type { CentreId } from "#core/ids.ts";
import { startAtHome } from "#core/scheduling/homes.ts";
import { dueMs, type JobRecord } from "#core/scheduling/job-record.ts";
import type { Policy } from "#core/scheduling/policy.ts";
import type { Queue } from "#core/scheduling/queue.ts";
import { isByDeadline, isStarving, type Rank } from "#core/scheduling/ranking.ts";
import { rankOfJob, strandOf } from "#core/scheduling/strands.ts";

/** What a job's place in the queue is made of, as the ranks were told last. */
export type OrderTerms = {
  /**
   * `waited`: it has waited nearly as long as the policy lets anybody wait; `promised`: its tenant, which has used less than
   * its share, was promised a start. Both come first, as they came. Else its priority class, which is named otherwise; `plain`:
   * the policy knows none.
   */
  readonly class: string;
  /** The class that it was submitted in, where the policy in force does not have it any more: it is as one of the default. null: it has. */
  readonly droppedClass: string | null;
  /** What its tenant was promised, seconds, where it goes first by that. */
  readonly promiseS: number | null;
  /** The least is first; null: as they came. */
  readonly score: number | null;
  /** What its submitter's usage puts on the score; null: nobody's usage counts. */
  readonly factor: number | null;
  /** The run time that the score takes it to have, seconds; null: the time asked for stands for it. */
  readonly predictedS: number | null;
  /** Whether enough of its submitter's jobs have ended to foretell it from. */
  readonly isPredicted: boolean;
  /**
   * By when it has to start to end by its deadline, and whether it goes ahead of its class for it: `later`, as its latest
   * start comes near; `above-share`: not while its submitter has used more than is theirs; `never`, by the policy. null: it
   * has no deadline.
   */
  readonly deadline: {
    readonly endsMs: number;
    readonly latestStartMs: number;
    readonly goesAhead: "now" | "later" | "above-share" | "never";
  } | null;
  /**
   * On its home centre alone it would have started so long ago, as far as is known; `goesAhead`: of visitors, by the policy.
   * null: it has no home, or would wait there too.
   */
  readonly home: { readonly centre: CentreId; readonly lateS: number; readonly goesAhead: boolean } | null;
};

export function orderTerms(queue: Queue, policy: Policy, job: JobRecord, position: number, nowMs: number): OrderTerms {
  const { order, fairness, prediction, maxWaitS, guardLeadS } = policy;
  const rank = rankOfJob(queue, job);
  const waitS = (nowMs - dueMs(job)) / 1000;
  const first = isStarving(rank);
  const hasWaited = maxWaitS !== null && waitS >= maxWaitS - guardLeadS;
  const { classes } = queue.ranking;
  const strand = strandOf(job);
  const promiseS = first && !hasWaited ? queue.ranking.promiseS(job.submitter.tenant) : null;
  return {
    class: first
      ? hasWaited
        ? "waited"
        : "promised"
      : order.kind === "score"
        ? classes.of(job.priority).name
        : "plain",
    droppedClass: classes.isKnown(job.priority) ? null : job.priority,
    promiseS,
    score: first || isByDeadline(rank) || order.kind === "fcfs" ? null : rank.score,
    factor: first || fairness === null ? null : job.submitter.factor,
    predictedS:
      first || prediction === null || order.kind !== "score" || strand === undefined
        ? null
        : Math.round(strand.predictedS),
    isPredicted: strand !== undefined && (queue.submitters.runTimes?.knowsPerson(strand.kind) ?? false),
    deadline: deadlineTerms(policy, job, rank),
    home: homeTerms(policy, job, position, nowMs),
  };
}

function deadlineTerms({ fairness }: Policy, { deadline, submitter }: JobRecord, rank: Rank): OrderTerms["deadline"] {
  if (deadline === null) return null;
  const { endsMs, latestStartMs } = deadline;
  const later = submitter.factor > 1 ? ("above-share" as const) : ("later" as const);
  const never = (fairness?.deadlineLeadS ?? null) === null;
  return { endsMs, latestStartMs, goesAhead: never ? "never" : isByDeadline(rank) ? "now" : later };
}

function homeTerms({ homePriority }: Policy, job: JobRecord, position: number, nowMs: number): OrderTerms["home"] {
  const start = startAtHome(job, position);
  if (start === null) return null;
  const lateS = Math.max(0, Math.floor(nowMs / 1000) - start.atS);
  return { centre: start.centre, lateS, goesAhead: homePriority !== null && lateS > homePriority.afterS };
}
