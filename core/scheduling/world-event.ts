import type { LimitsByWho } from "#core/centre/account-limits.ts";
import type { Accounts, LocalAccounts } from "#core/centre/accounts.ts";
import type { DriverName, PoolContract } from "#core/centre/centre.ts";
import type {
  Amounts,
  EngineOffers,
  EnginePool,
  ForeignLoad,
  NodeGroup,
  PoolLimits,
  ShutPool,
} from "#core/centre/engine.ts";
import type { Intake } from "#core/centre/intake.ts";
import type { LifeCycle } from "#core/centre/life-cycle.ts";
import type { Region } from "#core/centre/region.ts";
import type { Hours } from "#core/centre/terms.ts";
import type { ToldInQueue } from "#core/centre/waiting.ts";
import type { CentreId, JobId, PersonId, ProjectId, TenantId } from "#core/ids.ts";
import type { Demands } from "#core/job/demands.ts";
import type { ArraySpec, CentreWishes, Dependency, IndexRange, Preemptible, Shape } from "#core/job/spec.ts";
import type { Allocation } from "#core/run-order.ts";
import type { BoundsSet } from "#core/scheduling/bounds.ts";
import type { CoreLimitsSet } from "#core/scheduling/core-limits.ts";
import type { PastStart, ToldStart } from "#core/scheduling/estimate/starts.ts";
import type { GrantTold } from "#core/scheduling/grants.ts";
import type { MovesMade } from "#core/scheduling/placing/moves.ts";
import type { Policy } from "#core/scheduling/policy.ts";
import type { RunMakesWay } from "#core/scheduling/preemption/record.ts";
import type { TenantPromises } from "#core/scheduling/ranking.ts";
import type { OrderMemory, PastRun } from "#core/scheduling/submitters.ts";

export type WorldEvent =
  /** Everything about one centre, each time something of it changed. */
  | { readonly kind: "centre-changed"; readonly centre: CentreState }
  /** The centre is no longer part of the network. Its runs, if any, stay known. */
  | { readonly kind: "centre-removed"; readonly centre: CentreId }
  | {
      readonly kind: "job-queued";
      readonly job: JobId;
      /** Order in the queue: (submittedMs, or later when its input is at some centre, job, place in the array). */
      readonly submittedMs: number;
      /** Absent: all projects are of one tenant. */
      readonly tenant?: TenantId | undefined;
      readonly project: ProjectId;
      readonly person: PersonId;
      readonly name: string;
      readonly shape: Shape;
      readonly timeLimitS: number;
      /** From the limit to the last moment a run may hold its place; absent: none. */
      readonly graceS?: number | undefined;
      /** Its class; absent: normal. */
      readonly priority?: string | undefined;
      /** Absent: no. */
      readonly preemptible?: Preemptible | undefined;
      /** So long before SIGTERM its program is told where it makes room; absent: not at all. */
      readonly warnS?: number | undefined;
      /** Absent or null: it may end whenever it does. */
      readonly deadlineMs?: number | null | undefined;
      readonly array: ArraySpec | null;
      readonly dependencies: readonly Dependency[];
      readonly wishes: CentreWishes;
      readonly demands: Demands | null;
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
      readonly phase: RunPhase;
      /** When it was placed, or where it runs already, started: milliseconds by the server's clock. */
      readonly atMs: number;
      /** Read from the store: when its engine thinks it will start, whether it was asked back, and earlier moves of its task. */
      readonly startsMs?: number | null;
      readonly firstTold?: ToldInQueue | null;
      readonly held?: boolean;
      readonly askedBack?: boolean;
      readonly moved?: MovesMade | null;
      /** Of one that runs: on which nodes. */
      readonly nodes?: string | undefined;
    }
  /** The run went on: it waits in the engine's own queue, or it started. What it was before is nothing new. */
  | {
      readonly kind: "run-moved";
      readonly job: JobId;
      readonly index: number;
      readonly attempt: number;
      readonly phase: RunPhase;
      readonly atMs: number;
      /** Of one that waits: when its engine thinks it will start, and whether its user holds it. It may be told anew. */
      readonly startsMs?: number | null;
      readonly held?: boolean;
      /** Of one that runs: on which nodes; absent: nobody told. */
      readonly nodes?: string | undefined;
    }
  /** It is to be taken back if it has not started; `to`: for gain, and where it would go. */
  | {
      readonly kind: "run-asked-back";
      readonly job: JobId;
      readonly index: number;
      readonly attempt: number;
      readonly to: { readonly centre: CentreId; readonly pool: string } | null;
    }
  /** The run was asked to end to make room for another task (docs/decisions/0035); also of runs that have ended since. */
  | ({ readonly kind: "run-makes-way"; readonly centre: CentreId; readonly pool: string } & RunMakesWay)
  /** Back in the queue at its old place after attempt `attempts` (a retry, a withdrawal, a requeue). */
  | {
      readonly kind: "task-queued";
      readonly job: JobId;
      readonly index: number;
      readonly attempts: number;
      /** When its run ended, where it had one; absent: its run counts as if it had used nothing. */
      readonly atMs?: number | undefined;
      /** When that had started, where it was not told before. */
      readonly startedMs?: number | undefined;
      /** It was preempted: how much of its time was lost, and is not billed. */
      readonly lostMs?: number | undefined;
      /** Read from the store: earlier moves. */
      readonly moved?: MovesMade | null;
    }
  /** A centre would not take it, in these words: no task of it goes there again. */
  | { readonly kind: "job-refused"; readonly job: JobId; readonly centre: CentreId; readonly words: string }
  /** A failing node ended the run; what becomes of its task is told after it. */
  | { readonly kind: "run-lost"; readonly job: JobId; readonly index: number; readonly attempt: number }
  /** What a queued task was told of its start (`estimateDue`). */
  | ({ readonly kind: "start-told"; readonly job: JobId; readonly index: number } & ToldStart)
  /** Read from the store at the start: what was learnt before, oldest first. */
  | {
      readonly kind: "learnt-before";
      readonly starts: readonly PastStart[];
      readonly ends: readonly { readonly centre: CentreId; readonly lost: boolean }[];
    }
  /** Final. Ranges, so that cancelling an array of 100 000 is one event; a single task is {first: i, last: i, step: 1}. */
  | {
      readonly kind: "tasks-ended";
      readonly job: JobId;
      readonly indices: readonly IndexRange[];
      readonly succeeded: boolean;
      /** When; absent: their runs count as if they had used nothing, and nothing is learnt of them. */
      readonly atMs?: number | undefined;
      /** When a single run of them had started, where it was not told before. */
      readonly startedMs?: number | undefined;
      /** A single run of them was preempted: how much of its time was lost, and is not billed. */
      readonly lostMs?: number | undefined;
    }
  /** The order goes by it from now on. Weights of tenants; those not named weigh 1. Promises: absent, all are promised the same. */
  | {
      readonly kind: "policy-set";
      readonly policy: Policy;
      readonly weights: readonly (readonly [tenant: TenantId, weight: number])[];
      readonly promises?: TenantPromises;
      readonly atMs: number;
    }
  /** These tenants and no others have a home. From then on it is kept what would become of their work there alone. */
  | {
      readonly kind: "homes-set";
      readonly homes: readonly (readonly [tenant: TenantId, centre: CentreId])[];
      readonly atMs: number;
    }
  /** These tenants and projects and no others may hold only so many cores at once. */
  | ({ readonly kind: "core-limits-set" } & CoreLimitsSet)
  /** All that tenants and projects were granted, and what is left of it by the ledger at this moment. */
  | { readonly kind: "grants-told"; readonly grants: readonly GrantTold[] }
  /** These rules of tenants and projects, and agreements between regions, and no others, say where work may go. */
  | ({ readonly kind: "bounds-set" } & BoundsSet)
  /** What a world before this one remembered; told to a new one, after the homes. */
  | { readonly kind: "order-remembered"; readonly memory: OrderMemory }
  /** A run that was over before the world was told of its job. */
  | ({
      readonly kind: "run-past";
      readonly tenant: TenantId;
      readonly project: ProjectId;
      readonly person: PersonId;
      readonly shape: Shape;
      readonly timeLimitS: number;
      /** Of its task: the job's id and its place in the array, added; absent: its home is told nothing. */
      readonly number?: number;
    } & PastRun);

