import { isAtSubmitLimit, limitsFor } from "#core/centre/account-limits.ts";
import { type Pair, pairKey } from "#core/centre/accounts.ts";
import type { DriverName } from "#core/centre/centre.ts";
import type { NodeGroup, ShutPool } from "#core/centre/engine.ts";
import { runsJobs } from "#core/centre/life-cycle.ts";
import type { Demands } from "#core/job/demands.ts";
import { type Accelerators, type CentreWishes, coresPerNode, memoryMibPerNode, type Shape } from "#core/job/spec.ts";
import {
  aboveAccount,
  aboveAccountMinutes,
  accountHolder,
  accountUsed,
  amountsOf,
} from "#core/scheduling/account-use.ts";
import { beforeWindow, beyondWindow, outsideHours, withinShare } from "#core/scheduling/agreed.ts";
import { type Bounds, outOfBounds, ruled } from "#core/scheduling/bounds.ts";
import {
  type CentreRecord,
  devicesFor,
  isOfKind,
  isShared,
  isUsable,
  leftOf,
  needIn,
  type PoolRecord,
  roomIn,
} from "#core/scheduling/centres.ts";
import { dataAhead, isDataThere } from "#core/scheduling/data-at.ts";
import { heldBeside, wholeRoom } from "#core/scheduling/ground.ts";
import { nameAt } from "#core/scheduling/job-record.ts";
import { isKeptAway } from "#core/scheduling/lending.ts";
import { accountOf, type Line, lineAt } from "#core/scheduling/lines.ts";
import { lacks, lacksInPool, lacksLicences, licenceHolder } from "#core/scheduling/offered.ts";
import { type Candidate, type CentreRule, candidate, type Facts, ruleRank } from "#core/scheduling/reasons.ts";
import { deviceKey, hasRoom, nodesFitting, type Room, shareGiven } from "#core/scheduling/room.ts";
import { delayedBy, type Reservation, reservedBeside } from "#core/scheduling/twin.ts";
import { aboveAgreement, amountsNeeded, visitHolder, waitsForAgreement } from "#core/scheduling/visits.ts";

/** What is asked of a pool. */
export type Asked = {
  readonly shape: Shape;
  readonly wishes: CentreWishes;
  readonly timeLimitS: number;
  /** From the limit to the last moment it may hold its place. */
  readonly graceS: number;
  /** null: nothing beside the shape. */
  readonly demands: Demands | null;
  /** What stands above it: rules of its project and tenant, agreements between regions. null: nothing does. */
  readonly bounds: Bounds | null;
  /** null: somebody who has an account wherever one is needed. */
  readonly who: Pair | null;
  /** Whose places in the queue of a shared pool it takes; null where that does not matter. */
  readonly line: Line | null;
};

/** The first rule that a shape fails at a centre, asked in the order of `rules`, as the centre is at this moment. */
export function judge(
  asked: Asked,
  centre: CentreRecord,
  nowMs: number,
  isKeptBack?: (pool: PoolRecord) => Failing | null,
): Candidate {
  const failing =
    againstWishes(asked.wishes, centre) ??
    outOfService(centre) ??
    outOfRules(asked.bounds, centre) ??
    (asked.demands && lacks(asked.demands, centre)) ??
    withoutAccount(asked.who, centre) ??
    beyondAccount(asked, centre) ??
    outOfReach(centre) ??
    severalNodes(asked, centre) ??
    nearestFailure(
      centre,
      (pool) =>
        neverFits(asked, pool) ??
        intoMaintenance(asked, pool) ??
        beyondWindow(pool, asked.timeLimitS, nowMs) ??
        notNow(asked, pool, nowMs) ??
        isKeptBack?.(pool) ??
        null,
    );
  return candidate(centre.id, failing?.rule ?? null, failing?.facts ?? freeFacts(centre));
}

/**
 * Whether it could run there if the pool were empty and all its nodes up, reachable or not. What would run into known
 * maintenance could not, as long as it is ahead: it keeps nobody behind it from the nodes that it cannot have.
 */
