import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import type { Driver, FoundRun, StartAnswer } from "#agent/driver.ts";
import { type Journal, openJournal } from "#agent/journal.ts";
import { Unwritten } from "#agent/json-lines.ts";
import { type Keeper, keepRuns, nothingUsed } from "#agent/keeper.ts";
import { noOffers } from "#core/centre/engine.ts";
import type { RunId } from "#core/ids.ts";
import { jobId, runId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import { sampleOrder } from "#core/sample-testing.ts";

/**
 * The goal: whatever order answers come in, whatever dies and whenever, the engine starts a run at most once, a run that
 * was told withdrawn never starts, and every ordered run ends up reported.
 */

const scratch = mkdtempSync(join(tmpdir(), "weir-keeper-"));
after(() => rmSync(scratch, { recursive: true }));

test("an order is started once, reported, and forgotten when the server has committed its end", async () => {
  const world = makeWorld();
  world.keeper.order([sampleOrder(1)]);
  world.keeper.order([sampleOrder(1)]);
  await settle();
  assert.deepEqual(world.engine.starts, ["1.0.1"]);
  world.engine.finish("1.0.1");
  assert.deepEqual(kinds(world.keeper), ["accepted", "started", "ended"]);
  world.keeper.delivered(world.keeper.pending(100));
  assert.deepEqual(kinds(world.keeper), ["ended"]);
  world.keeper.committed([run(1)]);
  assert.deepEqual(kinds(world.keeper), []);
  assert.equal(world.journal.open().size, 0);
});

test("an order that arrives too late is withdrawn, on disk before it is told, and never starts later", async () => {
  const world = makeWorld();
  world.keeper.order([{ ...sampleOrder(1), startWithinMs: -1 }]);
  assert.equal(world.journal.isWithdrawn(run(1)), true);
  const told = world.keeper.pending(10).find((one) => one.kind === "ended");
  assert.equal(told?.kind === "ended" && told.end.kind, "withdrawn");
  const again = makeWorld({ folder: world.folder, engine: world.engine });
  again.keeper.order([sampleOrder(1)]);
  await settle();
  assert.deepEqual(world.engine.starts, []);
});

test("a cancel of a run that waits for a place ends it without a start, by whom it was said", async () => {
  const world = makeWorld();
  world.engine.busy = true;
  world.keeper.order([sampleOrder(1)]);
  await settle();
  world.keeper.cancel([{ run: run(1), by: "user", reason: "not needed" }]);
  world.engine.busy = false;
  world.tick();
  await settle();
  const told = world.keeper.pending(10).find((one) => one.kind === "ended");
  assert.deepEqual(told?.kind === "ended" && told.end, { kind: "cancelled", by: "user", reason: "not needed" });
  assert.deepEqual(world.engine.starts, []);
});

test("what is withdrawn before it started never starts, and says so; what had started goes on", async () => {
  const world = makeWorld();
  world.keeper.order([sampleOrder(1)]);
  await settle();
  world.engine.busy = true;
  world.keeper.order([sampleOrder(2)]);
  await settle();
  world.keeper.withdraw([run(1), run(2), run(3)]);
  world.engine.busy = false;
  world.tick();
  world.keeper.order([sampleOrder(3)]);
  await settle();
  const ends = world.keeper.pending(10).flatMap((one) => (one.kind === "ended" ? [`${one.run} ${one.end.kind}`] : []));
  assert.deepEqual(ends.sort(), ["2.0.1 withdrawn", "3.0.1 withdrawn"]);
  assert.deepEqual(world.engine.starts, ["1.0.1"]);
});

test("a start in doubt is not told as withdrawn while the engine is silent", async () => {
  const world = makeWorld();
  world.engine.cutAnswer = true;
  world.engine.silent = true;
  world.keeper.order([sampleOrder(1)]);
  await settle();
  world.keeper.withdraw([run(1)]);
  world.tick();
  await settle();
  assert.deepEqual(kinds(world.keeper), ["accepted", "started"]);
  world.engine.silent = false;
  world.tick();
  await settle();
  assert.deepEqual(kinds(world.keeper), ["accepted", "started"]);
  assert.deepEqual(world.engine.starts, ["1.0.1"]);
});

test("only a definite no ends a run as refused; any other start that came to nothing is a fault of the platform", async () => {
  const world = makeWorld();
  for (const [id, answer] of [
    [1, { kind: "refused", words: "its wrapper was killed before the start" }],
    [2, { kind: "refused", words: "not without the course", definite: true }],
  ] as const) {
    world.engine.answer = answer;
    world.keeper.order([sampleOrder(id)]);
    await settle();
  }
  const ends = world.keeper.pending(10).flatMap((one) => (one.kind === "ended" ? [one.end] : []));
  assert.deepEqual(ends, [
    { kind: "platform-fault", reason: "its wrapper was killed before the start" },
    { kind: "refused", reason: "not without the course" },
  ]);
});

test("a cancel that comes before its order still holds", async () => {
  const world = makeWorld();
  world.keeper.cancel([{ run: run(1), by: "user", reason: null }]);
  world.keeper.order([sampleOrder(1)]);
  await settle();
  assert.deepEqual(world.engine.starts, []);
});

test("a start that was in doubt but happened is not tried again", async () => {
  const world = makeWorld();
  world.engine.cutAnswer = true;
  world.keeper.order([sampleOrder(1)]);
  await settle();
  world.engine.cutAnswer = false;
  world.tick();
  await settle();
  assert.deepEqual(world.engine.starts, ["1.0.1"]);
});

test("a run that the server expects, and of which nothing is left, is reported lost; one that lives is not", async () => {
  const world = makeWorld();
  world.keeper.order([sampleOrder(1), sampleOrder(2)]);
  await settle();
  world.engine.finish("1.0.1");
  world.keeper.committed([run(1)]);
  world.keeper.delivered(world.keeper.pending(100));
  world.keeper.reconcile([run(1), run(2), run(3)]);
  const ends = world.keeper.pending(100).flatMap((one) => (one.kind === "ended" ? [[one.run, one.end.kind]] : []));
  assert.deepEqual(ends, [["3.0.1", "lost"]]);
});

test("a journal whose last line was cut by a power loss opens; one broken in the middle is refused by name", () => {
  const folder = mkdtempSync(join(scratch, "journal-"));
  const path = join(folder, "journal");
  openJournal(path, 0).intend([run(1), run(2)], 0);
  writeFileSync(path, `${readFileSync(path, "utf8")}{"kind":"intent","ru`);
  assert.equal(openJournal(path, 0).open().size, 2);
  writeFileSync(path, `nonsense\n${readFileSync(path, "utf8")}`);
  assert.throws(() => openJournal(path, 0), /line 1: not a journal line/);
});

type Act =
  | "order"
  | "order-late"
  | "finish"
  | "tick"
  | "report"
  | "crash"
  | "busy"
  | "free"
  | "cut"
  | "silence"
  | "cancel"
  | "withdraw"
  | "stale";
const acts: readonly Act[] = [
  "order",
  "order-late",
  "finish",
  "tick",
  "report",
  "crash",
  "busy",
  "free",
  "cut",
  "silence",
  "cancel",
  "withdraw",
  "stale",
];

test("under any order of events and crashes nothing starts twice, nothing withdrawn starts, nothing is forgotten", () =>
  underAnything({ losesUnsynced: false }));

test("nor where the driver notes its starts itself, and the power takes from the journal what was not synced", () =>
  underAnything({ losesUnsynced: true }));

async function underAnything({ losesUnsynced }: { readonly losesUnsynced: boolean }): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...acts), fc.integer({ min: 1, max: 4 })), { maxLength: 60 }),
      async (script) => {
        const engine = makeEngine({ notesBeforeStart: losesUnsynced });
        const folder = mkdtempSync(join(scratch, "world-"));
        let world = makeWorld({ folder, engine });
        const server = { live: new Set<RunId>(), started: new Set<RunId>(), ended: new Map<RunId, string>() };
        const orders = () => [...server.live].map((id) => sampleOrder(Number(id.split(".")[0])));
        const reportAll = () => {
          const told = world.keeper.pending(1000);
          const ends = told.filter((one) => one.kind === "ended");
          for (const one of told) if (one.kind === "started") server.started.add(one.run);
          for (const one of ends) {
            if (!server.ended.has(one.run)) server.ended.set(one.run, one.end.kind);
            server.live.delete(one.run);
          }
          world.keeper.delivered(told);
          world.keeper.committed(ends.map((one) => one.run));
        };
        const restart = async () => {
          if (losesUnsynced) world.losePower();
          world = makeWorld({ folder, engine });
          // An agent begins anew until its engine answers.
          const { silent } = engine;
          engine.silent = false;
          await world.keeper.adopt();
          // With the first whole list.
          if (losesUnsynced) {
            await world.keeper.lookFor([...server.live]);
            world.keeper.reconcile([...server.started].filter((id) => server.live.has(id)));
          }
          engine.silent = silent;
        };
        for (const [act, n] of script) {
          if (act === "order" && !server.ended.has(run(n))) {
            server.live.add(run(n));
            world.keeper.order([sampleOrder(n)]);
          }
          if (act === "order-late" && !server.ended.has(run(n))) {
            server.live.add(run(n));
            world.keeper.order([{ ...sampleOrder(n), startWithinMs: -1 }]);
          }
          if (act === "stale") world.keeper.order(orders());
          if (act === "finish" && engine.running.has(run(n))) engine.finish(run(n));
          if (act === "tick") world.tick();
          if (act === "report") reportAll();
          if (act === "crash") await restart();
          if (act === "busy") engine.busy = true;
          if (act === "free") engine.busy = false;
          if (act === "cut") engine.cutAnswer = !engine.cutAnswer;
          if (act === "cancel" && server.live.has(run(n)))
            world.keeper.cancel([{ run: run(n), by: "user", reason: null }]);
          if (act === "withdraw" && server.live.has(run(n))) world.keeper.withdraw([run(n)]);
          if (act === "silence") engine.silent = !engine.silent;
          await settle();
        }
        engine.busy = false;
        engine.cutAnswer = false;
        engine.silent = false;
        await restart();
        world.keeper.order(orders());
        for (let round = 0; round < 5; round += 1) {
          await settle();
          world.tick();
          for (const one of [...engine.running]) engine.finish(one);
          await settle();
          reportAll();
        }
        assert.equal(new Set(engine.starts).size, engine.starts.length, `started twice: ${engine.starts}`);
        for (const [id, end] of server.ended)
          if (end === "withdrawn" || end === "lost")
            assert.ok(!engine.starts.includes(id), `${id} ${end}, yet started`);
        assert.deepEqual([...server.live], [], "an ordered run was never reported as ended");
      },
    ),
    { numRuns: 200 },
  );
}

