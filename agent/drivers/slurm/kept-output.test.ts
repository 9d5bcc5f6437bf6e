import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { jobId, type RunId, runId } from "#core/ids.ts";
import { EngineSilent, type ReadAnswer, type ReadRequest } from "./engine.ts";
import { mostOfStream, openKeptOutput } from "./kept-output.ts";

// What runs wrote, kept before their end is told: bounded in size and time. How it is read as the user is the helper's.

let scratch = "";
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "weir-kept-"));
  mkdirSync(join(scratch, "written"));
});
afterEach(() => rmSync(scratch, { recursive: true }));

const run = (job: number): RunId => runId({ job: jobId(job), index: 0, attempt: 1 });
const wanted = (job: number) => ({ user: "li", chunk: `c${job}`, run: run(job), empty: [] });

async function read({ run, stream, offset, maxBytes }: ReadRequest): Promise<ReadAnswer> {
  let whole: Buffer;
  try {
    whole = readFileSync(join(scratch, "written", `${run}.${stream}`));
  } catch {
    return { kind: "none", words: "not there" };
  }
  const from = Math.max(0, whole.length + offset);
  const bytes = whole.subarray(from, from + maxBytes);
  return { kind: "bytes", bytes, offset: from, sizeBytes: whole.length, isFinal: true };
}

const notes: string[] = [];
function open(changes: Partial<Parameters<typeof openKeptOutput>[0]> = {}) {
  notes.length = 0;
  const note = (words: string) => notes.push(words);
  return openKeptOutput({ folder: join(scratch, "kept"), engine: { read }, note, ...changes });
}
const wrote = (job: number, bytes: string | Buffer, stream = "stdout") =>
  writeFileSync(join(scratch, "written", `${run(job)}.${stream}`), bytes);
const text = (kept: ReturnType<typeof open>, job: number, offset = 0, most = 2 ** 30) => {
  const piece = kept.read(run(job), "stdout", offset, most);
  return piece === null ? null : [Buffer.from(piece.bytes).toString(), piece.offset, piece.final];
};

test("what was short is kept whole, what was long from its end and says so, and all of it over a restart", async () => {
  const long = Buffer.alloc(mostOfStream + 1000, "x");
  long.write("LAST", long.length - 4);
  wrote(1, "first\nlast\n");
  wrote(2, long);
  const kept = open();
  await kept.keep([wanted(1), wanted(2), wanted(3)]);
  rmSync(join(scratch, "written"), { recursive: true });
  for (const opened of [kept, open()]) {
    assert.deepEqual(text(opened, 1), ["first\nlast\n", 0, true]);
    assert.deepEqual(text(opened, 1, -5), ["last\n", 6, true]);
    assert.deepEqual(text(opened, 1, 2, 3), ["rst", 2, false]);
    const [whole = ""] = text(opened, 2) ?? [];
    const [mark, ...rest] = String(whole).split("\n");
    assert.equal(mark, `[weir: 1000 of ${mostOfStream + 1000} bytes before this were not kept]`);
    assert.equal(rest.join("\n").length, mostOfStream);
    assert.match(rest.join(""), /LAST$/);
    assert.equal(text(opened, 3), null);
    assert.equal(opened.read(run(1), "stderr", 0, 10), null);
  }
});

test("what nobody wrote is not asked for", async () => {
  const asked: string[] = [];
  const kept = open({
    engine: {
      read: (request) => {
        assert.equal(request.own, true, "a file that the job named is its user's alone");
        asked.push(request.stream);
        return read(request);
      },
    },
  });
  await kept.keep([
    { ...wanted(1), empty: ["stderr"] },
    { ...wanted(2), empty: ["stdout", "stderr"] },
  ]);
  assert.deepEqual(asked, ["stdout"]);
});

test("of more than it may keep in all the oldest go; what is removed goes from the disk", async () => {
  for (const job of [1, 2, 3, 4]) wrote(job, "x".repeat(100));
  const kept = open({ mostBytes: 250 });
  for (const job of [1, 2, 3]) await kept.keep([wanted(job)]);
  assert.deepEqual(
    [1, 2, 3].map((job) => text(kept, job) !== null),
    [false, true, true],
  );
  // After a restart too it is the oldest that goes.
  const names = [run(2), run(3)].map((one) => join(scratch, "kept", `${one}.stdout`));
  for (const [at, name] of names.entries()) utimesSync(name, 2000 - at, 2000 - at);
  const again = open({ mostBytes: 250 });
  await again.keep([wanted(1)]);
  assert.deepEqual(
    [1, 2, 3].map((job) => text(again, job) !== null),
    [true, true, false],
  );
  again.remove(run(1));
  await again.keep([wanted(3)]);
  again.remove(run(2));
  await again.keep([wanted(4)]);
  assert.deepEqual(readdirSync(join(scratch, "kept")).sort(), [`${run(3)}.stdout`, `${run(4)}.stdout`]);
});

test("a file system that hangs, or a helper that does not answer, keeps no end from being told for long", async () => {
  wrote(1, "x");
  const never = new Promise<ReadAnswer>(() => {});
  const hangs = open({ patienceMs: 50, engine: { read: (asked) => (asked.run === run(1) ? read(asked) : never) } });
  await hangs.keep([1, 2, 3, 4, 5, 6].map(wanted));
  assert.deepEqual(text(hangs, 1), ["x", 0, true]);
  assert.deepEqual(notes, ["what runs wrote is not kept of all: it took too long"]);
  // What comes too late is not kept: its end has been told, and somebody may have read that nothing is there.
  const late = Promise.withResolvers<ReadAnswer>();
  const slow = open({ patienceMs: 20, engine: { read: () => late.promise } });
  await slow.keep([wanted(2)]);
  late.resolve({ kind: "bytes", bytes: Buffer.from("late"), offset: 0, sizeBytes: 4, isFinal: true });
  await delay(5);
  assert.equal(text(slow, 2), null);
  const silent = open({ engine: { read: async () => Promise.reject(new EngineSilent("gone")) } });
  await silent.keep([wanted(1)]);
  assert.deepEqual(notes, ["what a run wrote is not kept"]);
});