export function mayEverUse(asked: Omit<Asked, "line" | "graceS">, pool: PoolRecord): boolean {
  const { centre } = pool;
  if (!centre.pools.includes(pool) || withoutAccount(asked.who, centre) || beyondAccount(asked, centre)) return false;
  const { lastsMs = Number.POSITIVE_INFINITY } = pool.state?.reserved ?? {};
  if (asked.timeLimitS * 1000 > lastsMs) return false;
  return couldEverUse(asked, pool) && intoMaintenance(asked, pool) === null;
}

/** The same where accounts, their limits, maintenance and the end of what is reserved are left out: these come and go while it waits. */
export function couldEverUse(asked: Omit<Asked, "line" | "who" | "graceS">, pool: PoolRecord): boolean {
  return closedTo(asked, pool.centre) === null && neverFits(asked, pool) === null;
}

/** One that is retired stays in the network's books for ever: only who asked for that very one is told of it. */
export function isToldOf({ id, state }: CentreRecord, { wishes }: Pick<Asked, "wishes">): boolean {
  return state !== null && (state.lifeCycle !== "retired" || wishes.only.includes(id));
}

/** As `judge`, of a centre as if it were empty and reachable. A centre that has never described itself is not refused. */
export function judgeEver(asked: Asked, centre: CentreRecord): Candidate {
  const failing = closedTo(asked, centre) ?? nearestFailure(centre, (pool) => neverFits(asked, pool));
  return candidate(centre.id, failing?.rule ?? null, failing?.facts ?? freeFacts(centre));
}

/** What keeps it from a centre as a whole, whatever runs there. */
function closedTo(asked: Omit<Asked, "line" | "who" | "graceS">, centre: CentreRecord): Failing | null {
  return (
    againstWishes(asked.wishes, centre) ??
    outOfService(centre) ??
    outOfRules(asked.bounds, centre) ??
    (asked.demands && lacks(asked.demands, centre)) ??
    severalNodes(asked, centre)
  );
}

/** A pool that takes it, and the device it would get there. */
export type Offer = {
  readonly pool: PoolRecord;
  readonly device: number;
  /** false: it joins the pool's own queue (B2). */
  readonly now: boolean;
  readonly freeCards: number;
  readonly pending: number;
};

/** Whether it takes anything of anybody at this moment. */
export function mayTake({ state, centre, heldBy, opening }: PoolRecord): boolean {
  if (centre.state?.connection !== "connected" || centre.state.intake !== "open") return false;
  return heldBy === null && state?.state === "up" && opening.kind !== "closed";
}

/** Whose places it takes in the pool's own queue. */
export function lineIn({ line, who }: Pick<Asked, "line" | "who">, { centre }: PoolRecord): string | null {
  return line && lineAt(centre, who, line);
}

/** What the pool offers at this moment; null where it must wait in the network. */
export function offerOf(asked: Asked, pool: PoolRecord, nowMs: number): Offer | null {
  const { state, centre } = pool;
  if (!state || !mayTake(pool)) return null;
  if (beyondWindow(pool, asked.timeLimitS, nowMs) || !isDataThere(asked, pool, nowMs)) return null;
  const line = isShared(pool) ? lineIn(asked, pool) : null;
  if (line !== null && pool.heldLines.has(line)) return null;
  if (asked.demands && licenceHolder(asked.demands, centre)) return null;
  const rules = ruled(asked.bounds);
  if (rules && (visitHolder(rules, pool) || visitShort(rules, asked.shape, pool))) return null;
  const { room, pending, ours } = leftOf(pool);
  if (!isShared(pool) && accountHolder(asked.who, centre)) return null;
  const isShort =
    (asked.demands !== null && lacksLicences(asked.demands, centre) !== null) || accountShort(asked, pool) !== null;
  const device = isShort ? null : startableDevice(asked.shape, pool, withinShare(pool, room, ours));
  const waiting = (line !== null && pending.get(line)) || 0;
  if (device !== null) {
    if (isKeptFrom(asked, pool)) return null;
    if (reservedBeside(pool).length > 0 && delayed(asked, pool, device, nowMs)) return null;
    const freeCards = device === -1 ? 0 : (room.cards[device] ?? 0);
    return { pool, device, now: true, freeCards, pending: waiting };
  }
  if (state.contract !== "shared" || waiting >= state.maxPending) return null;
  const later = startableDevice(asked.shape, pool, withinShare(pool, pool.upSize, ours));
  if (later === null) return null;
  return { pool, device: later, now: false, freeCards: room.cards[later] ?? 0, pending: waiting };
}

