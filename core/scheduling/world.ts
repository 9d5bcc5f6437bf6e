import { hostNames } from "#core/centre/host-list.ts";
import type { Region } from "#core/centre/region.ts";
import type { PoolTermsInForce } from "#core/centre/terms.ts";
import type { CentreId, JobId, TaskRef } from "#core/ids.ts";
import { shippedDefaultClass } from "#core/job/job-class.ts";
import type { CentreWishes, Shape } from "#core/job/spec.ts";
import { amountsOfRun, takeAccount } from "#core/scheduling/account-use.ts";
import { tellTime } from "#core/scheduling/agreed.ts";
import { lookingBy } from "#core/scheduling/ahead.ts";
import { boundsOf, noRules, setHomesInRules, setRules } from "#core/scheduling/bounds.ts";
import {
  type CentreRecord,
  describe,
  emptyCentre,
  forgetLeft,
  isShared,
  moveRun,
  type PoolRecord,
  poolOf,
  sortOf,
} from "#core/scheduling/centres.ts";
import {
  areCoresWanted,
  boundsBelow,
  type CoreBound,
  holdCores,
  noCoreLimits,
  setClassLimits,
  setCoreLimits,
} from "#core/scheduling/core-limits.ts";
import {
  dataComes,
  dataOfJob,
  forgetData,
  nextDataWaitMs,
  noDataWaits,
  watchData,
} from "#core/scheduling/data-waits.ts";
import { noDeadlines, overdueTasks, watchDeadline } from "#core/scheduling/deadlines.ts";
import { arrive, emptyDependencies, link, missingJobs, resolve, unlink } from "#core/scheduling/dependencies.ts";
import { learnFrom, learnPast, noLearntStarts } from "#core/scheduling/estimate/starts.ts";
import { askedBy, estimateDue, explain, explainNew, theOnlyTenant, whatIf } from "#core/scheduling/explain.ts";
import type { Asker, EverFit, Explanation, TaskTold, WaitingExplanation } from "#core/scheduling/explanation.ts";
import { type FirstReason, firstReasons } from "#core/scheduling/first-reason.ts";
import { everGiven, type Given } from "#core/scheduling/given.ts";
import { type GrantLeft, grantsFor, noGrants, tellGrants } from "#core/scheduling/grants.ts";
import { headroomOf, type StartableShape } from "#core/scheduling/headroom.ts";
import {
  beginAway,
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
import { allowanceOf } from "#core/scheduling/lending.ts";
import { nearestFit } from "#core/scheduling/nearest.ts";
import { takeLicences } from "#core/scheduling/offered.ts";
import { Doubt } from "#core/scheduling/order/doubt.ts";
import { emptyDemand } from "#core/scheduling/packing/demand.ts";
import { needOfShape } from "#core/scheduling/packing/growth.ts";
import {
  askBack,
  forgetPromise,
  type MovesMade,
  nobodyWaits,
  noteWaiting,
  promise,
  releaseKept,
} from "#core/scheduling/placing/moves.ts";
import { learnLoss } from "#core/scheduling/placing/score.ts";
import { endsDue, placementsDue } from "#core/scheduling/plan.ts";
import { isLive, type Policy, policies } from "#core/scheduling/policy.ts";
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
  dropClaim,
  dropLapsed,
  emptyPreemption,
  lapsesMs,
  noteAsked,
  noteRunEnded,
  rateAgainMs,
} from "#core/scheduling/preemption/record.ts";
import {
  accountsWanted,
  asksForAccounts,
  emptyQueue,
  enqueue,
  forgetFailures,
  intern,
  rankAnew,
  rankBy,
  rebind,
  regroup,
  release,
  settle,
  type WantedAccount,
} from "#core/scheduling/queue.ts";
import { rankingOf } from "#core/scheduling/ranking.ts";
import { refusedForGood, refuseJob } from "#core/scheduling/refusals.ts";
import { nothingDecided } from "#core/scheduling/scene.ts";
import {
  capacityOf,
  charge,
  correct,
  countedS,
  emptySubmitters,
  expectedRunS,
  followPolicy,
  type LiveCharge,
  learn,
  memoryOf,
  type OrderMemory,
  ranForS,
  recall,
  recallRun,
  submitterOf,
  weigh,
} from "#core/scheduling/submitters.ts";
import { lostWith, type Stranded } from "#core/scheduling/terms-change.ts";
import { expectEnd, expectNoEnd } from "#core/scheduling/twin.ts";
import { amountsAllocated, forgetVisits, tellVisits, visit } from "#core/scheduling/visits.ts";
import type { StartingChange } from "#core/scheduling/what-if.ts";
import { type CentreState, runPhases, type WorldEvent } from "#core/scheduling/world-event.ts";
import type { Plan } from "#core/scheduling/world-plan.ts";
import { openTask, type State } from "#core/scheduling/world-state.ts";
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
  /** The first of it in short, for the lines of a list: what each job's first queued task waits for; left out: nothing of it is queued. */
  firstReasons(jobs: readonly JobId[], nowMs: number): ReadonlyMap<JobId, FirstReason>;
  /** The same as `explain` for a job not yet submitted: it would stand at the end of the queue. */
  explainNew(shape: Shape, wishes: CentreWishes, nowMs: number, asker?: Asker): WaitingExplanation;
  /**
   * The smallest changes with each of which a queued task would start now, were it cancelled and submitted so, behind all
   * that wait. Empty where nothing would: also where it waits for another job, or for its own array. null: it is not queued.
   */
  whatIf(task: TaskRef, nowMs: number): readonly StartingChange[] | null;
  /** Whether any centre in service, reachable or not, could run the shape if it were empty. */
  couldEverFit(shape: Shape, wishes: CentreWishes, asker?: Asker): EverFit;
  /** All that one task of it could ever be given, by whatever placement: a quote is of the dearest. */
  everGiven(shape: Shape, wishes: CentreWishes, asker?: Asker): readonly Given[];
  /** The bounds of whoever asks within which no run of such a shape could ever be. */
  boundsBelow(asker: Pick<Asker, "tenant" | "project">, shape: Shape): readonly CoreBound[];
  /** What was granted to whoever asks, and what is left of it. */
  granted(asker: Pick<Asker, "tenant" | "project">): readonly GrantLeft[];
  /** Another object once a centre describes itself otherwise, so that work could ever run elsewhere or be given more. */
  description(): object;
  /** Where the centre keeps its runs' own folders; null: it does not say. */
  runsFolder(centre: CentreId): string | null;
  /** Whether the jobs of a centre's own users are hidden from its agent, in any of its pools: what is foretold there is rough. */
  hidesLoad(centre: CentreId): boolean;
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
  /** Queued tasks that would be left without a place were these the terms of pools of the centre, and it there. Looks at every job. */
  lostWith(
    centre: CentreId,
    terms: ReadonlyMap<string, PoolTermsInForce>,
    region: Region | null,
    nowMs: number,
  ): Stranded;
  /**
   * Tells what time it is, as each decision and explanation does first. Answers whether ranks were told anew or input of a
   * job has come to a centre: a recording holds that, since what follows depends on it.
   */
  tell(nowMs: number): boolean;
  /** What the order goes by of work that is over: usage and run times. Given to another world, its order is the same. */
  remembered(nowMs: number): OrderMemory;
  /** Whether anything is granted, so that what the ledger holds matters. */
  hasGrants(): boolean;
  policy(): Policy;
  /** Of those near their longest wait, where and when each has its place, as it was decided last. */
  places(): readonly (TaskRef & { readonly centre: CentreId; readonly pool: string; readonly atMs: number })[];
  /** What those centres' own users have of sharing that are the home of a tenant. */
  homes(): readonly HomeRecord[];
  counts(): { readonly jobs: number; readonly queued: number; readonly live: number };
};

