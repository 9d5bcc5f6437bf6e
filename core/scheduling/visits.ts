import { networkTime, openingAt } from "#core/centre/hours.ts";
import type { Allocation } from "#core/run-order.ts";
import { alwaysOpen } from "#core/scheduling/agreed.ts";
import { type Bounds, between, crossingTo, type Held, type Rules, type Visits } from "#core/scheduling/bounds.ts";
import type { Holder, PoolRecord } from "#core/scheduling/centres.ts";
import type { Lacking } from "#core/scheduling/offered.ts";
import { deviceKey, type Need } from "#core/scheduling/room.ts";

/**
 * Work that crosses by an agreement between regions: what it may hold of each pool, and when it may be started there. Whoever
 * waits for that keeps back only work under the same agreement.
 */

/** Counts a run, or no longer. */
export function visit(bounds: Bounds, pool: PoolRecord, taken: Amounts, sign: 1 | -1): void {
  const visits = visitsAt(bounds, pool);
  if (visits === null || visits.agreement.sharePercent === null) return;
  // It is on the nodes of all these.
  for (const each of pool.around) visitPool(visits, each, taken, sign);
}

function visitPool(visits: Visits, pool: PoolRecord, taken: Amounts, sign: 1 | -1): void {
  const held = visits.held.get(pool) ?? { cores: 0, memoryMib: 0, cardsMilli: new Map() };
  visits.held.set(pool, held);
  held.cores += sign * taken.cores;
  held.memoryMib += sign * taken.memoryMib;
  if (taken.device !== null)
    held.cardsMilli.set(taken.device, (held.cardsMilli.get(taken.device) ?? 0) + sign * taken.cardsMilli);
}

/** Of all its nodes; `device` null: no cards. */
export type Amounts = {
  readonly cores: number;
  readonly memoryMib: number;
  readonly device: string | null;
  readonly cardsMilli: number;
};

export function amountsNeeded({ nodes, cores, memoryMib, cards, device, shareMilli }: Need, pool: PoolRecord): Amounts {
  const of = pool.devices[device];
  return {
    cores: nodes * cores,
    memoryMib: nodes * memoryMib,
    device: of && cards > 0 ? deviceKey(of.vendor, of.model) : null,
    cardsMilli: nodes * cards * (shareMilli ?? 1000),
  };
}

export function amountsAllocated(allocation: Allocation): Amounts {
  const { nodes, coresPerNode, memoryMibPerNode, acceleratorsPerNode: cards } = allocation;
  return {
    cores: nodes * coresPerNode,
    memoryMib: nodes * memoryMibPerNode,
    device: cards > 0 ? deviceKey(allocation.acceleratorVendor, allocation.acceleratorModel) : null,
    cardsMilli: nodes * cards * (allocation.acceleratorShareMilli ?? 1000),
  };
}

/** Why so much may never be held there under the agreement that it would go by; null also where it goes by none. */
export function aboveAgreement(bounds: Bounds, pool: PoolRecord, asked: Amounts): Lacking | null {
  const visits = visitsAt(bounds, pool);
  const percent = visits?.agreement.sharePercent;
  if (!visits || typeof percent !== "number" || isWithinShare(pool, percent, nothingHeld, asked)) return null;
  return { rule: "above-agreement", facts: { percent, ...between(bounds, pool.centre.state), pool: pool.name } };
}

/** Why it may not start there now: outside the agreed hours, or what is under the agreement there leaves too little. */
export function waitsForAgreement(bounds: Bounds, pool: PoolRecord, asked: Amounts): Lacking | null {
  const visits = visitsAt(bounds, pool);
  if (visits === null) return null;
  const { opening, agreement, held } = visits;
  if (opening.kind === "closed")
    return {
      rule: "agreement-hours",
      facts: { ...between(bounds, pool.centre.state), ...networkTime(opening.opensMs) },
    };
  const there = held.get(pool) ?? nothingHeld;
  if (agreement.sharePercent === null || isWithinShare(pool, agreement.sharePercent, there, asked)) return null;
  const { cores, memoryMib, cardsMilli } = there;
  const cards = [...cardsMilli.values()].reduce((sum, milli) => sum + milli, 0) / 1000;
  const facts = {
    percent: agreement.sharePercent,
    ...between(bounds, pool.centre.state),
    cores,
    memoryMib,
    cards,
    pool: pool.name,
  };
  return { rule: "agreement-used", facts };
}

