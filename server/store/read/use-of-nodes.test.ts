import assert from "node:assert/strict";
import { test } from "node:test";
import { usedOnNodes } from "./use-of-nodes.ts";

const size = { coresPerNode: 2, memoryMibPerNode: 100 };

test("a run counts in each group that has one of its nodes, once, with as many nodes as are there", () => {
  const groups = [
    { centre: "jinan", names: ["n1", "n2"] },
    { centre: "jinan", names: ["n2", "n3"] },
    { centre: "qingdao", names: ["n1"] },
  ];
  const runs = [
    { centre: "jinan", on: ["n1", "n2"], ...size, runs: 1 },
    { centre: "jinan", on: ["n3"], ...size, runs: 5 },
    { centre: "jinan", on: ["gone"], ...size, runs: 1 },
  ];
  assert.deepEqual(usedOnNodes(groups, runs), [
    { coresInUse: 4, memoryMibInUse: 200, runs: 1 },
    { coresInUse: 2 + 10, memoryMibInUse: 100 + 500, runs: 6 },
    { coresInUse: 0, memoryMibInUse: 0, runs: 0 },
  ]);
});

test("what a page of nodes costs grows with the nodes and the runs, not with their product", () => {
  const names = Array.from({ length: 5_000 }, (_, at) => `n${at}`);
  const groups = names.map((name) => ({ centre: "jinan", names: [name] }));
  const runs = Array.from({ length: 50_000 }, (_, at) => ({
    centre: "jinan",
    on: [names[at % names.length] ?? ""],
    ...size,
    runs: 1,
  }));
  const before = process.cpuUsage();
  const uses = usedOnNodes(groups, runs);
  const tookMs = process.cpuUsage(before).user / 1000;
  assert(uses.every((use) => use.runs === 10));
  // One after the other it is a quarter of a thousand million looks.
  assert(tookMs < 1_500, `${tookMs} ms`);
});
