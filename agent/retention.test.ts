import assert from "node:assert/strict";
import { test } from "node:test";
import type { Driver, FoundRun } from "#agent/driver.ts";
import type { Journal } from "#agent/journal.ts";
import { nothingUsed } from "#agent/keeper.ts";
import { keptMs, removeOld } from "#agent/retention.ts";
import { jobId, type RunId, runId } from "#core/ids.ts";

test("only ended runs whose end the server has, and whose time is over, are removed", async () => {
  const removed: RunId[] = [];
  const found: FoundRun[] = [
    ended(1, 100),
    ended(2, 100),
    ended(3, 950),
    { run: run(4), state: "running", startedMs: 1 },
  ];
  const driver: Pick<Driver, "find" | "remove"> = {
    find: async () => found,
    remove: async (one) => void removed.push(one),
  };
  const journal: Pick<Journal, "open"> = { open: () => new Set([run(2)]) };
  assert.equal(await removeOld(driver, journal, 500, 1000), 1);
  assert.deepEqual(removed, [run(1)]);
});

test("what is no number of days is refused by name", () => {
  assert.equal(keptMs({}), 30 * 86_400_000);
  assert.equal(keptMs({ WEIR_KEEP_RUNS_DAYS: "0.5" }), 43_200_000);
  for (const bad of ["", "-1", "soon", "1e9"])
    assert.throws(() => keptMs({ WEIR_KEEP_RUNS_DAYS: bad }), /WEIR_KEEP_RUNS_DAYS/);
});

function ended(n: number, atMs: number): FoundRun {
  const observation = {
    kind: "ended",
    run: run(n),
    atMs,
    end: { kind: "succeeded" },
    usage: nothingUsed,
    words: null,
  } as const;
  return { run: run(n), state: "ended", observation };
}

function run(n: number): RunId {
  return runId({ job: jobId(n), index: 0, attempt: 1 });
}
