import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseSite } from "./site.ts";
import { translated, wordsOffered, wordTable } from "./words.ts";

const site = parseSite(
  JSON.stringify({
    qos: { short: "quick" },
    aliases: {
      partition: { fast: "short", huge: "no-such-pool" },
      qos: { urgent: "high" },
      constraint: { infiniband: "ib" },
      gres: { fpga: "fpga:u280" },
      licences: { abaqus: "abaqus@flex", gone: "gone@flex" },
      reservation: { course: "phys101" },
    },
  }),
  "a test",
);
const own = {
  pools: ["batch", "short"],
  features: ["ib", "kunpeng"],
  gres: ["npu:ascend910b"],
  licences: ["abaqus@flex"],
  reservations: [],
};
const table = wordTable(own, site);
const nothing = { siteWords: {}, software: [], container: null, fileSystems: [], licences: [] };

test("what is reported is the table, the site's own names in it, counts under every word for a licence", () => {
  const licences = [{ name: "abaqus@flex", total: 4, free: 1 }];
  assert.deepEqual(wordsOffered(table, licences), {
    aliases: {
      partition: ["batch", "fast", "short"],
      qos: ["quick", "urgent"],
      constraint: ["ib", "infiniband", "kunpeng"],
      gres: ["fpga", "npu:ascend910b"],
      licences: ["abaqus", "abaqus@flex", "gone"],
      reservation: ["course"],
    },
    partitionPools: { fast: "short" },
    licences: [
      { name: "abaqus@flex", total: 4, free: 1 },
      { name: "abaqus", total: 4, free: 1 },
    ],
  });
});

test("an order's words become local ones", () => {
  const siteWords = {
    partition: ["slow", "fast"],
    qos: ["urgent"],
    constraint: ["infiniband", "kunpeng"],
    gres: ["fpga:2"],
    reservation: ["course"],
    nodelist: ["n1", "n2"],
  };
  const licences = [{ name: "abaqus", count: 2 }];
  assert.deepEqual(translated({ pool: "short", demands: { ...nothing, siteWords, licences } }, table), {
    kind: "translated",
    words: {
      qos: "high",
      constraint: "ib&kunpeng",
      gres: "fpga:u280:2",
      licenses: "abaqus@flex:2",
      reservation: "phys101",
      nodelist: "n1,n2",
    },
  });
  const none = { qos: null, constraint: null, gres: null, licenses: null, reservation: null, nodelist: null };
  assert.deepEqual(translated({ pool: "batch" }, table), { kind: "translated", words: none });
});

test("a word that the table does not have is refused, naming those that it has; so is another pool", () => {
  const refused = (pool: string, demands: Partial<typeof nothing> & { siteWords?: object }) => {
    const answer = translated({ pool, demands: { ...nothing, ...demands } }, table);
    return answer.kind === "refused" ? answer.words : assert.fail("it was translated");
  };
  assert.match(refused("short", { siteWords: { qos: ["high"] } }), /no QoS "high"; it has: quick, urgent/);
  assert.match(refused("short", { siteWords: { gres: ["fpga:u280:1"] } }), /no generic resource "fpga:u280"/);
  assert.match(
    refused("batch", { siteWords: { partition: ["huge"] } }),
    /no partition "huge"; it has: batch, fast, short/,
  );
  assert.match(
    refused("batch", { siteWords: { partition: ["fast"] } }),
    /partition fast, which is short, .* sent to batch/,
  );
});

test("the example of the guide is a site, and means what it says", () => {
  const page = readFileSync(new URL("../../../docs/guides/portable-scripts.md", import.meta.url), "utf8");
  const json = /```json\n(.*?)```/s.exec(page)?.[1] ?? assert.fail("no example");
  const example = parseSite(json, "the guide");
  const made = wordTable({ ...own, pools: ["short", "accel"] }, example);
  const siteWords = { partition: ["fast"], constraint: ["infiniband"], gres: ["fpga:2"] };
  const answer = translated({ pool: "short", demands: { ...nothing, siteWords } }, made);
  assert(answer.kind === "translated");
  assert.deepEqual([answer.words.constraint, answer.words.gres], ["ib", "fpga:u280:2"]);
  assert.equal(example.fileSystems[1]?.purgeDays, null);
});
