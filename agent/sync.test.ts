import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Driver } from "#agent/driver.ts";
import { openJournal } from "#agent/journal.ts";
import { keepRuns } from "#agent/keeper.ts";
import { keepInSync } from "#agent/sync.ts";
import type { SyncAnswer, SyncRequest } from "#api/agent.ts";
import { noOffers } from "#core/centre/engine.ts";
import type { RunId } from "#core/ids.ts";
import { sampleOrder } from "#core/sample-testing.ts";

test("an order that comes together with its own cancel never starts, and is told cancelled", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-sync-"));
  const starts: RunId[] = [];
  const driver: Driver = {
    name: "process",
    describe: async () => ({ pools: [], offers: noOffers, mechanisms: {} }),
    start: async (order) => {
      starts.push(order.run);
      return { kind: "started" };
    },
    cancel: async () => "not-there",
    find: async () => [],
    listen: () => {},
    readLog: async () => ({ kind: "none", words: "" }),
    remove: async () => {},
    close: async () => {},
  };
  const journal = openJournal(join(folder, "journal"), 0);
  const clocks = { nowMs: () => 0, monotonicMs: () => 0, later: () => {} };
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
    credential: "c",
    session: 1,
    agentVersion: "1",
    pollMs: 10,
    signal: stop.signal,
    onFirstAnswer: () => {},
    onRotate: () => {},
    onTest: () => {},
    note: () => {},
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
