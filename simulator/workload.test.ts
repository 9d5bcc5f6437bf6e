import assert from "node:assert/strict";
import { test } from "node:test";
import { startChecksum } from "#simulator/metrics.ts";
import { parseSwf } from "#simulator/swf.ts";
import { buildWorkload, type WorkloadSettings, workloadRefusalWords } from "#simulator/workload.ts";

// From a log to a workload: what is left out, cut and shifted (docs/guides/simulate.md, The model).

type Line = {
  readonly number?: number;
  readonly submit: number;
  readonly run?: number;
  readonly allocated?: number;
  readonly requested?: number;
  readonly asks?: number;
  readonly status?: number;
  readonly user?: number;
  readonly group?: number;
};

function logOf(name: string, size: number, lines: readonly Line[]) {
  const text = lines.map((line, at) => {
    const { number = at + 1, submit, run = 5, allocated = -1, requested = 1, asks = 9, status = 1 } = line;
    const { user = 1, group = 1 } = line;
    return `${number} ${submit} -1 ${run} ${allocated} -1 -1 ${requested} ${asks} -1 ${status} ${user} ${group} -1 -1 -1 -1 -1`;
  });
  return parseSwf(new TextEncoder().encode(`; MaxProcs: ${size}\n${text.join("\n")}\n`), name);
}

function built(logs: readonly ReturnType<typeof logOf>[], settings: Partial<WorkloadSettings> = {}) {
  const all = { estimates: "requested", days: null, sequence: null, processors: [], rules: "batch" } as const;
  const made = buildWorkload(logs, { ...all, ...settings });
  assert.ok(made.kind === "workload", made.kind === "workload" ? "" : workloadRefusalWords(made, "en"));
  return made.workload;
}

test("what has no run time, no processors or a submission before 0 is left out, whatever its status", () => {
  const log = logOf("log", 8, [
    { submit: -1 },
    { submit: 10, run: 0 },
    { submit: 11, run: -1 },
    { submit: 12, requested: 0, allocated: 0 },
    { submit: 13, requested: -1, allocated: 4, status: 0 },
    { submit: 14, requested: 2, allocated: 6, status: 5 },
  ]);
  const { homes, count, submitS, processors, number } = built([log]);
  assert.equal(count, 2);
  assert.deepEqual([...submitS], [0, 1]);
  assert.deepEqual([...processors], [4, 2]);
  assert.deepEqual([...number], [5, 6]);
  assert.deepEqual(homes, [{ name: "log", processors: 8, firstSubmitS: 13, dropped: 4, clipped: 0, killed: 0 }]);
});

test("a job gets at most the machine, and ends at its limit; the estimate is the limit, or what it ran", () => {
  const log = logOf("log", 8, [
    { submit: 0, requested: 9, run: 5, asks: 9 },
    { submit: 0, run: 20, asks: 9 },
    { submit: 0, run: 20, asks: -1 },
    { submit: 0, run: 30, asks: 0, requested: 2, allocated: 5 },
  ]);
  const requested = built([log]);
  assert.deepEqual([...requested.processors], [8, 1, 1, 2]);
  assert.deepEqual([...requested.runS], [5, 9, 20, 30]);
  assert.deepEqual([...requested.estimateS], [9, 9, 20, 30]);
  assert.deepEqual([requested.homes[0]?.clipped, requested.homes[0]?.killed], [1, 1]);
  const actual = built([log], { estimates: "actual" });
  assert.deepEqual([...actual.estimateS], [5, 9, 20, 30]);
  const sequence = built([log], { rules: "sequence" });
  assert.deepEqual([...sequence.runS], [5, 20, 20, 30]);
  assert.deepEqual([...sequence.processors], [8, 1, 1, 5], "the larger of what was asked for and what was got");
});

test("logs begin together; their jobs come by submission, home and number; people are told apart by home", () => {
  const one = logOf("one", 8, [
    { submit: 1000, number: 7, user: 3, group: 5 },
    { submit: 1005, number: 9, user: 3, group: 6 },
    { submit: 1005, number: 8, user: 4, group: 5 },
  ]);
  const two = logOf("two", 4, [
    { submit: 50, user: 3, group: 5 },
    { submit: 55, user: 3, group: 5 },
  ]);
  const { submitS, home, number, person, project } = built([one, two]);
  assert.deepEqual([...submitS], [0, 0, 5, 5, 5]);
  assert.deepEqual([...home], [0, 1, 0, 0, 1]);
  assert.deepEqual([...number], [7, 1, 8, 9, 2]);
  assert.deepEqual([...person], [0, 1, 2, 0, 1]);
  assert.deepEqual([...project], [0, 1, 0, 2, 1], "the group in column 13, of its home alone");
  assert.equal(built([one, two], { days: 1 }).count, 5);
});

test("a log out of order is put in order, and its checksum still counts by the file", () => {
  const ordered = logOf("log", 8, [{ submit: 10 }, { submit: 20 }, { submit: 30 }]);
  const shuffled = logOf("log", 8, [{ submit: 30 }, { submit: 10 }, { submit: 20 }]);
  const [first, second] = [built([ordered]), built([shuffled])];
  assert.deepEqual([...second.submitS], [...first.submitS]);
  assert.deepEqual([...second.place], [1, 2, 0]);
  const startS = Int32Array.of(0, 10, 20);
  const centre = new Uint16Array(3);
  assert.equal(startChecksum(first, { startS, centre }), String(10 * 2 + 20 * 3));
  assert.equal(startChecksum(second, { startS, centre }), String(10 * 3 + 20 * 1));
});

test("the checksum is that of big numbers, however many there are", () => {
  const count = 300_000;
  const log = logOf("log", 8, [{ submit: 0 }]);
  const workload = { ...built([log]), count, place: Int32Array.from({ length: count }, (_, i) => i) };
  const startS = Int32Array.from({ length: count }, (_, i) => (i * 7_654_321) % 2_147_483_647);
  let sum = 0n;
  for (const [i, at] of startS.entries()) sum += BigInt(at) * BigInt((i % 1_000_003) + 1);
  assert.equal(startChecksum(workload, { startS, centre: new Uint16Array(count) }), String(sum % (2n ** 61n - 1n)));
});

test("in the checksum places count from 1 again after 1 000 003", () => {
  const workload = { ...built([logOf("log", 8, [{ submit: 0 }])]), count: 3 };
  const schedule = { startS: Int32Array.of(1, 10, 100), centre: new Uint16Array(3) };
  const of = (...places: readonly number[]) => startChecksum({ ...workload, place: Int32Array.from(places) }, schedule);
  assert.equal(of(1_000_002, 1_000_003, 1_000_004), String(1_000_003 + 10 + 200));
});

test("more processors together than one machine can count are refused", () => {
  const largest = 2_147_483_647;
  const logs = [logOf("one", largest, [{ submit: 0 }]), logOf("two", 1, [{ submit: 0 }])];
  assert.equal(built(logs.slice(0, 1)).homes[0]?.processors, largest);
  const settings = { estimates: "requested", days: null, sequence: null, processors: [], rules: "batch" } as const;
  const refused = buildWorkload(logs, settings);
  assert.deepEqual(refused, { kind: "too-many-processors", processors: largest + 1, limit: largest });
  assert.match(workloadRefusalWords(refused, "en"), /2147483648 processors together.*--processors/);
});