/** An engine in memory that outlives the agent, as the machine does. */
function makeEngine({ notesBeforeStart }: { readonly notesBeforeStart: boolean } = { notesBeforeStart: false }) {
  let listener: (observation: RunObservation) => void = () => {};
  const folders = new Map<RunId, "running" | RunObservation>();
  const engine = {
    busy: false,
    /** Said to every start in place of one. */
    answer: null as StartAnswer | null,
    /** The start happens, but the answer is lost on the way. */
    cutAnswer: false,
    /** Looks get no answer. */
    silent: false,
    starts: [] as RunId[],
    running: new Set<RunId>(),
    finish(id: string, end: "succeeded" | "cancelled" = "succeeded") {
      const name = id as RunId;
      engine.running.delete(name);
      const ended: RunObservation = {
        kind: "ended",
        run: name,
        atMs: 2,
        end: end === "succeeded" ? { kind: "succeeded" } : { kind: "cancelled", by: "centre", reason: null },
        usage: nothingUsed,
        words: null,
      };
      folders.set(name, ended);
      listener(ended);
    },
    driver: {
      name: "process",
      notesBeforeStart,
      describe: async () => ({ pools: [], offers: noOffers, mechanisms: {} }),
      async start(asked): Promise<StartAnswer> {
        if (engine.answer) return engine.answer;
        if (engine.busy) return { kind: "busy", words: "no place" };
        if (folders.has(asked.run)) return { kind: "already-there" };
        folders.set(asked.run, "running");
        engine.starts.push(asked.run);
        engine.running.add(asked.run);
        listener({ kind: "started", run: asked.run, atMs: 1, evidence: "test" });
        if (engine.cutAnswer) throw new Error("answer cut");
        return { kind: "started" };
      },
      async cancel(id) {
        const state = folders.get(id);
        if (state === undefined) return "not-there";
        if (state !== "running") return "already-ended";
        engine.finish(id, "cancelled");
        return "cancelling";
      },
      async find(only) {
        if (engine.silent) throw new Error("silent");
        return [...folders]
          .filter(([name]) => only?.includes(name) ?? true)
          .map(
            ([name, state]): FoundRun =>
              state === "running"
                ? { run: name, state: "running", startedMs: 1 }
                : { run: name, state: "ended", observation: state },
          );
      },
      listen(onObservation) {
        listener = onObservation;
      },
      readLog: async () => ({ kind: "none", words: "" }),
      remove: async () => {},
      close: async () => {},
    } satisfies Driver,
  };
  return engine;
}