/** `policy` absent: Weir's own. */
export function createWorld(policy: Policy = policies.weir): World {
  const doubt = new Doubt();
  const state: State = {
    centres: [],
    queue: emptyQueue(rankingOf(policy), emptySubmitters(policy)),
    ...followed(policy, doubt),
    doubt,
    untaught: { atMs: 0, runs: [] },
    memory: nothingDecided(),
    againMs: null,
    starts: noLearntStarts(),
    waiting: nobodyWaits(),
    promised: new Map(),
    untold: [],
    preemption: emptyPreemption(policy),
    coreLimits: noCoreLimits(),
    grants: noGrants(),
    rules: noRules(),
    homes: noHomes(),
    homePriority: policy.homePriority,
    findTask: (task) => openTask(state, task),
    dependencies: emptyDependencies(),
    deadlines: noDeadlines(),
    dataWaits: noDataWaits(),
    jobs: new Map(),
    queued: 0,
    live: 0,
    refused: new Map(),
    wanted: null,
    description: {},
  };
  boundClasses(state);
  return {
    apply: (event) => apply(state, event),
    tell: (nowMs) => tellRanks(state, nowMs),
    decide: (nowMs, most) => {
      passTime(state.homes, nowMs);
      const againMs = lookAgainMs(state, tellNow(state, nowMs), nowMs);
      const { place, takeBack, preempt, keepsBack } = placementsDue(state, nowMs, most);
      const overdue = overdueTasks(state.deadlines, nowMs);
      // What was foretold does not come for ever, though nothing is told meanwhile.
      const lookMs = earlier(overdue.nextMs, keepsBack ? nowMs + 60_000 : null);
      return {
        decidedMs: nowMs,
        againMs: earlier(againMs, lookMs),
        place,
        takeBack,
        end: [...endsDue(state.dependencies), ...overdue.ends, ...refusedForGood(state)],
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
    firstReasons: (jobs, nowMs) => firstReasons(state, jobs, nowMs),
    explainNew: (shape, wishes, nowMs, asker) => {
      tellNow(state, nowMs);
      return explainNew(state, nowMs, askedBy(state, shape, wishes, asker), asker);
    },
    whatIf: (task, nowMs) => {
      tellNow(state, nowMs);
      return whatIf(state, task, nowMs);
    },
    couldEverFit: (shape, wishes, asker) => nearestFit(state.centres, askedBy(state, shape, wishes, asker)),
    everGiven: (shape, wishes, asker) => everGiven(state.centres, askedBy(state, shape, wishes, asker)),
    granted: ({ tenant = theOnlyTenant, project }) => grantsFor(state.grants, { tenant, project }),
    boundsBelow: ({ tenant = theOnlyTenant, project }, shape) =>
      boundsBelow(state.coreLimits, { submitter: { tenant, project }, ask: { shape } }),
    description: () => state.description,
    runsFolder: (centre) => state.centres.find(({ id }) => id === centre)?.state?.offers?.runsFolder ?? null,
    hidesLoad: (centre) =>
      state.centres.find(({ id }) => id === centre)?.pools.some((pool) => pool.state?.foreign === "hidden") ?? false,
    headroom: (centre) => headroomOf(state.centres.find(({ id }) => id === centre)),
    centres: () => state.centres.filter((centre) => centre.state !== null).map((centre) => centre.id),
    missing: () => missingJobs(state.dependencies),
    accountsWanted: () => (state.wanted ??= accountsWanted(state.queue, state.centres)),
    onlyAt: (centre) => countOnlyAt(state, centre),
    lostWith: (id, terms, region, nowMs) =>
      lostWith(
        state.jobs.values(),
        state.centres.find((centre) => centre.id === id),
        terms,
        region,
        nowMs,
      ),
    knows: (job) => state.jobs.has(job),
    remembered: (nowMs) => {
      learnEnds(state);
      const memory = memoryOf(state.queue.submitters, liveCharges(state), nowMs);
      const homes = state.homes.at.size > 0 && { homes: rememberHomes(state.homes) };
      return { ...memory, doubt: doubt.remembered(), ...homes };
    },
    hasGrants: () => state.grants.tenants.size + state.grants.projects.size > 0,
    policy: () => state.policy,
    places: () =>
      state.memory.places.map(({ job, position, pool, atMs }) => ({
        ...{ job: job.id, index: indexAt(job.indices, position) },
        ...{ centre: pool.centre.id, pool: pool.name, atMs },
      })),
    homes: () => homeRecords(state.homes),
    counts: () => ({ jobs: state.jobs.size, queued: state.queued, live: state.live }),
  };
}

/** What of the world follows from its policy. */
function followed(
  policy: Policy,
  doubt: Doubt,
): Pick<State, "policy" | "backfill" | "keepsPlaces" | "demand" | "placing" | "homePriority" | "looking"> {
  assert(isLive(policy), `${policy.name} is a policy of replays alone`);
  const { order, backfill, placing, homePriority } = policy;
  // The classics without backfill stay as they are: most free first, of accelerators too.
  const demand = backfill === "none" ? null : emptyDemand(mostNeedsWeighed);
  const keepsPlaces = order.kind === "fcfs" && backfill !== "none";
  const looking = policy.lookahead && backfill === "easy" ? lookingBy(policy.lookahead, doubt) : null;
  return { policy, backfill, keepsPlaces, demand, placing, homePriority, looking };
}

/** Different needs of accelerators that a choice between pools weighs; a decision makes thousands of such choices. */
const mostNeedsWeighed = 32;

/** What time it is, before anything is decided or explained. Answers when time alone makes room next; null: never. */
function tellNow(state: State, nowMs: number): number | null {
  tellRanks(state, nowMs);
  // A pool that opens takes what failed before, and one more run may be asked to end for it.
  if (state.againMs !== null && nowMs >= state.againMs) forgetFailures(state.queue);
  const comesMs = nextDataWaitMs(state.dataWaits);
  const opensMs = earlier(tellTime(state.centres, nowMs), tellVisits(state.rules, nowMs));
  state.againMs = earlier(opensMs, rateAgainMs(state.preemption, nowMs));
  if (dropLapsed(state.preemption, nowMs)) forgetFailures(state.queue);
  return earlier(earlier(state.againMs, lapsesMs(state.preemption)), comesMs);
}

function tellRanks(state: State, nowMs: number): boolean {
  learnEnds(state);
  const { queue, homes, memory, dataWaits, centres } = state;
  const comes = dataComes(dataWaits, queue, centres, nowMs, (job, atMs) => readyJob(state, job, atMs));
  const isAnew = rankAnew(queue, nowMs);
  if (!isAnew && !comes) return false;
  memory.told += 1;
  passTime(homes, nowMs);
  return true;
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
  state.memory.told += 1;
  if (event.kind !== "tasks-ended") learnEnds(state);
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
    case "job-refused":
      refuseJob(state, event);
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
      if (setHomes(state.homes, event.homes, state.centres, event.atMs)) {
        for (const job of state.jobs.values()) comeHome(state.homes, job, event.atMs);
        lendAnew(state);
      }
      break;
    case "grants-told":
      if (tellGrants(state.grants, event.grants)) forgetFailures(state.queue);
      break;
    case "core-limits-set":
      setCoreLimits(state.coreLimits, event, liveJobs(state));
      forgetFailures(state.queue);
      break;
    case "bounds-set":
      bindAnew(state, event);
      break;
    case "order-remembered":
      recall(state.queue.submitters, event.memory);
      if (event.memory.doubt) state.doubt.recall(event.memory.doubt);
      recallHomes(state.homes, event.memory.homes ?? []);
      break;
    case "run-past":
      recallRun(
        state.queue.submitters,
        state.policy,
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

function followAnother(state: State, { policy, weights, promises, atMs }: Event<"policy-set">): void {
  const { demand, ...more } = followed(policy, state.doubt);
  const before = allowanceOf(state.homePriority);
  Object.assign(state, more, { demand: demand && (state.demand ?? demand) });
  Object.assign(state.memory, { reserved: new Map(), holders: [], holdersBefore: [] });
  // Under a policy that reserves for one alone, or for everybody, those near their longest wait have no places of their own.
  if (state.backfill !== "easy" && state.backfill !== "easy-sjbf")
    Object.assign(state.memory, { places: [], before: { ...state.memory.before, places: [] } });
  state.preemption.policy = policy.preemption;
  followPolicy(state.queue.submitters, policy, atMs);
  weigh(state.queue.submitters, new Map(weights));
  rankBy(state.queue, rankingOf(policy, promises));
  boundClasses(state);
  if (JSON.stringify(allowanceOf(policy.homePriority)) !== JSON.stringify(before)) lendAnew(state);
}

function boundClasses(state: State): void {
  const { policy, queue, coreLimits } = state;
  setClassLimits(coreLimits, policy.classes ?? [], queue.ranking.classes.of, liveJobs(state));
}

/** Which centres keep visitors away, and whose work is a visitor where. */
function lendAnew(state: State): void {
  const { homes, rules, queue, centres, jobs, homePriority } = state;
  const allowance = allowanceOf(homePriority);
  const lends = allowance !== null && homes.of.size > 0;
  if (!lends && rules.homes === null) return;
  const places = [...homes.of].map(([tenant, centre]) => [tenant, centreOf(state, centre)] as const);
  setHomesInRules(rules, lends ? new Map(places) : null);
  for (const centre of centres) {
    const home = homes.at.get(centre.id);
    centre.lends = home && allowance ? { account: home.account, allowance, kept: [] } : null;
    if (home) home.place = centre;
  }
  for (const { live, submitter } of jobs.values())
    for (const run of live?.values() ?? []) run.visits = homes.of.get(submitter.tenant) !== run.pool.centre.id;
  for (const { account } of homes.at.values()) account.changed();
  rebind(queue, centres, jobs.values(), ({ submitter }) => boundsOf(rules, submitter.tenant, submitter.project));
  countVisits(state);
  forgetFailures(queue);
}

function changeCentre(state: State, id: CentreId, description: CentreState | null): void {
  state.wanted = null;
  const centre = centreOf(state, id);
  const before = centre.state?.localAccounts;
  const lasted = reservedMs(centre);
  const isOther = describe(centre, description) || isLeftByOthers(state.queue, lasted, reservedMs(centre));
  if (isOther) state.description = {};
  state.queue.submitters.capacity = capacityOf(state.centres.map(({ nodes }) => nodes));
  for (const pool of centre.known.values()) grow(state, pool);
  // A list of nodes is looked into only for those who name some, or ask for some next to each other.
  const mindsNames = () =>
    [...state.queue.asks.values()].some(({ shape, demands }) => shape.contiguous || demands?.siteWords.nodelist);
  if (isOther || mindsNames()) regroup(state.queue, centre, state.centres, () => state.jobs.values());
  if (isOther) countVisits(state);
  if (isOther && (before || description?.localAccounts)) countLines(state, centre);
  // Who could go home no more is kept away from no other centre.
  if (isOther && state.rules.homes !== null) forgetFailures(state.queue);
  if (changeHome(state.homes, centre)) for (const job of state.jobs.values()) comeHome(state.homes, job, 0);
}

/** What is left of each of its pools that is reserved for a time. */
function reservedMs({ known }: CentreRecord): ReadonlyMap<string, number> {
  const pools = [...known.values()].filter(({ state }) => state?.reserved);
  return new Map(pools.map(({ name, state }) => [name, state?.reserved?.lastsMs ?? 0]));
}

/** Whether some work fitted into what was left of a reservation and does not fit any more, or the other way round. */
function isLeftByOthers(
  { asks }: State["queue"],
  before: ReadonlyMap<string, number>,
  now: ReadonlyMap<string, number>,
): boolean {
  for (const [name, nowMs] of now) {
    const beforeMs = before.get(name) ?? nowMs;
    if (beforeMs === nowMs) continue;
    for (const { timeLimitS } of asks.values())
      if (timeLimitS * 1000 <= beforeMs !== timeLimitS * 1000 <= nowMs) return true;
  }
  return false;
}

/** Who is which local account there may be told otherwise: what the network has there counts by it from now on. */
function countLines({ jobs }: State, centre: CentreRecord): void {
  for (const job of jobs.values())
    for (const run of job.live?.values() ?? [])
      for (const each of run.keeps ? [run, run.keeps] : [run]) if (each.pool.centre === centre) changeLine(each, job);
}

function changeLine(run: LiveRun, job: JobRecord): void {
  const { pool, phase, sort } = run;
  const now = sortOf(pool, job, sort.allocation);
  if (now === sort) return;
  moveRun(pool, sort, phase, null);
  moveRun(pool, now, null, phase);
  run.sort = now;
}

/** Work that waits asks as the rules want it from now on; what was placed stays where it is. */
function bindAnew(state: State, event: Event<"bounds-set">): void {
  const { queue, rules, centres, jobs } = state;
  setRules(rules, event);
  state.description = {};
  state.wanted = null;
  rebind(queue, centres, jobs.values(), ({ submitter }) => boundsOf(rules, submitter.tenant, submitter.project));
  countVisits(state);
  forgetFailures(queue);
}

function countVisits({ rules, jobs }: State): void {
  if (rules.visits.length === 0) return;
  forgetVisits(rules);
  for (const { ask, live } of jobs.values())
    for (const { pool, sort } of (ask.bounds && live?.values()) ?? [])
      if (ask.bounds?.isRuled) visit(ask.bounds, pool, amountsAllocated(sort.allocation), 1);
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
    priority = shippedDefaultClass,
    preemptible = "no",
    warnS = 0,
    deadlineMs = null,
  } = event;
  const submitter = submitterOf(state.queue.submitters, event.tenant ?? theOnlyTenant, project, person);
  const bounds = boundsOf(state.rules, submitter.tenant, project);
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
    deadline: deadlineMs === null ? null : { endsMs: deadlineMs, latestStartMs: deadlineMs - timeLimitS * 1000 },
    data: dataOfJob(event.submittedMs, demands?.data),
    ask: intern(state.queue, { shape, wishes, timeLimitS, graceS, demands, bounds, project, person }, state.centres),
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
  watchDeadline(state.deadlines, job);
  watchData(state.dataWaits, job);
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
  const nodes = nodesTold(poolOf(centreOf(state, event.centre), event.pool), event.nodes);
  if (event.moved) noteMoves(job, position, event.moved);
  const pool = poolOf(centreOf(state, event.centre), event.pool);
  const sort = sortOf(pool, job, event.allocation);
  moveRun(pool, sort, null, phase);
  takeAccount(pool.centre, job, amountsOfRun(event.allocation), 1);
  if (job.ask.bounds?.isRuled) visit(job.ask.bounds, pool, amountsAllocated(event.allocation), 1);
  holdCores(state.coreLimits, job, 1);
  if (phase !== "running") takeLicences(pool.centre, job.ask.demands, 1);
  const endsMs = atMs + lastsMs(job);
  const startedMs = phase === "running" ? atMs : null;
  const charged = charge(state.queue.submitters, job.submitter, job.ask, event.allocation, atMs);
  const expectedS = expectedRunS(state.queue.submitters, job.submitter, job.ask);
  const expected = { timeLimitS: job.ask.timeLimitS, expectedS };
  const visits = state.homes.of.get(job.submitter.tenant) !== event.centre;
  const told = { ...untold, ...expected, placedMs: atMs, startsMs, firstTold, held, askedBack, nodes, visits };
  const started: LiveRun = { attempt, pool, sort, phase, endsMs, startedMs, charged, ...told };
  expectEnd(pool, started);
  if (startedMs !== null) beginAway(job, position, startedMs);
  noteWaiting(state.waiting, started, job, position, phase === "waiting");
  if (job.preemptible !== "no") pool.yielding.set(started, { job, position, run: started });
  dropTaskClaim(state, event);
  job.live ??= new Map();
  job.live.set(position, started);
  state.live += 1;
  // Put on nodes anew, or known to the engine already, it may leave more room than was thought when it was placed.
  const isPutAnew = pool.upSize.cells[0]?.count !== 1 || pool.taken.shares > 0 || pool.ground !== null;
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
  if (event.nodes !== undefined) tellNodes(state, run, event.nodes);
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
    beginAway(found.job, found.position, event.atMs);
  }
  run.phase = event.phase;
  noteWaiting(state.waiting, run, found.job, found.position, event.phase === "waiting");
  grow(state, run.pool);
}

/** On which nodes it is, its engine may say later than that it runs, and otherwise than before. */
function tellNodes(state: State, run: LiveRun, told: string): void {
  run.nodes = nodesTold(run.pool, told);
  if (run.nodes === null) return;
  forgetLeft(run.pool);
  grow(state, run.pool);
}

function nodesTold({ state }: PoolRecord, told: string | undefined): readonly string[] | null {
  return state?.row === undefined || told === undefined ? null : hostNames(told);
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

/** What failed for want of it, or of nodes that it shares, is looked at again. */
function grow({ queue }: State, pool: PoolRecord): void {
  queue.changes += 1;
  pool.grown = queue.changes;
  for (const other of pool.ground?.pools ?? []) other.grown = queue.changes;
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
    watchDeadline(state.deadlines, job);
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

function noteEnd(state: State, atMs: number, run: State["untaught"]["runs"][number]): void {
  if (state.untaught.atMs !== atMs) learnEnds(state);
  state.untaught.atMs = atMs;
  state.untaught.runs.push(run);
}

/** What is learnt depends on its order; of what ended in one instant that is the order of the jobs, whoever was told first. */
function learnEnds({ untaught: { runs }, doubt, queue }: State): void {
  if (runs.length === 0) return;
  if (runs.length > 1) runs.sort((a, b) => a.job.id - b.job.id || a.position - b.position);
  for (const { job, expectedS, ranS } of runs) {
    doubt.learn(expectedS, ranS);
    learn(queue.submitters, job.submitter, job.ask, ranS);
  }
  runs.length = 0;
}

/** By the shorter way: one task of many that run, or few runs of a long range. */
function forgetRuns(state: State, job: JobRecord, from: number, to: number, lasted: Lasted | null): void {
  const { live, attempts, told, moves } = job;
  for (const position of keysWithin(live, from, to)) {
    const run = live?.get(position);
    if (!run) continue;
    endRun(state, job, position, run, lasted);
    const ranS = ranOf(run, lasted);
    if (ranS === null || !lasted) continue;
    noteEnd(state, lasted.endedMs, { job, position, expectedS: run.expectedS, ranS });
    leaveHome(job, position, lasted.startedMs ?? run.startedMs, lasted.endedMs);
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
  state.refused.delete(job);
  state.deadlines.jobs.delete(job);
  forgetData(state.dataWaits, job);
  release(state.queue, job.ask);
  unlink(state.dependencies, job, (first) => readyJob(state, first, atMs));
}

/** When a run ended, and had started where it was not told before; null: what it used is not known, and does not count. */
type Lasted = { readonly startedMs: number | null; readonly endedMs: number; readonly lostMs: number };

function lastedOf({
  atMs,
  startedMs = null,
  lostMs = 0,
}: Pick<Event<"tasks-ended">, "atMs" | "lostMs"> & { readonly startedMs?: number | null | undefined }): Lasted | null {
  return atMs === undefined ? null : { startedMs, endedMs: atMs, lostMs };
}

/** null: it had not started. */
function ranOf(run: LiveRun, lasted: Lasted | null): number | null {
  const startedMs = lasted?.startedMs ?? run.startedMs;
  return lasted === null || startedMs === null ? null : ranForS(startedMs, lasted.endedMs);
}

function endRun(state: State, job: JobRecord, position: number, run: LiveRun, lasted: Lasted | null): void {
  if (lasted?.startedMs != null) beginAway(job, position, lasted.startedMs);
  correct(state.queue.submitters, job.submitter, run.charged, countedS(state.policy, ranOf(run, lasted) ?? 0, lasted));
  if ((lasted?.startedMs ?? run.startedMs) !== null) learnLoss(run.pool.centre, run.lost);
  noteWaiting(state.waiting, run, job, position, false);
  freeKept(state, run);
  moveRun(run.pool, run.sort, run.phase, null);
  expectNoEnd(run.pool, run);
  run.pool.yielding.delete(run);
  noteRunEnded(state.preemption, run);
  grow(state, run.pool);
  takeAccount(run.pool.centre, job, amountsOfRun(run.sort.allocation), -1);
  if (job.ask.bounds?.isRuled) visit(job.ask.bounds, run.pool, amountsAllocated(run.sort.allocation), -1);
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

/** So many of the newest are kept in mind to be told of their start; each is told at most once. */
const mostUntold = 64;

function eachSpan(positions: Positions): (readonly [from: number, to: number])[] {
  const spans: (readonly [number, number])[] = [];
  for (let pair = 0; pair + 1 < positions.length; pair += 2)
    spans.push([positions[pair] ?? 0, positions[pair + 1] ?? 0]);
  return spans;
}
