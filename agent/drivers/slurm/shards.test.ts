import assert from "node:assert/strict";
import { test } from "node:test";
import { gresWords, poolsOf, type Seen } from "./describe.ts";
import { shardsHeld, shardsLeft, shardsOfEach, shardWords } from "./shards.ts";
import { wordsOf } from "./slurm-text.ts";

test("shards of each GPU, where a node has one kind of GPU and they come out even", () => {
  assert.equal(shardsOfEach("npu:ascend910b:8,gpu:2,shard:8"), 4);
  assert.equal(shardsOfEach("gpu:a100:4(S:0-1),shard:16(S:0-1)"), 4);
  for (const none of [
    "gpu:2",
    "shard:8",
    "gpu:2,shard:7",
    "gpu:4,shard:4",
    "gpu:a:1,gpu:b:1,shard:8",
    "(null)",
    undefined,
  ])
    assert.equal(shardsOfEach(none), null, none);
});

test("what is left of GPUs that shards are given out of, by either way of saying it", () => {
  assert.deepEqual(shardsLeft("gpu:0,shard:(null):0(IDX:N/A)", 4, 0), []);
  // As 22.05 prints it: two GPUs are begun, and five shards are in use.
  assert.deepEqual(shardsLeft("npu:ascend910b:0,gpu:0,shard:(null):2(IDX:0-1)", 4, 5), [2, 1]);
  assert.deepEqual(shardsLeft("gpu:0,shard:(null):3(IDX:0-1,3)", 4, 12), [0, 0, 0]);
  assert.deepEqual(shardsLeft("gpu:0,shard:(null):1(IDX:0)", 4, null), [0], "hidden: nothing is promised");
  assert.deepEqual(shardsLeft("gpu:a100:1(IDX:3),shard:a100:3(1/4,2/4,0/4,0/4)", 4, null), [3, 2]);
});

test("what jobs have of each node", () => {
  const row = (state: string, gres: string, nodelist: string) => new Map(Object.entries({ state, gres, nodelist }));
  const rows = [
    row("RUNNING", "gres:shard:2", "q[1-2]"),
    row("RUNNING", "gres/shard:1", "q1"),
    row("COMPLETING", "gres:npu:1,gres:shard:3", "q2"),
    // It names the nodes that its user asked for.
    row("PENDING", "gres:shard:4", "q1"),
    row("RUNNING", "gres:gpu:1", "q1"),
  ];
  assert.deepEqual(
    [...shardsHeld(rows)],
    [
      ["q1", 3],
      ["q2", 5],
    ],
  );
});

test("a pool says into how many parts its GPUs are given out, what is left of them, and is asked for shards", () => {
  const node = (name: string, used: string) =>
    wordsOf(
      `NodeName=${name} CPUTot=8 RealMemory=1000 State=IDLE Partitions=batch Gres=npu:ascend910b:1,gpu:2,shard:8 GresUsed=${used}`,
    );
  const seen: Seen = {
    nodes: [node("q1", "npu:ascend910b:0,gpu:0,shard:(null):1(IDX:0)")],
    partitions: [wordsOf("PartitionName=batch State=UP")],
    foreign: new Map(),
    ours: new Map(),
    maintenance: new Map(),
    switches: new Map(),
    shardsHeld: new Map([["q1", 3]]),
    devices: { gpu: { vendor: "x", model: "card" } },
    only: null,
  };
  const [group] = poolsOf(seen)[0]?.nodes ?? [];
  assert.deepEqual(group?.accelerators, [
    { vendor: "huawei", model: "ascend910b", count: 1 },
    { vendor: "x", model: "card", count: 2, parts: 4 },
  ]);
  assert.deepEqual(group?.free.accelerators, [
    { vendor: "huawei", model: "ascend910b", count: 1 },
    { vendor: "x", model: "card", count: 1, parts: 4, partsLeft: [1] },
  ]);
  const card = { vendor: "x", model: "card", count: 1 };
  assert.equal(gresWords(seen.nodes, "batch", card, seen.devices), "gpu:1");
  assert.equal(gresWords(seen.nodes, "batch", { ...card, shareMilli: 500 }, seen.devices), "shard:2");
  assert.equal(
    gresWords(seen.nodes, "batch", { vendor: "huawei", model: null, count: 1, shareMilli: 500 }, seen.devices),
    null,
  );
  // What the network gave of three parts was rounded down to thousandths.
  assert.deepEqual([shardWords(333, 3), shardWords(666, 3), shardWords(1, 4)], ["shard:1", "shard:2", "shard:1"]);
});
