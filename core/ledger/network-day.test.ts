import assert from "node:assert/strict";
import { test } from "node:test";
import { networkDay, networkZone } from "#core/ledger/network-day.ts";

test("a day of the network is the day whose label its moments have", () => {
  const label = new Intl.DateTimeFormat("sv-SE", { timeZone: networkZone });
  for (const day of ["2026-11-22", "2028-02-29", "2026-12-31"]) {
    const found = networkDay(day);
    assert.ok(found);
    assert.deepEqual(
      [found.fromMs, found.toMs - 1].map((atMs) => label.format(atMs)),
      [day, day],
    );
    assert.notEqual(label.format(found.fromMs - 1), day);
    assert.notEqual(label.format(found.toMs), day);
  }
  for (const text of ["2026-02-30", "2026-13-01", "22-11-2026", "2026-11-22T00:00", "1969-12-31", ""])
    assert.equal(networkDay(text), null, text);
});