/** Whether it is kept away from there for the centre's own users. */
export function isKeptFrom(asked: Asked, pool: PoolRecord): boolean {
  return isKeptAway(asked, pool, (own) => mayEverUse(asked, own));
}

function delayed(asked: Asked, pool: PoolRecord, device: number, nowMs: number): Reservation | null {
  const untilMs = nowMs + (asked.timeLimitS + asked.graceS) * 1000;
  return delayedBy(pool, needIn(asked.shape, pool, device), untilMs);
}

/**
 * A start now before a place in a queue. Then most free first: accelerators where any are asked, cores, memory; in
 * queues then where fewest of the same line wait. All alike: the one met first.
 */
export function isBetter(one: Offer, other: Offer): boolean {
  if (one.now !== other.now) return one.now;
  if (one.freeCards !== other.freeCards) return one.freeCards > other.freeCards;
  const [a, b] = [leftOf(one.pool).room, leftOf(other.pool).room];
  if (a.cores !== b.cores) return a.cores > b.cores;
  if (a.memoryMib !== b.memoryMib) return a.memoryMib > b.memoryMib;
  return one.pending < other.pending;
}

export type Failing = { readonly rule: CentreRule; readonly facts: Facts };

const nodesPerRun = { process: 1, slurm: 100_000, simulated: 100_000 } as const satisfies Record<DriverName, number>;

/** How many nodes one run may have at a centre of this kind. */
export function mostNodes(centre: CentreRecord): number {
  return centre.state ? nodesPerRun[centre.state.driver] : 0;
}

function againstWishes(wishes: CentreWishes, centre: CentreRecord): Failing | null {
  if (wishes.only.length > 0 && !wishes.only.includes(centre.id))
    return { rule: "not-among-wished", facts: { only: wishes.only.join(", ") } };
  if (wishes.except.includes(centre.id)) return { rule: "excluded-by-job", facts: {} };
  const refusal = wishes.refusedBy?.find(({ centre: by }) => by === centre.id);
  if (refusal) return { rule: "refused-there", facts: { words: refusal.words } };
  return isMeantFor(wishes, centre) ? null : { rule: "only-simulated-work", facts: {} };
}

/** A centre that executes nothing takes nothing that was not meant for it. */
export function isMeantFor({ simulated, only }: CentreWishes, { id, state }: CentreRecord): boolean {
  return state?.driver !== "simulated" || simulated === true || only.includes(id);
}

function outOfService(centre: CentreRecord): Failing | null {
  if (!centre.state) return { rule: "not-in-service", facts: { lifeCycle: "retired" } };
  const { lifeCycle, pools, intake } = centre.state;
  if (!runsJobs[lifeCycle]) return { rule: "not-in-service", facts: { lifeCycle } };
  if (intake === "leaving" || intake === "left") return { rule: "leaves-the-network", facts: {} };
  const [first] = pools;
  if (!first || centre.pools.length > 0) return null;
  return { rule: "not-in-service", facts: { lifeCycle: first.lifeCycle, pool: first.name } };
}

function withoutAccount(who: Pair | null, centre: CentreRecord): Failing | null {
  const accounts = centre.state?.accounts;
  if (!accounts || who === null) return null;
  const readiness = accounts.get(pairKey(who));
  return readiness === "ready" ? null : { rule: "no-account-here", facts: { readiness: readiness ?? "not asked for" } };
}

/** What binds the local user there: only as it was told last, so nothing is refused for it at submission. */
function beyondAccount(
  { who, shape, timeLimitS }: Omit<Asked, "line" | "graceS">,
  centre: CentreRecord,
): Failing | null {
  const limits = who && centre.state?.limits && limitsFor(centre.state.limits, who);
  if (!limits) return null;
  const { mostTimeS, mostSubmitted, submitted } = limits;
  if (mostTimeS !== null && timeLimitS > mostTimeS)
    return { rule: "time-limit-above-account", facts: { askedS: timeLimitS, limitS: mostTimeS } };
  const amounts = amountsAsked(shape);
  const above = aboveAccount(limits, amounts) ?? aboveAccountMinutes(limits, amounts, timeLimitS);
  if (above) return above;
  if (!isAtSubmitLimit(limits)) return null;
  return { rule: "at-submit-limit", facts: { submitted, limit: mostSubmitted } };
}

