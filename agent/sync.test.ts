import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Answer } from "#agent/connection.ts";
import type { Driver } from "#agent/driver.ts";
import { idleDriver } from "#agent/driver-testing.ts";
import { openJournal } from "#agent/journal.ts";
import { type Keeper, keepRuns } from "#agent/keeper.ts";
import { keepInSync, pollMs, type SyncEnd } from "#agent/sync.ts";
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

/** A keeper that only writes down what it is told to do. */
function recorder(): { readonly keeper: Keeper; readonly calls: string[] } {
  const calls: string[] = [];
  const noted =
    (what: string) =>
    (runs: readonly unknown[]): void => {
      calls.push(`${what} ${runs.length}`);
    };
  const keeper: Keeper = {
    adopt: async () => {},
    lookFor: async () => {},
    order: noted("order"),
    cancel: noted("cancel"),
    withdraw: noted("withdraw"),
    reconcile: noted("reconcile"),
    pending: () => [],
    delivered: () => {},
    committed: () => {},
    onNews: () => {},
  };
  return { keeper, calls };
}

type Refusal = Pick<Extract<Answer, { readonly kind: "refused" }>, "status" | "problem" | "words">;

/** Polls are answered in turn by these, and all after them by the last; then it is stopped. */
async function answered(
  answers: readonly (Partial<Record<keyof SyncAnswer, unknown>> | Refusal)[],
  more: { readonly driver?: Driver } = {},
): Promise<{ readonly calls: readonly string[]; readonly asked: readonly SyncRequest[]; readonly end: SyncEnd }> {
  const { keeper, calls } = recorder();
  const stop = new AbortController();
  const asked: SyncRequest[] = [];
  const end = await keepInSync({
    ...common,
    connection: {
      async post(_path, body) {
        asked.push(syncRequest.parse(body));
        if (asked.length > answers.length) {
          stop.abort();
          await delay(1);
        }
        const answer = answers[Math.min(asked.length, answers.length) - 1];
        assert.ok(answer);
        if ("status" in answer) return { kind: "refused", ...answer, serverMs: null };
        return { kind: "ok", body: { ...quiet, ...answer }, serverMs: null };
      },
      close: () => {},
    },
    driver: more.driver ?? idle,
    keeper,
    signal: stop.signal,
  });
  return { calls, asked, end };
}

test("of an answer that is no newer than what was acted on, nothing is acted on again", async () => {
  const order = { start: [sampleOrder(1)] };
  const { calls } = await answered([
    { generation: 5, ...order },
    { generation: 5, ...order },
    { generation: 4, ...order },
    { generation: 6, ...order, start: [] },
  ]);
  assert.deepEqual(
    calls.filter((call) => call.startsWith("order")),
    ["order 1", "order 0"],
  );
});

test("another server's answer is acted on, whatever its generation", async () => {
  const { calls } = await answered([{ generation: 5 }, { server: "t", generation: 1, start: [sampleOrder(1)] }]);
  assert.ok(calls.includes("order 1"), calls.join());
});

test("runs that a server expects are looked for only where it has sent the whole list", async () => {
  const expected = [sampleOrder(1).run];
  const { calls } = await answered([
    { generation: 1, whole: true, expected },
    { generation: 2, whole: false, expected: [] },
  ]);
  assert.deepEqual(
    calls.filter((call) => call.startsWith("reconcile")),
    ["reconcile 1"],
  );
});

test("an agent that a newer one has replaced is told apart from one that is refused", async () => {
  const fenced = await answered([{ status: 409, problem: "fenced", words: "a newer agent serves this centre" }]);
  assert.deepEqual(fenced.end, { kind: "fenced", words: "a newer agent serves this centre" });
  const refused = await answered([{ status: 401, problem: "not-signed-in", words: "no such credential" }]);
  assert.deepEqual(refused.end, { kind: "refused", status: 401, words: "no such credential" });
});

test("how far it is with an account is told once, and again once it has changed", async () => {
  let polls = 0;
  const driver: Driver = {
    ...idle,
    accounts: {
      want: () => {},
      readiness: () => [{ person: 1, project: 1, readiness: ++polls < 4 ? "created" : "ready" }],
    },
  };
  const answers = Array.from({ length: 8 }, (_, at) => ({ generation: at + 1 }));
  const { asked } = await answered(answers, { driver });
  const told = asked.flatMap(({ accounts }) => accounts?.map(({ readiness }) => readiness) ?? []);
  assert.deepEqual([...new Set(told)], ["created", "ready"]);
  // By each of the two loops, until one of them has been answered.
  assert.ok(asked.length >= 8 && told.length <= 4, `${told.length} of ${asked.length}`);
});

test("a poll is kept waiting for 25 s at most, and WEIR_POLL_S may only shorten it", () => {
  assert.equal(pollMs({}), 25_000);
  assert.equal(pollMs({ WEIR_POLL_S: "1.5" }), 1_500);
  for (const text of ["26", "60", "0.5", "0", "-1", "", "1e1", "ten"])
    assert.throws(() => pollMs({ WEIR_POLL_S: text }), /WEIR_POLL_S=.*from 1 to 25/, text);
});
