import { type CentreId, type TaskRef, tenantId } from "#core/ids.ts";
import type { CentreWishes, Shape } from "#core/job/spec.ts";
import { plannedFor } from "#core/scheduling/ahead.ts";
import { boundShape, boundsOf } from "#core/scheduling/bounds.ts";
import { isShared, type PoolRecord } from "#core/scheduling/centres.ts";
import { dataReadyMs, dataReason, isDataThere } from "#core/scheduling/data-at.ts";
import {
  learntInQueue,
  learntOf,
  type StartEstimate,
  waitEstimate,
  waitsAlike,
} from "#core/scheduling/estimate/starts.ts";
import type { Asker, AwaitedPool, Explanation, TaskTold, WaitingExplanation } from "#core/scheduling/explanation.ts";
import { type Asked, mayEverUse, mayTake, type Offer } from "#core/scheduling/fit.ts";
import { givenOf } from "#core/scheduling/given.ts";
import { dueMs, type JobRecord } from "#core/scheduling/job-record.ts";
import { judgeAll } from "#core/scheduling/judgements.ts";
import { lineFor } from "#core/scheduling/lines.ts";
import { orderTerms } from "#core/scheduling/order-terms.ts";
import { beyondOwn, type OwnReason, ownReason } from "#core/scheduling/own-reason.ts";
import { needOfShape } from "#core/scheduling/packing/growth.ts";
import { chooseAmong, chooseElsewhere, startInQueue } from "#core/scheduling/placing/choose.ts";
import type { FasterPool } from "#core/scheduling/placing/patience.ts";
import { seenFrom } from "#core/scheduling/plan.ts";
import { addPositions, hasPosition, indexAt, positionOf, removePositions } from "#core/scheduling/positions.ts";
import { claimOf } from "#core/scheduling/preemption/record.ts";
import { enqueue, nextReady } from "#core/scheduling/queue.ts";
import { isStarving } from "#core/scheduling/ranking.ts";
import type { Candidate } from "#core/scheduling/reasons.ts";
import { choiceOf } from "#core/scheduling/scene.ts";
import { siblingsOf } from "#core/scheduling/siblings.ts";
import { rankOfJob } from "#core/scheduling/strands.ts";
import type { Submitter } from "#core/scheduling/submitters.ts";
import { awaited } from "#core/scheduling/walk/awaited.ts";
import { chooseBeside, keptBackAt, keptBackLast } from "#core/scheduling/walk/beside.ts";
import { earliestStart } from "#core/scheduling/walk/earliest-start.ts";
import { whyNobodyEnds } from "#core/scheduling/walk/make-way.ts";
import { afterOwn } from "#core/scheduling/walk/own-first.ts";
import { promisedOffer } from "#core/scheduling/walk/promised.ts";
import type { Place, Walk } from "#core/scheduling/walk/walk.ts";
import { type StartingChange, smallestChanges } from "#core/scheduling/what-if.ts";
import { openTask, type State } from "#core/scheduling/world-state.ts";

export function explain(state: State, task: TaskRef, nowMs: number): Explanation {
  const job = state.jobs.get(task.job);
  const position = job ? positionOf(job.indices, task.index) : -1;
  if (!job || position === -1) return { kind: "not-queued" };
  const run = job.live?.get(position);
  if (run) {
    const waits = run.phase === "waiting" && isShared(run.pool);
    const estimate = waits ? waitEstimate(state.starts, job, run, nowMs) : { kind: "unknown" as const };
    return { kind: "live", centre: run.pool.centre.id, attempt: run.attempt, estimate };
  }
  if (!hasPosition(job.queued, position)) return { kind: "not-queued" };
  const own = ownReason(job, position, nowMs);
  const claim = claimOf(state.preemption, task);
  const explained = explainAt(state, nowMs, { job, position }, job.ask, own, claim?.pool);
  if (!claim || own) return explained;
  const { pool, runs, endsMs } = claim;
  return { ...explained, makingWay: { centre: pool.centre.id, pool: pool.name, runs: runs.size, endsMs } };
}

/** Of a job not yet submitted: as if it were at the end of the queue, its wish for cards counted with those of others. */
export function explainNew(state: State, nowMs: number, asked: Asked, asker: Asker | undefined): WaitingExplanation {
  const { demand } = state;
  const look = () => explainAt(state, nowMs, { job: null, position: 0 }, asked, null, undefined, asker);
  if (!demand || !asked.shape.accelerators) return look();
  const known = demand.knownWith(needOfShape(asked.shape), asker?.tasks ?? 1);
  state.demand = { ...demand, known: () => known };
  try {
    return look();
  } finally {
    state.demand = demand;
  }
}

