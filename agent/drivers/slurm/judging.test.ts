import assert from "node:assert/strict";
import { test } from "node:test";
import { jobId, runId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import { type Engine, EngineSilent } from "./engine.ts";
import { controllerWord } from "./job-word.ts";
import { cancellerPatienceMs, type Heard, judgeRuns } from "./judging.ts";
import type { ChunkFacts, Notebook, NotedChunk } from "./notebook.ts";
import { type WrapperRecord, wrapperRecord } from "./record.ts";
import { freshTrack } from "./track.ts";
import type { Whereabouts } from "./whereabouts.ts";

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
    engine: {
      records: async () => [],
      cancel: silent,
      read: async () => ({ kind: "none", words: "" }),
    } as unknown as Engine,
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
  const hear = (ms: number, heard: Heard) => {
    nowMs = ms;
    return judge("li", track, heard);
  };
  return { at, told, hear };
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
  const reason = "scancel by root";
  assert.deepEqual(await at(401_000, null, ["CANCELLED by root"]), { kind: "cancelled", by: "centre", reason });
});

test("another job that had the number before, and went over its memory, is no witness", async () => {
  const { hear } = judging();
  const cells = { JobID: "7", JobIDRaw: "7", State: "FAILED", NodeList: "c1", ElapsedRaw: "40", End: "1795367619" };
  const rows = [
    { ...cells, JobName: "probe.weir-abc-9.0.1-1" },
    { JobID: "7.batch", JobIDRaw: "7.batch", JobName: "batch", MaxRSS: "900M" },
    { ...cells, JobName: "probe.weir-abc-1.0.1-1", ExitCode: "0:9" },
    { JobID: "7.batch", JobIDRaw: "7.batch", JobName: "batch", MaxRSS: "10M" },
  ].map((row) => new Map(Object.entries(row)));
  const answer = { controller: [], accounting: rows, uid: 1001, isComplete: true };
  const heard = { answer, controller: () => null, accounting: new Map([["7", rows]]) };
  assert.equal(await hear(0, heard), null, "the wrapper's own record may be on its way");
  const ended = await hear(6_000, heard);
  assert.deepEqual([ended?.end, ended?.usage.peakMemoryMib], [{ kind: "signalled", signal: 9 }, 10]);
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

// What the engine and the wrapper say of a run, look by look, and what comes of it.

type Said = {
  /** As scontrol shows it; null: it knows none. */
  readonly controller: string | null;
  /** As sacct shows it, by field; null: there is no accounting. */
  readonly rows?: readonly Readonly<Record<string, string>>[];
  readonly isComplete?: boolean;
  /** As the wrapper's folder has them at this look. */
  readonly record?: WrapperRecord | null;
  /** What slurmstepd wrote. */
  readonly log?: string;
};

type Fence = Awaited<ReturnType<Engine["fence"]>>;

function looking(
  changes: { readonly takenBack?: boolean; readonly whereabouts?: Whereabouts; readonly fence?: Fence } = {},
) {
  const track = freshTrack(run, 0, facts, "7");
  const [told, notes, cancelled]: [RunObservation[], string[], unknown[]] = [[], [], []];
  const fenced: unknown[] = [];
  const noted = { facts, asked: new Set(), takenBack: new Set(changes.takenBack ? [run] : []) };
  let [nowMs, record, log]: [number, WrapperRecord | null, string] = [0, null, ""];
  const judge = judgeRuns({
    engine: {
      records: async () => [{ chunk: facts.chunk, isGone: false, runs: new Map(), duplicates: [] }],
      cancel: async (user: string, jobs: unknown, which: string) => {
        cancelled.push([user, jobs, which]);
        return { notThere: [] };
      },
      fence: async (...of: readonly string[]) => {
        fenced.push(of);
        return changes.fence ?? "fenced";
      },
      read: async () => ({ kind: "bytes", bytes: Buffer.from(log), offset: 0, sizeBytes: log.length, isFinal: false }),
    } as unknown as Engine,
    notebook: { chunks: new Map([[facts.chunk, noted as unknown as NotedChunk]]) } as unknown as Notebook,
    note: (words) => notes.push(words),
    ...{ nowMs: () => nowMs, monotonicMs: () => nowMs, vanishedAfterMs: async () => 60_000 },
    whereabouts: async () => changes.whereabouts ?? assert.fail("nobody was to look"),
    tell: (one) => told.push(one),
    heed: (of) => {
      if (record !== null) of.record = record;
    },
    heedQueue: () => {},
  });
  const look = async (ms: number, said: Said): Promise<Extract<RunObservation, { kind: "ended" }> | null> => {
    nowMs = ms;
    record = said.record ?? null;
    log = said.log ?? "";
    const rows = said.rows?.map((cells) => new Map(Object.entries({ ...ours, ...cells }))) ?? null;
    const answer = { controller: [], accounting: rows, uid: 1001, isComplete: said.isComplete ?? true };
    const word = said.controller === null ? null : controllerWord(said.controller);
    track.looks += 1;
    return judge("li", track, { answer, controller: () => word, accounting: new Map([["7", rows ?? []]]) });
  };
  return { look, track, told, notes, cancelled, fenced };
}

const ours = { JobID: "7", JobIDRaw: "7", JobName: "probe.weir-abc-1.0.1-1", NodeList: "c1", End: "1795367619" };
const shown = (state: string, more = "Restarts=0 ExitCode=0:0", nodes = "c1") =>
  `JobId=7 JobName=probe.weir-abc-1.0.1-1 UserId=li(1001) JobState=${state} Reason=None ${more} StartTime=1795367579 EndTime=1795367619 Partition=batch NodeList=${nodes}`;
const begun = (engine = 7, ended = "") =>
  wrapperRecord("0", `engine=${engine}\nstartedMs=1795367579500\nnode=c1\nend=1\n`, ended) ?? assert.fail();
const over = (text: string) =>
  begun(7, `${text}\nstartedMs=1795367579500\nendedMs=1795367581500\nwallMs=2000\nend=1\n`);

test("what the engine does not know is gone only once it has answered of everything, and after its time", async () => {
  const unsure = looking();
  assert.equal(await unsure.look(0, { controller: null, isComplete: false }), null);
  assert.equal(await unsure.look(600_000, { controller: null, isComplete: false }), null);
  assert.equal(await unsure.look(600_001, { controller: null }), null, "its time begins with the first whole answer");
  assert.equal(await unsure.look(660_000, { controller: null }), null);
  assert.deepEqual(unsure.fenced, []);
  assert.equal((await unsure.look(660_001, { controller: null }))?.end.kind, "withdrawn");
  assert.deepEqual(unsure.fenced, [["li", facts.chunk, run]], "nothing of it can begin then, whatever comes back");
});

test("what accounting alone calls cancelled in the queue is kept from beginning before that is told", async () => {
  const rows = [{ State: "CANCELLED", NodeList: "None assigned", ElapsedRaw: "0" }];
  const gone = looking();
  for (const ms of [0, 6_000]) await gone.look(ms, { controller: null, rows });
  assert.equal((await gone.look(cancellerPatienceMs, { controller: null, rows }))?.end.kind, "withdrawn");
  assert.deepEqual(gone.fenced.at(-1), ["li", facts.chunk, run]);
  const began = looking({ fence: "began" });
  for (const ms of [0, 6_000, cancellerPatienceMs])
    assert.equal(await began.look(ms, { controller: null, rows }), null, `after ${ms} ms`);
});

test("what began while it was about to be told that it never did goes on", async () => {
  const { look, track } = looking({ fence: "began" });
  for (const ms of [0, 60_000, 90_000]) assert.equal(await look(ms, { controller: null }), null);
  track.record = over("cause=exited\nexitCode=3");
  assert.deepEqual((await look(91_000, { controller: null }))?.end, { kind: "failed", exitCode: 3 });
});

test("a run that may live is not lost, and its history says why", async () => {
  const words = "c1 is IDLE*: what lives there is not known yet";
  const { look, track, told } = looking({ whereabouts: { kind: "maybe", words } });
  track.record = begun();
  for (const ms of [0, 60_000, 90_000]) assert.equal(await look(ms, { controller: null }), null);
  const said = `the engine knows no job 7 any more; ${words}`;
  assert.deepEqual(told, [{ kind: "remark", run, atMs: 60_000, words: said }], "said once");
});

test("the wrapper's end may come a little later than the engine's; from one that was killed none is awaited", async () => {
  const late = looking();
  late.track.record = begun();
  const failed = shown("FAILED", "Restarts=0 ExitCode=0:15");
  assert.equal(await late.look(0, { controller: failed }), null);
  const end = await late.look(500, { controller: failed, record: over("cause=time-limit\nsignal=15") });
  assert.deepEqual([end?.end, end?.usage.wallMs], [{ kind: "signalled", signal: 15 }, 40_000]);
  const never = looking();
  never.track.record = begun();
  for (const ms of [0, 100, 200]) assert.equal(await never.look(ms, { controller: failed }), null);
  assert.deepEqual((await never.look(300, { controller: failed }))?.end, { kind: "signalled", signal: 15 });
  const killed = looking();
  killed.track.record = begun();
  const nine = shown("FAILED", "Restarts=0 ExitCode=0:9");
  assert.deepEqual((await killed.look(0, { controller: nine }))?.end, { kind: "signalled", signal: 9 });
});

test("what the centre requeued is taken out once, ends as requeued, and used what its first start did (R5)", async () => {
  const { look, track, cancelled } = looking();
  track.record = begun();
  track.first = track.record;
  const again = shown("PENDING", "Restarts=1 ExitCode=0:0", "(null)");
  assert.equal(await look(0, { controller: again }), null);
  assert.equal(await look(100, { controller: again }), null);
  assert.deepEqual(cancelled, [["li", [{ id: "7", tag: "abc-1.0.1-1" }], "all"]]);
  const first = { State: "REQUEUED", Start: "1795367500", End: "1795367520", ElapsedRaw: "20" };
  const rows = [first, { State: "CANCELLED by 1001", Start: "1795367579", ElapsedRaw: "40" }];
  const taken = { controller: shown("CANCELLED", "Restarts=1 ExitCode=0:15"), rows };
  assert.equal(await look(200, taken), null, "its wrapper's end may come");
  const end = await look(300, taken);
  assert.deepEqual(end?.end, { kind: "requeued", by: "the centre" });
  assert.deepEqual([end?.usage.wallMs, end?.usage.startedMs], [20_000, 1_795_367_500_000]);
  // Also where its second start came and went between two looks.
  const unseen = looking();
  unseen.track.record = over("cause=exited\nexitCode=0");
  const done = await unseen.look(0, { controller: shown("COMPLETED", "Restarts=1 ExitCode=0:0") });
  assert.equal(done?.end.kind, "requeued");
});

test("out of memory by what accounting measured, or by slurmstepd's own line about this very job", async () => {
  const killed = shown("FAILED", "Restarts=0 ExitCode=0:9");
  const row = { State: "FAILED", ExitCode: "0:9", ElapsedRaw: "40" };
  const endOf = async (said: Partial<Said>, record: WrapperRecord | null = begun()) => {
    const { look, track } = looking();
    track.record = record;
    return (await look(0, { controller: killed, ...said }))?.end.kind;
  };
  const batch = (MaxRSS: string) => ({ ...row, JobID: "7.batch", JobIDRaw: "7.batch", JobName: "batch", MaxRSS });
  assert.equal(await endOf({ rows: [row, batch("101M")] }), "out-of-memory");
  assert.equal(await endOf({ rows: [row, batch("100M")] }), "signalled");
  const line = (id: number) =>
    `slurmstepd: error: StepId=${id}.batch exceeded memory limit (150 > 100), being killed\n`;
  assert.equal(await endOf({ log: line(7) }), "out-of-memory");
  assert.equal(await endOf({ log: line(77) }), "signalled");
  assert.equal(await endOf({ log: "StepId=7.batch was fine; StepId=8.batch exceeded memory limit" }), "signalled");
  // Who wrote an end of its own was not killed from outside.
  assert.equal(await endOf({ log: line(7) }, over("cause=exited\nsignal=9")), "signalled");
});

test("a second copy ends nothing: the one that has the run's folder is followed", async () => {
  const { look, track, notes } = looking();
  track.record = begun(6);
  track.duplicates = [7];
  assert.equal(await look(0, { controller: shown("FAILED", "Restarts=0 ExitCode=0:9") }), null);
  assert.equal(track.engineId, "6");
  assert.deepEqual(notes, ["a second copy of a run ran nothing; the first one is followed"]);
});

test("what the network took back in the queue waits for nobody's name", async () => {
  const waiting = "JobId=7 JobName=x.weir-abc-1.0.1-1 JobState=CANCELLED Reason=None ExitCode=0:0 NodeList=(null)";
  const { look } = looking({ takenBack: true });
  assert.equal(await look(0, { controller: waiting, rows: [] }), null);
  assert.equal((await look(6_000, { controller: waiting, rows: [] }))?.end.kind, "withdrawn");
  const unasked = looking();
  await unasked.look(0, { controller: waiting, rows: [] });
  assert.equal(await unasked.look(6_000, { controller: waiting, rows: [] }), null, "it may have been its user");
});

test("of a number that Slurm gave twice the row with the run's tag counts", async () => {
  const { look, track } = looking();
  track.record = over("cause=exited\nexitCode=3");
  const mine = { State: "FAILED", ExitCode: "3:0", ElapsedRaw: "2" };
  const rows = [mine, { ...mine, State: "COMPLETED", ExitCode: "0:0", JobName: "other.weir-abc-2.0.1-1" }];
  const end = await look(0, { controller: null, rows });
  assert.deepEqual(end?.end, { kind: "failed", exitCode: 3 });
});

test("where engine and wrapper differ it is noted, and what the wrapper alone can know is used as it says", async () => {
  const differs = looking();
  differs.track.record = over("cause=exited\nexitCode=0");
  const end = await differs.look(0, { controller: shown("FAILED", "Restarts=0 ExitCode=3:0") });
  assert.deepEqual([end?.end, end?.words], [{ kind: "failed", exitCode: 3 }, "the wrapper wrote 0:0, Slurm says 3:0"]);
  assert.deepEqual(differs.notes, ["engine and wrapper differ"]);
  const late = looking();
  late.track.record = over("cause=exited\nexitCode=0");
  const failed = await late.look(0, { controller: shown("NODE_FAIL") });
  assert.deepEqual(
    [failed?.end, failed?.usage.wallMs, failed?.atMs],
    [{ kind: "succeeded" }, 2_000, 1_795_367_581_500],
  );
});

test("a copy that a federation revoked is no end, however often it is seen", async () => {
  const { look, track, notes } = looking();
  const revoked = shown("REVOKED", "Restarts=0 ExitCode=0:0", "(null)");
  for (const ms of [0, 6_000, 70_000, 140_000]) assert.equal(await look(ms, { controller: revoked }), null);
  assert.match(notes[0] ?? "", /another cluster of the federation/);
  track.record = over("cause=exited\nexitCode=4");
  assert.deepEqual((await look(150_000, { controller: revoked }))?.end, { kind: "failed", exitCode: 4 });
});
