import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { jobId, type RunId, runId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import { type ChunkRecord, type Engine, EngineSilent, type JobsAnswer } from "./engine.ts";
import { follow } from "./following.ts";
import { controllerWord, type JobWord } from "./job-word.ts";
import { type ChunkFacts, openNotebook } from "./notebook.ts";
import { wrapperRecord } from "./record.ts";

// From the engine's queue to the end: what is told of a run, when, and what the engine is asked for it.

const nameOf = (job: number): RunId => runId({ job: jobId(job), index: 0, attempt: 1 });
const bornMs = 1_795_367_000_000;

function following(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  syncBuiltinESMExports();
  const folder = mkdtempSync(join(tmpdir(), "weir-following-"));
  const notebook = openNotebook(join(folder, "runs"));
  let nowMs = 0;
  /** As the engine has it now; by user what is not answered. */
  const world = {
    queue: new Map<string, JobWord>(),
    records: new Map<string, string>(),
    silent: new Set<string>(),
  };
  const asked: string[] = [];
  const told: (RunObservation & { readonly s: number })[] = [];
  const kept: unknown[] = [];
  const notes: string[] = [];
  const heard = (user: string, what: string) => {
    asked.push(`${user} ${what}`);
    if (world.silent.has(user)) throw new EngineSilent("timed out");
  };
  const engine = {
    records: async (user: string, chunks: readonly string[]): Promise<readonly ChunkRecord[]> => {
      heard(user, "records");
      return chunks.flatMap((chunk) => {
        const [run = "", text] = [chunk.split("-")[1], world.records.get(chunk)];
        const [started = "", ended = ""] = (text ?? "").split("|");
        const record = wrapperRecord("0", started, ended);
        return [{ chunk, isGone: false, duplicates: [], runs: new Map(record ? [[run, [record]]] : []) }];
      });
    },
    list: async (user: string) => {
      heard(user, "list");
      return { queue: [...world.queue.values()], accounting: null, isPartial: false };
    },
    jobs: async (user: string, ids: readonly string[]): Promise<JobsAnswer> => {
      heard(user, `jobs ${ids.join()}`);
      const controller = ids.flatMap((id) => world.queue.get(id) ?? []);
      return { controller, accounting: null, uid: 1001, isComplete: true };
    },
    cancel: async (user: string, jobs: readonly { readonly id: string }[], which: string) => {
      heard(user, `cancel ${which} ${jobs.map(({ id }) => id).join()}`);
      return { notThere: [] };
    },
  } as unknown as Engine;
  const followed = follow({
    engine,
    notebook,
    tell: (one) => {
      if (one.kind === "ended") assert.match(noted(), /"kind":"past"|"kind":"ended"/, "noted before told");
      told.push({ ...one, s: nowMs / 1000 });
    },
    note: (words) => notes.push(words),
    ...{ nowMs: () => bornMs + nowMs, monotonicMs: () => nowMs, recordsEveryMs: 1_000, listEveryMs: 10_000 },
    ...{ vanishedAfterMs: async () => 60_000, heldBeyondMs: 120_000 },
    keep: async (runs) => void kept.push(...runs.map(({ run, empty }) => [run, empty])),
    whereabouts: async () => assert.fail("none is gone"),
  });
  const noted = () => readFileSync(join(folder, "runs"), "utf8") + readFileSync(join(folder, "runs-ended"), "utf8");
  t.after(() => {
    followed.close();
    t.mock.timers.runAll();
    t.mock.timers.reset();
    syncBuiltinESMExports();
    notebook.close();
    rmSync(folder, { recursive: true });
  });
  const turn = async () => {
    for (let at = 0; at < 8; at += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const pass = async (s: number) => {
    for (const untilMs = nowMs + s * 1000; nowMs < untilMs; ) {
      nowMs += 100;
      t.mock.timers.tick(100);
      await turn();
    }
  };
  function take(job: number, changes: Partial<ChunkFacts> = {}): void {
    const chunk = `abcdefgh-${nameOf(job)}-1`;
    const facts: ChunkFacts = {
      ...{ chunk, user: "li", account: null, pool: "batch", isArray: false, submittedMs: bornMs },
      ...{ startBeforeMs: bornMs + 600_000, timeLimitS: 60, cores: 1, memoryMib: 100, memoryMibPerNode: 100 },
      ...{ accelerators: 0, acceleratorVendor: null, acceleratorModel: null, runs: [{ index: 0, run: nameOf(job) }] },
      ...changes,
    };
    notebook.append([{ kind: "chunk", facts }], "synced");
    notebook.append([{ kind: "engine", chunk, engineId: String(job) }], "synced");
    followed.take(notebook.chunks.get(chunk) ?? assert.fail());
  }
  /** How the engine has it: `startS` since it was born. */
  function set(job: number, state: string, startS: number | null = null, reason = "None", exit = "0:0"): void {
    const start = startS === null ? "Unknown" : String(bornMs / 1000 + startS);
    const nodes = state === "PENDING" ? "(null)" : "c1";
    const line = `JobId=${job} JobName=x.weir-abcdefgh-${nameOf(job)}-1 UserId=li(1001) JobState=${state} Reason=${reason} Restarts=0 ExitCode=${exit} StartTime=${start} EndTime=${bornMs / 1000 + 30} Partition=batch NodeList=${nodes}`;
    world.queue.set(String(job), controllerWord(line) ?? assert.fail(line));
  }
  const record = (job: number, startedS: number, end: string | null = null) =>
    world.records.set(
      `abcdefgh-${nameOf(job)}-1`,
      `engine=${job}\nstartedMs=${bornMs + 1000 * startedS}\nnode=c1\nend=1\n|${end === null ? "" : `${end}\nend=1\n`}`,
    );
  const saidOf = (job: number) => told.filter(({ run }) => run === nameOf(job));
  return { world, asked, told, kept, notes, pass, take, set, record, saidOf, followed, notebook };
}

test("a run that waits, starts and ends: each is told once, by the wrapper's sign and the engine's word", async (t) => {
  const { take, set, record, pass, saidOf, asked, kept, notebook, followed } = following(t);
  set(1, "PENDING", null, "Priority");
  take(1);
  await pass(1);
  set(1, "RUNNING", 1);
  record(1, 1);
  await pass(2);
  record(1, 1, "cause=exited\nexitCode=3\nwallMs=2000\nstdoutBytes=0\nstderrBytes=5");
  set(1, "FAILED", 1, "NonZeroExitCode", "3:0");
  await pass(2);
  assert.deepEqual(
    saidOf(1).map((one) => [one.kind, "evidence" in one ? one.evidence : null]),
    [
      ["waiting", null],
      ["waiting", null],
      ["started", "wrapper on c1, job 1"],
      ["ended", null],
    ],
  );
  const [, waits, started, ended] = saidOf(1);
  assert.deepEqual(waits?.kind === "waiting" && [waits.reason, waits.reasonKind], ["Priority", "priority"]);
  assert.equal(started?.atMs, bornMs + 1_000);
  assert.deepEqual(ended?.kind === "ended" && ended.end, { kind: "failed", exitCode: 3 });
  assert.deepEqual(kept, [[nameOf(1), ["stdout"]]]);
  assert.deepEqual([notebook.past.has(nameOf(1)), followed.track(nameOf(1))], [true, null]);
  const before = asked.length;
  await pass(30);
  assert.equal(asked.length, before, "of what has ended nothing is asked");
});

test("where the wrapper's record is late the queue says that it runs, after a while; a node that took over is told", async (t) => {
  const { take, set, pass, saidOf } = following(t);
  set(1, "RUNNING", 0);
  take(1);
  await pass(4);
  assert.deepEqual(
    saidOf(1).map(({ kind }) => kind),
    ["waiting"],
  );
  await pass(8);
  const [, started, ...more] = saidOf(1);
  assert.deepEqual(started?.kind === "started" && [started.atMs, started.evidence], [
    bornMs,
    "Slurm: RUNNING on c1, job 1",
  ]);
  assert.deepEqual(more, []);
});

test("of estimates the first is told at once, others when they move, every half a minute at most; a reason at once", async (t) => {
  const { take, set, pass, saidOf } = following(t);
  const waits = () =>
    saidOf(1).flatMap((one) => (one.kind === "waiting" ? [[one.reason, one.startsInMs !== null]] : []));
  set(1, "PENDING", null, "Resources");
  take(1);
  await pass(11);
  set(1, "PENDING", 600, "Resources");
  await pass(10);
  const first = [
    [null, false],
    ["Resources", false],
    ["Resources", true],
  ];
  assert.deepEqual(waits(), first);
  set(1, "PENDING", 620, "Resources");
  await pass(40);
  assert.equal(waits().length, 3, "it has hardly moved");
  set(1, "PENDING", 900, "Resources");
  await pass(11);
  set(1, "PENDING", 1200, "Resources");
  await pass(10);
  assert.equal(waits().length, 4, "soon after another");
  set(1, "PENDING", 1200, "Priority");
  await pass(10);
  assert.deepEqual(waits()[4], ["Priority", true]);
});

test("what the site holds beyond its lease is taken out of the queue, and only there", async (t) => {
  const { take, set, record, pass, asked } = following(t);
  for (const job of [1, 2, 3, 4, 5]) take(job, { startBeforeMs: job === 3 ? bornMs + 600_000 : bornMs });
  set(1, "PENDING", null, "JobHeldAdmin");
  set(2, "RUNNING", 0);
  set(3, "PENDING", null, "JobHeldAdmin");
  set(4, "COMPLETING", null);
  record(5, 0);
  set(5, "PENDING", null, "JobHeldAdmin");
  const cancels = () => asked.filter((one) => one.includes("cancel"));
  await pass(118);
  assert.deepEqual(cancels(), []);
  await pass(14);
  assert.deepEqual([...new Set(cancels())], ["li cancel waiting 1"]);
});

test("one user's silence keeps nobody else waiting, and is noted now and then", async (t) => {
  const { take, set, pass, world, saidOf, notes, asked } = following(t);
  take(1);
  take(2, { user: "wang" });
  world.silent.add("li");
  set(2, "COMPLETED", 0);
  await pass(12);
  assert.deepEqual(saidOf(2).at(-1)?.kind, "ended");
  assert.deepEqual(
    saidOf(1).map(({ kind }) => kind),
    ["waiting"],
  );
  assert.ok(notes.length > 0 && notes.length <= 2, `${notes.length}`);
  world.silent.clear();
  set(1, "COMPLETED", 0);
  await pass(20);
  assert.deepEqual(saidOf(1).at(-1)?.kind, "ended");
  const listings = asked.filter((one) => one === "wang list").length;
  assert.ok(listings <= 3, `no listing comes sooner than 10 s after another (P6): ${listings} in 32 s`);
});

test("what something was done to is asked about at once, and then less and less often", async (t) => {
  const { take, set, pass, asked, followed } = following(t);
  set(1, "RUNNING", 0);
  take(1);
  await pass(12);
  const jobs = () => asked.filter((one) => one.startsWith("li jobs")).length;
  const before = jobs();
  set(1, "COMPLETING", 0);
  followed.lookSoon(nameOf(1));
  await pass(0.3);
  assert.ok(jobs() > before);
  await pass(7);
  const soon = jobs() - before;
  await pass(20);
  assert.ok(jobs() - before - soon < 3 * soon && soon <= 8, `${soon}, then ${jobs() - before - soon}`);
});

test("a number that another run has now says nothing of this one", async (t) => {
  const { take, set, pass, world, saidOf } = following(t);
  set(2, "PENDING", 900, "Licenses");
  world.queue.set("1", { ...(world.queue.get("2") ?? assert.fail()), jobId: 1 });
  take(1);
  await pass(12);
  assert.deepEqual(
    saidOf(1).map((one) => one.kind === "waiting" && one.reason),
    [null],
  );
});