/** Before a pool is chosen: memory that follows from the pool is left out, and cards of whatever vendor. */
function amountsAsked(shape: Shape): ReturnType<typeof amountsOf> {
  const { nodes, accelerators } = shape;
  const memoryMib = memoryMibPerNode(shape, 0);
  const need = { nodes, cores: coresPerNode(shape), memoryMib, cards: accelerators?.perNode ?? 0, device: 0 };
  const { vendor = null, model = null } = accelerators ?? {};
  return amountsOf(need, vendor === null ? undefined : { vendor, model: model ?? "", count: 0 });
}

/** That the local account may hold no more now. */
export function accountShort({ who, shape }: Pick<Asked, "who" | "shape">, pool: PoolRecord): Failing | null {
  if (who === null || !pool.centre.state?.limits) return null;
  const device = devicesFor(shape, pool.devices)[0] ?? -1;
  return accountUsed(who, pool.centre, amountsOf(needIn(shape, pool, device), pool.devices[device]));
}

/** That work under the agreement by which it would come may hold no more there now, or not start. */
export function visitShort(bounds: Bounds, shape: Shape, pool: PoolRecord): Failing | null {
  return waitsForAgreement(bounds, pool, amountsIn(shape, pool));
}

function amountsIn(shape: Shape, pool: PoolRecord): ReturnType<typeof amountsNeeded> {
  return amountsNeeded(needIn(shape, pool, devicesFor(shape, pool.devices)[0] ?? -1), pool);
}

function outOfReach(centre: CentreRecord): Failing | null {
  if (centre.state && centre.state.intake !== "open")
    return { rule: "takes-nothing-new", facts: { intake: centre.state.intake } };
  if (centre.pools.length === 0 || centre.state?.connection === "never-connected")
    return { rule: "never-connected", facts: {} };
  return centre.state?.connection === "unreachable" ? { rule: "unreachable", facts: {} } : null;
}

function outOfRules(bounds: Bounds | null, centre: CentreRecord): Failing | null {
  return bounds?.isRuled ? outOfBounds(bounds, centre) : null;
}

function severalNodes({ shape }: Pick<Asked, "shape">, centre: CentreRecord): Failing | null {
  if (!centre.state || shape.nodes <= mostNodes(centre)) return null;
  return { rule: "several-nodes", facts: { asked: shape.nodes, driver: centre.state.driver } };
}

/** What keeps it from a pool that is empty and whose nodes are all up; null: nothing. */
export function neverFits(
  { shape, timeLimitS, demands, bounds }: Omit<Asked, "line" | "who" | "graceS">,
  pool: PoolRecord,
): Failing | null {
  const { name, size } = pool;
  const lacking = demands && lacksInPool(demands, pool);
  if (lacking) return lacking;
  // What it will have when it is there again is not known.
  if (pool.state?.shut) return null;
  const limits = pool.state?.limits;
  if (limits && limits.timeLimitS !== null && timeLimitS > limits.timeLimitS)
    return { rule: "time-limit-above-pool", facts: { askedS: timeLimitS, limitS: limits.timeLimitS, pool: name } };
  const { nodes } = shape;
  if (limits && limits.mostNodes !== null && nodes > limits.mostNodes)
    return { rule: "too-many-nodes", facts: { asked: nodes, most: limits.mostNodes, pool: name } };
  if (limits && nodes < limits.leastNodes)
    return { rule: "below-least-nodes", facts: { asked: nodes, least: limits.leastNodes, pool: name } };
  if (shape.wholeNodes && pool.state?.givesWholeNodes === false)
    return { rule: "no-whole-nodes", facts: { pool: name } };
  if (shape.domestic && isForeign(shape, pool))
    return { rule: "not-domestic", facts: { by: bounds?.domestic ?? "job", offered: offeredWords(pool), pool: name } };
  if (hasNoRow(shape, pool)) return { rule: "no-node-row", facts: { pool: name } };
  if (hasNoGroups(shape, pool)) return { rule: "no-node-groups", facts: { most: shape.nodeGroups ?? 0, pool: name } };
  if (startableDevice(shape, pool, size) !== null)
    return aboveShare(shape, pool) ?? (bounds?.isRuled ? aboveAgreement(bounds, pool, amountsIn(shape, pool)) : null);
  const need = needIn(shape, pool, -1);
  const askedCores = nodes * need.cores;
  if (askedCores > size.cores)
    return { rule: "too-few-cores", facts: { asked: askedCores, total: size.cores, pool: name } };
  const askedMib = nodes * need.memoryMib;
  if (askedMib > size.memoryMib)
    return { rule: "too-little-memory", facts: { askedMib, totalMib: size.memoryMib, pool: name } };
  const cards = shape.accelerators && tooFewCards(shape, shape.accelerators, pool);
  if (cards) return cards;
  if (isFreeApart(shape, pool, size))
    return {
      rule: shape.contiguous ? "too-few-nodes-in-a-row" : "too-few-nodes-together",
      facts: together(shape, pool, size),
    };
  const found = mostNodesFitting(shape, pool, size);
  return { rule: "too-few-nodes-alike", facts: { asked: nodes, found, ...ofEachNode(shape, pool), pool: name } };
}

