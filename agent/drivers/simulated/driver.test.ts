import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Driver } from "#agent/driver.ts";
import { orderFor } from "#agent/drivers/process/sandbox.ts";
import { jobId, type RunId, runId } from "#core/ids.ts";
import type { RunObservation, RunOrder } from "#core/run-order.ts";
import { type Description, describeCentre, parseDescriptions } from "./description.ts";
import { openSimulatedDriver } from "./driver.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-simulated-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
/** Far more than a busy machine takes. */
const patienceMs = 60_000;
/** Fills the centre for as long as a test wants, and is cancelled. */
const endless = "#WEIR-SIM run=1h";

const small = {
  pools: [{ name: "default", nodes: [{ names: "n[01-02]", cores: 4, memoryMib: 8192 }], memoryMibPerCore: 1024 }],
};

type Stage = {
  readonly driver: Driver;
  readonly seen: RunObservation[];
  readonly until: (run: RunId, kind: RunObservation["kind"]) => Promise<RunObservation>;
};

function open(description: Parameters<typeof describeCentre>[0] = small, path = join(folder, `${++files}`)): Stage {
  const parsed: Description = describeCentre(description);
  const driver = openSimulatedDriver({ description: parsed, path, note: () => {} });
  const seen: RunObservation[] = [];
  driver.listen((observation) => seen.push(observation));
  const until = async (run: RunId, kind: RunObservation["kind"]) => {
    for (const endMs = performance.now() + patienceMs; performance.now() < endMs; await delay(5)) {
      const found = seen.find((one) => one.run === run && one.kind === kind);
      if (found) return found;
    }
    throw new Error(`${run} was not seen ${kind}: ${JSON.stringify(seen)}`);
  };
  return { driver, seen, until };
}

function order(script: string, changes: Partial<RunOrder> = {}): RunOrder {
  return orderFor(`#!/bin/sh\n${script}`, changes);
}

const wide = (cores: number) => ({ ...order("").allocation, coresPerNode: cores, coresPerTask: cores });

async function endOf(stage: Stage, run: RunOrder) {
  await stage.driver.start(run);
  const ended = await stage.until(run.run, "ended");
  return ended.kind === "ended" ? ended : assert.fail();
}

test("a run takes the time its script says and ends as it says", async () => {
  const stage = open();
  const code = await endOf(stage, order("#WEIR-SIM run=80ms exit=2 memory=100"));
  assert.deepEqual(code.end, { kind: "failed", exitCode: 2 });
  assert.deepEqual([code.usage.wallMs, code.usage.peakMemoryMib, code.usage.memoryWay], [80, 100, "engine"]);
  const signal = await endOf(stage, order("", { environment: { WEIR_SIM: "run=1ms signal=9" } }));
  assert.deepEqual(signal.end, { kind: "signalled", signal: 9 });
  assert.deepEqual((await endOf(stage, order("#WEIR-SIM run=1ms memory=1000"))).end, { kind: "out-of-memory" });
  const late = await endOf(stage, order("#WEIR-SIM run=1h", { timeLimitS: 1 }));
  assert.deepEqual([late.end, late.usage.wallMs], [{ kind: "timed-out" }, 1000]);
  const plain = await stage.driver.start(order("#WEIR-SIM run=soon"));
  assert.match(plain.kind === "refused" ? plain.words : "", /"run=soon" .* is not understood/);
  assert.equal(plain.kind === "refused" && plain.definite, true, "it is no fault of the network's");
  await stage.driver.close();
});

test("time goes as fast as described, and is metered as the centre's", async () => {
  const stage = open({ ...small, speed: 1000 });
  const began = performance.now();
  const ended = await endOf(stage, order("#WEIR-SIM run=100s", { timeLimitS: 7200 }));
  assert.equal(ended.usage.wallMs, 100_000);
  const tookMs = performance.now() - began;
  assert.ok(tookMs >= 90 && tookMs < 50_000, `${tookMs} ms`);
  await stage.driver.close();
});

