import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Driver } from "#agent/driver.ts";
import { idleDriver } from "#agent/driver-testing.ts";
import { openJournal } from "#agent/journal.ts";
import { keepRuns } from "#agent/keeper.ts";
import { keepInSync } from "#agent/sync.ts";
import { type SyncAnswer, type SyncRequest, syncRequest } from "#api/agent.ts";
import { type EnginePool, type EngineReport, noOffers, oneMachine } from "#core/centre/engine.ts";
import type { RunId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import { sampleOrder, sampleUsage } from "#core/sample-testing.ts";

const clocks = { nowMs: () => 0, monotonicMs: () => 0, later: () => {} };
const quiet = {
  server: "s",
  generation: 1,
  whole: true,
  start: [],
  expected: [],
  cancel: [],
  withdraw: [],
  committed: [],
  reads: [],
};
const idle: Driver = { ...idleDriver, name: "process" };
const common = {
  credential: "c",
  session: 1,
  agentVersion: "1",
  pollMs: 10,
  onFirstAnswer: () => {},
  onRotate: () => {},
  onRetention: () => {},
  onTest: () => {},
  note: () => {},
};

test("what a job made up, however long and of whatever characters, is told as a request that every server takes", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-sync-"));
  let listener: (observation: RunObservation) => void = () => {};
  const driver: Driver = {
    ...idle,
    listen: (onObservation) => {
      listener = onObservation;
    },
  };
  const journal = openJournal(join(folder, "journal"), 0);
  const keeper = keepRuns(driver, journal, clocks, () => {});
  const made = `\0${"x".repeat(998)}😀${"y".repeat(4000)}`;
  const { run } = sampleOrder(1);
  listener({ kind: "started", run, atMs: 1, evidence: made });
  listener({ kind: "remark", run, atMs: 1, words: made });
  const end = { kind: "platform-fault", reason: made } as const;
  listener({ kind: "ended", run, atMs: 2, end, usage: sampleUsage, words: made });
  const stop = new AbortController();
  const told: SyncRequest["observations"][number][] = [];
  await keepInSync({
    ...common,
    connection: {
      post: async (_path, body) => {
        const text = JSON.stringify(body);
        assert.ok(!text.includes("\\u0000") && !/\\ud[89a-f]/.test(text), text.slice(0, 200));
        told.push(...syncRequest.parse(body).observations);
        if (told.length > 0) stop.abort();
        return { kind: "ok", body: quiet, serverMs: null };
      },
      close: () => {},
    },
    driver,
    keeper,
    signal: stop.signal,
  });
  journal.close();
  rmSync(folder, { recursive: true });
  assert.deepEqual(
    told.map((one) => one.kind),
    ["started", "remark", "ended"],
  );
});

test("an order that comes together with its own cancel never starts, and is told cancelled", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-sync-"));
  const starts: RunId[] = [];
  const driver: Driver = {
    ...idle,
    start: async (order) => {
      starts.push(order.run);
      return { kind: "started" };
    },
  };
  const journal = openJournal(join(folder, "journal"), 0);
  const stop = new AbortController();
  const [kept, cancelled] = [sampleOrder(1), sampleOrder(2)];
  const answer = {
    server: "s",
    generation: 2,
    whole: true,
    start: [kept, cancelled],
    expected: [],
    cancel: [{ run: cancelled.run, by: "user", reason: "no longer needed" }],
    withdraw: [],
    committed: [],
    reads: [],
  } satisfies { readonly [Key in keyof SyncAnswer]?: unknown };
  const told: SyncRequest["observations"][number][] = [];
  await keepInSync({
    ...common,
    connection: {
      post: async (_path, body) => {
        // The agent's own request, as it is typed where it is made.
        const { observations } = body as SyncRequest;
        told.push(...observations);
        if (observations.some((one) => one.kind === "ended")) stop.abort();
        return { kind: "ok", body: answer, serverMs: null };
      },
      close: () => {},
    },
    driver,
    keeper: keepRuns(driver, journal, clocks, () => {}),
    signal: stop.signal,
  });
  journal.close();
  rmSync(folder, { recursive: true });
  assert.deepEqual(starts, [kept.run]);
  const end = told.find((one) => one.run === cancelled.run && one.kind === "ended");
  assert.deepEqual(end?.kind === "ended" && [end.end.kind, end.end.by, end.end.reason], [
    "cancelled",
    "user",
    "no longer needed",
  ]);
});

test("a pool that is drained and an alarm are told at once, a load that changes is not", {
  timeout: 30_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-sync-"));
  const [up] = [oneMachine("n1", { cores: 4, memoryMib: 4_096, memoryMibPerCore: 512 })];
  const busy: EnginePool = { ...up, nodes: up.nodes.map((node) => ({ ...node, free: { ...node.free, cores: 0 } })) };
  const drained: EnginePool = { ...busy, nodes: busy.nodes.map((node) => ({ ...node, state: "draining" })) };
  let looks = 0;
  // It is looked at a good while with its load changed, then as it drains, and then with an alarm.
  const seen = () => (looks < 2 ? up : looks < 20 ? busy : drained);
  const alarm = () => (looks < 40 ? {} : { alarm: "the site's policy refused a request" });
  const driver: Driver = {
    ...idle,
    async describe() {
      looks += 1;
      return { pools: [seen()], offers: noOffers, mechanisms: alarm() };
    },
  };
  const journal = openJournal(join(folder, "journal"), 0);
  const stop = new AbortController();
  const told: EngineReport[] = [];
  await keepInSync({
    ...common,
    connection: {
      async post(_path, body) {
        const { engine } = body as SyncRequest;
        if (engine) told.push(engine);
        if (told.length === 3) stop.abort();
        await delay(1);
        return { kind: "ok", body: quiet, serverMs: null };
      },
      close: () => {},
    },
    driver,
    keeper: keepRuns(driver, journal, clocks, () => {}),
    signal: stop.signal,
    lookEveryMs: 5,
  });
  journal.close();
  rmSync(folder, { recursive: true });
  assert.deepEqual(
    told.map(({ pools, mechanisms }) => [pools[0], mechanisms.alarm !== undefined]),
    [
      [up, false],
      [drained, false],
      [drained, true],
    ],
  );
});