/** Whether its accelerators would do there but for their mark; where it asks for none, whether the pool bears none. */
function isForeign({ accelerators }: Shape, { devices, state }: PoolRecord): boolean {
  if (!accelerators) return state?.domestic !== true;
  const alike = devices.filter((device) => isOfKind(accelerators, device) && !device.elsewhere);
  return alike.length > 0 && alike.every((device) => !device.domestic);
}

/** Whether it asks for groups of nodes, and the centre says of no node in which it is. */
export function hasNoGroups({ nodeGroups }: Shape, { size }: PoolRecord): boolean {
  return nodeGroups !== undefined && size.cells.every(({ node }) => node.group === null);
}

/** Whether it asks for nodes in a row, and the centre does not say which are next to each other. */
export function hasNoRow({ contiguous }: Shape, { size }: PoolRecord): boolean {
  return contiguous === true && size.row === undefined;
}

/** Whether there is room for it, were its nodes not to lie together. */
function isFreeApart({ nodeGroups, contiguous, ...shape }: Shape, pool: PoolRecord, room: Room): boolean {
  return (nodeGroups !== undefined || contiguous === true) && startableDevice(shape, pool, room) !== null;
}

function together(shape: Shape, pool: PoolRecord, room: Room): Facts {
  const found = mostNodesFitting(shape, pool, room);
  const within = shape.nodeGroups !== undefined && { groups: shape.nodeGroups };
  return { asked: shape.nodes, ...within, found, pool: pool.name };
}

function aboveShare(shape: Shape, pool: PoolRecord): Failing | null {
  const share = withinShare(pool, pool.size, null);
  if (startableDevice(shape, pool, share) !== null) return null;
  const { cores, memoryMib } = share;
  return {
    rule: "above-share",
    facts: {
      percent: pool.state?.sharePercent ?? 0,
      cores,
      memoryMib,
      cards: Math.max(0, ...share.cards),
      pool: pool.name,
    },
  };
}

function tooFewCards(shape: Shape, accelerators: Accelerators, pool: PoolRecord): Failing | null {
  const { name, devices } = pool;
  const usable = devicesFor(shape, devices);
  const device = deviceWords(accelerators);
  if (usable.length === 0) return notGiven(accelerators, pool);
  if (accelerators.shareMilli !== undefined) return null;
  const asked = shape.nodes * accelerators.perNode;
  const total = Math.max(...usable.map((each) => devices[each]?.count ?? 0));
  return asked > total ? { rule: "too-few-accelerators", facts: { asked, total, device, pool: name } } : null;
}

/** It has no such device, or does not give it out so. */
function notGiven(accelerators: Accelerators, pool: PoolRecord): Failing {
  const { name, devices } = pool;
  const device = deviceWords(accelerators);
  const alike = devices.filter((each) => isOfKind(accelerators, each) && !each.elsewhere);
  if (alike.length === 0)
    return { rule: "no-such-accelerator", facts: { device, offered: offeredWords(pool), pool: name } };
  if (accelerators.shareMilli !== undefined) {
    const rule = pool.centre.state?.driver === "slurm" ? "no-shards" : "device-not-shared";
    return { rule, facts: { share: accelerators.shareMilli, device, pool: name } };
  }
  const given = alike.map(({ counts = [] }) => counts.join(", ")).join("; ");
  return { rule: "count-not-given", facts: { asked: accelerators.perNode, given, device, pool: name } };
}