test("what does not fit waits in the engine's queue, is estimated, and starts in its turn", async () => {
  const stage = open();
  const first = order(endless, { allocation: { ...wide(4), nodes: 2 }, timeLimitS: 7200 });
  const second = order("#WEIR-SIM run=1ms", { allocation: wide(1) });
  const third = order("#WEIR-SIM run=1ms", { allocation: wide(1) });
  assert.deepEqual(await stage.driver.start(first), { kind: "queued", engineId: `sim-${first.run}` });
  await stage.driver.start(second);
  await stage.driver.start(third);
  const waits = await stage.until(second.run, "waiting");
  assert.ok(waits.kind === "waiting" && waits.reason === "Resources" && waits.startsInMs !== null);
  assert.ok(waits.startsInMs > 7_000_000 && waits.startsInMs <= 7_200_000, `${waits.startsInMs}`);
  const behind = await stage.until(third.run, "waiting");
  assert.equal(behind.kind === "waiting" && behind.reason, "Priority");
  assert.equal(await stage.driver.cancel(third.run), "cancelling");
  const cancelled = await stage.until(third.run, "ended");
  assert.ok(cancelled.kind === "ended" && cancelled.usage.startedMs === null && cancelled.end.kind === "cancelled");
  await stage.driver.cancel(first.run);
  await stage.until(second.run, "ended");
  const of = (run: RunId) => stage.seen.filter((one) => one.run === run).map(({ kind }) => kind);
  assert.deepEqual(of(first.run), ["started", "ended"]);
  assert.deepEqual(of(second.run), ["waiting", "started", "ended"]);
  await stage.driver.close();
});

test("what is withdrawn leaves the queue and says so; what runs goes on", async () => {
  const stage = open();
  const first = order(endless, { allocation: { ...wide(4), nodes: 2 }, timeLimitS: 7200 });
  const second = order("#WEIR-SIM run=1ms", { allocation: wide(1) });
  await stage.driver.start(first);
  await stage.driver.start(second);
  await stage.until(second.run, "waiting");
  assert.equal(await stage.driver.withdraw?.(second.run), "asked");
  const ended = await stage.until(second.run, "ended");
  assert.ok(ended.kind === "ended" && ended.end.kind === "withdrawn" && ended.usage.startedMs === null);
  assert.equal(await stage.driver.withdraw?.(first.run), "started");
  assert.equal((await stage.driver.find([first.run]))[0]?.state, "running");
  assert.equal(await stage.driver.withdraw?.(runId({ job: jobId(999_999), index: 0, attempt: 1 })), "not-there");
  await stage.driver.close();
});

test("a deadline that passes in the queue is a fence", async () => {
  const stage = open();
  await stage.driver.start(order(endless, { allocation: { ...wide(4), nodes: 2 }, timeLimitS: 7200 }));
  const fenced = await endOf(stage, order("", { startWithinMs: 50 }));
  assert.equal(fenced.end.kind, "withdrawn");
  assert.equal(fenced.usage.startedMs, null);
  assert.equal((await stage.driver.start(order("", { startWithinMs: 0 }))).kind, "busy");
  await stage.driver.close();
});

test("what cannot ever run is refused with the reason", async () => {
  const stage = open();
  const refused = async (changes: Partial<RunOrder>, words: RegExp) => {
    const answer = await stage.driver.start(order("", changes));
    assert.match(answer.kind === "refused" ? answer.words : JSON.stringify(answer), words);
  };
  await refused({ pool: "gpu" }, /no pool gpu; it has default/);
  await refused({ allocation: { ...wide(1), nodes: 3 } }, /more than pool default has/);
  await refused({ allocation: { ...wide(1), acceleratorsPerNode: 1 } }, /1 accelerators are more/);
  await stage.driver.close();
});

