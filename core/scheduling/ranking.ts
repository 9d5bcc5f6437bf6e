import { coresPerNode, type PriorityClass } from "#core/job/spec.ts";
import type { Asked } from "#core/scheduling/fit.ts";
import { comesBefore, type JobRecord } from "#core/scheduling/job-record.ts";
import { agedScore, standingScore } from "#core/scheduling/order/score.ts";
import type { Policy } from "#core/scheduling/policy.ts";

/** Where a job stands in the queue: the lower tier first, then the lower score; all alike: first come first served. */
export type Rank = { readonly tier: number; readonly score: number };

/** The one place that says in what order work is looked at. */
export type Ranking = {
  readonly of: (asked: Pick<Asked, "shape" | "timeLimitS">, job: JobRecord, nowMs: number) => Rank;
  /** After so long the ranks are told anew; null: time changes nothing of them. */
  readonly anewMs: number | null;
};

export function rankingOf({ order, maxWaitS }: Policy): Ranking {
  const classes = order.kind === "score";
  return {
    of: (asked, job, nowMs) => {
      const waitS = Math.max(0, nowMs - job.submittedMs) / 1000;
      if (maxWaitS !== null && waitS >= maxWaitS) return starving;
      const tier = classes ? tiers[job.priority] : tiers.normal;
      // Ties go by submission, to the millisecond.
      if (order.kind === "fcfs") return { tier, score: 0 };
      const { timeLimitS } = asked;
      const standing = standingScore(order, processorsOf(asked), timeLimitS, timeLimitS, job.submittedMs / 1000);
      return { tier, score: agedScore(order, standing, waitS) };
    },
    anewMs: classes || maxWaitS !== null ? 10_000 : null,
  };
}

/** The order of two places in the queue. */
export function isAhead(one: Rank, first: JobRecord, other: Rank, second: JobRecord): boolean {
  if (one.tier !== other.tier) return one.tier < other.tier;
  if (one.score !== other.score) return one.score < other.score;
  return comesBefore(first, second);
}

/** Who has waited longer than the policy lets anybody wait: before all others, first come first served. */
const starving: Rank = { tier: 0, score: 0 };
const tiers = { high: 1, normal: 2, low: 3 } as const satisfies Record<PriorityClass, number>;

export function isStarving({ tier }: Rank): boolean {
  return tier === starving.tier;
}

function processorsOf({ shape }: Pick<Asked, "shape">): number {
  return shape.nodes * coresPerNode(shape);
}