function makeWorld(from?: { readonly folder: string; readonly engine: ReturnType<typeof makeEngine> }) {
  const folder = from?.folder ?? mkdtempSync(join(scratch, "world-"));
  const engine = from?.engine ?? makeEngine();
  const path = join(folder, "journal");
  const disk = { isFull: false };
  const journal = onDisk(openJournal(path, 0), disk);
  const linesOf = () => readFileSync(path, "utf8").split("\n").slice(0, -1);
  const found = linesOf().length;
  /** What was appended since it was opened, or since a withdrawal was synced, with all before it. */
  const losePower = () => {
    const lines = linesOf();
    const kept = Math.max(found, lines.findLastIndex((line) => line.includes("withdrawn")) + 1);
    writeFileSync(
      path,
      lines
        .slice(0, kept)
        .map((line) => `${line}\n`)
        .join(""),
    );
  };
  const timers: (() => void)[] = [];
  const clocks = {
    nowMs: () => 0,
    monotonicMs: () => 0,
    later: (_afterMs: number, act: () => void) => void timers.push(act),
  };
  const keeper = keepRuns(engine.driver, journal, clocks, () => {});
  const tick = () => {
    for (const act of timers.splice(0)) act();
  };
  return { folder, engine, journal, keeper, tick, losePower, disk };
}