export function whatIf(state: State, task: TaskRef, nowMs: number): readonly StartingChange[] | null {
  const found = openTask(state, task);
  if (!found || !hasPosition(found.job.queued, found.position)) return null;
  const { job, position } = found;
  if (ownReason(job, position, nowMs)) return [];
  return withoutTask(state, job, position, () =>
    seenFrom(state, nowMs, { job: null, position: 0 }, (walk) => {
      const pools = state.centres.flatMap((centre) => centre.pools.filter(mayTake));
      return smallestChanges(job.ask, pools, (asked) => {
        if (beyondOwn(state, job, asked)) return null;
        const line = lineFor({ project: job.project, shape: asked.shape });
        const may = pools.filter((pool) => mayEverUse(asked, pool));
        const choose = (among: readonly PoolRecord[]) => chooseAmong({ ...asked, line }, among, nowMs, choiceOf(state));
        // By its limit: what would not delay anybody for so long delays nobody.
        const isFree = (pool: PoolRecord) => !keptBackLast(state, walk, asked, undefined, pool);
        const first = choose(may);
        const offer = first?.now && !isFree(first.pool) ? choose(may.filter(isFree)) : first;
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

/** `claimed`: where room was made for it, and it goes nowhere else. `asker`: of a job not yet submitted. */
function explainAt(
  state: State,
  nowMs: number,
  place: Place,
  asked: Asked,
  own: OwnReason | null,
  claimed?: PoolRecord,
  asker?: Asker,
): WaitingExplanation {
  return seenFrom(state, nowMs, place, (walk) => {
    if (!own && !claimed) letOwnFirst(state, walk, place, asked, nowMs);
    const by = place.job?.submitter ?? submitterIn(state, asked);
    const holder = place.job && { job: place.job, position: place.position };
    const isKeptBack = (pool: PoolRecord) => {
      if (holder) return walk.found ? null : keptBackAt(state, walk, holder, pool);
      return keptBackLast(state, walk, asked, by, pool);
    };
    const candidates = judgeAll(state, asked, nowMs, isKeptBack);
    const beyond = place.job
      ? beyondOwn(state, place.job, place.job.ask)
      : asker
        ? beyondOwn(
            state,
            { submitter: { tenant: theOnlyTenant, ...asker }, priority: asker.priority ?? state.policy.defaultClass },
            { ...asked, group: { pools: poolsEverFor(state, asked) } },
          )
        : null;
    const reason =
      own ??
      (place.job ? null : dataReason(asked, poolsEverFor(state, asked), nowMs)) ??
      beyond ??
      (candidates.length === 0 ? { rule: "no-centre" as const, facts: {} } : null);
    const left = place.job?.moves?.get(place.position)?.left;
    const within = reason ? [] : inReach(state, asked, candidates).filter((pool) => !claimed || pool === claimed);
    const kept = place.job && !reason ? promisedOffer(state, place.job, place.position, nowMs) : null;
    const choose = () =>
      holder
        ? chooseBeside(state, walk, holder, within, { isKeptBack: false })
        : chooseElsewhere(
            left,
            asked,
            within.filter((pool) => !isKeptBack(pool)),
            nowMs,
            choiceOf(state),
          );
    const now = reason ? null : (kept ?? walk.found ?? choose());
    const isStill =
      now && !kept && !walk.found && !claimed && !(place.job && isStarving(rankOfJob(state.queue, place.job)));
    const faster = isStill ? awaited(state, walk, asked, place.job, now) : null;
    const offer = faster ? null : now;
    const planned = now ? null : startPlanned(walk, place, candidates);
    const nobodyEnds = place.job && !reason && !now && !planned ? whyNobodyEnds(state, walk, place.job) : null;
    return {
      kind: "waiting",
      rule: reason?.rule ?? null,
      facts: reason?.facts ?? {},
      candidates,
      wouldGoTo: offer?.pool.centre.id ?? null,
      wouldGet: offer && { ...givenOf(asked.shape, offer.pool, offer.device), startsNow: offer.now },
      order: place.job && orderTerms(state.queue, state.policy, place.job, place.position, nowMs),
      siblings: place.job ? siblingsOf(place.job) : [],
      estimate:
        reason && reason.rule !== "waits-for-data"
          ? { kind: "unknown" }
          : estimateOf(state, place, asked, { offer, faster, planned }, nowMs),
      ...(nobodyEnds && { nobodyEnds }),
      ...(faster && now && { awaits: awaitedFrom(faster, asked, now, nowMs) }),
    };
  });
}

/** Where and when one that is kept back by what is planned of the queue is to start. */
function startPlanned(
  { ahead, nowMs }: Walk,
  { job, position }: Place,
  candidates: readonly Candidate[],
): StartEstimate | null {
  const isKeptBack = candidates.some(({ rule }) => rule === "another-order");
  const planned = job && isKeptBack ? plannedFor(ahead, job, position) : null;
  if (!planned?.pool || planned.startsMs <= nowMs) return null;
  return { kind: "planned", centre: planned.pool.centre.id, atMs: planned.startsMs };
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
  const open = () => pools.filter((pool) => !keptBackLast(state, walk, asked, by, pool));
  afterOwn(state, walk, errand, visits, () =>
    job
      ? chooseBeside(state, walk, { job, position }, pools, { isKeptBack: false })
      : chooseElsewhere(left, asked, open(), nowMs, choiceOf(state)),
  );
}

function awaitedFrom({ pool, startsMs, gainS }: FasterPool, asked: Asked, instead: Offer, nowMs: number): AwaitedPool {
  const nameOf = ({ centre, name }: PoolRecord) => ({ centre: centre.id, pool: name });
  const startsInS = Math.round((startsMs - nowMs) / 1000);
  const forData = dataReadyMs(asked, pool, nowMs) >= startsMs && { forData: true as const };
  return { ...nameOf(pool), startsInS, gainS, insteadOf: nameOf(instead.pool), ...forData };
}

type Known = {
  readonly offer: Offer | null;
  readonly faster: FasterPool | null;
  readonly planned: StartEstimate | null;
};

function estimateOf(
  state: State,
  { job, position }: Place,
  asked: Asked,
  { offer, faster, planned }: Known,
  nowMs: number,
): StartEstimate {
  if (planned) return planned;
  if (offer?.now) return { kind: "now", centre: offer.pool.centre.id, atMs: nowMs };
  const sinceMs = job ? (job.told?.get(position)?.madeMs ?? dueMs(job)) : nowMs;
  const waiter = { asked, sinceMs, nowMs };
  const inQueue = offer && startInQueue(asked, offer.pool, nowMs, state.starts);
  if (offer && inQueue?.from === "queue")
    return learntInQueue(state.starts, offer.pool, { ...waiter, sinceMs: nowMs }) ?? { kind: "unknown" };
  if (offer && inQueue) return limits(offer.pool, nowMs + inQueue.inMs, false);
  const pools = poolsEverFor(state, asked);
  const best = faster
    ? { pool: faster.pool, atMs: faster.startsMs }
    : earliestStart(asked, pools, nowMs, state.placing);
  if (!best) return { kind: "unknown" };
  const byMs = best.atMs;
  const readyMs = dataReadyMs(asked, best.pool, nowMs);
  if (readyMs > nowMs)
    return byMs <= readyMs
      ? { kind: "data", centre: best.pool.centre.id, atMs: readyMs }
      : limits(best.pool, byMs, false);
  const learnt = learntOf(state.starts, "profile", best.pool, waiter, byMs);
  if (learnt) return learnt;
  // It is kept back where there is room already, or what runs has had its time: nobody knows until when.
  if (byMs < nowMs + 1000) return { kind: "unknown" };
  return limits(best.pool, byMs, isFirst(state, pools, job, position));
}

function limits({ centre }: PoolRecord, byMs: number, isFirst: boolean): StartEstimate {
  return { kind: "limits", centre: centre.id, byMs, isFirst };
}

/** Whether nobody who waits for any of the pools now may start there before this task and delay it. */
function isFirst(
  { queue, keepsPlaces }: State,
  pools: readonly PoolRecord[],
  job: JobRecord | null,
  position: number,
): boolean {
  if (keepsPlaces && pools.every(({ reservations }) => reservations.length === 0)) return true;
  if (job && nextReady(job, 0) !== position) return false;
  for (const { pools: theirs, rows } of queue.groups.values())
    if (rows.length > 0 && theirs.some((pool) => pools.includes(pool)))
      for (const { strands } of rows)
        if (strands.some(({ jobs }) => jobs.some((other) => other !== job && nextReady(other, 0) !== -1))) return false;
  return true;
}

function poolsEverFor({ centres }: State, asked: Asked): readonly PoolRecord[] {
  return centres.flatMap((centre) => centre.pools.filter((pool) => mayEverUse(asked, pool)));
}

const toldAfterMs = 2_000;
const tellsEveryMs = 5_000;

/** Others with each moment, so that one that cannot be told keeps nobody back. What starts at once needs no telling. */
export function estimateDue(state: State, nowMs: number): TaskTold | null {
  const jobs = state.untold.flatMap((id) => {
    const job = state.jobs.get(id);
    const position = job ? nextReady(job, 0) : -1;
    const isDue = job && position !== -1 && !job.told?.has(position) && nowMs - dueMs(job) >= toldAfterMs;
    return isDue ? [{ job, position }] : [];
  });
  const found = jobs[Math.floor(nowMs / tellsEveryMs) % Math.max(1, jobs.length)];
  if (!found) return null;
  const { job, position } = found;
  return seenFrom(state, nowMs, { job, position }, () => {
    const best = earliestStart(job.ask, job.ask.group.pools, nowMs, state.placing);
    if (!best || chooseAmong(job.ask, job.ask.group.pools, nowMs, choiceOf(state))) return null;
    const { atMs, pool } = best;
    // How late its input comes is nothing to be learnt of the pool.
    if (!isDataThere(job.ask, pool, nowMs)) return null;
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

export function askedBy({ rules }: State, own: Shape, wishes: CentreWishes, asker: Asker | undefined): Asked {
  const line = asker ? lineFor({ project: asker.project, shape: own }) : null;
  const { timeLimitS = 0, graceS = 0, demands = null, person, project, tenant = theOnlyTenant } = asker ?? {};
  const who = person === undefined || project === undefined ? null : { person, project };
  const bounds = project === undefined ? null : boundsOf(rules, tenant, project);
  return { shape: boundShape(own, bounds), wishes, timeLimitS, graceS, demands, bounds, who, line };
}

/** Where nobody tells of tenants. */
export const theOnlyTenant = tenantId(1);
