import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { piecesOf, plain, plainText } from "./ansi.ts";
import { allLines, append, begin, emptyLog, prepend } from "./text.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (log: Parameters<typeof allLines>[0]) =>
  allLines(log)
    .map((line) => line.text)
    .join("\n");

test("however a log is cut into pieces, its text is the same", () => {
  const words = fc
    .array(fc.constantFrom("堰", "a", "\n", "\u{1f4a7}", "é", " "), { maxLength: 60 })
    .map((all) => all.join(""));
  fc.assert(
    fc.property(words, fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 80 }), (whole, sizes) => {
      const all = bytes(whole);
      let log = emptyLog(0);
      let at = 0;
      for (const size of [...sizes, all.length]) {
        log = append(log, all.subarray(at, Math.min(all.length, at + size)));
        at = Math.min(all.length, at + size);
      }
      assert.equal(text(log), whole.replace(/\n$/, ""));
      assert.equal(log.endOffset, all.length);
    }),
  );
});

test("reading the end first and then what stands before gives the same text", () => {
  const all = bytes(Array.from({ length: 50 }, (_, n) => `line ${n} 堰`).join("\n"));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: all.length }), fc.integer({ min: 1, max: 200 }), (from, step) => {
      let log = begin(from, all.subarray(from));
      for (let turn = 0; log.startOffset > 0; turn++) {
        assert.ok(turn < 2000);
        const start = Math.max(0, log.startOffset - Math.max(step * (turn + 1), 20));
        log = prepend(log, all.subarray(start, log.startOffset));
      }
      assert.equal(text(log), new TextDecoder().decode(all));
    }),
  );
});

test("colours are kept, cursor movements and titles are not, and a rewritten line shows its last state", () => {
  const { pieces, style } = piecesOf(
    "\x1b]0;title\x07a\x1b[31;1mred\x1b[2K\x1b[0m b\x1b[38;5;196mx\x1b[48;2;1;2;3my",
    plain,
  );
  assert.deepEqual(
    pieces.map((piece) => [piece.text, piece.style.colour, piece.style.bold]),
    [
      ["a", null, false],
      ["red", { kind: "palette", n: 1 }, true],
      [" b", null, false],
      ["x", { kind: "exact", css: "rgb(255 0 0)" }, false],
      ["y", { kind: "exact", css: "rgb(255 0 0)" }, false],
    ],
  );
  assert.deepEqual(style.ground, { kind: "exact", css: "rgb(1 2 3)" });
  assert.equal(plainText("10 %\r50 %\r\x1b[32m100 %\x1b[0m\r"), "100 %");
  assert.equal(plainText("bell\x07 \x1b[1mbold"), "bell bold");
});

test("a colour set on one line goes on in the next until it is taken back", () => {
  const lines = allLines(append(emptyLog(0), bytes("\x1b[33mone\ntwo\x1b[0m\nthree\n")));
  assert.deepEqual(
    lines.map((line) => line.style.colour),
    [null, { kind: "palette", n: 3 }, null],
  );
});
