import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { jobId, type RunId, runId } from "#core/ids.ts";
import { sampleUsage } from "#core/sample-testing.ts";
import { type ChunkFacts, openNotebook, readNotebook } from "./notebook.ts";
import { type EndedRun, openPastRuns } from "./past-runs.ts";

const scratch = mkdtempSync(join(tmpdir(), "weir-past-runs-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const run = (job: number, index = 0): RunId => runId({ job: jobId(job), index, attempt: 1 });

function end(of: RunId, atMs = 5_000, words: string | null = null): EndedRun {
  return { kind: "ended", run: of, atMs, end: { kind: "succeeded" }, usage: sampleUsage, words };
}

describe("past runs", () => {
  test("are found after a restart as before it, until they are removed; a torn last line never was", () => {
    const path = join(scratch, "kept");
    const first = openPastRuns(path);
    first.add({ chunk: "a", user: "li", ends: [end(run(1), 5_000, "水"), end(run(1, 1), 7_500)] });
    first.add({ chunk: "b", user: "wang", ends: [end(run(2), 9_000)] });
    first.remove(run(1));
    const seen = (past: typeof first) => [
      [run(1), run(1, 1), run(2), run(3)].map(past.has),
      past.of(run(1, 1)),
      [...past.all()].map(({ chunk }) => chunk),
      past.endedBefore(7_999),
      past.endedBefore(8_000),
    ];
    const before = seen(first);
    assert.deepEqual(before[0], [false, true, true, false]);
    assert.deepEqual(before[1], { chunk: "a", user: "li", ends: [end(run(1, 1), 7_500)] });
    assert.deepEqual(before[2], ["a", "b"]);
    assert.deepEqual([before[3], before[4]], [[], [run(1, 1)]]);
    first.close();
    appendFileSync(path, '{"kind":"past","chunk":"c"');
    const again = openPastRuns(path);
    assert.deepEqual(seen(again), before);
    again.add({ chunk: "c", user: "li", ends: [end(run(3))] });
    again.close();
    const third = openPastRuns(path);
    assert.equal(third.of(run(3))?.chunk, "c");
    third.close();
  });

  test("what was removed goes from the disk too, and what stays is read where it lies then", () => {
    const path = join(scratch, "rewritten");
    const past = openPastRuns(path);
    const many = 3000;
    for (let job = 1; job <= many; job += 1)
      past.add({ chunk: `c${job}`, user: "li", ends: [end(run(job)), end(run(job, 1))] });
    const wholeBytes = statSync(path).size;
    for (let job = 1; job <= many; job += 1) {
      past.remove(run(job));
      if (job % 10 !== 0) past.remove(run(job, 1));
    }
    assert.ok(statSync(path).size < wholeBytes / 2, `${statSync(path).size} of ${wholeBytes}`);
    for (const opened of [past, openPastRuns(path)]) {
      const left = [...opened.all()];
      assert.equal(left.length, many / 10);
      assert.ok(left.every(({ ends }) => ends.length === 1));
      assert.deepEqual(opened.of(run(many, 1)), { chunk: `c${many}`, user: "li", ends: [end(run(many, 1))] });
      opened.close();
    }
  });

  test("a broken line is named", () => {
    const path = join(scratch, "broken");
    appendFileSync(path, "nonsense\n");
    assert.throws(() => openPastRuns(path), /broken, line 1: not a line/);
  });
});

describe("a notebook lets go of what has ended", () => {
  const facts = (chunk: string, runs: readonly RunId[]): ChunkFacts => ({
    chunk,
    user: "li",
    account: null,
    pool: "batch",
    isArray: runs.length > 1,
    submittedMs: 1,
    startBeforeMs: 2,
    timeLimitS: 60,
    cores: 1,
    memoryMib: 1,
    memoryMibPerNode: 1,
    accelerators: 0,
    acceleratorVendor: null,
    acceleratorModel: null,
    runs: runs.map((one, index) => ({ index, run: one })),
  });

  test("a chunk is past with its last run, also where it is said again after a power loss, and removed for good", () => {
    const path = join(scratch, "notebook");
    const book = openNotebook(path);
    const [a, b, c] = [run(1), run(1, 1), run(2)];
    book.append(
      [
        { kind: "chunk", facts: facts("two", [a, b]) },
        { kind: "chunk", facts: facts("one", [c]) },
        { kind: "engine", chunk: "two", engineId: "7" },
        { kind: "ended", chunk: "two", observation: end(a) },
      ],
      "synced",
    );
    assert.equal(book.chunkOf(a)?.ended.has(a), true);
    assert.deepEqual([book.past.has(a), book.chunkOf(b)?.engineId], [false, "7"]);
    assert.deepEqual(
      readNotebook(path).going.map(({ chunk }) => chunk),
      ["two", "one"],
    );
    book.append([{ kind: "ended", chunk: "two", observation: end(b) }], "synced");
    assert.deepEqual([book.chunkOf(a), book.chunkOf(b), [...book.chunks.keys()]], [null, null, ["one"]]);
    assert.deepEqual(book.past.of(b), { chunk: "two", user: "li", ends: [end(a), end(b)] });
    assert.deepEqual(readNotebook(path), { going: [facts("one", [c])], past: [{ user: "li", chunk: "two" }] });
    book.append([{ kind: "removed", chunk: "two", run: a }], "synced");
    book.close();

    // The past runs' own file was not synced: what it lost is still said by the notebook.
    rmSync(`${path}-ended`);
    for (let opened = 0; opened < 2; opened += 1) {
      const again = openNotebook(path);
      assert.deepEqual([again.past.has(a), again.past.has(b), [...again.chunks.keys()]], [false, true, ["one"]]);
      again.close();
    }
    assert.doesNotMatch(readFileSync(path, "utf8"), /two/);
  });

  test("of each that ended, a few hundred bytes stay in memory", () => {
    const path = join(scratch, "many");
    const many = 20_000;
    const book = openNotebook(path);
    const before = heapBytes();
    for (let job = 1; job <= many; job += 1) {
      const one = run(job);
      book.append(
        [
          { kind: "chunk", facts: facts(`abcdefgh-${one}-1`, [one]) },
          { kind: "engine", chunk: `abcdefgh-${one}-1`, engineId: String(job) },
          { kind: "ended", chunk: `abcdefgh-${one}-1`, observation: end(one) },
        ],
        "unsynced",
      );
    }
    assert.equal([...book.past.endedBefore(10_000)].length, many);
    const each = (heapBytes() - before) / many;
    assert.ok(each < 400, `${each.toFixed(0)} bytes each`);
    book.close();
  });
});

function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
  return process.memoryUsage().heapUsed;
}
