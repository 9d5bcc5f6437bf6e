import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceClassesOf, isHistory, logsOf, parseHistory } from "./history.ts";
import { TraceRefused } from "./trace-refusal.ts";
import { buildWorkload } from "./workload.ts";

// Goal: what the network tells of its past is replayed as it was, all centres on one clock.

const head = '{"weir":"history","version":1,"centres":[{"centre":"alpha","cores":8},{"centre":"beta","cores":0}]}';
const run = (changes: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    ...{ job: 7, index: 0, number: 7, centre: "alpha", project: 2, person: 3, cores: 4, accelerators: 0 },
    ...{ timeLimitS: 600, submittedMs: 1_000_500, startedMs: 1_004_000, endedMs: 1_014_001 },
    ...changes,
  });

function parse(...lines: readonly string[]) {
  return logsOf(history(...lines), "cores");
}

function history(...lines: readonly string[]) {
  return parseHistory(Buffer.from(lines.join("\n")), "h.jsonl");
}

test("a log for each centre where something ran, sizes, limits and ids in it, times in whole seconds", () => {
  const logs = parse(
    head,
    run(),
    "",
    run({ number: 9, centre: "beta", submittedMs: 990_000, person: 4 }),
    run({ number: 8 }),
  );
  assert.deepEqual(
    logs.map(({ name, count, header }) => [name, count, header.maxProcs, header.unixStartS, header.clock]),
    [
      ["alpha", 2, 8, 990, "shared"],
      ["beta", 1, null, 990, "shared"],
    ],
  );
  const [alpha] = logs;
  assert.ok(alpha);
  const { number, submitS, waitS, runS, requested, requestedS, user, group } = alpha;
  assert.deepEqual(
    [number, submitS, waitS, runS, requested, requestedS, user, group].map((column) => [...column]),
    [
      [7, 8],
      [10, 10],
      [4, 4],
      [11, 11],
      [4, 4],
      [600, 600],
      [3, 3],
      [2, 2],
    ],
  );
});

test("the centres keep their distance in time when they are replayed together", () => {
  const logs = parse(
    head,
    run({ centre: "beta", submittedMs: 5_000_000, startedMs: 5_000_000, endedMs: 5_001_000 }),
    run(),
  );
  const settings = { estimates: "requested", days: null, sequence: null, rules: "batch" } as const;
  const built = buildWorkload(logs, { ...settings, processors: [null, 4] });
  assert.ok(built.kind === "workload");
  assert.deepEqual([...built.workload.submitS], [0, 4000]);
  assert.equal(buildWorkload(logs, { ...settings, processors: [] }).kind, "size-not-said");
});

// Given: a centre with cards of two classes, tasks with cards, with a share of one, and without.
test("by accelerators, tasks of that class alone, as large as their cards, at homes of so many", () => {
  const cards = [
    { deviceClass: "huawei/ascend-910b", count: 16 },
    { deviceClass: "nvidia/a100", count: 4 },
  ];
  const centres = [{ centre: "alpha", cores: 8, accelerators: cards }];
  const task = (number: number, accelerators: number, deviceClass: string | null, shareMilli = 1000) =>
    run({ number, accelerators, deviceClass, shareMilli });
  const told = history(
    JSON.stringify({ weir: "history", version: 1, centres }),
    task(1, 2, "huawei/ascend-910b"),
    task(2, 0, null),
    task(3, 1, "nvidia/a100", 250),
    task(4, 2, "nvidia/a100"),
    task(5, 8, "huawei/ascend-910b"),
    task(6, 1, "huawei/ascend-910b"),
  );
  assert.deepEqual(deviceClassesOf(told), [
    { deviceClass: "huawei/ascend-910b", tasks: 3 },
    { deviceClass: "nvidia/a100", tasks: 2 },
  ]);
  const sizes = (deviceClass: string) =>
    logsOf(told, { deviceClass }).map(({ name, header, number, requested }) => [
      name,
      header.maxProcs,
      [...number],
      [...requested],
    ]);
  assert.deepEqual(sizes("huawei/ascend-910b"), [["alpha", 16, [1, 5, 6], [2, 8, 1]]]);
  assert.deepEqual(sizes("nvidia/a100"), [["alpha", 4000, [3, 4], [250, 2000]]], "thousandths, where one had a share");
  assert.deepEqual(
    logsOf(told, "cores").map(({ requested }) => [...requested]),
    [[4, 4, 4, 4, 4, 4]],
  );
});

test("an export of before accelerators had classes is read: they are of any", () => {
  const told = history(head, run({ accelerators: 2 }), run({ number: 8 }));
  assert.deepEqual(deviceClassesOf(told), [{ deviceClass: "any/any", tasks: 1 }]);
  const [log] = logsOf(told, { deviceClass: "any/any" });
  assert.deepEqual([log?.header.maxProcs, [...(log?.requested ?? [])]], [null, [2]]);
});

test("a byte order mark, empty lines and line ends of either kind change nothing", () => {
  const plain = parse(head, run());
  for (const text of [`\ufeff${head}\n${run()}`, `\n \r\n${head}\r\n\r\n${run()}\r\n`]) {
    const bytes = Buffer.from(text);
    assert.ok(isHistory(bytes), text);
    assert.deepEqual(logsOf(parseHistory(bytes, "h.jsonl"), "cores"), plain);
  }
});

test("what is no such file is refused with its line", () => {
  const kinds: readonly (readonly [readonly string[], string, number | null])[] = [
    [[head], "no-jobs", null],
    [[""], "no-jobs", null],
    [['{"weir":"history","version":2,"centres":[]}', run()], "not-history", 1],
    [[run()], "not-history", 1],
    [[head, run().slice(0, -5)], "not-json", 2],
    [[head, run(), "[1]"], "not-json", 3],
    [[head, run({ cores: -1 })], "no-field", 2],
    [[head, run({ cores: "4" })], "no-field", 2],
    [[head, run({ timeLimitS: 1.5 })], "no-field", 2],
    [[head, run({ timeLimitS: 1e12 })], "no-field", 2],
    [[head, run({ centre: null })], "no-field", 2],
    [[head, run({ accelerators: 1, deviceClass: 7 })], "no-field", 2],
    [[head, run({ accelerators: 1, shareMilli: 1001 })], "no-field", 2],
    [[head.replace('"cores":8', '"cores":8,"accelerators":[{"count":1}]'), run()], "no-field", 1],
    [[head, run({ endedMs: 1 })], "no-field", 2],
  ];
  for (const [lines, kind, line] of kinds)
    assert.throws(
      () => parse(...lines),
      (error) =>
        error instanceof TraceRefused &&
        error.refusal.kind === kind &&
        ("line" in error.refusal ? error.refusal.line : null) === line,
      lines.join("\n"),
    );
  assert.ok(isHistory(Buffer.from(head)) && !isHistory(Buffer.from("; MaxProcs: 4\n")));
});
