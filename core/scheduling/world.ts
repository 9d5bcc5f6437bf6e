import type { LimitsByWho } from "#core/centre/account-limits.ts";
import type { Accounts, Pair } from "#core/centre/accounts.ts";
import type { DriverName, LifeCycle, PoolContract } from "#core/centre/centre.ts";
import type { Amounts, EngineOffers, EnginePool, ForeignLoad, NodeGroup, PoolLimits } from "#core/centre/engine.ts";
import type { Intake } from "#core/centre/intake.ts";
import type { Hours, PoolTermsInForce } from "#core/centre/terms.ts";
import type { ToldInQueue } from "#core/centre/waiting.ts";
import {
  type CentreId,
  type JobId,
  type PersonId,
  type ProjectId,
  type RunRef,
  type TaskRef,
  type TenantId,
  tenantId,
} from "#core/ids.ts";
import type { Demands } from "#core/job/demands.ts";
import type {
  ArraySpec,
  CentreWishes,
  Dependency,
  IndexRange,
  Preemptible,
  PriorityClass,
  Shape,
} from "#core/job/spec.ts";
import type { Refusal } from "#core/refusal.ts";
import type { Allocation } from "#core/run-order.ts";
import { amountsOfRun, takeAccount } from "#core/scheduling/account-use.ts";
import { tellTime } from "#core/scheduling/agreed.ts";
import {
  type CentreRecord,
  describe,
  emptyCentre,
  isShared,
  moveRun,
  type PoolRecord,
  poolOf,
  sortOf,
} from "#core/scheduling/centres.ts";
import {
  areCoresWanted,
  beyondCores,
  type CoreLimitsSet,
  holdCores,
  noCoreLimits,
  setCoreLimits,
} from "#core/scheduling/core-limits.ts";
import {
  arrive,
  emptyDependencies,
  link,
  missingJobs,
  resolve,
  unlink,
  waitReason,
} from "#core/scheduling/dependencies.ts";
import {
  learnFrom,
  learnPast,
  noLearntStarts,
  type PastStart,
  rangeOf,
  type StartEstimate,
  type ToldStart,
  waitEstimate,
  waitsAlike,
} from "#core/scheduling/estimate/starts.ts";
import { type Asked, mayEverUse, mayTake, type Offer } from "#core/scheduling/fit.ts";
import { headroomOf, type StartableShape } from "#core/scheduling/headroom.ts";
import {
  changeHome,
  comeHome,
  type HomeRecord,
  homeRecords,
  leaveHome,
  leftHome,
  noHomes,
  passTime,
  recallHomes,
  rememberHomes,
  setHomes,
} from "#core/scheduling/homes.ts";
import { type JobRecord, type LiveRun, untold } from "#core/scheduling/job-record.ts";
import { nearestFit } from "#core/scheduling/nearest.ts";
import { takeLicences } from "#core/scheduling/offered.ts";
import { type OrderTerms, orderTerms } from "#core/scheduling/order-terms.ts";
import { type DemandRecord, emptyDemand } from "#core/scheduling/packing/demand.ts";
import { needOfShape } from "#core/scheduling/packing/growth.ts";
import { chooseAmong, chooseElsewhere, startInQueue } from "#core/scheduling/placing/choose.ts";
import {
  askBack,
  forgetPromise,
  type MovesMade,
  nobodyWaits,
  noteWaiting,
  promise,
  releaseKept,
  type Withdrawal,
} from "#core/scheduling/placing/moves.ts";
import type { FasterPool } from "#core/scheduling/placing/patience.ts";
import { learnLoss } from "#core/scheduling/placing/score.ts";
import {
  afterOwn,
  awaited,
  choiceOf,
  earliestStart,
  endsDue,
  judgeAll,
  type Place,
  placementsDue,
  promisedOffer,
  type Scene,
  seenFrom,
  type Walk,
  whyNobodyEnds,
} from "#core/scheduling/plan.ts";

