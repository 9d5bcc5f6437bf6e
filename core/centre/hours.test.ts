import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Hours } from "#core/centre/terms.ts";
import { openingAt } from "./hours.ts";

const everyDay = [1, 2, 3, 4, 5, 6, 7];
const at = (text: string) => Date.parse(`${text}+08:00`);

/** Shown as a clock in the network's zone shows it. */
function shown(hours: readonly Hours[], text: string): string {
  const opening = openingAt(hours, at(text));
  const clock = (ms: number | null) =>
    ms === null ? "never" : new Date(ms + 8 * 3_600_000).toISOString().slice(0, 16);
  return opening.kind === "open" ? `open until ${clock(opening.closesMs)}` : `closed until ${clock(opening.opensMs)}`;
}

test("hours are of the network's zone, end before their last minute, and none at all means always", () => {
  const office = [{ days: [1, 2, 3, 4, 5], from: "08:00", to: "18:00" }];
  // 2026-11-23 is a Monday.
  assert.equal(shown(office, "2026-11-23T07:59"), "closed until 2026-11-23T08:00");
  assert.equal(shown(office, "2026-11-23T08:00"), "open until 2026-11-23T18:00");
  assert.equal(shown(office, "2026-11-23T18:00"), "closed until 2026-11-24T08:00");
  assert.equal(shown(office, "2026-11-27T18:00"), "closed until 2026-11-30T08:00");
  assert.equal(shown([], "2026-11-23T07:59"), "open until never");
});

test("a night runs into the next day, also over the end of the week, and all the time has no end", () => {
  const nights = [{ days: everyDay, from: "20:00", to: "08:00" }];
  assert.equal(shown(nights, "2026-11-29T23:00"), "open until 2026-11-30T08:00");
  assert.equal(shown(nights, "2026-11-30T07:00"), "open until 2026-11-30T08:00");
  assert.equal(shown(nights, "2026-11-30T12:00"), "closed until 2026-11-30T20:00");
  const weekend = [
    { days: [6, 7], from: "00:00", to: "24:00" },
    { days: [5], from: "18:00", to: "24:00" },
    { days: [1], from: "00:00", to: "06:00" },
  ];
  assert.equal(shown(weekend, "2026-11-27T19:00"), "open until 2026-11-30T06:00");
  assert.equal(shown([{ days: everyDay, from: "00:00", to: "24:00" }], "2026-11-27T19:00"), "open until never");
  assert.equal(shown([{ days: everyDay, from: "08:00", to: "08:00" }], "2026-11-27T19:00"), "open until never");
});

test("it is open or closed until the moment it says, and otherwise from that moment on", () => {
  const time = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
    .map(([h, m]) => `${String(h).padStart(2, "0")}:${String(m).padStart(2, "0")}`);
  const days = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 });
  const hours = fc.array(fc.record({ days, from: time, to: time }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(hours, fc.integer({ min: 0, max: 2_000_000_000_000 }), (agreed, nowMs) => {
      const opening = openingAt(agreed, nowMs);
      const changesMs = opening.kind === "open" ? opening.closesMs : opening.opensMs;
      if (changesMs === null) return;
      assert(changesMs > nowMs && changesMs - nowMs <= 7 * 86_400_000);
      assert.equal(openingAt(agreed, changesMs - 1).kind, opening.kind);
      assert.notEqual(openingAt(agreed, changesMs).kind, opening.kind);
    }),
  );
});
