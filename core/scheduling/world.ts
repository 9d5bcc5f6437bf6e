import type { DriverName, LifeCycle } from "#core/centre/centre.ts";
import type { CentreId, JobId, PersonId, ProjectId, TaskRef } from "#core/ids.ts";
import type { ArraySpec, CentreWishes, Dependency, IndexRange, Shape } from "#core/job/spec.ts";
import type { Refusal } from "#core/refusal.ts";
import type { Allocation } from "#core/run-order.ts";
import type { Candidate, Facts, JobRule } from "#core/scheduling/reasons.ts";

/**
 * The network as the scheduler sees it: centres, what runs on them, and the queue. In memory, deterministic, without a
 * clock of its own. The live loop fills it from the store and keeps it current from the change feed; a simulation
 * drives the very same object. The first placement rule is docs/decisions/0010-first-placement-rule.md.
 */
export type World = {
  /**
   * Takes a fact in. Events may come twice or overlap a snapshot: what the world already knows, or what a later fact
   * has overtaken (a lower attempt, a job that has ended), is ignored.
   */
  apply(event: WorldEvent): void;
  /**
   * What to do now: at most `most` placements, and all ends that follow from dependencies. Changes nothing: until the
   * committed part of a plan is applied (as `task-placed`, `tasks-ended`), the next decision is the same.
   */
  decide(nowMs: number, most: number): Plan;
  /** Why a queued task waits, centre by centre; what `decide` would do now agrees with it. */
  explain(task: TaskRef, nowMs: number): Explanation;
  /** The same for a job not yet submitted: it would stand at the end of the queue. */
  explainNew(shape: Shape, wishes: CentreWishes, nowMs: number): WaitingExplanation;
  /** Whether any centre in service, reachable or not, could run the shape if it were empty. */
  couldEverFit(shape: Shape, wishes: CentreWishes): EverFit;
  /**
   * Jobs that others wait for and the world does not know, because they had ended before. Read each from the store and
   * apply its `job-queued` with `past`; until then the dependency waits.
   */
  missing(): readonly JobId[];
  knows(job: JobId): boolean;
  counts(): { readonly jobs: number; readonly queued: number; readonly live: number };
};

export type WorldEvent =
  /** Everything about one centre, each time something of it changed. */
  | { readonly kind: "centre-changed"; readonly centre: CentreState }
  /** The centre is no longer part of the network. Its runs, if any, stay known. */
  | { readonly kind: "centre-removed"; readonly centre: CentreId }
  | {
      readonly kind: "job-queued";
      readonly job: JobId;
      /** Order in the queue: (submittedMs, job, place in the array). */
      readonly submittedMs: number;
      readonly project: ProjectId;
      readonly person: PersonId;
      readonly name: string;
      readonly shape: Shape;
      readonly array: ArraySpec | null;
      readonly dependencies: readonly Dependency[];
      readonly wishes: CentreWishes;
      /** Tasks that had ended when this was read from the store; null for a new job. */
      readonly past: Past | null;
    }
  /** A run holds its allocation from here until `task-queued` or `tasks-ended`, also while its centre is unreachable. */
  | {
      readonly kind: "task-placed";
      readonly job: JobId;
      readonly index: number;
      readonly attempt: number;
      readonly centre: CentreId;
      readonly pool: string;
      readonly allocation: Allocation;
    }
  /** Back in the queue at its old place after attempt `attempts` (a retry, a withdrawal, a requeue). */
  | { readonly kind: "task-queued"; readonly job: JobId; readonly index: number; readonly attempts: number }
  /** Final. Ranges, so that cancelling an array of 100 000 is one event; a single task is {first: i, last: i, step: 1}. */
  | {
      readonly kind: "tasks-ended";
      readonly job: JobId;
      readonly indices: readonly IndexRange[];
      readonly succeeded: boolean;
    };

export type Past = { readonly succeeded: readonly IndexRange[]; readonly otherwise: readonly IndexRange[] };

export type CentreState = {
  readonly id: CentreId;
  readonly driver: DriverName;
  readonly lifeCycle: LifeCycle;
  readonly connection: "never-connected" | "connected" | "unreachable";
  readonly pools: readonly PoolState[];
};

export type PoolState = {
  readonly name: string;
  readonly lifeCycle: LifeCycle;
  readonly nodes: number;
  readonly cores: number;
  readonly memoryMib: number;
  /** For jobs that named no memory. */
  readonly memoryMibPerCore: number;
  readonly accelerators: readonly { readonly vendor: string; readonly model: string; readonly count: number }[];
};

export type Plan = {
  readonly decidedMs: number;
  readonly place: readonly Placement[];
  readonly end: readonly DependencyEnd[];
};

export type Placement = {
  readonly job: JobId;
  readonly index: number;
  /** From 1: the run's id is `<job>.<index>.<attempt>`. */
  readonly attempt: number;
  readonly centre: CentreId;
  readonly pool: string;
  readonly allocation: Allocation;
  /** All centres in the order of their ids, each with its first failing rule; kept with the run. */
  readonly candidates: readonly Candidate[];
};

/** These tasks can never start: the outcome is {cancelled, by: network, reason: "dependency-never-satisfied"}. */
export type DependencyEnd = {
  readonly job: JobId;
  readonly indices: readonly IndexRange[];
  /** What can never be met, for the cause: e.g. {dependency: "afterok", on: "12_3"}. */
  readonly facts: Facts;
};

export type Explanation =
  | WaitingExplanation
  | { readonly kind: "live"; readonly centre: CentreId; readonly attempt: number }
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
};

export type EverFit =
  | { readonly kind: "fits" }
  | { readonly kind: "refused"; readonly refusal: Extract<Refusal, { kind: "no-centre-fits" }> };