test("the engine outlives its agent: waiting and running runs go on, ends are found, logs grow", async () => {
  const path = join(folder, "lasting");
  const one = open(small, path);
  const runs = [
    order("#WEIR-SIM run=60ms exit=3"),
    order("#WEIR-SIM run=50s", { allocation: { ...wide(3), nodes: 2 } }),
    order("#WEIR-SIM run=1ms", { allocation: wide(4) }),
  ] as const;
  for (const run of runs) await one.driver.start(run);
  const before = await one.driver.readLog(runs[1].run, "stdout", 0, 10_000);
  await one.driver.close();
  await delay(150);
  const two = open(small, path);
  const found = await two.driver.find();
  assert.deepEqual(
    found.map(({ run, state }) => [run, state]),
    [
      [runs[0].run, "ended"],
      [runs[1].run, "running"],
      [runs[2].run, "waiting"],
    ],
  );
  assert.deepEqual(found[0]?.state === "ended" && found[0].observation.kind === "ended" && found[0].observation.end, {
    kind: "failed",
    exitCode: 3,
  });
  assert.equal((await two.driver.start(runs[1])).kind, "already-there");
  assert.deepEqual((await two.driver.find([runs[2].run])).length, 1);
  assert.equal(await two.driver.cancel(runs[1].run), "cancelling");
  const last = await two.until(runs[2].run, "ended");
  assert.deepEqual(last.kind === "ended" && last.end, { kind: "succeeded" });
  const log = await two.driver.readLog(runs[1].run, "stdout", 0, 10_000);
  assert.ok(before.kind === "bytes" && log.kind === "bytes" && log.final && !before.final);
  const text = Buffer.from(log.bytes).toString();
  assert.ok(text.startsWith(Buffer.from(before.bytes).toString()) && log.sizeBytes > before.sizeBytes);
  assert.match(text, /nothing is executed[\s\S]*0\.1 s of 50 s[\s\S]*ended after [\d.]+ s: cancelled/);
  const tail = await two.driver.readLog(runs[1].run, "stdout", -10, 10_000);
  assert.equal(tail.kind === "bytes" && Buffer.from(tail.bytes).toString(), "cancelled\n");
  await two.driver.remove(runs[1].run);
  assert.deepEqual(await two.driver.find([runs[1].run]), []);
  await two.driver.close();
});

test("a large centre reports groups of nodes, its own users and what the network holds", async () => {
  const device = { vendor: "npu", model: "ascend910b", count: 8 };
  const stage = open({
    seed: 7,
    pools: [
      {
        name: "batch",
        nodes: [{ names: "c[0001-2000]", cores: 64, memoryMib: 262_144 }],
        foreign: { load: 0.5, cores: [1, 256], forS: [60, 600] },
      },
      { name: "npu", nodes: [{ names: "a[1-4]", cores: 96, memoryMib: 524_288, accelerators: [device] }] },
    ],
  });
  const wants = { ...wide(1), acceleratorsPerNode: 3, acceleratorVendor: "npu", acceleratorModel: "ascend910b" };
  const run = order("#WEIR-SIM run=10s", { pool: "npu", allocation: wants });
  await stage.driver.start(run);
  const { pools } = await stage.driver.describe();
  const [batch, npu] = pools;
  assert.ok(batch?.foreign.kind === "seen");
  const busy = batch.foreign.running.reduce((sum, { cores }) => sum + cores, 0);
  assert.ok(busy >= 60_000 && busy < 70_000, `${busy} of 128 000 cores`);
  const free = batch.nodes.reduce((sum, group) => sum + group.count * group.free.cores, 0);
  assert.equal(free + busy, 128_000);
  assert.deepEqual(npu?.ours.accelerators, [{ ...device, count: 3 }]);
  assert.deepEqual(
    npu?.nodes.map(({ names, free: { accelerators } }) => [names, accelerators[0]?.count]),
    [
      ["a1", 5],
      ["a[2-4]", 8],
    ],
  );
  assert.equal(npu?.foreign.kind, "none");
  await stage.driver.close();
});

test("lost jobs are told as lost with the evidence, and never started again", async () => {
  const stage = open({ ...small, faults: { lostJobs: 1 } });
  const run = order("#WEIR-SIM run=100ms");
  const ended = await endOf(stage, run);
  assert.equal(ended.end.kind, "lost");
  assert.equal((await stage.driver.start(run)).kind, "already-there");
  await stage.driver.close();
});

test("a cut answer leaves the start in doubt, and the run is found", async () => {
  const stage = open({ ...small, faults: { cutAnswers: 1 } });
  const run = order("#WEIR-SIM run=100ms");
  await assert.rejects(stage.driver.start(run), /cut off/);
  assert.equal((await stage.driver.find([run.run])).length, 1);
  assert.equal((await stage.driver.start(run)).kind, "already-there");
  await stage.driver.close();
});

test("a second copy runs nothing: one start, one end, one bill", async () => {
  const stage = open({ ...small, faults: { duplicatedStarts: 1 } });
  const run = order("#WEIR-SIM run=30ms");
  await endOf(stage, run);
  assert.deepEqual(
    stage.seen.map(({ kind }) => kind),
    ["started", "ended"],
  );
  assert.match((await stage.driver.describe()).mechanisms.copies ?? "", /^1 second/);
  await stage.driver.close();
});

