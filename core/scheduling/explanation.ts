import type { CentreId, PersonId, ProjectId, TaskRef, TenantId } from "#core/ids.ts";
import type { Demands } from "#core/job/demands.ts";
import type { Refusal } from "#core/refusal.ts";
import type { StartEstimate, ToldStart } from "#core/scheduling/estimate/starts.ts";
import type { Given } from "#core/scheduling/given.ts";
import type { OrderTerms } from "#core/scheduling/order-terms.ts";
import type { WhyNobodyEnds } from "#core/scheduling/preemption/victims.ts";
import type { Candidate, Facts, JobRule } from "#core/scheduling/reasons.ts";
import type { Siblings } from "#core/scheduling/siblings.ts";

export type Explanation =
  | WaitingExplanation
  /** `estimate`: of one that waits in the centre's own queue. */
  | { readonly kind: "live"; readonly centre: CentreId; readonly attempt: number; readonly estimate: StartEstimate }
  /** Ended, or not known. */
  | { readonly kind: "not-queued" };

export type WaitingExplanation = {
  readonly kind: "waiting";
  /** The job's own rule that holds it wherever it might go; null: only the centres decide. */
  readonly rule: JobRule | null;
  readonly facts: Facts;
  readonly candidates: readonly Candidate[];
  /** Where it would go if it were placed this instant; null: it waits. */
  readonly wouldGoTo: CentreId | null;
  /** What it would be given there; `startsNow` false: it would join the pool's own queue. */
  readonly wouldGet: (Given & { readonly startsNow: boolean }) | null;
  readonly estimate: StartEstimate;
  /** What its place in the queue is made of; null: it has none yet. */
  readonly order: OrderTerms | null;
  /** Runs end for it there; `endsMs`: by when they should be over. Absent: none. */
  readonly makingWay?: {
    readonly centre: CentreId;
    readonly pool: string;
    readonly runs: number;
    readonly endsMs: number;
  };
  /** What other tasks of its job hold. */
  readonly siblings: readonly Siblings[];
  /** It could start now, and a faster pool is waited for. */
  readonly awaits?: AwaitedPool;
  /** Its class may have runs ended, and none is: why. Absent: it may not, some end, or it starts. */
  readonly nobodyEnds?: WhyNobodyEnds;
};

export type AwaitedPool = {
  readonly centre: CentreId;
  readonly pool: string;
  readonly startsInS: number;
  /** How much earlier it is estimated to be done there than where it could start now. */
  readonly gainS: number;
  readonly insteadOf: { readonly centre: CentreId; readonly pool: string };
  /** That its input is there is all that is waited for. */
  readonly forData?: true;
};

export type EverFit =
  /**
   * `pinnedTo`: where demands beside the shape leave only some of the centres, those. `simulatedAt`: of the centres that
   * could ever run it, those that execute nothing.
   */
  | {
      readonly kind: "fits";
      readonly pinnedTo: readonly CentreId[] | null;
      readonly simulatedAt: readonly CentreId[];
    }
  | { readonly kind: "refused"; readonly refusal: Extract<Refusal, { kind: "no-centre-fits" | "not-offered" }> };

/** Who asks for how long; unknown: for no time at all, and of a project that has nothing waiting anywhere. */
export type Asker = {
  readonly timeLimitS: number;
  readonly graceS?: number;
  /** Of its array; absent: one. */
  readonly tasks?: number;
  readonly project: ProjectId;
  /** Unknown: as where nobody tells of tenants. */
  readonly tenant?: TenantId;
  /** Unknown: somebody who has an account everywhere. */
  readonly person?: PersonId;
  readonly demands?: Demands | null;
  /** Its class; unknown: the policy's default. */
  readonly priority?: string;
};

/** A task that is told when it may start, with what it asks for. */
export type TaskTold = TaskRef & ToldStart & { readonly processors: number; readonly timeLimitS: number };
