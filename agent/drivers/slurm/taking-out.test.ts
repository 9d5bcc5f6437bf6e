import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRunId, type RunId, runId } from "#core/ids.ts";
import { type Engine, EngineSilent, type TaggedJob } from "./engine.ts";
import type { NotedChunk } from "./notebook.ts";
import { openTakingOut } from "./taking-out.ts";

test("while the engine is silent each cancel is asked for again by one, however often all are gone on with", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const run = runId(parseRunId("1.0.1") ?? assert.fail());
  let isSilent = true;
  let asked = 0;
  const engine = {
    cancel: async (_user: string, jobs: readonly TaggedJob[]) => {
      asked += 1;
      assert.deepEqual(jobs, [{ id: "7", tag: "a-1.0.1-1" }]);
      if (isSilent) throw new EngineSilent("no answer");
      return {};
    },
  } as unknown as Engine;
  const takingOut = openTakingOut({
    engine,
    lookSoon: () => undefined,
    tell: () => undefined,
    note: () => undefined,
    nowMs: () => 0,
    signal: new AbortController().signal,
  });
  const chunk = {
    facts: { user: "li", chunk: "a-1.0.1-1", runs: [{ run, index: 0 }], isArray: false },
    engineId: 7,
    asked: new Set<RunId>([run]),
    takenBack: new Set<RunId>(),
    ended: new Map(),
  } as unknown as NotedChunk;
  const pass = async () => {
    t.mock.timers.tick(5_000);
    await new Promise((resolve) => setImmediate(resolve));
  };
  for (let times = 0; times < 3; times += 1) await takingOut.goOn([chunk]);
  assert.equal(asked, 3);
  await pass();
  await pass();
  assert.equal(asked, 5);
  isSilent = false;
  await pass();
  await pass();
  assert.equal(asked, 6, "done");
});

test("only what somebody ended is ended; what was taken back is only taken out of the queue, task by task", async () => {
  const asked: unknown[] = [];
  const told: unknown[] = [];
  let waits: "credential" | undefined = "credential";
  const engine = {
    cancel: async (user: string, jobs: readonly TaggedJob[], which: string) => {
      asked.push([user, jobs.map(({ id }) => id).join(), which]);
      return { notThere: [], ...(waits && { waitsFor: waits }) };
    },
  } as unknown as Engine;
  const takingOut = openTakingOut({
    engine,
    ...{ lookSoon: () => undefined, note: () => undefined, nowMs: () => 0, signal: new AbortController().signal },
    tell: (one) => told.push(one.kind === "remark" && [one.run, one.cancelWaits]),
  });
  const [ended, back] = ["1.3.1", "1.4.1"].map((one) => runId(parseRunId(one) ?? assert.fail()));
  assert.ok(ended && back);
  const runs = [
    { run: ended, index: 3 },
    { run: back, index: 4 },
  ];
  const chunk = {
    facts: { user: "li", chunk: "a-1.3.1-2", runs, isArray: true },
    ...{ engineId: "7", asked: new Set([ended]), takenBack: new Set([ended, back]), ended: new Map() },
  } as unknown as NotedChunk;
  const turn = [
    ["li", "7_3", "all"],
    ["li", "7_4", "waiting"],
  ];
  await takingOut.goOn([chunk, { ...chunk, engineId: null }]);
  await takingOut.goOn([chunk]);
  assert.deepEqual(asked, [...turn, ...turn]);
  const waiting = [ended, back].map((run) => [run, "credential"]);
  assert.deepEqual(told, waiting, "that it waits is told once");
  waits = undefined;
  await takingOut.goOn([chunk]);
  assert.deepEqual(told.slice(2), [
    [ended, null],
    [back, null],
  ]);
});
