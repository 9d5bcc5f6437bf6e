import assert from "node:assert/strict";
import { closeSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { openJournal } from "#agent/journal.ts";
import { appendLines, readJsonLines, rewriteLines, Unwritten } from "#agent/json-lines.ts";
import { jobId, runId } from "#core/ids.ts";
import { fillDisk, mountSmall } from "../tools/small-disk.ts";

/** The goal: whatever a disk has no room for is not there at all, and what follows it is read again after a restart. */

const isRoot = process.getuid?.() === 0;

describe("a full disk", { skip: !isRoot && "a small file system can only be mounted as root" }, () => {
  let folder: string;
  let free: () => void;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "weir-lines-"));
    free = mountSmall(folder, "64k");
  });
  afterEach(() => {
    free();
    rmSync(folder, { recursive: true });
  });
  const line = (n: number) => ({ n, words: "x".repeat(1500) });
  const numbers = (path: string) => readJsonLines<{ n: number }>(path, "broken")?.map(({ n }) => n);

  test("takes a line whole or not at all, and the next one once there is room", () => {
    const path = join(folder, "lines");
    const file = rewriteLines(path, [line(0)]);
    const filler = join(folder, "filler");
    fillDisk(filler);
    const taken = [0];
    assert.throws(() => {
      for (let n = 1; n < 10; n += 1) {
        appendLines(file, [line(n)], "synced");
        taken.push(n);
      }
    }, Unwritten);
    assert.ok(taken.length > 1, "the file's last block had room");
    assert.equal(readFileSync(path, "utf8").split("\n").length, taken.length + 1);
    assert.deepEqual(numbers(path), taken);
    rmSync(filler);
    appendLines(file, [line(10), line(11)], "synced");
    assert.deepEqual(numbers(path), [...taken, 10, 11]);
    closeSync(file);
  });

  test("leaves what could not be made anew as it was, and nothing beside it", () => {
    const path = join(folder, "lines");
    closeSync(rewriteLines(path, [line(0), line(1)]));
    fillDisk(join(folder, "filler"));
    assert.throws(() => rewriteLines(path, [line(0), line(1), line(2), line(3)]), /no space left on device/);
    assert.deepEqual(numbers(path), [0, 1]);
    rmSync(join(folder, "filler"));
    closeSync(rewriteLines(path, [line(2)]));
    assert.deepEqual(numbers(path), [2]);
  });

  test("an agent's journal knows what is on it and nothing else; only what may be forgotten twice is forgotten", () => {
    const path = join(folder, "journal");
    const journal = openJournal(path, 0);
    const run = (n: number) => runId({ job: jobId(n), index: 0, attempt: 1 });
    journal.intend([run(1)], 0);
    fillDisk(join(folder, "filler"));
    const many = Array.from({ length: 100 }, (_, n) => run(100 + n));
    assert.throws(() => journal.intend(many, 0), Unwritten);
    assert.throws(() => {
      for (let n = 0; n < 1000; n += 1) journal.withdraw(run(2), 0);
    }, Unwritten);
    assert.deepEqual([...journal.open()], [run(1)]);
    journal.forget([run(1)], 0);
    assert.deepEqual([...journal.open()], []);
    rmSync(join(folder, "filler"));
    journal.intend([run(3)], 0);
    journal.close();
    assert.deepEqual([...openJournal(path, 0).open()], [run(1), run(3)]);
  });
});
