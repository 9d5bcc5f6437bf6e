import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { readTrace, traceName } from "./read-trace.ts";
import { parseSwf, type SwfLog, swfHeader, swfText } from "./swf.ts";
import { TraceRefused, traceRefusalWords } from "./trace-refusal.ts";

// Goal: a log is read number for number, and what is no log is refused with its line, never read as something else.

const parse = (text: string): SwfLog => parseSwf(Buffer.from(text), "a.swf");

/** A job's line with some of its columns (from 1) given and the rest missing. */
const job = (columns: Readonly<Record<number, number | string>>): string =>
  Array.from({ length: 18 }, (_, i) => `${columns[i + 1] ?? -1}`).join(" ");

function refusalOf(text: string): TraceRefused {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof TraceRefused) return error;
    throw error;
  }
  throw new Error("it was read");
}

test("the columns and the header of a log", () => {
  const log = parse(`; Version: 2.2
;  Computer: IBM SP2
; MaxProcs: 128 (of which 8 interactive)
; MaxNodes: 64
; UnixStartTime: 843199200
; Note: one
; Note: two
1 0 7 100 4 -1 -1 8 3600 -1 1 12 13 -1 2 1 -1 -1
  2\t5  -1 30   1 0.5 -1 1 60 -1 0 3 4 x 2 1 -1 -1
`);
  assert.equal(log.count, 2);
  assert.deepEqual([...log.number], [1, 2]);
  assert.deepEqual([...log.submitS], [0, 5]);
  assert.deepEqual([...log.waitS], [7, -1]);
  assert.deepEqual([...log.runS], [100, 30]);
  assert.deepEqual([...log.allocated], [4, 1]);
  assert.deepEqual([...log.requested], [8, 1]);
  assert.deepEqual([...log.requestedS], [3600, 60]);
  assert.deepEqual([...log.user], [12, 3]);
  assert.deepEqual([...log.group], [13, 4]);
  const { maxProcs, maxNodes, unixStartS, fields } = log.header;
  assert.deepEqual({ maxProcs, maxNodes, unixStartS }, { maxProcs: 128, maxNodes: 64, unixStartS: 843199200 });
  assert.equal(fields.get("Computer"), "IBM SP2");
  assert.equal(fields.get("Note"), "one");
});

test("a header that says nothing is missing, and one that says it wrongly is refused", () => {
  const { header } = parse(`; MaxProcs: -1\n; MaxNodes:\n${job({ 1: 1 })}`);
  assert.deepEqual([header.maxProcs, header.maxNodes, header.unixStartS], [null, null, null]);
  for (const value of ["1,152", "128k", "many", "3000000000", "12.5"]) {
    const { refusal } = refusalOf(`; Version: 2\n; MaxProcs: ${value}\n${job({ 1: 1 })}`);
    assert.deepEqual(refusal, { kind: "header", line: 2, field: "MaxProcs", text: value });
  }
  assert.equal(refusalOf(`; MaxNodes: 12-24\n${job({ 1: 1 })}`).refusal.kind, "header");
  const harmless = parse(`; MaxProcs: 128\n; MaxNodes: 12-24\n; UnixStartTime: May 1996\n${job({ 1: 1 })}`);
  assert.deepEqual([harmless.header.maxProcs, harmless.header.maxNodes, harmless.header.unixStartS], [128, null, null]);
  const late = parse(`${job({ 1: 1 })}\n; MaxProcs: what\n`);
  assert.equal(late.header.maxProcs, null, "a comment after the first job is no header");
});

test("line ends, empty lines, comments in the middle, a byte order mark, a last line without an end", () => {
  const plain = `; MaxProcs: 4\n${job({ 1: 1, 2: 0 })}\n${job({ 1: 2, 2: 9 })}\n`;
  const odd = `\ufeff; MaxProcs: 4\r\n\r\n${job({ 1: 1, 2: 0 })} ; said later\r\n   \t\r\n;; middle\r\n  ;\r\n${job({ 1: 2, 2: 9 })}`;
  assert.deepEqual({ ...parse(odd), header: null }, { ...parse(plain), header: null });
  assert.equal(parse(odd).header.maxProcs, 4);
});

