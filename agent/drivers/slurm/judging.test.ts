import assert from "node:assert/strict";
import { test } from "node:test";
import { jobId, runId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import { type Engine, EngineSilent } from "./engine.ts";
import { controllerWord } from "./job-word.ts";
import { cancellerPatienceMs, judgeRuns } from "./judging.ts";
import type { ChunkFacts, Notebook, NotedChunk } from "./notebook.ts";
import { freshTrack } from "./track.ts";

// Accounting alone says who cancelled, and so who bears it: it is waited for, bounded, and that is said.

const run = runId({ job: jobId(1), index: 0, attempt: 1 });
const facts: ChunkFacts = {
  ...{ chunk: "abc-1.0.1-1", user: "li", account: null, pool: "batch", isArray: false, submittedMs: 0 },
  ...{ startBeforeMs: 0, timeLimitS: 60, cores: 1, memoryMib: 100, memoryMibPerNode: 100, accelerators: 0 },
  ...{ acceleratorVendor: null, acceleratorModel: null, runs: [{ index: 0, run }] },
};
// As 22.05 prints them, shortened.
const line = (state: string) =>
  `JobId=7 JobName=probe.weir-abc-1.0.1-1 UserId=li(1001) JobState=${state} Reason=None Restarts=0 ExitCode=0:15 StartTime=1795367579 EndTime=1795367619 Partition=batch NodeList=c1`;
/** Of one that has not ended, and at first of one of which slurmdbd hears late, there is no end. */
const row = (state: string) => {
  const End = / by |TIMEOUT/.test(state) ? "1795367619" : "Unknown";
  const cells = { JobID: "7", JobIDRaw: "7", JobName: "probe.weir-abc-1.0.1-1", State: state, NodeList: "c1" };
  return new Map(Object.entries({ ...cells, ElapsedRaw: "40", End }));
};

function judging(asked: readonly (typeof run)[] = []) {
  let nowMs = 0;
  const told: RunObservation[] = [];
  const noted = { facts, asked: new Set(asked), takenBack: new Set() } as unknown as NotedChunk;
  const silent = async () => {
    throw new EngineSilent("not asked");
  };
  const judge = judgeRuns({
    engine: { records: async () => [], cancel: silent, read: silent } as unknown as Engine,
    notebook: { chunks: new Map([[facts.chunk, noted]]) } as unknown as Notebook,
    ...{ note: () => {}, nowMs: () => nowMs, monotonicMs: () => nowMs, vanishedAfterMs: async () => 60_000 },
    whereabouts: () => assert.fail("it has not vanished"),
    tell: (one) => told.push(one),
    ...{ heed: () => {}, heedQueue: () => {} },
  });
  const track = freshTrack(run, 0, facts, "7");
  /** What is told of it so long after the engine first said that it had ended; null: not yet. */
  const at = async (ms: number, controller: string | null, accounting: readonly string[] | null) => {
    nowMs = ms;
    const word = controller === null ? null : controllerWord(line(controller));
    const rows = accounting?.map(row) ?? null;
    const answer = { controller: [], accounting: rows, uid: 1001, isComplete: true };
    const heard = { answer, controller: () => word, accounting: new Map([["7", rows ?? []]]) };
    const ended = await judge("li", track, heard);
    return ended?.end ?? null;
  };
  return { at, told };
}

test("an end CANCELLED waits for accounting to say by whom, also once the controller has forgotten it", async () => {
  const { at, told } = judging();
  assert.equal(await at(0, "CANCELLED", ["RUNNING"]), null);
  assert.equal(await at(4_900, "CANCELLED", ["RUNNING"]), null);
  assert.deepEqual(told, []);
  assert.equal(await at(6_000, "CANCELLED", ["RUNNING"]), null);
  assert.equal(await at(60_000, "CANCELLED", []), null);
  assert.equal(await at(61_000, "CANCELLED", ["CANCELLED"]), null);
  // MinJobAge is over.
  assert.equal(await at(400_000, null, ["RUNNING"]), null);
  const words =
    "job 7 was cancelled at the centre; its accounting does not say yet by whom, and is asked for up to 10 min";
  assert.deepEqual(told, [{ kind: "remark", run, atMs: 6_000, words }], "said once");
  const reason = "cancelled at the centre; by root";
  assert.deepEqual(await at(401_000, null, ["CANCELLED by root"]), { kind: "cancelled", by: "centre", reason });
});

test("it waits no longer than that, and then says that nobody knows", async () => {
  const { at } = judging();
  await at(0, "CANCELLED", ["RUNNING"]);
  await at(6_000, "CANCELLED", ["RUNNING"]);
  assert.equal(await at(cancellerPatienceMs - 1, null, ["RUNNING"]), null);
  assert.deepEqual(await at(cancellerPatienceMs, null, ["RUNNING"]), {
    ...{ kind: "cancelled", by: "unknown", reason: null },
  });
});

test("where it is known by whom, or makes no difference, it is told as soon as ever", async () => {
  const byNetwork = judging([run]);
  await byNetwork.at(0, "CANCELLED", ["RUNNING"]);
  const asked = await byNetwork.at(6_000, "CANCELLED", ["RUNNING"]);
  assert.deepEqual(asked, { kind: "cancelled", by: "user", reason: null });
  const limited = judging();
  await limited.at(0, "TIMEOUT", ["RUNNING"]);
  assert.deepEqual(await limited.at(6_000, "TIMEOUT", ["RUNNING"]), { kind: "timed-out" });
  const kept = judging();
  await kept.at(0, "CANCELLED", null);
  assert.deepEqual((await kept.at(6_000, "CANCELLED", null))?.kind, "cancelled", "a cluster without accounting");
  assert.deepEqual([...byNetwork.told, ...limited.told, ...kept.told], []);
});
