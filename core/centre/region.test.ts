import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { agreementBetween, agreementIssues, noAgreements } from "#core/centre/agreements.ts";
import { isDomestic, vendorMarks } from "#core/centre/domestic.ts";
import { isWithin, parseRegion, parseRegions, regionOfPlace, regions, regionWords } from "#core/centre/region.ts";

test("a region is a province by ISO 3166-2, however it is written, or the place's code of GB/T 2260", () => {
  assert.equal(regions.length, 34);
  for (const said of ["cn-gz", "CN-GZ", "520000", "520100", "52"])
    assert.deepEqual(parseRegion(said), { kind: "region", region: "cn-gz" }, said);
  assert.deepEqual(parseRegion("cn-gx1"), { kind: "unknown", said: "cn-gx1", nearest: "cn-gx" });
  for (const said of ["", "cn", "guizhou", "990000", "1234", "cn-", "cn-zz", "zz-1", "..", "a-b-c"])
    assert.equal(parseRegion(said).kind, "unknown", said);
  assert.equal(regionOfPlace("de-by"), "de-by");
  assert.equal(regionOfPlace(null), null);
});

test("a whole country may be named among several, and holds each of its regions", () => {
  assert.deepEqual(parseRegions(["CN", "cn-sd", "cn-sd"]), { kind: "regions", regions: ["cn", "cn-sd"] });
  assert.deepEqual(parseRegions(["de", "hk", "cn-hk"]), { kind: "regions", regions: ["de", "cn-hk"] });
  for (const none of ["nowhere", "zz", "uk", "zz-1"])
    assert.deepEqual(
      [parseRegions(["cn-sd", none])].map(({ kind }) => kind),
      ["unknown"],
      none,
    );
  assert(isWithin("cn-gz", ["cn"]) && isWithin("cn-gz", ["de", "cn-gz"]));
  assert(!isWithin("cn-gz", ["cn-sd"]) && !isWithin("cn-gz", []) && !isWithin("de-by", ["cn"]));
});

test("every province has its name in both languages", () => {
  for (const region of regions) {
    assert.match(regionWords(region, "en"), /^[A-Z][A-Za-z ]+ \(cn-[a-z]{2}\)$/);
    assert.match(regionWords(region, "zh"), /^\p{Script=Han}{2,3}（cn-[a-z]{2}）$/u);
  }
  assert.equal(regionWords("de-by", "zh"), "de-by");
  assert.deepEqual([regionWords("cn", "en"), regionWords("de", "zh")], ["China (cn)", "德国（de）"]);
});

test("what is said of a pool goes before the table of vendors, and nothing is guessed", () => {
  assert.deepEqual(
    ["huawei", "hygon", "cambricon", "nvidia", "amd", "intel", "somebody"].map((vendor) => isDomestic(vendor, null)),
    [true, true, true, false, false, false, false],
  );
  assert(isDomestic("somebody", true) && !isDomestic("huawei", false));
});

test("every vendor of the table is marked by a stated source, and named so in the guide", () => {
  const guide = readFileSync(new URL("../../docs/guides/where-work-may-go.md", import.meta.url), "utf8");
  const [domestic = "", foreign = ""] =
    /Domestic by it are\s([^;]*); not domestic are ([^.]*)\./.exec(guide)?.slice(1) ?? [];
  for (const [vendor, mark] of vendorMarks()) {
    assert.match(mark.source, /: seat in /, vendor);
    assert((mark.domestic ? domestic : foreign).includes(`\`${vendor}\``), vendor);
  }
});

test("an agreement names pairs of regions, each once, and none with itself", () => {
  const agreement = { sharePercent: null, hours: [], terms: "" };
  const first = { ...agreement, from: ["cn-sd", "cn-bj"], to: ["cn-gz"] };
  const second = { ...agreement, from: ["cn-bj"], to: ["cn-gz", "cn-bj"] };
  assert.deepEqual(agreementIssues(noAgreements), []);
  const issues = agreementIssues({ otherwise: "refused", agreements: [first, second] });
  assert.deepEqual(
    issues.map(({ at, en }) => [at, en]),
    [
      [1, "from cn-bj to cn-gz is said twice: by agreements 1 and 2"],
      [1, "cn-bj needs no agreement with itself: work is free within its own region"],
    ],
  );
  const document = { otherwise: "refused", agreements: [first] } as const;
  assert.equal(agreementBetween(document, "cn-sd", "cn-gz"), first);
  assert.equal(agreementBetween(document, "cn-gz", "cn-sd"), null);
  assert.equal(agreementBetween(document, null, "cn-gz"), null);
});