test("submissions out of order are put in it, those of one second as they stand", () => {
  const log = parse([job({ 1: 1, 2: 50 }), job({ 1: 2, 2: 7 }), job({ 1: 3, 2: 50 }), job({ 1: 4, 2: -1 })].join("\n"));
  assert.deepEqual([...log.number], [4, 2, 1, 3]);
  assert.deepEqual([...log.position], [3, 1, 0, 2]);
  assert.deepEqual([...log.submitS], [-1, 7, 50, 50]);
});

test("decimals are rounded down, negative numbers kept, and a sign or an exponent read", () => {
  const log = parse(job({ 1: "+1", 2: "1.5e3", 4: "12.99", 5: "-0.5", 8: "-7", 9: "3600.", 12: ".5", 13: 2147483647 }));
  const read = [log.number, log.submitS, log.runS, log.allocated, log.requested, log.requestedS, log.user, log.group];
  assert.deepEqual(
    read.map((column) => column[0]),
    [1, 1500, 12, -1, -7, 3600, 0, 2147483647],
  );
});

test("columns that are not kept may hold anything", () => {
  const log = parse(job({ 1: 1, 4: 5, 6: "nan", 7: "1e400", 10: "?", 11: "done", 14: "a.out", 18: "99999999999999" }));
  assert.equal(log.runS[0], 5);
});

test("what is no number where one is needed is refused with its line and column", () => {
  for (const text of ["x", "-", "--1", "1-2", "0x10", "nan", "inf", "1e", "1,5", "1:00:00", "\u0000", "１２"]) {
    const { refusal, message } = refusalOf(`; MaxProcs: 4\n\n${job({ 1: 1, 4: text })}\n`);
    assert.equal(refusal.kind, "not-a-number", text);
    assert.ok(message.startsWith("a.swf, line 3: column 4 (run time) is "), message);
  }
});

test("a number too large for the clock is refused, at any size", () => {
  for (const text of ["2147483648", "-2147483648", "99999999999999999999999999", "1e300", "3000000000.5"]) {
    const { refusal } = refusalOf(`${job({ 1: 1 })}\n${job({ 1: 2, 9: text })}`);
    assert.deepEqual(refusal, {
      kind: "too-large",
      line: 2,
      column: 9,
      meaning: "requested time",
      text,
      limit: 2147483647,
    });
  }
});

test("too few or too many columns are refused: a file cut in its last line, or a name with a blank in it", () => {
  const whole = `${job({ 1: 1 })}\n${job({ 1: 2 })}`;
  for (let cut = 3; cut <= job({ 1: 2 }).length; cut += 3) {
    const { refusal } = refusalOf(whole.slice(0, -cut + 1).trimEnd());
    assert.ok(refusal.kind === "columns" ? refusal.line === 2 && refusal.found < 18 : refusal.kind === "not-a-number");
  }
  const { refusal } = refusalOf(job({ 1: 1, 14: "my program" }));
  assert.deepEqual(refusal, { kind: "columns", line: 1, found: 19, expected: 18 });
});

test("a file without a job is refused", () => {
  for (const text of ["", "\n\n", "; MaxProcs: 4\n", "; MaxProcs: 4"])
    assert.deepEqual(refusalOf(text).refusal, { kind: "no-jobs" });
});

test("a refusal in Chinese names file and line too", () => {
  const { file, refusal } = refusalOf("1 2 3");
  assert.equal(
    traceRefusalWords(file, refusal, "zh"),
    "a.swf 第 1 行：有 3 列，而一个作业应有 18 列。缺失的值请写 -1，或删去此行。",
  );
  const odd = refusalOf(job({ 1: 1 }).replace(/^\S+/, "x"));
  assert.match(traceRefusalWords(odd.file, odd.refusal, "zh"), /第 1 行："x" 不是作业编号/);
});

