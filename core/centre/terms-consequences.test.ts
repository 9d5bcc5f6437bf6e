import assert from "node:assert/strict";
import { test } from "node:test";
import type { PoolTermsInForce } from "./terms.ts";
import { hoursWords, type PoolChange, type TermsChange, termsConsequences } from "./terms-consequences.ts";

const before: PoolTermsInForce = {
  contract: "shared",
  maxPending: 8,
  leaseMs: 604_800_000,
  sharePercent: null,
  hours: [],
  speed: 1,
  priceList: "free",
  carbonGPerKwh: null,
  domestic: null,
};
const night = { days: [1, 2, 3, 4, 5], from: "20:00", to: "08:00" };
const mondayNoonMs = Date.parse("2026-11-23T12:00+08:00");

function change(after: Partial<PoolTermsInForce>, there: Partial<PoolChange> = {}): PoolChange {
  return { pool: "batch", before, after: { ...before, ...after }, cores: 64, coresHeld: 40, waiting: 0, ...there };
}

function of(change: PoolChange, region: TermsChange["region"] = { before: null, after: null }): TermsChange {
  return { pools: [change], region, retentionDays: { before: 30, after: 30 }, unknown: [], isOther: true };
}

function said(after: Partial<PoolTermsInForce>, there: Partial<PoolChange> = {}): string {
  const [first = ""] = termsConsequences(of(change(after, there)), { nowhere: 0, closed: 0 }, mondayNoonMs, "en");
  return first;
}

test("each thing that changes is said with what of the network is there; what does not is not", () => {
  const none = { nowhere: 0, closed: 0 };
  assert.deepEqual(termsConsequences({ ...of(change({})), isOther: false }, none, mondayNoonMs, "en"), []);
  assert.deepEqual(termsConsequences(of(change({})), none, mondayNoonMs, "en"), [
    "Nothing changes at the pools that are there now.",
  ]);
  const kept = (after: number) =>
    termsConsequences({ ...of(change({})), retentionDays: { before: 30, after } }, none, mondayNoonMs, "en")[0];
  assert.equal(
    kept(7),
    "Once it has left, what the network has there is kept for 7 days, and users can fetch their output.",
  );
  assert.equal(kept(0), "Once it has left, what the network has there goes at once.");
  assert.match(said({ sharePercent: 75 }), /75 % of it, 48 of 64 cores; its runs hold 40 now\.$/);
  assert.match(said({ sharePercent: 50 }), /32 of 64 cores; its runs hold 40 now, so nothing more is sent there/);
  assert.match(
    said({ leaseMs: 5_400_000 }, { waiting: 3 }),
    /may wait 90 min for .* The 3 runs that wait there keep their leases/,
  );
  assert.match(said({ maxPending: 2 }), /up to 2 runs of a kind wait in its own queue, not 8/);
  assert.match(said({ contract: "opportunistic" }), /only what fits at once is sent there/);
  assert.match(
    said({ hours: [night] }, { waiting: 1 }),
    /Monday–Friday 20:00–08:00 \(Asia\/Shanghai\)\. Nothing is sent there before Monday 2026-11-23 at 20:00\. The run that waits there is withdrawn if its lease reaches beyond them/,
  );
  const all = termsConsequences(
    of(change({ hours: [night], sharePercent: 10 })),
    { nowhere: 7, closed: 3 },
    mondayNoonMs,
    "zh",
  );
  assert.equal(all.length, 5);
  assert.match(all[2] ?? "", /^7 个排队任务/);
  assert.match(all[3] ?? "", /^3 个排队任务只能在此运行/);
  for (const words of all) assert.doesNotMatch(words, /[a-z]{2,} [a-z]{2,}/);
});

test("hours in words: rows of days are joined, others are listed", () => {
  assert.equal(hoursWords(night, "zh"), "周一–周五 20:00–08:00");
  assert.equal(hoursWords({ days: [7, 6], from: "00:00", to: "24:00" }, "en"), "Saturday, Sunday 00:00–24:00");
  assert.equal(
    hoursWords({ days: [1, 3, 5], from: "00:00", to: "24:00" }, "en"),
    "Monday, Wednesday, Friday 00:00–24:00",
  );
});

test("speed and carbon are said, so that a change of them alone can be made", () => {
  assert.match(said({ speed: 1.5 }), /1\.5 times as fast/);
  assert.match(said({ carbonGPerKwh: 581 }), /581 g of CO2 a kWh/);
  assert.match(said({ carbonGPerKwh: null }), /^Nothing changes/);
});

test("where the centre lies from then on, and what is marked domestic", () => {
  const words = (before: string | null, after: string | null, language: "en" | "zh" = "en") =>
    termsConsequences(of(change({}), { before, after }), { nowhere: 0, closed: 0 }, mondayNoonMs, language);
  assert.match(words(null, "cn-gz")[0] ?? "", /^It lies in Guizhou \(cn-gz\): /);
  assert.match(words("cn-gz", "cn-sd", "zh")[0] ?? "", /^位于山东（cn-sd）：/);
  assert.match(words("cn-gz", null)[0] ?? "", /^It no longer says in which region it lies/);
  assert.match(words("cn-gz", "cn-gz")[0] ?? "", /^Nothing changes/);
  assert.match(said({ domestic: true }), /^Pool batch: it is marked domestic/);
});