function onDisk(journal: Journal, disk: { readonly isFull: boolean }): Journal {
  const orFull =
    <Given extends readonly unknown[]>(write: (...given: Given) => void) =>
    (...given: Given): void => {
      if (disk.isFull) throw new Unwritten("no space left on device");
      write(...given);
    };
  return { ...journal, intend: orFull(journal.intend), withdraw: orFull(journal.withdraw) };
}

function run(n: number): RunId {
  return runId({ job: jobId(n), index: 0, attempt: 1 });
}

function kinds(keeper: Keeper): string[] {
  return keeper.pending(100).map((one) => one.kind);
}

async function settle(): Promise<void> {
  for (let i = 0; i < 4; i += 1) await turn();
}

test("a disk that takes nothing: nothing is started or told before it is noted, and all goes on once there is room", async () => {
  const world = makeWorld();
  world.engine.busy = true;
  world.keeper.order([sampleOrder(1)]);
  await settle();
  world.disk.isFull = true;
  world.engine.busy = false;
  world.keeper.order([sampleOrder(2), sampleOrder(3)]);
  await settle();
  // Its intent was there before.
  world.tick();
  await settle();
  assert.deepEqual(world.engine.starts, ["1.0.1"]);
  world.keeper.withdraw([run(3), run(4)]);
  world.tick();
  await settle();
  const told = () => world.keeper.pending(100).map((one) => `${one.run} ${one.kind}`);
  assert.deepEqual(told().sort(), ["1.0.1 accepted", "1.0.1 started", "2.0.1 remark", "3.0.1 remark"]);
  const again = makeWorld({ folder: world.folder, engine: world.engine });
  assert.deepEqual([...again.journal.open()], [run(1)]);
  world.disk.isFull = false;
  world.tick();
  await settle();
  assert.deepEqual(world.engine.starts, ["1.0.1", "2.0.1"]);
  assert.deepEqual(
    told()
      .filter((one) => /accepted|ended/.test(one))
      .sort(),
    ["1.0.1 accepted", "2.0.1 accepted", "3.0.1 ended", "4.0.1 ended"],
  );
  assert.deepEqual([world.journal.isWithdrawn(run(3)), world.journal.isWithdrawn(run(4))], [true, true]);
});