/** Who came first and waits under the same agreement there. */
export function visitHolder(bounds: Bounds, pool: PoolRecord): Holder | null {
  return visitsAt(bounds, pool)?.heldBy.get(pool) ?? null;
}

/** It keeps its turn before the others under its agreement. Outside the hours nobody's turn comes. */
export function holdVisit(bounds: Bounds, pool: PoolRecord, holder: Holder): void {
  const visits = visitsAt(bounds, pool);
  if (visits?.opening.kind === "open" && !visits.heldBy.has(pool)) visits.heldBy.set(pool, holder);
}

export function dropHolds({ visits }: Rules): void {
  for (const { heldBy } of visits) if (heldBy.size > 0) heldBy.clear();
}

/** What is counted of all runs that have not ended, after rules or regions changed. */
export function forgetVisits({ visits }: Rules): void {
  for (const { held } of visits) held.clear();
}

/** What time it is. Answers when the next closed agreement opens; null: none is. */
export function tellVisits({ visits }: Rules, nowMs: number): number | null {
  let nextMs: number | null = null;
  for (const one of visits) {
    const { hours } = one.agreement;
    if (hours.length === 0) continue;
    const opening = openingAt(hours, nowMs);
    one.opening =
      opening.kind === "closed"
        ? opening
        : { kind: "open", closesInMs: opening.closesMs === null ? null : opening.closesMs - nowMs };
    if (opening.kind === "closed" && (nextMs === null || opening.opensMs < nextMs)) nextMs = opening.opensMs;
  }
  return nextMs;
}

/** How long a run may wait for its start there: no longer than work may be started under its agreement. */
export function visitLeaseMs(bounds: Bounds | null, pool: PoolRecord, leaseMs: number | null): number | null {
  const opening = (bounds && visitsAt(bounds, pool)?.opening) ?? alwaysOpen;
  if (leaseMs === null || opening.kind === "closed" || opening.closesInMs === null) return leaseMs;
  return Math.min(leaseMs, opening.closesInMs);
}

/** Whoever waits under an agreement, or for another home to let it in, keeps only those waiting who come by the same. */
export function visitsKey(bounds: Bounds | null, pools: readonly PoolRecord[]): string {
  if (bounds === null) return "";
  const under = pools.map((pool) => visitsAt(bounds, pool)?.at ?? "");
  const agreed = under.every((at) => at === "") ? "" : `\n\nagreements ${under.join(" ")}`;
  return bounds.home === null ? agreed : `${agreed}\n\nhome ${bounds.home.id}`;
}

const nothingHeld: Held = { cores: 0, memoryMib: 0, cardsMilli: new Map() };

function visitsAt(bounds: Bounds, { centre }: PoolRecord): Visits | null {
  if (!bounds.isRuled) return null;
  const crossing = crossingTo(bounds, centre.state?.region ?? null);
  return crossing.kind === "agreed" ? crossing.visits : null;
}

/** The share is of all the pool's nodes, whether or not they are up. */
function isWithinShare({ size, devices }: PoolRecord, percent: number, held: Held, asked: Amounts): boolean {
  const most = (total: number) => Math.floor((total * percent) / 100);
  if (held.cores + asked.cores > most(size.cores)) return false;
  if (held.memoryMib + asked.memoryMib > most(size.memoryMib)) return false;
  const { device } = asked;
  if (device === null) return true;
  const at = devices.findIndex(({ vendor, model }) => deviceKey(vendor, model) === device);
  return (held.cardsMilli.get(device) ?? 0) + asked.cardsMilli <= 1000 * most(size.cards[at] ?? 0);
}