test("late reports come late and in order; a lying clock shows in the times", async () => {
  const stage = open({ ...small, faults: { lateReportsMs: [100, 150], clock: { offMs: -90_000 } } });
  const began = Date.now();
  const ended = await endOf(stage, order("#WEIR-SIM run=1ms"));
  assert.ok(Date.now() - began >= 95);
  assert.deepEqual(
    stage.seen.map(({ kind }) => kind),
    ["started", "ended"],
  );
  assert.ok(ended.atMs + 90_000 >= began && ended.atMs + 90_000 <= Date.now(), `${ended.atMs - began}`);
  await stage.driver.close();
});

test("slow, flapping, refusing, failing and preempting centres do as described", async () => {
  const slow = open({ ...small, faults: { slowAnswersMs: [60, 80], refusedSubmits: 1 } });
  const began = performance.now();
  assert.equal((await slow.driver.start(order(""))).kind, "refused");
  assert.ok(performance.now() - began >= 55);
  await slow.driver.close();

  const flapping = open({ ...small, faults: { flapping: { upS: 0.1, downS: 0.2 } } });
  const run = order("#WEIR-SIM run=120ms");
  await flapping.driver.start(run);
  // Now it answers and now it does not.
  const isAway = async () =>
    flapping.driver.find().then(
      () => false,
      (error: unknown) => /does not answer/.test(String(error)),
    );
  const endMs = performance.now() + patienceMs;
  while (!(await isAway()) && performance.now() < endMs) await delay(5);
  assert.ok(performance.now() < endMs, "it always answers");
  assert.equal((await flapping.driver.describe()).pools.length, 1);
  await flapping.until(run.run, "ended");
  await flapping.driver.close();

  const failing = open({ ...small, faults: { nodeFailures: { everyS: 0.02, repairS: 0.05 } } });
  const failed = await endOf(failing, order("#WEIR-SIM run=1h", { timeLimitS: 7200 }));
  assert.equal(failed.end.kind, "node-failed");
  await failing.driver.close();

  const preempting = open({ ...small, faults: { preemption: { everyS: 0.02 } } });
  const preempted = await endOf(preempting, order("#WEIR-SIM run=1h", { timeLimitS: 7200 }));
  assert.equal(preempted.end.kind, "preempted");
  await preempting.driver.close();
});

test("what befalls a run follows from the seed alone", async () => {
  const faults = { refusedSubmits: 0.5 };
  const outcomes = async (seed: number) => {
    const stage = open({ ...small, seed, faults });
    const answers: string[] = [];
    for (let job = 1; job <= 20; job++) {
      const run = runId({ job: jobId(job), index: 0, attempt: 1 });
      answers.push((await stage.driver.start(order("#WEIR-SIM run=1ms", { run }))).kind);
    }
    await stage.driver.close();
    return answers.join(" ");
  };
  const first = await outcomes(1);
  assert.equal(await outcomes(1), first);
  assert.notEqual(await outcomes(2), first);
  assert.match(first, /refused/);
  assert.match(first, /queued/);
});