/** Where too few of the pool's nodes stay in use for as long as it may run, counted from the last report. */
function intoMaintenance(
  { shape, timeLimitS }: Omit<Asked, "line" | "who" | "graceS">,
  pool: PoolRecord,
): Failing | null {
  const groups = pool.state?.nodes ?? [];
  if (!groups.some(hasMaintenance)) return null;
  const isAhead = ({ maintenance }: NodeGroup) => maintenance && maintenance.startsInMs < timeLimitS * 1000;
  const leaving = groups.filter(isAhead);
  if (leaving.length === 0) return null;
  const staying = groups.filter((group) => !isAhead(group));
  if (startableDevice(shape, pool, roomIn(pool, staying, "size")) !== null) return null;
  const startsInMs = Math.min(...leaving.map(({ maintenance }) => maintenance?.startsInMs ?? 0));
  const nodes = leaving.reduce((sum, { count }) => sum + count, 0);
  const startsInS = Math.floor(startsInMs / 1000);
  return { rule: "maintenance-ahead", facts: { askedS: timeLimitS, startsInS, nodes, pool: pool.name } };
}

function hasMaintenance({ maintenance }: NodeGroup): boolean {
  return maintenance !== undefined;
}

const shutRules = {
  "no-reservation": "pool-without-reservation",
  "parts-of-nodes": "pool-of-parts",
  "no-partition": "pool-without-partition",
  "not-allowed": "pool-not-allowed",
} as const satisfies Record<ShutPool, CentreRule>;

/** Of a pool where it could ever run: why it does not start there now; `joins-queue` is a way in, not a failure. */
function notNow(asked: Asked, pool: PoolRecord, nowMs: number): Failing | null {
  const { state, name } = pool;
  if (state?.shut) return { rule: shutRules[state.shut], facts: { pool: name } };
  if (state?.state === "drained") return { rule: "pool-drained", facts: { pool: name } };
  if (state?.state === "down") return { rule: "pool-down", facts: { pool: name } };
  if (pool.upSize !== pool.size && startableDevice(asked.shape, pool, pool.upSize) === null) {
    const up = mostNodesFitting(asked.shape, pool, pool.upSize);
    return { rule: "nodes-out", facts: { asked: asked.shape.nodes, up, pool: name } };
  }
  const closed =
    beforeWindow(pool, nowMs) ??
    outsideHours(pool) ??
    dataAhead(asked, pool, nowMs) ??
    shareUsed(asked.shape, pool) ??
    ((asked.bounds?.isRuled && visitShort(asked.bounds, asked.shape, pool)) || null);
  if (closed) return closed;
  const beside = keptBeside(asked.shape, pool);
  if (beside) return beside;
  const busy =
    isBusy(asked.shape, pool) ??
    (asked.demands && lacksLicences(asked.demands, pool.centre)) ??
    accountShort(asked, pool);
  const line = isShared(pool) ? lineIn(asked, pool) : null;
  const ahead =
    pool.heldBy ||
    (line !== null && pool.heldLines.get(line)) ||
    (asked.demands && licenceHolder(asked.demands, pool.centre)) ||
    (asked.bounds?.isRuled && visitHolder(asked.bounds, pool)) ||
    (!isShared(pool) && accountHolder(asked.who, pool.centre));
  if (busy && state && isShared(pool)) {
    const pending = (line !== null && leftOf(pool).pending.get(line)) || 0;
    const per = accountOf(asked.who, pool.centre.state?.localAccounts) === null ? {} : { per: "account" };
    const facts = { pending, limit: state.maxPending, pool: name, ...per };
    if (pending >= state.maxPending) return { rule: "pool-queue-full", facts };
    if (!ahead) return { rule: "joins-queue", facts };
  } else if (busy) return busy;
  if (ahead) return { rule: "behind-in-queue", facts: { ahead: nameAt(ahead.job, ahead.position) } };
  if (isKeptFrom(asked, pool)) return { rule: "kept-for-home", facts: { askedS: asked.timeLimitS, pool: name } };
  return reservedBeside(pool).length > 0 ? behindReserved(asked, pool, nowMs) : null;
}