import { type Backfill, isLive, type Policy, policies } from "#core/scheduling/policy.ts";
import {
  addPositions,
  gapsOf,
  hasPosition,
  indexAt,
  indicesOf,
  type Positions,
  positionOf,
  positionsOf,
  positionsUpTo,
  removePositions,
} from "#core/scheduling/positions.ts";
import {
  claimOf,
  dropClaim,
  dropLapsed,
  emptyPreemption,
  lapsesMs,
  noteAsked,
  noteRunEnded,
  type RunMakesWay,
  rateAgainMs,
} from "#core/scheduling/preemption/record.ts";
import type { WhyNobodyEnds } from "#core/scheduling/preemption/victims.ts";
import {
  accountsWanted,
  asksForAccounts,
  emptyQueue,
  enqueue,
  forgetFailures,
  intern,
  lineFor,
  nextReady,
  rankAnew,
  rankBy,
  regroup,
  release,
  room,
  settle,
} from "#core/scheduling/queue.ts";
import { isStarving, rankingOf } from "#core/scheduling/ranking.ts";
import type { Candidate, Facts, JobRule } from "#core/scheduling/reasons.ts";
import { rankOfJob } from "#core/scheduling/strands.ts";
import {
  capacityOf,
  charge,
  correct,
  emptySubmitters,
  followPolicy,
  type LiveCharge,
  learn,
  memoryOf,
  type OrderMemory,
  type PastRun,
  ranForS,
  recall,
  recallRun,
  type Submitter,
  submitterOf,
  weigh,
} from "#core/scheduling/submitters.ts";
import { lostWith } from "#core/scheduling/terms-change.ts";
import { expectEnd, expectNoEnd } from "#core/scheduling/twin.ts";
import { type StartingChange, smallestChanges } from "#core/scheduling/what-if.ts";
import { assert, unreachable } from "#core/unreachable.ts";

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
  explainNew(shape: Shape, wishes: CentreWishes, nowMs: number, asker?: Asker): WaitingExplanation;
  /**
   * The smallest changes with each of which a queued task would start now, were it cancelled and submitted so, behind all
   * that wait. Empty where nothing would: also where it waits for another job, or for its own array. null: it is not queued.
   */
  whatIf(task: TaskRef, nowMs: number): readonly StartingChange[] | null;
  /** Whether any centre in service, reachable or not, could run the shape if it were empty. */
  couldEverFit(shape: Shape, wishes: CentreWishes, asker?: Asker): EverFit;
  /** What each pool of a centre could start now, by the pool's name; empty where the centre is not known. */
  headroom(centre: CentreId): ReadonlyMap<string, readonly StartableShape[]>;
  /** Every centre of the network, in service or not, in the order of their ids. */
  centres(): readonly CentreId[];
  /**
   * Jobs that others wait for and the world does not know, because they had ended before. Read each from the store and
   * apply its `job-queued` with `past`; until then the dependency waits.
   */
  missing(): readonly JobId[];
  /**
   * A task that waits in the network and was told nothing of its start yet, with what it may be told now; null: none. Of many
   * that came, some are told: how far off it was is learnt from them. It is told by `start-told`.
   */
  estimateDue(nowMs: number): TaskTold | null;
  knows(job: JobId): boolean;
  /**
   * Pairs with work that would fit a centre where they have not even asked for an account. The same list until something
   * of it changes.
   */
  accountsWanted(): readonly WantedAccount[];
  /** Queued tasks that no other centre could ever run. Looks at every job. */
  onlyAt(centre: CentreId): number;
  /** Queued tasks that could run somewhere now and nowhere were these the terms of pools of the centre. Looks at every job. */
  lostWith(centre: CentreId, terms: ReadonlyMap<string, PoolTermsInForce>): number;
  /**
   * Tells what time it is, as each decision and explanation does first. Answers whether ranks were told anew: a recording
   * holds that, since what follows depends on it.
   */
  tell(nowMs: number): boolean;
  /** What the order goes by of work that is over: usage and run times. Given to another world, its order is the same. */
  remembered(nowMs: number): OrderMemory;
  policy(): Policy;
  /** What those centres' own users have of sharing that are the home of a tenant. */
  homes(): readonly HomeRecord[];
  counts(): { readonly jobs: number; readonly queued: number; readonly live: number };
};

/** A task that is told when it may start, with what it asks for. */
export type TaskTold = TaskRef & ToldStart & { readonly processors: number; readonly timeLimitS: number };

export type WantedAccount = Pair & { readonly centre: CentreId };

/** Who asks for how long; unknown: for no time at all, and of a project that has nothing waiting anywhere. */
export type Asker = {
  readonly timeLimitS: number;
  readonly graceS?: number;
  readonly project: ProjectId;
  /** Unknown: somebody who has an account everywhere. */
  readonly person?: PersonId;
  readonly demands?: Demands | null;
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
      /** Absent: all projects are of one tenant. */
      readonly tenant?: TenantId | undefined;
      readonly project: ProjectId;
      readonly person: PersonId;
      readonly name: string;
      readonly shape: Shape;
      readonly timeLimitS: number;
      /** From the limit to the last moment a run may hold its place; absent: none. */
      readonly graceS?: number | undefined;
      /** Absent: normal. */
      readonly priority?: PriorityClass | undefined;
      /** Absent: no. */
      readonly preemptible?: Preemptible | undefined;
      /** So long before SIGTERM its program is told where it makes room; absent: not at all. */
      readonly warnS?: number | undefined;
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
      /** Read from the store: earlier moves. */
      readonly moved?: MovesMade | null;
    }
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
    }
  /** The order goes by it from now on. Weights of tenants; those not named weigh 1. */
  | {
      readonly kind: "policy-set";
      readonly policy: Policy;
      readonly weights: readonly (readonly [tenant: TenantId, weight: number])[];
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
const runPhases = ["sent", "waiting", "running"] as const;

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
  /** What binds them there, as far as the centre has told. */
  readonly limits?: LimitsByWho | undefined;
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
  /** Of a shared pool: how many runs of one line may wait in its own queue (B2). */
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
};

export type Plan = {
  readonly decidedMs: number;
  readonly place: readonly Placement[];
  readonly end: readonly DependencyEnd[];
  /** Runs that wait in a centre's own queue and would be done earlier elsewhere. */
  readonly takeBack: readonly Withdrawal[];
  /** Runs to be asked to end, so that others start where they are. Absent: none. */
  readonly preempt?: readonly PreemptedRun[];
  /** When to decide again though nothing happens: a pool's hours begin, or what waits is looked at again; null: never. */
  readonly againMs: number | null;
};

export type Placement = {
  readonly job: JobId;
  readonly index: number;
  /** From 1: the run's id is `<job>.<index>.<attempt>`. */
  readonly attempt: number;
  readonly centre: CentreId;
  readonly pool: string;
  readonly allocation: Allocation;
  /** `in-turn`: it joins the pool's own queue. */
  readonly starts: "now" | "in-turn";
  readonly leaseMs: number | null;
  /** All centres in the order of their ids, each with its first failing rule; kept with the run. */
  readonly candidates: readonly Candidate[];
  /** Where its task was moved for gain before. */
  readonly moved?: MovesMade;
};