test("shares of a device, whole nodes and nodes of one switch are given as they are asked for", async () => {
  const accelerators = [{ vendor: "x", model: "npu", count: 1, parts: 4 }];
  const leaf = (names: string, within: string) => ({ names, cores: 4, memoryMib: 8192, accelerators, within });
  const stage = open({
    pools: [{ name: "default", nodes: [leaf("a[1-2]", "leaf1"), leaf("b[1-3]", "leaf2")], memoryMibPerCore: 1024 }],
  });
  let jobs = 0;
  const start = async (changes: Partial<RunOrder["allocation"]>) => {
    const run = runId({ job: jobId(++jobs), index: 0, attempt: 1 });
    const allocation = { ...wide(1), memoryMibPerNode: 1, ...changes };
    const answer = await stage.driver.start(order("#WEIR-SIM run=1h", { run, allocation, timeLimitS: 7200 }));
    const isRunning = (await stage.driver.find([run])).some(({ state }) => state === "running");
    return { run, answer: answer.kind, isRunning };
  };
  const free = async () => {
    const [pool] = (await stage.driver.describe()).pools;
    return pool?.nodes.map(({ names, free: { cores, accelerators: cards } }) =>
      [names, cores, ...cards.map(({ count, partsLeft = [] }) => `${count}+${partsLeft.join(",")}`)].join(" "),
    );
  };
  const card = { acceleratorsPerNode: 1, acceleratorVendor: "x", acceleratorModel: "npu" };

  const three = await start({ nodes: 3, nodeGroups: 1 });
  assert.deepEqual(await free(), ["a[1-2] 4 1+", "b[1-3] 3 1+"], "the switch that has enough");
  assert.equal((await start({ nodes: 4, nodeGroups: 1 })).answer, "refused", "no switch has as many");
  assert.equal((await start({ nodes: 6, contiguous: true })).answer, "refused", "there are five in a row");

  const first = await start({ ...card, acceleratorShareMilli: 500 });
  const second = await start({ ...card, acceleratorShareMilli: 500 });
  const third = await start({ ...card, acceleratorShareMilli: 250 });
  assert.deepEqual(await free(), ["a1 2 0+", "a2 3 0+3", "b[1-3] 3 1+"], "two on one card, the third on the next");
  await stage.driver.cancel(second.run);
  assert.deepEqual(await free(), ["a1 3 0+2", "a2 3 0+3", "b[1-3] 3 1+"]);
  await stage.driver.cancel(first.run);
  await stage.driver.cancel(third.run);
  assert.deepEqual(await free(), ["a[1-2] 4 1+", "b[1-3] 3 1+"], "all of it came back");

  const whole = await start({ nodes: 2, coresPerNode: 4, memoryMibPerNode: 8192, wholeNodes: true });
  assert.deepEqual(await free(), ["a[1-2] 0 0+", "b[1-3] 3 1+"], "the two that are empty, and their cards");
  const next = await start({ nodes: 1, wholeNodes: true });
  assert.deepEqual([whole.isRunning, next.isRunning], [true, false]);
  await stage.driver.cancel(three.run);
  assert.ok((await stage.driver.find([next.run])).some(({ state }) => state === "running"));
  await stage.driver.close();
});

test("a description that is wrong is refused by the field", () => {
  const wrong = (text: string, words: RegExp) => assert.throws(() => parseDescriptions(text, "many.json"), words);
  wrong("{", /many.json is not JSON/);
  wrong('{"centres":{"a":{"pools":[]}}}', /centres\.a\.pools/);
  wrong(
    '{"centres":{"a":{"pools":[{"name":"x","nodes":[{"names":"c[9-1]","cores":1,"memoryMib":1}]}]}}}',
    /c\[001-120\]/,
  );
  wrong(
    '{"centres":{"a":{"pools":[{"name":"x","nodes":[{"names":"c","cores":1,"memoryMib":1}]}],"fault":{}}}}',
    /fault/,
  );
});

test("a node that two pools name is one: what runs in one pool takes it from the other", async () => {
  const group = { names: "n[01-02]", cores: 4, memoryMib: 8192 };
  const stage = open({
    pools: [
      { name: "batch", nodes: [group] },
      { name: "debug", nodes: [{ ...group, names: "n01" }] },
    ],
  });
  const free = async () =>
    (await stage.driver.describe()).pools.map(({ nodes }) =>
      nodes.map(({ names, free: { cores } }) => [names, cores]).sort(),
    );
  assert.deepEqual(await free(), [[["n[01-02]", 4]], [["n01", 4]]]);
  const first = order(endless, { pool: "debug", allocation: wide(4) });
  await stage.driver.start(first);
  await stage.until(first.run, "started");
  assert.deepEqual(await free(), [
    [
      ["n01", 0],
      ["n02", 4],
    ],
    [["n01", 0]],
  ]);
  await stage.driver.close();
});

test("what pools say of a node that they share has to be the same", () => {
  const pool = (name: string, cores: number) => ({ name, nodes: [{ names: "n[1-2]", cores, memoryMib: 8192 }] });
  assert.equal(describeCentre({ pools: [pool("a", 4), pool("b", 4)] }).pools.length, 2);
  assert.throws(
    () => parseDescriptions(JSON.stringify({ centres: { x: { pools: [pool("a", 4), pool("b", 8)] } } }), "file.json"),
    /the pool b says otherwise of the node n1 than a pool before it/,
  );
});
