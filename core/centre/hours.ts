import type { Hours } from "#core/centre/terms.ts";
import { networkZoneMs } from "#core/ledger/network-day.ts";

/** Whether work may be started at a moment, and when that changes next; `closesMs` null: it never does. */
export type Opening =
  | { readonly kind: "open"; readonly closesMs: number | null }
  | { readonly kind: "closed"; readonly opensMs: number };

/**
 * What agreed hours mean at a moment. They are read in the network's time zone, which has no summer time; where `to` is
 * not after `from` they run into the next day, so 20:00 to 08:00 is a night. No hours at all: always open.
 */
export function openingAt(hours: readonly Hours[], nowMs: number): Opening {
  const spans = joined(hours.flatMap(spansOf));
  const [first] = spans;
  if (!first || (first.from <= 0 && first.to >= weekMs)) return { kind: "open", closesMs: null };
  const sinceMonday = sinceMondayMs(nowMs);
  const mondayMs = nowMs - sinceMonday;
  const within = spans.find(({ from, to }) => from <= sinceMonday && sinceMonday < to);
  if (within) {
    // What lasts until the end of the week goes on at its beginning.
    const goesOn = within.to >= weekMs && first.from <= 0;
    return { kind: "open", closesMs: mondayMs + (goesOn ? weekMs + first.to : within.to) };
  }
  const next = spans.find(({ from }) => from > sinceMonday);
  return { kind: "closed", opensMs: mondayMs + (next ? next.from : weekMs + first.from) };
}

/** Day of the week, Monday 1, and time of day in the network's zone. */
export function networkTime(atMs: number): { readonly day: number; readonly time: string } {
  const since = sinceMondayMs(atMs);
  const minutes = Math.floor((since % dayMs) / minuteMs);
  const two = (value: number) => `${value}`.padStart(2, "0");
  return { day: Math.floor(since / dayMs) + 1, time: `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}` };
}

/** 1970-01-01 was a Thursday, so the week of the epoch began on the Monday three days before. */
function sinceMondayMs(atMs: number): number {
  return (((atMs + networkZoneMs + 3 * dayMs) % weekMs) + weekMs) % weekMs;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const weekMs = 7 * dayMs;

/** Milliseconds since Monday 00:00, within one week. */
type Span = { readonly from: number; readonly to: number };

function spansOf({ days, from, to }: Hours): readonly Span[] {
  const [begins, ends] = [timeMs(from), timeMs(to)];
  const lasts = ends > begins ? ends - begins : ends + dayMs - begins;
  return days.flatMap((day) => {
    const start = (day - 1) * dayMs + begins;
    const end = start + lasts;
    if (end <= weekMs) return [{ from: start, to: end }];
    return [
      ...(start < weekMs ? [{ from: start, to: weekMs }] : []),
      { from: Math.max(0, start - weekMs), to: end - weekMs },
    ];
  });
}

/** `08:30`, up to `24:00`. */
function timeMs(text: string): number {
  const [hours, minutes] = text.split(":").map(Number);
  return ((hours ?? 0) * 60 + (minutes ?? 0)) * minuteMs;
}

/** In order; those that touch or overlap are one. */
function joined(spans: readonly Span[]): readonly Span[] {
  const all: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const last = all.at(-1);
    if (last && span.from <= last.to) all[all.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
    else all.push(span);
  }
  return all;
}