test("a cancel that fails is tried again less and less often, until it is in the engine's hands", async () => {
  const delays: number[] = [];
  const timers: (() => void)[] = [];
  const engine = makeEngine();
  let failures = 8;
  const cancel: Driver["cancel"] = async (id) => {
    failures -= 1;
    if (failures >= 0) throw new Error("the engine takes nothing");
    return engine.driver.cancel(id);
  };
  const later = (afterMs: number, act: () => void) => {
    delays.push(afterMs);
    timers.push(act);
  };
  const journal = openJournal(join(mkdtempSync(join(scratch, "world-")), "journal"), 0);
  const clocks = { nowMs: () => 0, monotonicMs: () => 0, later };
  const keeper = keepRuns({ ...engine.driver, cancel }, journal, clocks, () => {});
  keeper.order([sampleOrder(1)]);
  await settle();
  delays.length = 0;
  timers.length = 0;
  keeper.cancel([{ run: run(1), by: "user", reason: null }]);
  for (let round = 0; round < 12; round += 1) {
    await settle();
    for (const act of timers.splice(0)) act();
  }
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
  assert.ok(kinds(keeper).includes("ended"));
});

/** A keeper over a driver and clocks of the test's own; `tick` lets what was put off happen. */
function keepOver(driver: Partial<Driver>) {
  const timers: (() => void)[] = [];
  const times = { wallMs: 0, monotonicMs: 0 };
  const journal = openJournal(join(mkdtempSync(join(scratch, "world-")), "journal"), 0);
  const durable: (string | undefined)[] = [];
  const noting = {
    ...journal,
    intend: (...[runs, atMs, how]: Parameters<typeof journal.intend>) => {
      durable.push(how);
      journal.intend(runs, atMs, how);
    },
  };
  const clocks = {
    nowMs: () => times.wallMs,
    monotonicMs: () => times.monotonicMs,
    later: (_afterMs: number, act: () => void) => void timers.push(act),
  };
  let told: (observation: RunObservation) => void = () => {};
  const listen: Driver["listen"] = (listener) => {
    told = listener;
  };
  const keeper = keepRuns({ ...makeEngine().driver, ...driver, listen }, noting, clocks, () => {});
  const tick = async () => {
    for (const act of timers.splice(0)) act();
    await settle();
  };
  return { keeper, journal, durable, times, tick, tell: (observation: RunObservation) => told(observation) };
}

test("whether a start is too late is judged by the clock that nobody sets; an intent is on disk before it", async () => {
  const starts: string[] = [];
  const start: Driver["start"] = async ({ run }) => {
    starts.push(run);
    return { kind: "busy", words: "no place" };
  };
  const { keeper, times, tick, durable } = keepOver({ start });
  keeper.order([{ ...sampleOrder(1), startWithinMs: 60_000 }]);
  await settle();
  assert.deepEqual(durable, ["synced"]);
  times.wallMs = 90_000;
  await tick();
  assert.deepEqual(starts, ["1.0.1", "1.0.1"], "the wall clock was put forward");
  [times.wallMs, times.monotonicMs] = [0, 60_001];
  await tick();
  assert.equal(starts.length, 2);
  assert.ok(kinds(keeper).includes("ended"));
  const noting = keepOver({ notesBeforeStart: true, start });
  noting.keeper.order([sampleOrder(1)]);
  assert.deepEqual(noting.durable, ["unsynced"], "a driver that notes it itself");
});

