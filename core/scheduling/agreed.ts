import { networkTime, openingAt } from "#core/centre/hours.ts";
import { networkTimeText } from "#core/ledger/network-day.ts";
import type { CentreRecord, PoolRecord } from "#core/scheduling/centres.ts";
import type { Lacking } from "#core/scheduling/offered.ts";
import { deviceKey, type Need, type Room } from "#core/scheduling/room.ts";

/**
 * What was agreed with a centre (core/centre/terms.ts), as placement asks it: the share of a pool that is the network's,
 * and the hours in which work may be started there. docs/decisions/0029-terms-and-limits-in-use.md.
 */
export type Ours = {
  readonly cores: number;
  readonly memoryMib: number;
  /** In thousandths, in the order of the pool's devices. */
  readonly cardsMilli: readonly number[];
};

/** What all our runs there hold or will: those that wait in its own queue too. null where no share was agreed. */
export function oursIn({ state, sorts, devices }: PoolRecord): Ours | null {
  if (typeof state?.sharePercent !== "number") return null;
  let cores = 0;
  let memoryMib = 0;
  const cards = new Map<string, number>();
  for (const { allocation, phases } of sorts.values()) {
    const nodes = allocation.nodes * (phases.sent + phases.waiting + phases.running);
    cores += nodes * allocation.coresPerNode;
    memoryMib += nodes * allocation.memoryMibPerNode;
    if (allocation.acceleratorsPerNode === 0) continue;
    const key = deviceKey(allocation.acceleratorVendor, allocation.acceleratorModel);
    const milli = nodes * allocation.acceleratorsPerNode * (allocation.acceleratorShareMilli ?? 1000);
    cards.set(key, (cards.get(key) ?? 0) + milli);
  }
  const cardsMilli = devices.map(({ vendor, model }) => cards.get(deviceKey(vendor, model)) ?? 0);
  return { cores, memoryMib, cardsMilli };
}

export function withMore(ours: Ours | null, need: Need): Ours | null {
  const { nodes, cores, memoryMib, cards, device, shareMilli = 1000 } = need;
  return (
    ours && {
      cores: ours.cores + nodes * cores,
      memoryMib: ours.memoryMib + nodes * memoryMib,
      cardsMilli: ours.cardsMilli.map((milli, at) => (at === device ? milli + nodes * cards * shareMilli : milli)),
    }
  );
}

/**
 * A room of the pool as far as the agreed share reaches: of its sums no more than the network may still take beside `ours`.
 * The share is of all the pool's nodes, whether or not they are up.
 */
export function withinShare({ state, size }: PoolRecord, room: Room, ours: Ours | null): Room {
  const percent = state?.sharePercent;
  if (typeof percent !== "number") return room;
  const left = (total: number, taken = 0) => Math.max(0, Math.floor((total * percent) / 100) - taken);
  const mostMilli = size.cards.map((count, at) =>
    Math.max(0, 1000 * Math.floor((count * percent) / 100) - (ours?.cardsMilli[at] ?? 0)),
  );
  return {
    cells: room.cells,
    cores: Math.min(room.cores, left(size.cores, ours?.cores)),
    memoryMib: Math.min(room.memoryMib, left(size.memoryMib, ours?.memoryMib)),
    cards: room.cards.map((count, at) => Math.min(count, Math.floor((mostMilli[at] ?? 0) / 1000))),
    mostMilli,
    row: room.row,
  };
}

/** `Hours` at a moment; `closesInMs` null: it does not close. */
export type PoolOpening =
  | { readonly kind: "open"; readonly closesInMs: number | null }
  | { readonly kind: "closed"; readonly opensMs: number };

export const alwaysOpen: PoolOpening = { kind: "open", closesInMs: null };

/** What time it is, before anything is decided or explained. Answers when the next closed pool opens; null: none is. */
export function tellTime(centres: readonly CentreRecord[], nowMs: number): number | null {
  let nextMs: number | null = null;
  for (const { pools } of centres)
    for (const pool of pools) {
      pool.opening = openingOf(pool, nowMs);
      if (pool.opening.kind === "closed" && (nextMs === null || pool.opening.opensMs < nextMs))
        nextMs = pool.opening.opensMs;
    }
  return nextMs;
}

function openingOf({ state }: PoolRecord, nowMs: number): PoolOpening {
  if (state?.reserved && state.reserved.startsMs > nowMs) return { kind: "closed", opensMs: state.reserved.startsMs };
  if (!state?.hours || state.hours.length === 0) return alwaysOpen;
  const opening = openingAt(state.hours, nowMs);
  if (opening.kind === "closed") return opening;
  return { kind: "open", closesInMs: opening.closesMs === null ? null : opening.closesMs - nowMs };
}

export function outsideHours({ opening, name }: PoolRecord): Lacking | null {
  if (opening.kind === "open") return null;
  return { rule: "outside-hours", facts: { pool: name, ...networkTime(opening.opensMs) } };
}

/** Its nodes are the network's from a later moment on. */
export function beforeWindow({ state, name }: PoolRecord, nowMs: number): Lacking | null {
  const { reserved } = state ?? {};
  if (!reserved || reserved.startsMs <= nowMs) return null;
  return { rule: "reservation-ahead", facts: { pool: name, starts: networkTimeText(reserved.startsMs) } };
}

/** It would last beyond the time for which the nodes are the network's, if it started now. */
export function beyondWindow({ state, name }: PoolRecord, timeLimitS: number, nowMs: number): Lacking | null {
  const { reserved } = state ?? {};
  if (!reserved) return null;
  const leftMs = reserved.endsMs - Math.max(nowMs, reserved.startsMs);
  if (timeLimitS * 1000 <= leftMs) return null;
  return {
    rule: "reservation-ends",
    facts: { pool: name, askedS: timeLimitS, leftS: Math.max(0, Math.floor(leftMs / 1000)) },
  };
}

/**
 * How long a run placed there now may wait for its start: where it would join a queue, no longer than work may be started
 * there, and never so long that it would last beyond the time for which the nodes are the network's. null: the network's own
 * setting, at a centre that starts at once or not at all.
 */
export function leaseMsOf({ state, opening }: PoolRecord, timeLimitS: number, nowMs: number): number | null {
  const leaseMs = state?.leaseMs ?? null;
  if (leaseMs === null || opening.kind === "closed") return leaseMs;
  const latestMs = state?.reserved ? state.reserved.endsMs - timeLimitS * 1000 - nowMs : leaseMs;
  return Math.max(0, Math.min(leaseMs, opening.closesInMs ?? leaseMs, latestMs));
}
