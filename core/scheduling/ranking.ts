import type { TenantId } from "#core/ids.ts";
import type { PriorityClass } from "#core/job/spec.ts";
import { goesAhead } from "#core/scheduling/deadlines.ts";
import type { Asked } from "#core/scheduling/fit.ts";
import { comesBefore, dueMs, type JobRecord } from "#core/scheduling/job-record.ts";
import { owedAfterS } from "#core/scheduling/order/fairness.ts";
import { agedScore, standingScore } from "#core/scheduling/order/score.ts";
import type { Policy } from "#core/scheduling/policy.ts";
import { processorsOf } from "#core/scheduling/submitters.ts";

/** Where a job stands in the queue: the lower tier first, then the lower score; all alike: first come first served. */
export type Rank = { readonly tier: number; readonly score: number };

/** What the plans of tenants promise; of a tenant that is not here what the policy promises all. */
export type TenantPromises = readonly (readonly [tenant: TenantId, promiseS: number | null])[];

/** The one place that says in what order work is looked at. */
export type Ranking = {
  /** The part of a score that neither waiting nor anybody's usage changes. */
  readonly standing: (asked: Pick<Asked, "shape" | "timeLimitS">, predictedS: number) => number;
  readonly of: (job: JobRecord, standing: number, nowMs: number) => Rank;
  /** Within how many seconds work of the tenant is to start while it uses less than its share; null: nothing is promised. */
  readonly promiseS: (tenant: TenantId) => number | null;
  /** After so long the ranks are told anew; null: time changes nothing of them. */
  readonly anewMs: number | null;
};

/** `promises`: of tenants whose plans have one of their own. */
export function rankingOf(
  { order, maxWaitS, guardLeadS, fairness, prediction }: Policy,
  promises: TenantPromises = [],
): Ranking {
  const classes = order.kind === "score";
  const guardAfterS = maxWaitS === null ? Number.POSITIVE_INFINITY : maxWaitS - guardLeadS;
  const promised = new Map(promises);
  const toOthersS = fairness?.promiseS ?? null;
  const promiseS = (tenant: TenantId) => (promised.has(tenant) ? (promised.get(tenant) ?? null) : toOthersS);
  const leadS = fairness?.deadlineLeadS ?? null;
  const moves = classes || maxWaitS !== null || fairness !== null || prediction !== null;
  return {
    standing: (asked, predictedS) => standingScore(order, processorsOf(asked), predictedS, asked.timeLimitS, 0),
    of: (job, standing, nowMs) => {
      const waitS = Math.max(0, nowMs - dueMs(job)) / 1000;
      if (waitS >= guardAfterS) return served;
      if (job.submitter.isBelowShare && waitS >= owedAfterS(promiseS(job.submitter.tenant))) return served;
      const tier = classes ? tiers[job.priority] : tiers.normal;
      if (job.deadline !== null && goesAhead(job, leadS, nowMs))
        return { tier: tier - ahead, score: job.deadline.latestStartMs };
      // Ties go by submission, to the millisecond.
      if (order.kind === "fcfs" && fairness === null) return { tier, score: 0 };
      return { tier, score: agedScore(order, ofJob(job, standing), waitS) * job.submitter.factor };
    },
    promiseS,
    anewMs: moves ? 10_000 : null,
  };

  function ofJob(job: JobRecord, standing: number): number {
    const { ask } = job;
    if (order.kind !== "fcfs" && order.kind !== "f1") return standing;
    return standingScore(order, processorsOf(ask), ask.timeLimitS, ask.timeLimitS, dueMs(job) / 1000);
  }
}

/** The order of two places in the queue. */
export function isAhead(one: Rank, first: JobRecord, other: Rank, second: JobRecord): boolean {
  if (one.tier !== other.tier) return one.tier < other.tier;
  if (one.score !== other.score) return one.score < other.score;
  return comesBefore(first, second);
}

/**
 * Who has waited nearly as long as the policy lets anybody wait, and whose tenant is owed its plan's promise: before all
 * others, first come first served.
 */
const served: Rank = { tier: 0, score: 0 };
/** Of its class, by its deadline: between that class and the one before. */
const ahead = 0.5;
const tiers = { high: 1, normal: 2, low: 3 } as const satisfies Record<PriorityClass, number>;

/** Whether it goes ahead of its class by its deadline. */
export function isByDeadline({ tier }: Rank): boolean {
  return !Number.isInteger(tier);
}

export function isStarving({ tier }: Rank): boolean {
  return tier === served.tier;
}
