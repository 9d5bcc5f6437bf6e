import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunOrder } from "#core/run-order.ts";
import {
  judgeClock,
  judgeDevices,
  judgeEnvironment,
  judgeEstimate,
  judgeNodes,
  judgeRate,
  judgeStream,
  passedIf,
  together,
} from "./judge.ts";
import { trialOrders } from "./trial.ts";

const order: RunOrder = trialOrders(
  { test: 1, session: 1, person: { id: 1, name: "ada" }, project: { id: 1, name: "p" } },
  "default",
)("env", { environment: { WEIR_CHECK: "a b" } });
const right = [
  `WEIR_JOB_ID=${order.job}`,
  `WEIR_ATTEMPT=${order.attempt}`,
  `WEIR_RUN_ID=${order.run}`,
  "SLURM_JOB_ID=77",
  "SLURM_NTASKS=1",
  "WEIR_CHECK=a b",
];

test("an environment is right only with all that belongs there and nothing of the agent's", () => {
  assert.equal(judgeEnvironment(right.join("\n"), order).verdict, "pass");
  for (const at of right.keys())
    assert.equal(judgeEnvironment(right.toSpliced(at, 1).join("\n"), order).verdict, "fail");
  for (const leaked of [
    "npm_config_cache=/x",
    "DATABASE_URL=postgresql://x",
    "WEIR_HOME=/var",
    "NODE_OPTIONS=",
    "PGPASSWORD=x",
  ]) {
    const judged = judgeEnvironment([...right, leaked].join("\n"), order);
    assert.equal(judged.verdict, "fail");
    assert.match(judged.seen, new RegExp(`${leaked.split("=")[0]} does not belong there`));
  }
});

test("a clock is off by what lies outside request and report", () => {
  assert.equal(judgeClock(150, 100, 200, 0).verdict, "pass");
  assert.equal(judgeClock(2_200, 100, 200, 2_000).verdict, "pass");
  assert.match(judgeClock(2_201, 100, 200, 2_000).seen, /off by at least 2001 ms/);
  assert.equal(judgeClock(-2_000, 100, 200, 2_000).verdict, "fail");
});

test("a log must be readable early, go on from there, and be said to be final", () => {
  assert.equal(judgeStream("one", { text: "one two", final: true }).verdict, "pass");
  for (const [during, after] of [
    [null, { text: "one", final: true }],
    ["", { text: "one", final: true }],
    ["one", null],
    ["one", { text: "one", final: true }],
    ["one", { text: "two one", final: true }],
    ["one", { text: "one two", final: false }],
  ] as const)
    assert.equal(judgeStream(during, after).verdict, "fail");
});

test("an estimate may be too late, not too early; without any nothing is judged", () => {
  assert.equal(judgeEstimate([], 5_000, 100).verdict, "not-offered");
  assert.equal(judgeEstimate([1_000, 9_000], 5_000, 100).verdict, "pass");
  assert.match(judgeEstimate([4_000], 5_000, 100).seen, /started 1000 ms later than the last one said/);
  assert.equal(judgeEstimate([4_000], 5_000, 100).verdict, "fail");
});

test("a rate, and several judgements together", () => {
  assert.deepEqual([judgeRate(20, 10_000, 2).verdict, judgeRate(20, 10_001, 2).verdict], ["pass", "fail"]);
  const none = { verdict: "not-offered", seen: "c" } as const;
  assert.deepEqual(together([passedIf(true, "a"), passedIf(false, "b"), none]), { verdict: "fail", seen: "a; b; c" });
  assert.equal(together([passedIf(true, "a"), none]).verdict, "pass");
  assert.equal(together([none]).verdict, "not-offered");
});

test("a job that asked for one device has one by every variable that names devices", () => {
  const of = (printed: string | null) => judgeDevices(printed, "npu ascend910b").verdict;
  for (const one of [
    "CUDA_VISIBLE_DEVICES=0",
    "SLURM_JOB_GPUS=3\nCUDA_VISIBLE_DEVICES=0\n",
    "CUDA_VISIBLE_DEVICES=GPU-1a2b",
  ])
    assert.equal(of(one), "pass", one);
  for (const wrong of [
    "CUDA_VISIBLE_DEVICES=0,1",
    "SLURM_JOB_GPUS=0-7",
    "SLURM_JOB_GPUS=0\nCUDA_VISIBLE_DEVICES=0,1,2,3",
  ])
    assert.equal(of(wrong), "fail", wrong);
  for (const nothing of ["", "CUDA_VISIBLE_DEVICES=\n"]) assert.equal(of(nothing), "not-offered", nothing);
  assert.equal(of(null), "pass");
});

test("two nodes are two names, not two tasks", () => {
  assert.equal(judgeNodes("node c1\nnode c2\n", 2).verdict, "pass");
  for (const wrong of ["node c1\nnode c1\n", "node c1\n", "", "node \nnode \n"])
    assert.equal(judgeNodes(wrong, 2).verdict, "fail", wrong);
});