test("a cancel of what is not there yet is asked again; a warning is passed on, and an end goes before it", async () => {
  const asked: boolean[] = [];
  const cancel: Driver["cancel"] = async (_run, warn = false) => {
    asked.push(warn);
    return asked.length < 3 ? "not-there" : "cancelling";
  };
  const { keeper, tick } = keepOver({ cancel, start: async () => ({ kind: "queued", engineId: "7" }) });
  keeper.order([sampleOrder(1)]);
  await settle();
  keeper.cancel([{ run: run(1), by: "preemption" as never, reason: null, warn: true }]);
  await settle();
  await tick();
  await tick();
  await tick();
  assert.deepEqual(asked, [true, true, true]);
  keeper.cancel([{ run: run(1), by: "user", reason: null, warn: true }]);
  await settle();
  assert.equal(asked.length, 3, "nothing new");
  keeper.cancel([{ run: run(1), by: "user", reason: null }]);
  await settle();
  assert.deepEqual(asked.slice(3), [false], "somebody will not wait");
});

test("what a run came to stands, whatever was asked of it; only the newest word of a wait is still to be told", async () => {
  const { keeper, tell, journal } = keepOver({
    start: async () => ({ kind: "queued", engineId: "7" }),
    cancel: async () => "already-ended",
  });
  keeper.order([sampleOrder(1), sampleOrder(2)]);
  await settle();
  const wait = (atMs: number): RunObservation => ({
    ...{ kind: "waiting", run: run(1), atMs, engineId: "7", reason: null, reasonKind: null, startsInMs: null },
  });
  tell(wait(1));
  const report = keeper.pending(100);
  tell(wait(2));
  keeper.delivered(report);
  assert.deepEqual(
    keeper.pending(100).map(({ kind, atMs }) => [kind, atMs]),
    [["waiting", 2]],
  );
  keeper.cancel([{ run: run(1), by: "user", reason: "late" }]);
  await settle();
  const ended = { kind: "ended", atMs: 3, usage: nothingUsed, words: null } as const;
  tell({ ...ended, run: run(1), end: { kind: "succeeded" } });
  tell({ ...ended, run: run(2), end: { kind: "withdrawn", evidence: "DEADLINE" } });
  assert.deepEqual(
    keeper.pending(100).flatMap((one) => (one.kind === "ended" ? [[one.run, one.end.kind]] : [])),
    [
      [run(1), "succeeded"],
      [run(2), "withdrawn"],
    ],
  );
  // An order for it that comes late finds that on the disk.
  assert.deepEqual([journal.isWithdrawn(run(1)), journal.isWithdrawn(run(2))], [false, true]);
});

test("runs that an earlier agent of the centre started are taken up before a whole list is acted on", async () => {
  const before = makeWorld();
  before.keeper.order([sampleOrder(1), sampleOrder(2)]);
  await settle();
  before.engine.finish("2.0.1");
  const world = makeWorld({ folder: mkdtempSync(join(scratch, "world-")), engine: before.engine });
  await world.keeper.lookFor([run(1), run(2), run(3)]);
  world.keeper.order([sampleOrder(1), sampleOrder(3)]);
  world.keeper.reconcile([run(2)]);
  await settle();
  assert.deepEqual(before.engine.starts, ["1.0.1", "2.0.1", "3.0.1"]);
  const told = world.keeper.pending(10).flatMap((one) => (one.kind === "ended" ? [`${one.run} ${one.end.kind}`] : []));
  assert.deepEqual(told, ["2.0.1 succeeded"]);
  assert.deepEqual([...world.journal.open()].sort(), ["1.0.1", "2.0.1", "3.0.1"]);
});