/** A run that is to end for a task of a higher class, which waits for its place and for those of the others named with it. */
export type PreemptedRun = RunRef & {
  readonly centre: CentreId;
  readonly pool: string;
  readonly claimant: TaskRef;
  /** `12` or `12_3`. */
  readonly claimantName: string;
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

type State = Scene & {
  readonly jobs: Map<JobId, JobRecord>;
  queued: number;
  live: number;
  policy: Policy;
  backfill: Backfill;
  demand: DemandRecord | null;
  /** Whoever is reserved for stays so: nobody who comes later ranks before it. */
  keepsPlaces: boolean;
  /** When a pool's hours begin, as it was told last. */
  againMs: number | null;
  /** null: to be worked out again. */
  wanted: readonly WantedAccount[] | null;
  /** The newest jobs of which no task was told when it may start. */
  readonly untold: JobId[];
};

/** `policy` absent: Weir's own. */
export function createWorld(policy: Policy = policies.weir): World {
  const state: State = {
    centres: [],
    queue: emptyQueue(rankingOf(policy), emptySubmitters(policy)),
    ...followed(policy),
    memory: { reserved: new Map(), started: [], changes: 0 },
    againMs: null,
    starts: noLearntStarts(),
    waiting: nobodyWaits(),
    promised: new Map(),
    untold: [],
    preemption: emptyPreemption(policy),
    coreLimits: noCoreLimits(),
    homes: noHomes(),
    homePriority: policy.homePriority,
    findTask: (task) => openTask(state, task),
    dependencies: emptyDependencies(),
    jobs: new Map(),
    queued: 0,
    live: 0,
    wanted: null,
  };
  return {
    apply: (event) => apply(state, event),
    tell: (nowMs) => tellRanks(state, nowMs),
    decide: (nowMs, most) => {
      passTime(state.homes, nowMs);
      const againMs = lookAgainMs(state, tellNow(state, nowMs), nowMs);
      const { place, takeBack, preempt } = placementsDue(state, nowMs, most);
      return {
        decidedMs: nowMs,
        againMs: earlier(againMs, rateAgainMs(state.preemption, nowMs)),
        place,
        takeBack,
        end: endsDue(state.dependencies),
        ...(preempt.length > 0 && { preempt }),
      };
    },
    estimateDue: (nowMs) => {
      tellNow(state, nowMs);
      return estimateDue(state, nowMs);
    },
    explain: (task, nowMs) => {
      tellNow(state, nowMs);
      return explain(state, task, nowMs);
    },
    explainNew: (shape, wishes, nowMs, asker) => {
      tellNow(state, nowMs);
      return explainAt(state, nowMs, { job: null, position: 0 }, askedBy(shape, wishes, asker), null);
    },
    whatIf: (task, nowMs) => {
      tellNow(state, nowMs);
      return whatIf(state, task, nowMs);
    },
    couldEverFit: (shape, wishes, asker) => nearestFit(state.centres, askedBy(shape, wishes, asker)),
    headroom: (centre) => headroomOf(state.centres.find(({ id }) => id === centre)),
    centres: () => state.centres.filter((centre) => centre.state !== null).map((centre) => centre.id),
    missing: () => missingJobs(state.dependencies),
    accountsWanted: () => (state.wanted ??= accountsWanted(state.queue, state.centres)),
    onlyAt: (centre) => countOnlyAt(state, centre),
    lostWith: (id, terms) =>
      lostWith(
        state.jobs.values(),
        state.centres.find((centre) => centre.id === id),
        terms,
      ),
    knows: (job) => state.jobs.has(job),
    remembered: (nowMs) => {
      const memory = memoryOf(state.queue.submitters, liveCharges(state), nowMs);
      return state.homes.at.size === 0 ? memory : { ...memory, homes: rememberHomes(state.homes) };
    },
    policy: () => state.policy,
    homes: () => homeRecords(state.homes),
    counts: () => ({ jobs: state.jobs.size, queued: state.queued, live: state.live }),
  };
}

/** What of the world follows from its policy. */
function followed(
  policy: Policy,
): Pick<State, "policy" | "backfill" | "keepsPlaces" | "demand" | "placing" | "homePriority"> {
  assert(isLive(policy), `${policy.name} is a policy of replays alone`);
  const { order, backfill, placing, homePriority } = policy;
  // The classics without backfill stay as they are: most free first, of accelerators too.
  const demand = backfill === "none" ? null : emptyDemand(mostNeedsWeighed);
  const keepsPlaces = order.kind === "fcfs" && backfill !== "none";
  return { policy, backfill, keepsPlaces, demand, placing, homePriority };
}

/** Different needs of accelerators that a choice between pools weighs; a decision makes thousands of such choices. */
const mostNeedsWeighed = 32;

/** What time it is, before anything is decided or explained. Answers when the next closed pool opens; null: none is. */
function tellNow(state: State, nowMs: number): number | null {
  tellRanks(state, nowMs);
  // A pool that opens takes what failed before.
  if (state.againMs !== null && nowMs >= state.againMs) forgetFailures(state.queue);
  state.againMs = tellTime(state.centres, nowMs);
  if (dropLapsed(state.preemption, nowMs)) forgetFailures(state.queue);
  return earlier(state.againMs, lapsesMs(state.preemption));
}

function tellRanks({ queue, homes }: State, nowMs: number): boolean {
  const isAnew = rankAnew(queue, nowMs);
  if (isAnew) passTime(homes, nowMs);
  return isAnew;
}

function earlier(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

/** What waits in queues of centres is looked at again every minute, though nothing is told. */
function lookAgainMs({ waiting, placing }: State, againMs: number | null, nowMs: number): number | null {
  if (waiting.runs.size === 0 || !placing?.moves) return againMs;
  return Math.min(againMs ?? Number.POSITIVE_INFINITY, nowMs + 60_000);
}

function apply(state: State, event: WorldEvent): void {
  switch (event.kind) {
    case "centre-changed":
      changeCentre(state, event.centre.id, event.centre);
      break;
    case "centre-removed":
      changeCentre(state, event.centre, null);
      break;
    case "job-queued":
      addJob(state, event);
      break;
    case "task-placed":
      placeTask(state, event);
      break;
    case "run-moved":
      moveLiveRun(state, event);
      break;
    case "run-asked-back":
      askRunBack(state, event);
      break;
    case "run-lost":
      loseRun(state, event);
      break;
    case "start-told":
      tellStart(state, event);
      break;
    case "learnt-before":
      for (const past of event.starts) learnPast(state.starts, past);
      for (const { centre, lost } of event.ends) learnLoss(centreOf(state, centre), lost);
      break;
    case "run-makes-way":
      makeWay(state, event);
      break;
    case "task-queued":
      requeueTask(state, event);
      break;
    case "tasks-ended":
      endTasks(state, event);
      break;
    case "policy-set":
      followAnother(state, event);
      break;
    case "homes-set":
      if (setHomes(state.homes, event.homes, state.centres, event.atMs))
        for (const job of state.jobs.values()) comeHome(state.homes, job, event.atMs);
      break;
    case "core-limits-set":
      setCoreLimits(state.coreLimits, event, liveJobs(state));
      forgetFailures(state.queue);
      break;
    case "order-remembered":
      recall(state.queue.submitters, event.memory);
      recallHomes(state.homes, event.memory.homes ?? []);
      break;
    case "run-past":
      recallRun(
        state.queue.submitters,
        submitterOf(state.queue.submitters, event.tenant, event.project, event.person),
        event,
        event,
      );
      if (event.isLast && event.number !== undefined)
        leftHome(state.homes, event.tenant, event.number, ranForS(event.startedMs, event.endedMs), event.endedMs);
      break;
    default:
      unreachable(event);
  }
}

function followAnother(state: State, { policy, weights, atMs }: Event<"policy-set">): void {
  const { demand, ...more } = followed(policy);
  Object.assign(state, more, { demand: demand && (state.demand ?? demand) });
  state.memory.reserved = new Map();
  state.preemption.policy = policy.preemption;
  followPolicy(state.queue.submitters, policy, atMs);
  weigh(state.queue.submitters, new Map(weights));
  rankBy(state.queue, rankingOf(policy));
}

function changeCentre(state: State, id: CentreId, description: CentreState | null): void {
  state.wanted = null;
  const centre = centreOf(state, id);
  const isOther = describe(centre, description);
  state.queue.submitters.capacity = capacityOf(state.centres.map((each) => each.state));
  for (const pool of centre.known.values()) grow(state, pool);
  // A list of nodes is looked into only for those who name some.
  const namesNodes = () => [...state.queue.asks.values()].some(({ demands }) => demands?.siteWords.nodelist);
  if (isOther || namesNodes()) regroup(state.queue, centre, state.centres, () => state.jobs.values());
  if (changeHome(state.homes, centre)) for (const job of state.jobs.values()) comeHome(state.homes, job, 0);
}

function centreOf(state: State, id: CentreId): CentreRecord {
  const at = state.centres.findIndex((centre) => centre.id >= id);
  const known = state.centres[at];
  if (known?.id === id) return known;
  const centre = emptyCentre(id);
  state.centres.splice(at === -1 ? state.centres.length : at, 0, centre);
  return centre;
}

type Event<Kind extends WorldEvent["kind"]> = Extract<WorldEvent, { kind: Kind }>;

function addJob(state: State, event: Event<"job-queued">): void {
  if (state.jobs.has(event.job)) return;
  const indices = indicesOf(event.array);
  const {
    shape,
    wishes,
    timeLimitS,
    graceS = 0,
    demands,
    project,
    person,
    priority = "normal",
    preemptible = "no",
    warnS = 0,
  } = event;
  const submitter = submitterOf(state.queue.submitters, event.tenant ?? theOnlyTenant, project, person);
  if (asksForAccounts(state.centres)) state.wanted = null;
  if (shape.accelerators) state.demand?.saw(needOfShape(shape), indices.count);
  const job: JobRecord = {
    id: event.job,
    submittedMs: event.submittedMs,
    project: event.project,
    person: event.person,
    name: event.name,
    priority,
    submitter,
    preemptible,
    warnS,
    indices,
    ofArray: event.array !== null,
    throttle: event.array?.throttle ?? null,
    ask: intern(state.queue, { shape, wishes, timeLimitS, graceS, demands, project, person }, state.centres),
    queued: positionsUpTo(indices.count),
    ended: null,
    endedCount: 0,
    failed: null,
    attempts: null,
    live: null,
    told: null,
    moves: null,
    madeWay: null,
    waits: null,
    home: null,
    complete: false,
    inQueue: false,
  };
  job.ask.jobs += 1;
  state.jobs.set(job.id, job);
  state.queued += indices.count;
  link(state.dependencies, job, event.dependencies, state.jobs);
  arrive(state.dependencies, job);
  if (state.untold.push(job.id) > mostUntold) state.untold.shift();
  endPositions(state, job, positionsOf(indices, event.past?.succeeded ?? []), true, null);
  endPositions(state, job, positionsOf(indices, event.past?.otherwise ?? []), false, null);
  readyJob(state, job, 0);
}

/** Whatever held it is over: it may start where there is room, and would have come to its home. */
function readyJob({ queue, homes }: State, job: JobRecord, atMs: number): void {
  enqueue(queue, job);
  if (job.home === null) comeHome(homes, job, atMs);
}

function placeTask(state: State, event: Event<"task-placed">): void {
  const found = openTask(state, event);
  if (!found) return;
  const { job, position } = found;
  const run = job.live?.get(position);
  if ((run?.attempt ?? job.attempts?.get(position) ?? 0) >= event.attempt) return;
  if (run) endRun(state, job, position, run, null);
  else state.queued -= removePositions(job.queued, position, position + 1);
  job.attempts?.delete(position);
  forgetPromise(state.promised, job, position);
  const { attempt, phase, atMs, startsMs = null, firstTold = null, held = false, askedBack = false } = event;
  if (event.moved) noteMoves(job, position, event.moved);
  const pool = poolOf(centreOf(state, event.centre), event.pool);
  const sort = sortOf(pool, job.project, event.allocation);
  moveRun(pool, sort, null, phase);
  takeAccount(pool.centre, job, amountsOfRun(event.allocation), 1);
  holdCores(state.coreLimits, job, 1);
  if (phase !== "running") takeLicences(pool.centre, job.ask.demands, 1);
  const endsMs = atMs + lastsMs(job);
  const startedMs = phase === "running" ? atMs : null;
  const charged = charge(state.queue.submitters, job.submitter, job.ask, event.allocation, atMs);
  const told = { ...untold, placedMs: atMs, startsMs, firstTold, held, askedBack };
  const started: LiveRun = { attempt, pool, sort, phase, endsMs, startedMs, charged, ...told };
  expectEnd(pool, started);
  noteWaiting(state.waiting, started, job, position, phase === "waiting");
  if (job.preemptible !== "no") pool.yielding.set(started, { job, position, run: started });
  dropTaskClaim(state, event);
  job.live ??= new Map();
  job.live.set(position, started);
  state.live += 1;
  // Put on nodes anew, or known to the engine already, it may leave more room than was thought when it was placed.
  const isPutAnew = pool.upSize.cells[0]?.count !== 1 || pool.taken.shares > 0;
  if (pool.state?.foreign !== "none" || isShared(pool) || isPutAnew) grow(state, pool);
  leaveRow(state, job);
}

/** The time a run of it may hold its place. */
function lastsMs({ ask }: JobRecord): number {
  return (ask.timeLimitS + ask.graceS) * 1000;
}

/** What a change of a job means for the row that it is the first of. */
function leaveRow({ queue }: State, { ask, inQueue }: JobRecord): void {
  if (inQueue && ask.row) settle(queue, ask.row);
}

function moveLiveRun(state: State, event: Event<"run-moved">): void {
  const found = openTask(state, event);
  const run = found?.job.live?.get(found.position);
  if (!found || run?.attempt !== event.attempt) return;
  if (event.phase === "waiting" && run.phase !== "running") tellEngineStart(run, event);
  if (runPhases.indexOf(event.phase) <= runPhases.indexOf(run.phase)) return;
  moveRun(run.pool, run.sort, run.phase, event.phase);
  if (event.phase === "running") {
    learnFrom(state.starts, found.job, found.position, run, event.atMs);
    freeKept(state, run);
    takeLicences(run.pool.centre, found.job.ask.demands, -1);
    expectNoEnd(run.pool, run);
    run.endsMs = event.atMs + lastsMs(found.job);
    run.startedMs = event.atMs;
    expectEnd(run.pool, run);
  }
  run.phase = event.phase;
  noteWaiting(state.waiting, run, found.job, found.position, event.phase === "waiting");
  grow(state, run.pool);
}

function tellEngineStart(run: LiveRun, { startsMs = null, held = false, atMs }: Event<"run-moved">): void {
  run.startsMs = startsMs;
  run.held = held;
  if (startsMs !== null) run.firstTold ??= { madeMs: atMs, startsMs };
}

function askRunBack(state: State, event: Event<"run-asked-back">): void {
  const found = openTask(state, event);
  const run = found?.job.live?.get(found.position);
  if (!found || run?.attempt !== event.attempt || run.askedBack || run.phase === "running") return;
  const { to } = event;
  askBack(found.job, found.position, run, to && poolOf(centreOf(state, to.centre), to.pool));
}

function loseRun(state: State, event: Event<"run-lost">): void {
  const found = openTask(state, event);
  const run = found?.job.live?.get(found.position);
  if (run?.attempt === event.attempt) run.lost = true;
}

function freeKept(state: State, run: LiveRun): void {
  const grown = releaseKept(run);
  if (grown) grow(state, grown);
}

function noteMoves(job: JobRecord, position: number, moved: MovesMade): void {
  job.moves ??= new Map();
  job.moves.set(position, moved);
}

function tellStart(state: State, { job: id, index, centre, pool, madeMs, startsMs }: Event<"start-told">): void {
  const found = openTask(state, { job: id, index });
  if (!found || !hasPosition(found.job.queued, found.position)) return;
  found.job.told ??= new Map();
  if (found.job.told.has(found.position)) return;
  found.job.told.set(found.position, { centre, pool, madeMs, startsMs });
}

function makeWay(state: State, event: Event<"run-makes-way">): void {
  const pool = poolOf(centreOf(state, event.centre), event.pool);
  const found = openTask(state, event);
  const run = found?.job.live?.get(found.position);
  if (found) {
    const { job, position } = found;
    job.madeWay ??= new Map();
    const attempts = job.madeWay.get(position) ?? new Set<number>();
    job.madeWay.set(position, attempts.add(event.attempt));
  }
  const live = found && run?.attempt === event.attempt && !run.makesWay ? { ...found, run } : null;
  noteAsked(state.preemption, event, pool, event.tenant ?? found?.job.submitter.tenant ?? theOnlyTenant, live);
  grow(state, pool);
}

/** Of the positions that ended. */
function dropClaims(state: State, job: JobRecord, from: number, to: number): void {
  for (const { task } of [...state.preemption.claims.values()]) {
    const position = task.job === job.id ? positionOf(job.indices, task.index) : -1;
    if (position >= from && position < to) dropTaskClaim(state, task);
  }
}

/** Whatever room was made for it is nobody's from now on. */
function dropTaskClaim(state: State, task: TaskRef): void {
  const pool = dropClaim(state.preemption, task);
  if (pool) grow(state, pool);
}

/** What failed for want of it is looked at again. */
function grow({ queue }: State, pool: PoolRecord): void {
  queue.changes += 1;
  pool.grown = queue.changes;
}

function requeueTask(state: State, event: Event<"task-queued">): void {
  const found = openTask(state, event);
  if (!found) return;
  const { job, position } = found;
  const run = job.live?.get(position);
  if (run && run.attempt > event.attempts) return;
  if (event.moved) noteMoves(job, position, event.moved);
  if (run?.keeps) promise(state.promised, job, position, run.keeps.pool);
  if (run) {
    endRun(state, job, position, run, lastedOf(event));
    state.queued += addPositions(job.queued, position, position + 1);
  }
  job.attempts ??= new Map();
  job.attempts.set(position, Math.max(event.attempts, job.attempts.get(position) ?? 0));
  enqueue(state.queue, job);
}

function endTasks(state: State, event: Event<"tasks-ended">): void {
  const job = state.jobs.get(event.job);
  if (job) endPositions(state, job, positionsOf(job.indices, event.indices), event.succeeded, lastedOf(event));
}

/** Ends what has not ended among the positions, and settles what follows from it. */
function endPositions(
  state: State,
  job: JobRecord,
  positions: Positions,
  succeeded: boolean,
  lasted: Lasted | null,
): void {
  const fresh = eachSpan(positions).flatMap(([from, to]) => gapsOf(job.ended ?? [], from, to));
  if (fresh.length === 0) return;
  job.ended ??= [];
  for (const [from, to] of eachSpan(fresh)) {
    job.endedCount += addPositions(job.ended, from, to);
    if (!succeeded) {
      job.failed ??= [];
      addPositions(job.failed, from, to);
    }
    state.queued -= removePositions(job.queued, from, to);
    forgetRuns(state, job, from, to, lasted);
    dropClaims(state, job, from, to);
  }
  job.complete = job.endedCount === job.indices.count;
  resolve(state.dependencies, job, fresh, (waiter) => readyJob(state, waiter, lasted?.endedMs ?? 0));
  leaveRow(state, job);
  if (job.complete) forgetJob(state, job, lasted?.endedMs ?? 0);
  else enqueue(state.queue, job);
}

function countOnlyAt(state: State, centre: CentreId): number {
  let tasks = 0;
  for (const { ask, queued } of state.jobs.values()) {
    const { pools } = ask.group;
    if (pools.length === 0 || pools.some((pool) => pool.centre.id !== centre)) continue;
    for (const [from, to] of eachSpan(queued)) tasks += to - from;
  }
  return tasks;
}

/** By the shorter way: one task of many that run, or few runs of a long range. */
function forgetRuns(state: State, job: JobRecord, from: number, to: number, lasted: Lasted | null): void {
  const { live, attempts, told, moves } = job;
  for (const position of keysWithin(live, from, to)) {
    const run = live?.get(position);
    if (!run) continue;
    endRun(state, job, position, run, lasted);
    const ranS = ranOf(run, lasted);
    if (ranS !== null) learn(state.queue.submitters, job.submitter, job.ask, ranS);
    if (ranS !== null && lasted) leaveHome(job, position, lasted.startedMs ?? run.startedMs, lasted.endedMs);
  }
  // Those that never started.
  if (job.home) for (let at = from; at < to; at++) leaveHome(job, at, null, lasted?.endedMs ?? 0);
  for (const position of keysWithin(state.promised.get(job) ?? null, from, to))
    forgetPromise(state.promised, job, position);
  for (const each of [attempts, told, moves]) for (const position of keysWithin(each, from, to)) each?.delete(position);
}

function keysWithin(map: ReadonlyMap<number, unknown> | null, from: number, to: number): number[] {
  if (!map || map.size === 0) return [];
  if (to - from > map.size) return [...map.keys()].filter((key) => key >= from && key < to);
  return Array.from({ length: to - from }, (_, i) => from + i).filter((key) => map.has(key));
}

/** A job that has ended has settled all that waited for it; whoever comes later brings its past again. */
function forgetJob(state: State, job: JobRecord, atMs: number): void {
  state.jobs.delete(job.id);
  release(state.queue, job.ask);
  unlink(state.dependencies, job, (first) => readyJob(state, first, atMs));
}

/** When a run ended, and had started where it was not told before; null: what it used is not known, and does not count. */
type Lasted = { readonly startedMs: number | null; readonly endedMs: number };

function lastedOf({ atMs, startedMs = null }: { atMs?: number | undefined; startedMs?: number | null | undefined }) {
  return atMs === undefined ? null : { startedMs, endedMs: atMs };
}

/** null: it had not started. */
function ranOf(run: LiveRun, lasted: Lasted | null): number | null {
  const startedMs = lasted?.startedMs ?? run.startedMs;
  return lasted === null || startedMs === null ? null : ranForS(startedMs, lasted.endedMs);
}

function endRun(state: State, job: JobRecord, position: number, run: LiveRun, lasted: Lasted | null): void {
  correct(state.queue.submitters, job.submitter, run.charged, ranOf(run, lasted) ?? 0);
  if ((lasted?.startedMs ?? run.startedMs) !== null) learnLoss(run.pool.centre, run.lost);
  noteWaiting(state.waiting, run, job, position, false);
  freeKept(state, run);
  moveRun(run.pool, run.sort, run.phase, null);
  expectNoEnd(run.pool, run);
  run.pool.yielding.delete(run);
  noteRunEnded(state.preemption, run);
  grow(state, run.pool);
  takeAccount(run.pool.centre, job, amountsOfRun(run.sort.allocation), -1);
  holdCores(state.coreLimits, job, -1);
  if (areCoresWanted(state.coreLimits, job)) forgetFailures(state.queue);
  if (run.phase !== "running") takeLicences(run.pool.centre, job.ask.demands, -1);
  job.live?.delete(position);
  state.live -= 1;
}

function* liveJobs({ jobs }: State): Iterable<JobRecord> {
  for (const job of jobs.values()) for (const _ of job.live?.keys() ?? []) yield job;
}

function* liveCharges({ jobs }: State): Iterable<LiveCharge> {
  for (const { live, submitter: by } of jobs.values())
    for (const { charged } of live?.values() ?? []) if (charged) yield { by, charged };
}

/** The job and position of a task that has not ended; null where it has, or was never told of. */
function openTask(state: State, task: TaskRef): { readonly job: JobRecord; readonly position: number } | null {
  const job = state.jobs.get(task.job);
  if (!job) return null;
  const position = positionOf(job.indices, task.index);
  assert(position !== -1, `job ${task.job} has index ${task.index}`);
  return job.ended && hasPosition(job.ended, position) ? null : { job, position };
}

function explain(state: State, task: TaskRef, nowMs: number): Explanation {
  const job = state.jobs.get(task.job);
  const position = job ? positionOf(job.indices, task.index) : -1;
  if (!job || position === -1) return { kind: "not-queued" };
  const run = job.live?.get(position);
  if (run) {
    const waits = run.phase === "waiting" && isShared(run.pool);
    const estimate = waits ? waitEstimate(state.starts, job, run, nowMs) : { from: "unknown" as const };
    return { kind: "live", centre: run.pool.centre.id, attempt: run.attempt, estimate };
  }
  if (!hasPosition(job.queued, position)) return { kind: "not-queued" };
  const own = waitReason(job, position) ?? throttleReason(job, position);
  const claim = claimOf(state.preemption, task);
  const explained = explainAt(state, nowMs, { job, position }, job.ask, own, claim?.pool);
  if (!claim || own) return explained;
  const { pool, runs, endsMs } = claim;
  return { ...explained, makingWay: { centre: pool.centre.id, pool: pool.name, runs: runs.size, endsMs } };
}

function whatIf(state: State, task: TaskRef, nowMs: number): readonly StartingChange[] | null {
  const found = openTask(state, task);
  if (!found || !hasPosition(found.job.queued, found.position)) return null;
  const { job, position } = found;
  if (waitReason(job, position) ?? throttleReason(job, position)) return [];
  if (beyondCores(state.coreLimits, job)) return [];
  return withoutTask(state, job, position, () =>
    seenFrom(state, nowMs, { job: null, position: 0 }, () => {
      const pools = state.centres.flatMap((centre) => centre.pools.filter(mayTake));
      return smallestChanges(job.ask, pools, (asked) => {
        const line = lineFor({ project: job.project, shape: asked.shape });
        const offer = chooseAmong(
          { ...asked, line },
          pools.filter((pool) => mayEverUse(asked, pool)),
          nowMs,
          choiceOf(state),
        );
        return offer?.now ? offer.pool : null;
      });
    }),
  );
}

/** Looks at the queue as if the task were not in it. */
function withoutTask<Seen>({ queue }: State, job: JobRecord, position: number, look: () => Seen): Seen {
  removePositions(job.queued, position, position + 1);
  try {
    return look();
  } finally {
    addPositions(job.queued, position, position + 1);
    enqueue(queue, job);
  }
}

type OwnReason = { readonly rule: JobRule; readonly facts: Facts };

/** `claimed`: where room was made for it, and it goes nowhere else. */
function explainAt(
  state: State,
  nowMs: number,
  place: Place,
  asked: Asked,
  own: OwnReason | null,
  claimed?: PoolRecord,
): WaitingExplanation {
  return seenFrom(state, nowMs, place, (walk) => {
    if (!own && !claimed) letOwnFirst(state, walk, place, asked, nowMs);
    const candidates = judgeAll(state, asked, nowMs);
    const by = place.job?.submitter ?? submitterIn(state, asked);
    const beyond = by ? beyondCores(state.coreLimits, { submitter: by, ask: asked }) : null;
    const reason = own ?? beyond ?? (candidates.length === 0 ? { rule: "no-centre" as const, facts: {} } : null);
    const left = place.job?.moves?.get(place.position)?.left;
    const within = reason ? [] : inReach(state, asked, candidates).filter((pool) => !claimed || pool === claimed);
    const kept = place.job && !reason ? promisedOffer(state, place.job, place.position, nowMs) : null;
    const now = reason ? null : (kept ?? walk.found ?? chooseElsewhere(left, asked, within, nowMs, choiceOf(state)));
    const isStill =
      now && !kept && !walk.found && !claimed && !(place.job && isStarving(rankOfJob(state.queue, place.job)));
    const faster = isStill ? awaited(state, walk, asked, place.job, now) : null;
    const offer = faster ? null : now;
    const nobodyEnds = place.job && !reason && !now ? whyNobodyEnds(state, walk, place.job) : null;
    return {
      kind: "waiting",
      rule: reason?.rule ?? null,
      facts: reason?.facts ?? {},
      candidates,
      wouldGoTo: offer?.pool.centre.id ?? null,
      order: place.job && orderTerms(state.queue, state.policy, place.job, place.position, nowMs),
      estimate: reason ? { from: "unknown" } : estimateOf(state, asked, faster ?? offer, nowMs),
      ...(nobodyEnds && { nobodyEnds }),
      ...(faster && now && { awaits: awaitedFrom(faster, now, nowMs) }),
    };
  });
}

/** Whoever submits for the same project. */
function submitterIn({ queue }: State, { who }: Asked): Submitter | undefined {
  return who ? queue.submitters.all.find(({ project }) => project === who.project) : undefined;
}

/** What late ones of a centre's own users would take of what it could start at. */
function letOwnFirst(state: State, walk: Walk, { job, position }: Place, asked: Asked, nowMs: number): void {
  const { homes, queue } = state;
  if (homes.at.size === 0 || walk.found || (job && isStarving(rankOfJob(queue, job)))) return;
  if (job && state.promised.get(job)?.has(position)) return;
  const by = job?.submitter ?? submitterIn(state, asked);
  const pools = state.centres.flatMap((centre) =>
    centre.pools.filter((pool) => mayTake(pool) && mayEverUse(asked, pool)),
  );
  const left = job?.moves?.get(position)?.left;
  const errand = { end: { job, position }, most: Number.POSITIVE_INFINITY, placed: () => {} };
  const visits = (centre: CentreId) => !by || homes.of.get(by.tenant) !== centre;
  afterOwn(state, walk, errand, visits, () => chooseElsewhere(left, asked, pools, nowMs, choiceOf(state)));
}

function awaitedFrom({ pool, startsMs, gainS }: FasterPool, instead: Offer, nowMs: number): AwaitedPool {
  const nameOf = ({ centre, name }: PoolRecord) => ({ centre: centre.id, pool: name });
  return { ...nameOf(pool), startsInS: Math.round((startsMs - nowMs) / 1000), gainS, insteadOf: nameOf(instead.pool) };
}

function estimateOf(state: State, asked: Asked, offer: Offer | FasterPool | null, nowMs: number): StartEstimate {
  if (offer && "startsMs" in offer) {
    const { pool, startsMs } = offer;
    return rangeOf(state.starts, "profile", pool, asked, { nowMs, startsMs, surelyMs: null });
  }
  if (offer?.now) {
    const centre = offer.pool.centre.id;
    return { from: "profile", earliestMs: nowMs, likelyMs: nowMs, latestMs: nowMs, centre, seen: 0 };
  }
  const queue = offer && startInQueue(asked, offer.pool, nowMs, state.starts);
  if (offer && queue) {
    // What was learnt of a queue is all in its error.
    const startsMs = queue.from === "queue" ? nowMs : nowMs + queue.inMs;
    return rangeOf(state.starts, queue.from, offer.pool, asked, { nowMs, startsMs, surelyMs: null });
  }
  const pools = state.centres.flatMap((centre) => centre.pools.filter((pool) => mayEverUse(asked, pool)));
  const best = earliestStart(asked, pools, nowMs, state.placing);
  if (!best) return { from: "unknown" };
  const isFirst = state.keepsPlaces && pools.every((pool) => pool.reservations.length === 0);
  const { atMs, pool } = best;
  return rangeOf(state.starts, "profile", pool, asked, { nowMs, startsMs: atMs, surelyMs: isFirst ? atMs : null });
}

/** So many of the newest are kept in mind; each is told at most once. */
const mostUntold = 64;
const toldAfterMs = 2_000;
const tellsEveryMs = 5_000;

/** Others with each moment, so that one that cannot be told keeps nobody back. What starts at once needs no telling. */
function estimateDue(state: State, nowMs: number): TaskTold | null {
  const jobs = state.untold.flatMap((id) => {
    const job = state.jobs.get(id);
    const position = job ? nextReady(job, 0) : -1;
    const isDue = job && position !== -1 && !job.told?.has(position) && nowMs - job.submittedMs >= toldAfterMs;
    return isDue ? [{ job, position }] : [];
  });
  const found = jobs[Math.floor(nowMs / tellsEveryMs) % Math.max(1, jobs.length)];
  if (!found) return null;
  const { job, position } = found;
  return seenFrom(state, nowMs, { job, position }, () => {
    const best = earliestStart(job.ask, job.ask.group.pools, nowMs, state.placing);
    if (!best || chooseAmong(job.ask, job.ask.group.pools, nowMs, choiceOf(state))) return null;
    const { atMs, pool } = best;
    const told = { centre: pool.centre.id, pool: pool.name, madeMs: nowMs, startsMs: atMs };
    const { processors } = waitsAlike(pool, job.ask.shape, job.ask.timeLimitS);
    const task = { job: job.id, index: indexAt(job.indices, position) };
    return { ...task, ...told, processors, timeLimitS: job.ask.timeLimitS };
  });
}

function inReach(state: State, asked: Asked, candidates: readonly Candidate[]): readonly PoolRecord[] {
  const now = new Set(candidates.filter((each) => each.holds === "now").map((each) => each.centre));
  return state.centres
    .filter((centre) => now.has(centre.id))
    .flatMap((centre) => centre.pools.filter((pool) => mayEverUse(asked, pool)));
}

/** Where nobody tells of tenants. */
const theOnlyTenant = tenantId(1);

function askedBy(shape: Shape, wishes: CentreWishes, asker: Asker | undefined): Asked {
  const line = asker ? lineFor({ project: asker.project, shape }) : null;
  const { timeLimitS = 0, graceS = 0, demands = null, person, project } = asker ?? {};
  const who = person === undefined || project === undefined ? null : { person, project };
  return { shape, wishes, timeLimitS, graceS, demands, who, line };
}

/** Tasks before this one in its array that are ready count too: they are to start first. */
function throttleReason(job: JobRecord, position: number): OwnReason | null {
  if (job.throttle === null) return null;
  let before = 0;
  const most = room(job);
  for (let at = nextReady(job, 0); at !== -1 && at < position && before < most; at = nextReady(job, at + 1))
    before += 1;
  if (before < most) return null;
  return { rule: "array-throttle", facts: { limit: job.throttle, live: (job.live?.size ?? 0) + before } };
}

function eachSpan(positions: Positions): (readonly [from: number, to: number])[] {
  const spans: (readonly [number, number])[] = [];
  for (let pair = 0; pair + 1 < positions.length; pair += 2)
    spans.push([positions[pair] ?? 0, positions[pair + 1] ?? 0]);
  return spans;
}
