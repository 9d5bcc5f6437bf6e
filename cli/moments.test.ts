import assert from "node:assert/strict";
import { test } from "node:test";
import { timeText } from "#cli/formats.ts";
import { dayOf, parseTimeMs } from "#cli/moments.ts";

/** 20:00 by the clock of the network. */
const nowMs = Date.UTC(2026, 10, 22, 12);
const hourMs = 3_600_000;

test("times as people type them", () => {
  assert.equal(parseTimeMs("2h", nowMs), nowMs - 2 * hourMs);
  assert.equal(parseTimeMs("2026-11-22T08:00Z", nowMs), Date.UTC(2026, 10, 22, 8));
  assert.equal(parseTimeMs("2026-11-22 08:00:30+08:00", nowMs), Date.UTC(2026, 10, 22, 0, 0, 30));
  assert.equal(parseTimeMs("2026-11-22", nowMs), Date.UTC(2026, 10, 21, 16), "a day of the network");
  assert.equal(parseTimeMs("2026-11-22 08:00", nowMs), Date.UTC(2026, 10, 22), "its clock, where no offset is named");
  assert.equal(parseTimeMs(timeText(nowMs), nowMs), nowMs, "what is printed may be typed");
});

test("times as the users of sacct type them, by the clock of the network", () => {
  assert.equal(parseTimeMs("now", nowMs), nowMs);
  assert.equal(parseTimeMs("now-2hours", nowMs), nowMs - 2 * hourMs);
  assert.equal(parseTimeMs("now-1day", nowMs), nowMs - 24 * hourMs);
  assert.equal(parseTimeMs("now-90", nowMs), nowMs - 90_000, "seconds, where no unit is named");
  assert.equal(parseTimeMs("today", nowMs), Date.UTC(2026, 10, 21, 16));
  assert.equal(parseTimeMs("yesterday", nowMs), Date.UTC(2026, 10, 20, 16));
  assert.equal(parseTimeMs("08:30", nowMs), Date.UTC(2026, 10, 22, 0, 30));
  assert.equal(parseTimeMs("21:00", nowMs), Date.UTC(2026, 10, 21, 13), "the last there was, not one to come");
  assert.deepEqual(dayOf("yesterday", nowMs), { fromMs: Date.UTC(2026, 10, 20, 16), toMs: Date.UTC(2026, 10, 21, 16) });
  assert.equal(dayOf("08:30", nowMs), null, "a moment is no day");
});

test("what is no time is none", () => {
  const wrong = ["2026-13-01", "2026-02-30", "2026-11-22 25:00", "2026-11-22Z", "5", "", "25:00", "tomorrow", "now+1h"];
  for (const text of wrong) assert.equal(parseTimeMs(text, nowMs), null, text);
});
