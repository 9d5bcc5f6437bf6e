import assert from "node:assert/strict";
import { test } from "node:test";
import { readMoment } from "#core/job/slurm-moment.ts";
import { msOfNetworkTime, networkTimeAt, networkTimeText } from "#core/ledger/network-day.ts";

const now = Date.parse("2026-11-23T14:30:20+08:00");

test("all of Slurm's ways to write a moment, by the network's clock", () => {
  const moments: Record<string, string | null> = {
    "18:00": "2026-11-23T18:00:00",
    "18:00:30": "2026-11-23T18:00:30",
    "9:05": "2026-11-24T09:05:00",
    "14:30": "2026-11-24T14:30:00",
    "14:31": "2026-11-23T14:31:00",
    "6:00 PM": "2026-11-23T18:00:00",
    "12:15am": "2026-11-24T00:15:00",
    "12:15 pm": "2026-11-24T12:15:00",
    "1201": "2026-12-01T00:00:00",
    "1123": "2027-11-23T00:00:00",
    "0105": "2027-01-05T00:00:00",
    "120127": "2027-12-01T00:00:00",
    "12/1": "2026-12-01T00:00:00",
    "12/01/27": "2027-12-01T00:00:00",
    "12.01.27": "2027-12-01T00:00:00",
    "11/23-15:00": "2026-11-23T15:00:00",
    "11/23-14:00": "2027-11-23T14:00:00",
    "12/01/26-08:30:15": "2026-12-01T08:30:15",
    "2026-12-31": "2026-12-31T00:00:00",
    "2026-12-31T23:59": "2026-12-31T23:59:00",
    "2026-12-31T23:59:58": "2026-12-31T23:59:58",
    now: "2026-11-23T14:30:20",
    "now+90": "2026-11-23T14:31:50",
    "now+2hours": "2026-11-23T16:30:20",
    "now + 1 minute": "2026-11-23T14:31:20",
    "now+3days": "2026-11-26T14:30:20",
    "now+1WEEK": "2026-11-30T14:30:20",
    today: "2026-11-23T00:00:00",
    tomorrow: "2026-11-24T00:00:00",
    "tomorrow 8:00": "2026-11-24T08:00:00",
    midnight: "2026-11-24T00:00:00",
    noon: "2026-11-24T12:00:00",
    teatime: "2026-11-23T16:00:00",
    fika: "2026-11-23T15:00:00",
    uts1800000000: "2027-01-15T16:00:00",
    "": null,
    "25:00": null,
    "12:60": null,
    "13:00 PM": null,
    "1301": null,
    "1232": null,
    "02/30": null,
    "2027-02-29": null,
    "2026-1-05": null,
    "11/23/2026": null,
    "now+": null,
    "now+1fortnight": null,
    "now+999999999weeks": null,
    "now-1hour": null,
    "2026-11-24T12:00:00Z": "2026-11-24T20:00:00",
    "2026-11-24 12:00:00 +08:00": "2026-11-24T12:00:00",
    "2026-11-24T12:00-05:30": "2026-11-25T01:30:00",
    "2026-11-24 +08:00": null,
    "2026-02-30T12:00:00Z": null,
    soon: null,
    "2026-12-31T23": null,
    "18": null,
  };
  for (const [text, expected] of Object.entries(moments)) {
    const found = readMoment(text, now);
    assert.equal(found && networkTimeText(found), expected && `${expected}+08:00`, text);
  }
});

test("the network's calendar goes to and fro, over leap days and ends of years", () => {
  for (let at = Date.parse("1999-12-25T00:00:00Z"); at < Date.parse("2104-03-02T00:00:00Z"); at += 86_399_000 * 7) {
    const text = networkTimeText(at);
    assert.equal(Date.parse(text), at, text);
    assert.equal(msOfNetworkTime(networkTimeAt(at)), at, text);
  }
});
