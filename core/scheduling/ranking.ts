import type { TenantId } from "#core/ids.ts";
import { classOf, type JobClass, type JobClasses, shippedClasses, shippedDefaultClass } from "#core/job/job-class.ts";
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
  readonly classes: ClassOrder;
  /** After so long the ranks are told anew; null: time changes nothing of them. */
  readonly anewMs: number | null;
};

/** The classes of the policy. A job of one that it does not have is as one of its default. */
export type ClassOrder = {
  readonly of: (name: string) => JobClass;
  readonly isKnown: (name: string) => boolean;
  /** Whether it goes ahead of the class of jobs that name none. */
  readonly isUrgent: (name: string) => boolean;
};

/** `promises`: of tenants whose plans have one of their own. */
export function rankingOf(policy: Policy, promises: TenantPromises = []): Ranking {
  const { order, maxWaitS, guardLeadS, fairness, prediction } = policy;
  const hasClasses = order.kind === "score";
  const known = classesOf(policy);
  const tiers = new Map(known.classes.map(({ name }, at) => [name, at + 1]));
  const usualTier = tiers.get(known.defaultClass) ?? 1;
  const tierOf = (name: string) => tiers.get(name) ?? usualTier;
  const guardAfterS = maxWaitS === null ? Number.POSITIVE_INFINITY : maxWaitS - guardLeadS;
  const promised = new Map(promises);
  const toOthersS = fairness?.promiseS ?? null;
  const promiseS = (tenant: TenantId) => (promised.has(tenant) ? (promised.get(tenant) ?? null) : toOthersS);
  const leadS = fairness?.deadlineLeadS ?? null;
  const moves = hasClasses || maxWaitS !== null || fairness !== null || prediction !== null;
  return {
    standing: (asked, predictedS) => standingScore(order, processorsOf(asked), predictedS, asked.timeLimitS, 0),
    of: (job, standing, nowMs) => {
      const waitS = Math.max(0, nowMs - dueMs(job)) / 1000;
      if (waitS >= guardAfterS) return served;
      if (job.submitter.isBelowShare && waitS >= owedAfterS(promiseS(job.submitter.tenant))) return served;
      const tier = hasClasses ? tierOf(job.priority) : usualTier;
      if (job.deadline !== null && goesAhead(job, leadS, nowMs))
        return { tier: tier - ahead, score: job.deadline.latestStartMs };
      // Ties go by submission, to the millisecond.
      if (order.kind === "fcfs" && fairness === null) return { tier, score: 0 };
      return { tier, score: agedScore(order, ofJob(job, standing), waitS) * job.submitter.factor };
    },
    promiseS,
    classes: {
      of: (name) => classOf(known, name),
      isKnown: (name) => tiers.has(name),
      isUrgent: (name) => tierOf(name) < usualTier,
    },
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

/** A policy of an older recording lists none. */
function classesOf({ classes, defaultClass }: Partial<JobClasses>): JobClasses {
  return { classes: classes ?? shippedClasses, defaultClass: defaultClass ?? shippedDefaultClass };
}

/** Whether it goes ahead of its class by its deadline. */
export function isByDeadline({ tier }: Rank): boolean {
  return !Number.isInteger(tier);
}

export function isStarving({ tier }: Rank): boolean {
  return tier === served.tier;
}