test("a gzip file is told by its bytes; cut short or damaged it is refused", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "weir-swf-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const text = Buffer.from(`; MaxProcs: 4\n${Array.from({ length: 500 }, (_, i) => job({ 1: i, 2: i })).join("\n")}\n`);
  const packed = gzipSync(text);
  const at = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  assert.deepEqual(Buffer.from(readTrace(at("plain.swf", text))), text);
  assert.deepEqual(readTrace(at("packed", packed)), text);
  for (const length of [3, 20, packed.length - 9, packed.length - 1])
    assert.throws(
      () => readTrace(at("cut.swf.gz", packed.subarray(0, length))),
      (error) => error instanceof TraceRefused && /cut\.swf\.gz: the gzip file is cut short/.test(error.message),
    );
  const damaged = Uint8Array.from(packed);
  damaged[packed.length - 6] = 255 - (damaged[packed.length - 6] ?? 0);
  assert.throws(() => readTrace(at("damaged.gz", damaged)), TraceRefused);
  assert.throws(() => readTrace(join(folder, "absent.swf")), { code: "ENOENT" });
  truncateSync(at("huge.swf", text), 2 ** 31 + 1);
  assert.throws(() => readTrace(join(folder, "huge.swf")), /huge\.swf: the file is larger than 2 GiB/);
});

test("what a home is called by its trace", () => {
  assert.deepEqual(["logs/KTH-SP2.swf.gz", "b.SWF", "c", ".swf", "d.jsonl"].map(traceName), [
    "KTH-SP2",
    "b",
    "c",
    ".swf",
    "d",
  ]);
});

const whole = fc.oneof(fc.constant(-1), fc.integer({ min: -9, max: 99 }), fc.integer({ min: -2147483647 }));

test("property: a log written as SWF and parsed is the same log", () => {
  const rows = fc.array(fc.tuple(whole, whole, whole, whole, whole, whole, whole, whole, whole), {
    minLength: 1,
    maxLength: 50,
  });
  const processors = fc.option(fc.integer({ min: 1, max: 1_000_000 }));
  fc.assert(
    fc.property(rows, processors, (unsorted, maxProcs) => {
      const sorted = unsorted.toSorted((a, b) => a[1] - b[1]);
      const column = (place: number): Int32Array => Int32Array.from(sorted, (row) => row[place] ?? 0);
      const fields = new Map(maxProcs === null ? [] : [["MaxProcs", `${maxProcs}`]]);
      const log: SwfLog = {
        name: "a.swf",
        header: swfHeader(fields),
        count: sorted.length,
        position: Int32Array.from(sorted, (_, place) => place),
        number: column(0),
        submitS: column(1),
        waitS: column(2),
        runS: column(3),
        allocated: column(4),
        requested: column(5),
        requestedS: column(6),
        user: column(7),
        group: column(8),
      };
      assert.deepEqual(parse([...swfText(log)].join("")), log);
    }),
  );
});

test("property: however the blanks and line ends of a log are written, it is what a plain reader of text sees", () => {
  const blank = fc.constantFrom(" ", "  ", "\t", " \t ");
  const end = fc.constantFrom("\n", "\r\n", " \n", "\n\n", " ; said\n", "\n; between\n");
  const rows = fc.array(fc.tuple(fc.array(whole, { minLength: 18, maxLength: 18 }), blank, end), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(rows, (given) => {
      const log = parse(given.map(([fields, between, after]) => fields.join(between) + after).join(""));
      const expected = given
        .map(([fields], place) => ({ fields, place }))
        .toSorted((a, b) => (a.fields[1] ?? 0) - (b.fields[1] ?? 0) || a.place - b.place);
      const kept = { number: 1, submitS: 2, waitS: 3, runS: 4, allocated: 5, requested: 8, requestedS: 9 } as const;
      for (const [name, column] of Object.entries({ ...kept, user: 12, group: 13 } as const)) {
        const wanted = expected.map(({ fields }) => fields[column - 1]);
        assert.deepEqual([...log[name as keyof typeof kept]], wanted, name);
      }
      assert.deepEqual(
        [...log.position],
        expected.map(({ place }) => place),
      );
    }),
  );
});
