import assert from "node:assert/strict";
import { test } from "node:test";
import { type AdmitContext, admit, type Request } from "#core/job/admit.ts";
import { dataBy } from "#core/job/data-places.ts";
import { phraseWords } from "#core/job/phrase.ts";
import { refusalWords } from "#core/refusal.ts";
import { policies } from "#core/scheduling/policy.ts";

const nowMs = Date.parse("2026-11-23T14:30:00+08:00");
const many = 1_000_000;
const limits = {
  ...{
    scriptBytes: many,
    inputFilesBytes: many,
    arrayTasks: many,
    environmentVariables: many,
    labels: 64,
    nodes: many,
  },
  ...{ environmentValueChars: many, nameChars: 200, dependencies: 1000, timeLimitS: 366 * 86_400, tasks: many },
  ...{ cores: many, memoryMib: many, accelerators: 1000 },
};
const centres = ["jinan", "guiyang", "local"];
const context: AdmitContext = {
  defaultProject: "default",
  projects: [{ name: "default", tenant: "default" }],
  classes: policies.weir,
  centres,
  limits,
  nowMs,
};

function placesOf(request: Request) {
  const answer = admit(request, context);
  assert(answer.kind === "admitted", JSON.stringify(answer));
  return answer.spec.data;
}

function scripted(...lines: string[]): Request {
  return { script: ["#!/bin/sh", ...lines.map((line) => `#WEIR ${line}`), "true"].join("\n") };
}

function refusalOf(request: Request): string {
  const answer = admit(request, context);
  assert(answer.kind === "refused", JSON.stringify(answer));
  const said = refusalWords(answer.refusal, "en").detail;
  assert.doesNotMatch(refusalWords(answer.refusal, "zh").detail, /\{|undefined/);
  return said;
}

const inHours = (hours: number) => nowMs + hours * 3_600_000;

test("where the input is, by centre: already, after so long or from a moment on; and elsewhere", () => {
  assert.equal(placesOf({ command: ["true"] }), null);
  const said = scripted("--data-at=jinan,guiyang=2h", "--data-at local=2026-11-23T18:30", "--data-elsewhere=1d");
  assert.deepEqual(placesOf(said), {
    at: [
      { centre: "guiyang", fromMs: inHours(2) },
      { centre: "jinan", fromMs: 0 },
      { centre: "local", fromMs: inHours(4) },
    ],
    elsewhereMs: inHours(24),
  });
  const moments = ["2h", "now+2hours", "120m", "7200s", "2026-11-23T16:30:00+08:00", "16:30", "uts1795422600"];
  for (const when of moments)
    assert.equal(placesOf(scripted(`--data-at=jinan=${when}`))?.at[0]?.fromMs, inHours(2), when);
  for (const when of ["now", "0s", "now+0"])
    assert.equal(placesOf(scripted(`--data-at=jinan=${when}`))?.at[0]?.fromMs, 0, when);
  assert.deepEqual(placesOf(scripted("--data-elsewhere=2h")), { at: [], elsewhereMs: inHours(2) });
  const asField = { at: [{ centre: "jinan" }, { centre: "local", afterS: 60 }], elsewhere: { fromMs: inHours(1) } };
  assert.deepEqual(placesOf({ ...scripted("--data-at=guiyang", "--data-elsewhere=never"), data: asField }), {
    at: [
      { centre: "jinan", fromMs: 0 },
      { centre: "local", fromMs: nowMs + 60_000 },
    ],
    elsewhereMs: inHours(1),
  });
});

test("what says nothing is left out: data that are everywhere, or at a centre as at all others", () => {
  assert.equal(placesOf(scripted("--data-at=jinan", "--data-elsewhere=now")), null);
  const same = scripted("--data-at=jinan=2026-11-23T18:00,local", "--data-elsewhere=2026-11-23T18:00");
  const elsewhereMs = Date.parse("2026-11-23T18:00:00+08:00");
  assert.deepEqual(placesOf(same), { at: [{ centre: "local", fromMs: 0 }], elsewhereMs });
});

test("what was understood is said, in both languages", () => {
  const answer = admit(scripted("--data-at=jinan,guiyang=2h"), context);
  assert(answer.kind === "admitted");
  assert.deepEqual(
    answer.notes.map((note) => phraseWords(note, "en")),
    [
      "its data are at guiyang from 2026-11-23T16:30:00+08:00; it does not start there before",
      "its data are at jinan",
      "its data are at no other centre, so it goes to none (--data-elsewhere says when they are)",
    ],
  );
  assert.match(answer.notes.map((note) => phraseWords(note, "zh")).join(), /其数据已在 jinan,其数据不在其他中心/);
});

test("a slip is refused with the rule, its place and the remedy", () => {
  assert.match(refusalOf(scripted("--data-at=jinna")), /There is no centre "jinna"\. Is jinan meant\? Known: jinan/);
  assert.match(
    refusalOf(scripted("--data-at=jinan=soon")),
    /--data-at \(line 2\).*"jinan=soon".*CENTRE=WHEN.*Asia\/Shanghai/s,
  );
  assert.match(refusalOf(scripted("--data-at==2h")), /"=2h"/);
  assert.match(
    refusalOf(scripted("--data-at=jinan", "--data-elsewhere=later")),
    /--data-elsewhere \(line 3\).*"later".*never, now/s,
  );
  assert.match(refusalOf(scripted("--data-at=jinan,jinan=2h")), /names centre jinan a second time/);
  assert.match(
    refusalOf(scripted("--data-at=jinan=2026-11-23T10:00")),
    /2026-11-23T10:00:00\+08:00 is over \(it is 2026-11-23T14:30:00\+08:00 now\): name a moment to come, or say that they are there/,
  );
  assert.match(refusalOf(scripted("--data-elsewhere=never")), /names no centre where its data are/);
  assert.match(refusalOf({ command: ["true"], data: {} }), /names no centre where its data are/);
  const both = { at: [{ centre: "jinan", fromMs: inHours(1), afterS: 1 }] };
  assert.match(refusalOf({ command: ["true"], data: both }), /both fromMs and afterS/);
});

test("a deadline that its data cannot keep is refused, wherever it may go", () => {
  const by = (deadlineH: number, more: Partial<Request> = {}): Request => ({
    command: ["true"],
    timeLimitS: 3600,
    deadlineMs: inHours(deadlineH),
    data: { at: [{ centre: "jinan", afterS: 7200 }, { centre: "local" }] },
    ...more,
  });
  placesOf(by(2));
  placesOf(by(3, { centres: { except: ["local"] } }));
  assert.match(
    refusalOf(by(2, { centres: { except: ["local"] } })),
    /ready at 2026-11-23T16:30:00\+08:00 at the earliest, .* has to start by 2026-11-23T15:30:00\+08:00: name a later deadline/,
  );
});

test("once a time has come, what is there by then is there already, and nothing is left of what is everywhere", () => {
  const data = { at: [{ centre: "jinan" as never, fromMs: 5 }], elsewhereMs: 9 };
  assert.deepEqual(dataBy(data, 4), data);
  assert.deepEqual(dataBy(data, 5), { ...data, at: [{ centre: "jinan", fromMs: 0 }] });
  assert.equal(dataBy(data, 9), undefined);
});