/** It would start but for nodes that another pool has too, where somebody waits for them. */
function keptBeside(shape: Shape, pool: PoolRecord): Failing | null {
  const holder = heldBeside(pool);
  if (!pool.ground || !holder || isBusy(shape, pool) === null) return null;
  const { ours } = leftOf(pool);
  if (startableDevice(shape, pool, withinShare(pool, wholeRoom(pool, pool.ground), ours)) === null) return null;
  return { rule: "behind-in-queue", facts: { ahead: nameAt(holder.job, holder.position) } };
}

function behindReserved(asked: Asked, pool: PoolRecord, nowMs: number): Failing | null {
  const { room, ours } = leftOf(pool);
  const device = startableDevice(asked.shape, pool, withinShare(pool, room, ours));
  const earlier = device === null ? null : delayed(asked, pool, device, nowMs);
  if (!earlier) return null;
  const { holder, atMs } = earlier;
  const inS = Math.ceil((atMs - nowMs) / 1000);
  const askedS = asked.timeLimitS + asked.graceS;
  return {
    rule: "reserved-for-earlier",
    facts: { ahead: nameAt(holder.job, holder.position), inS, askedS, pool: pool.name },
  };
}

/** All that it may have of the pool now is taken by other work of the network. */
export function shareUsed(shape: Shape, pool: PoolRecord): Failing | null {
  const { ours } = leftOf(pool);
  if (!ours || startableDevice(shape, pool, withinShare(pool, pool.upSize, ours)) !== null) return null;
  const { cores, memoryMib, cardsMilli } = ours;
  const used = { cores, memoryMib, cards: cardsMilli.reduce((sum, each) => sum + each, 0) / 1000 };
  return { rule: "share-used", facts: { percent: pool.state?.sharePercent ?? 0, ...used, pool: pool.name } };
}

function isBusy(shape: Shape, pool: PoolRecord): Failing | null {
  const { name, upSize, devices } = pool;
  const left = leftOf(pool);
  const room = withinShare(pool, left.room, left.ours);
  if (startableDevice(shape, pool, room) !== null) return null;
  const need = needIn(shape, pool, -1);
  const isTogether = shape.nodeGroups !== undefined || shape.contiguous === true;
  if (shape.wholeNodes && !isTogether) {
    const found = mostNodesFitting(shape, pool, room);
    return { rule: "whole-nodes-busy", facts: { asked: shape.nodes, found, cores: need.cores, pool: name } };
  }
  if (isFreeApart(shape, pool, room))
    return {
      rule: shape.contiguous ? "nodes-in-a-row-busy" : "nodes-together-busy",
      facts: together(shape, pool, room),
    };
  const askedCores = shape.nodes * need.cores;
  if (askedCores > room.cores)
    return { rule: "cores-busy", facts: { asked: askedCores, free: room.cores, total: upSize.cores, pool: name } };
  const askedMib = shape.nodes * need.memoryMib;
  if (askedMib > room.memoryMib) {
    const facts = { askedMib, freeMib: room.memoryMib, totalMib: upSize.memoryMib, pool: name };
    return { rule: "memory-busy", facts };
  }
  const device = freest(devicesFor(shape, devices), room);
  const share = shape.accelerators?.shareMilli;
  if (shape.accelerators && share !== undefined) {
    const parts = (device !== null && devices[device]?.parts) || 1;
    const given = { share: shareGiven(share, parts), wanted: share, parts };
    const facts = { ...given, device: deviceWords(shape.accelerators), asked: shape.nodes, pool: name };
    return { rule: "shares-busy", facts: { ...facts, found: mostNodesFitting(shape, pool, room) } };
  }
  const asked = shape.nodes * (shape.accelerators?.perNode ?? 0);
  const free = device === null ? 0 : (room.cards[device] ?? 0);
  if (device !== null && shape.accelerators && asked > free) {
    const total = upSize.cards[device] ?? 0;
    return {
      rule: "accelerators-busy",
      facts: { asked, free, total, device: deviceWords(shape.accelerators), pool: name },
    };
  }
  const found = mostNodesFitting(shape, pool, room);
  return { rule: "nodes-busy", facts: { asked: shape.nodes, found, ...ofEachNode(shape, pool), pool: name } };
}