/** How far a run is, as the centre told: on the way there, in the engine's own queue, started. It never goes back. */
export type RunPhase = (typeof runPhases)[number];
export const runPhases = ["sent", "waiting", "running"] as const;

export type Past = { readonly succeeded: readonly IndexRange[]; readonly otherwise: readonly IndexRange[] };

export type CentreState = {
  readonly id: CentreId;
  readonly driver: DriverName;
  readonly lifeCycle: LifeCycle;
  readonly intake: Intake;
  readonly connection: "never-connected" | "connected" | "unreachable";
  readonly pools: readonly PoolState[];
  /** By its last report; null: it has never described itself. */
  readonly offers: EngineOffers | null;
  /** Who may run there; null: its runs need no account of anybody's. */
  readonly accounts: Accounts | null;
  /** As which local account, as far as the centre has told; absent: of nobody. */
  readonly localAccounts?: LocalAccounts | undefined;
  /** What binds them there, as far as the centre has told. */
  readonly limits?: LimitsByWho | undefined;
  /** Where it lies; null or absent: it has not stated it. */
  readonly region?: Region | null | undefined;
};

export type PoolState = {
  readonly name: string;
  readonly lifeCycle: LifeCycle;
  readonly contract: PoolContract;
  readonly state: EnginePool["state"];
  /** For jobs that named no memory. */
  readonly memoryMibPerCore: number;
  readonly limits: PoolLimits;
  readonly nodes: readonly NodeGroup[];
  /** What of ours the engine counted when it said what is free. */
  readonly ours: Amounts;
  readonly foreign: ForeignLoad["kind"];
  /** Of others' work that is seen: none is there, and all that is in use is the network's. Absent: not so, or not known. */
  readonly alone?: boolean;
  /** Absent: a job may ask that nobody else is on its nodes. */
  readonly givesWholeNodes?: false | undefined;
  /** Its nodes in the order in which they are next to each other; absent: nobody may ask for nodes in a row. */
  readonly row?: string | undefined;
  /** When its nodes are the network's; `lastsMs`: what was left of that by the last report. Absent: always. */
  readonly reserved?: { readonly startsMs: number; readonly endsMs: number; readonly lastsMs: number } | undefined;
  /** Why there is nothing of it; absent: it is there. */
  readonly shut?: ShutPool | undefined;
  /** Of a shared pool: how many runs of one line (lines.ts) may wait in its own queue (B2). */
  readonly maxPending: number;
  /** How long a run placed there may wait for its start (R1); null: the network's own setting. */
  readonly leaseMs: number | null;
  /** What part of the pool is the network's; null: not agreed. */
  readonly sharePercent?: number | null;
  /** When work may be started there; none: always. */
  readonly hours?: readonly Hours[];
  /** What the choice of a place weighs (core/scheduling/placing); absent: 1, free of charge, none declared. */
  readonly speed?: number;
  readonly priceList?: string;
  readonly carbonGPerKwh?: number | null;
  /** By its terms; null or absent: the vendors of its devices say. */
  readonly domestic?: boolean | null;
};
