import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Driver } from "#agent/driver.ts";
import { openProcessDriver } from "#agent/drivers/process/driver.ts";
import { openSandbox } from "#agent/drivers/process/sandbox.ts";
import { describeCentre } from "#agent/drivers/simulated/description.ts";
import { openSimulatedDriver } from "#agent/drivers/simulated/driver.ts";
import { type CheckName, type CheckResult, checkNames, gradeOf } from "#core/centre/connection-test.ts";
import { askedWords, seenWords } from "#core/centre/test-words.ts";
import type { RunObservation } from "#core/run-order.ts";
import { runContract } from "./suite.ts";

// The goal: both drivers keep the contract, and a driver that breaks one rule of it fails exactly there.

/** How fast runs are taken is the machine's affair, not the driver's: that all of them end well is not. */
function butForSpeed(results: readonly CheckResult[]): readonly CheckResult[] {
  return results.map((one) =>
    one.check === "throughput" && /20 of 20 succeeded/.test(one.seen) ? { ...one, verdict: "pass" } : one,
  );
}

/** No sentence of Weir's own is left in English: two words of it in a row. What a job printed about its cards is not Weir's. */
function assertChinese(results: readonly CheckResult[]): void {
  for (const { check, asked, seen } of results.filter((one) => one.check !== "accelerator")) {
    const told = [askedWords(check, asked, "zh"), seenWords(seen, "zh")].join(" ");
    assert.doesNotMatch(told.replaceAll(/"[^"]*"|COUNT MIN MAX STEP/g, ""), /[a-z]{2,} [a-z]{2,}/, told);
  }
}

function assertAll(results: readonly CheckResult[], absent: readonly CheckName[]): void {
  const verdicts = results.map(
    ({ check, verdict, seen }) => `${check} ${verdict}${verdict === "fail" ? `: ${seen}` : ""}`,
  );
  const wanted = checkNames.map((check) => `${check} ${absent.includes(check) ? "not-offered" : "pass"}`);
  assert.deepEqual(verdicts, wanted);
}

test("the process driver keeps the contract", async () => {
  const box = await openSandbox();
  try {
    const environment = { WEIR_LAUNCHER_SOCKET: join(box.home, "launcher", "launcher.sock"), WEIR_LOCAL_CORES: "16" };
    // As an ordinary user all that the user runs counts, and suites beside this one run browsers.
    const settings = { logCapBytes: 2 ** 24, processes: 4096 };
    // One agent at a time: the sandbox's own leaves first.
    await box.driver.close();
    let last: Driver | null = null;
    const open = async () => (last = await openProcessDriver(environment, () => {}, settings));
    const results = butForSpeed(await runContract(open, { patienceMs: 60_000 }));
    assertAll(results, ["cancel-queued", "estimate", "accelerator", "multi-node"]);
    assert.equal(gradeOf(results, 0).grade, "A");
    assertChinese(results);
    assert.ok(last);
  } finally {
    await box.close();
  }
});

describe("simulated", { concurrency: true }, () => {
  const device = { vendor: "npu", model: "ascend910b", count: 8 };
  const pools = [
    { name: "batch", nodes: [{ names: "c[1-4]", cores: 4, memoryMib: 16_384 }] },
    { name: "accel", nodes: [{ names: "a1", cores: 4, memoryMib: 16_384, accelerators: [device] }] },
  ];

  async function contractOf(
    faults: Parameters<typeof describeCentre>[0]["faults"],
    settings: Parameters<typeof runContract>[1] = {},
    wrap: (driver: Driver) => Driver = (driver) => driver,
  ) {
    const folder = mkdtempSync(join(tmpdir(), "weir-contract-"));
    const description = describeCentre({ pools, ...(faults && { faults }) });
    const path = join(folder, "engine");
    try {
      const open = async () => wrap(openSimulatedDriver({ description, path, note: () => {} }));
      return butForSpeed(await runContract(open, { patienceMs: 60_000, ...settings }));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  const verdictOf = (results: readonly CheckResult[], check: CheckName) =>
    results.find((one) => one.check === check)?.verdict;

  test("the simulated driver keeps the contract, as far as what is not executed can", async () => {
    const results = await contractOf({});
    assertAll(results, ["environment"]);
    assert.equal(gradeOf(results, 0).grade, "C");
    assertChinese(results);
    for (const { asked, seen, startedMs } of results) assert.ok(asked && seen && startedMs > 0);
  });

  test("it keeps it with slow answers, late reports, cut answers and second copies", async () => {
    const results = await contractOf({
      slowAnswersMs: [5, 40],
      lateReportsMs: [0, 60],
      cutAnswers: 0.3,
      duplicatedStarts: 0.5,
    });
    assertAll(results, ["environment"]);
  });

  test("a lying clock fails at the clock", async () => {
    const results = await contractOf({ clock: { offMs: -90_000 } }, { only: ["clock-skew", "submit", "signal"] });
    assert.deepEqual([verdictOf(results, "clock-skew"), verdictOf(results, "submit")], ["fail", "pass"]);
    assert.match(results.find(({ check }) => check === "clock-skew")?.seen ?? "", /off by at least -[89]\d{4} ms/);
  });

  test("lost, refused and preempted runs fail where they are seen", async () => {
    const only = ["submit", "exit-code", "wrapper-record"] as const;
    const lost = await contractOf({ lostJobs: 1 }, { only });
    assert.deepEqual(new Set(lost.map(({ verdict }) => verdict)), new Set(["fail"]));
    const refused = await contractOf({ refusedSubmits: 1 }, { only });
    assert.match(refused[0]?.seen ?? "", /refused at random/);
    assert.equal(gradeOf(refused, 0).grade, null);
  });

  const broken: readonly [CheckName, string, (driver: Driver) => Driver][] = [
    [
      "second-start",
      "a driver that starts twice",
      (driver) => ({
        ...driver,
        async start(order) {
          const answer = await driver.start(order);
          return answer.kind === "already-there" ? { kind: "started" } : answer;
        },
      }),
    ],
    ["tag", "a driver that forgets", (driver) => ({ ...driver, find: async () => [] })],
    [
      "tag",
      "an engine whose queue has not the tag, whatever the driver noted,",
      (driver) => ({ ...driver, byTag: async () => ({ queue: false, accounting: null }) }),
    ],
    [
      "deadline",
      "an engine that lets a deadline pass until the agent takes the run out",
      (driver) => ({
        ...driver,
        listen: (tell) =>
          driver.listen((seen) =>
            tell(
              seen.kind === "ended" && seen.end.kind === "withdrawn"
                ? { ...seen, end: { kind: "withdrawn", evidence: "its lease passed, and it was taken out there" } }
                : seen,
            ),
          ),
      }),
    ],
    [
      "cancel-running",
      "a driver that loses the first cancel",
      (driver) => {
        let asked = 0;
        return { ...driver, cancel: async (run) => (asked++ === 0 ? "cancelling" : driver.cancel(run)) };
      },
    ],
    [
      "exit-code",
      "a driver that takes 137 for a signal",
      (driver) => ({
        ...driver,
        listen: (tell) =>
          driver.listen((seen) =>
            tell(
              seen.kind === "ended" && seen.end.kind === "failed" && seen.end.exitCode === 137
                ? { ...seen, end: { kind: "signalled", signal: 9 } }
                : seen,
            ),
          ),
      }),
    ],
    [
      "log-streaming",
      "a driver that shows logs only after the end",
      (driver) => ({
        ...driver,
        async readLog(...asked) {
          const read = await driver.readLog(...asked);
          return read.kind === "bytes" && !read.final ? { kind: "none", words: "later" } : read;
        },
      }),
    ],
    [
      "deadline",
      "a driver that ignores the fence",
      (driver) => ({ ...driver, start: (order) => driver.start({ ...order, startWithinMs: 600_000 }) }),
    ],
    [
      "time-limit",
      "a driver without limits",
      (driver) => ({ ...driver, start: (order) => driver.start({ ...order, timeLimitS: 3600 }) }),
    ],
  ];
  type Ended = Extract<RunObservation, { readonly kind: "ended" }>;
  /** A driver that tells ends otherwise than they were. */
  const telling = (change: (ended: Ended) => RunObservation) => (driver: Driver) => ({
    ...driver,
    listen: (tell: (seen: RunObservation) => void) =>
      driver.listen((seen) => tell(seen.kind === "ended" ? change(seen) : seen)),
  });
  const ended =
    (kind: Ended["end"]["kind"], end: Ended["end"]) =>
    (seen: Ended): RunObservation =>
      seen.end.kind === kind ? { ...seen, end } : seen;
  const liars: typeof broken = [
    [
      "submit",
      "a driver that tells every end as a failure",
      telling(ended("succeeded", { kind: "failed", exitCode: 1 })),
    ],
    [
      "cancel-running",
      "a driver that never tells a start",
      (driver) => ({ ...driver, listen: (tell) => driver.listen((seen) => seen.kind !== "started" && tell(seen)) }),
    ],
    [
      "signal",
      "a driver that takes a signal for a code",
      telling(ended("signalled", { kind: "failed", exitCode: 137 })),
    ],
    ["array", "a driver that tells one code for all tasks", telling(ended("failed", { kind: "failed", exitCode: 2 }))],
    [
      "out-of-memory",
      "a driver that takes out of memory for a signal",
      telling(ended("out-of-memory", { kind: "signalled", signal: 9 })),
    ],
    [
      "wrapper-record",
      "a driver that measures no time",
      telling((seen) => ({ ...seen, usage: { ...seen.usage, wallMs: 0 } })),
    ],
    [
      "wrapper-record",
      "a driver that tells an end before the start",
      telling((seen) => ({ ...seen, atMs: (seen.usage.startedMs ?? seen.atMs) - 1_000 })),
    ],
    [
      "cancel-queued",
      "a driver that tells what was cancelled in the queue as taken back",
      telling(ended("cancelled", { kind: "withdrawn", evidence: "it waited" })),
    ],
    [
      "restart",
      "a driver that knows nothing once it was opened again",
      (() => {
        let opened = 0;
        return (driver: Driver) => (opened++ === 0 ? driver : { ...driver, find: async () => [] });
      })(),
    ],
    [
      "restart",
      "a driver that starts once more what it had before it was opened again",
      (() => {
        let opened = 0;
        return (driver: Driver) =>
          opened++ === 0 ? driver : { ...driver, start: async () => ({ kind: "started" }) as const };
      })(),
    ],
    [
      "cancel-running",
      "a driver that cancels what has ended",
      (driver) => {
        let asked = 0;
        return { ...driver, cancel: async (run) => (asked++ === 0 ? driver.cancel(run) : "cancelling") };
      },
    ],
    [
      "tag",
      "a driver that finds what never was",
      (driver) => ({
        ...driver,
        find: async (only) => {
          const found = await driver.find(only);
          return found.length > 0
            ? found
            : (only ?? []).map((run) => ({ run, state: "waiting" as const, engineId: "1" }));
        },
      }),
    ],
    [
      "multi-node",
      "a driver that fails where there are two nodes",
      telling(ended("succeeded", { kind: "node-failed", reason: "one of them" })),
    ],
    [
      "throughput",
      "a driver that loses one of twenty",
      (() => {
        let at = 0;
        return telling((seen) => (++at % 20 === 7 ? { ...seen, end: { kind: "failed", exitCode: 1 } } : seen));
      })(),
    ],
    [
      "estimate",
      "an engine that foretells each start an hour late",
      (driver) => ({
        ...driver,
        listen: (tell) =>
          driver.listen((seen) =>
            tell(
              seen.kind === "waiting" && seen.startsInMs !== null
                ? { ...seen, startsInMs: Math.max(0, seen.startsInMs - 3_600_000) }
                : seen,
            ),
          ),
      }),
    ],
  ];
  for (const [check, words, wrap] of [...broken, ...liars])
    test(`${words} fails at ${check}`, async () => {
      const results = await contractOf({}, { only: [check], patienceMs: 2_500 }, wrap);
      assert.equal(verdictOf(results, check), "fail", JSON.stringify(results));
      assert.equal(results.length, 1);
    });
});
