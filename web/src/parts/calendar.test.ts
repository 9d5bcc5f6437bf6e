import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { calendar, dayOf, dayText, minuteOf, minuteText, momentOf, shown } from "./calendar.ts";

test("days and minutes are read as they are written, and what is none is refused", () => {
  assert.equal(dayText(dayOf("2028-02-29") ?? new Date(0)), "2028-02-29");
  for (const text of ["2027-02-29", "2027-13-01", "27-1-1", "", "2027-1-1"]) assert.equal(dayOf(text), null, text);
  for (const text of ["2027-01-01 24:00", "2027-01-01 12:60", "2027-01-01"]) assert.equal(minuteOf(text), null, text);
  fc.assert(
    fc.property(fc.date({ min: new Date("2000-01-01"), max: new Date("2099-01-01"), noInvalidDate: true }), (at) => {
      assert.equal(dayText(dayOf(dayText(at)) ?? new Date(0)), dayText(at));
      assert.equal(minuteText(minuteOf(minuteText(at)) ?? new Date(0)), minuteText(at));
    }),
  );
});

test("what the picker shows is the clock of the network, and what is typed there is read by it", () => {
  const atMs = Date.parse("2026-11-23T20:30:00Z");
  assert.equal(minuteText(shown(atMs)), "2026-11-24 04:30");
  assert.equal(momentOf(minuteOf("2026-11-24 04:30") ?? new Date(0)), atMs);
  // In the night of a change of clocks in the browser's own zone, too.
  assert.equal(
    new Date(momentOf(minuteOf("2026-03-29 02:30") ?? new Date(0))).toISOString(),
    "2026-03-28T18:30:00.000Z",
  );
});

test("a month later is the same day, or the last of a shorter month", () => {
  const text = (at: Date) => dayText(at);
  assert.equal(text(calendar.addMonth(new Date("2027-01-31"), 1)), "2027-02-28");
  assert.equal(text(calendar.addYear(new Date("2028-02-29"), 1)), "2029-02-28");
  assert.equal(text(calendar.addMonth(new Date("2027-01-15"), -1)), "2026-12-15");
  assert.equal(text(calendar.getEndDate(new Date("2028-02-01"))), "2028-02-29");
});

test("weeks begin on Monday and are counted as ISO 8601 does", () => {
  assert.equal(dayText(calendar.locale.getWeekFirstDate("en", new Date("2026-11-22"))), "2026-11-16");
  assert.deepEqual(
    [new Date("2027-01-01"), new Date("2027-01-04"), new Date("2026-12-31")].map((at) =>
      calendar.locale.getWeek("en", at),
    ),
    [53, 1, 53],
  );
});