/** null where one pool passes, else the failure of the pool that came furthest through the rules. */
function nearestFailure(centre: CentreRecord, fails: (pool: PoolRecord) => Failing | null): Failing | null {
  let nearest: Failing | null = null;
  for (const pool of centre.pools) {
    const failing = fails(pool);
    if (!failing) return null;
    if (!nearest || ruleRank(failing.rule) > ruleRank(nearest.rule)) nearest = failing;
  }
  return nearest;
}

/** The device with most free of those that the shape could have on enough nodes; -1: it asks for none; null: no room. */
function startableDevice(shape: Shape, pool: PoolRecord, room: Room): number | null {
  const { nodes, accelerators } = shape;
  if (nodes * coresPerNode(shape) > room.cores) return null;
  if (nodes * memoryMibPerNode(shape, pool.state?.memoryMibPerCore ?? 0) > room.memoryMib) return null;
  const isTogether = shape.nodeGroups !== undefined || shape.contiguous === true;
  if (accelerators?.shareMilli !== undefined || shape.wholeNodes || isTogether)
    return startableBeside(shape, pool, room);
  // One node has what the sums say.
  const isOne = nodes === 1 && room.cells.length === 1 && room.cells[0]?.count === 1;
  if (!accelerators) return isOne || nodesFitting(room, needIn(shape, pool, -1)) === nodes ? -1 : null;
  let best: number | null = null;
  for (let device = 0; device < pool.devices.length; device++) {
    const free = room.cards[device] ?? 0;
    if (free < nodes * accelerators.perNode || (best !== null && free <= (room.cards[best] ?? 0))) continue;
    if (!isUsable(shape, pool.devices[device])) continue;
    if (isOne || nodesFitting(room, needIn(shape, pool, device)) === nodes) best = device;
  }
  return best;
}

/** The same where it matters which nodes these are, or what else is on them. */
function startableBeside(shape: Shape, pool: PoolRecord, room: Room): number | null {
  let best: number | null = null;
  for (const device of shape.accelerators ? devicesFor(shape, pool.devices) : [-1]) {
    if (best !== null && (room.cards[device] ?? 0) <= (room.cards[best] ?? 0)) continue;
    if (hasRoom(room, needIn(shape, pool, device))) best = device;
  }
  return best;
}

function mostNodesFitting(shape: Shape, pool: PoolRecord, room: Room): number {
  if (!shape.accelerators) return nodesFitting(room, needIn(shape, pool, -1));
  const devices = devicesFor(shape, pool.devices);
  return Math.max(0, ...devices.map((device) => nodesFitting(room, needIn(shape, pool, device))));
}

/** Of the devices the shape may use, the one with most free; ties by its place in the description. */
function freest(devices: readonly number[], room: Room): number | null {
  let best: number | null = null;
  for (const device of devices) if (best === null || (room.cards[device] ?? 0) > (room.cards[best] ?? 0)) best = device;
  return best;
}

function ofEachNode(
  shape: Shape,
  pool: PoolRecord,
): { readonly cores: number; readonly memoryMib: number; readonly cards: number } {
  const { cores, memoryMib, cards } = needIn(shape, pool, -1);
  return { cores, memoryMib, cards };
}

function freeFacts(centre: CentreRecord): Facts {
  let free = 0;
  let total = 0;
  for (const pool of centre.pools) {
    // Of what is there the network has the agreed share.
    const { room, ours } = leftOf(pool);
    free += withinShare(pool, room, ours).cores;
    total += withinShare(pool, pool.upSize, null).cores;
  }
  return { free, total };
}

function deviceWords({ vendor, model }: Accelerators): string {
  return vendor === null && model === null ? "any" : deviceKey(vendor, model);
}

function offeredWords(pool: PoolRecord): string {
  const own = pool.devices.filter(({ elsewhere }) => !elsewhere);
  return own.map(({ vendor, model }) => deviceKey(vendor, model)).join(", ") || "none";
}
