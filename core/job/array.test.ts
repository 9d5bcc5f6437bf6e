import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arrayText, hasIndex, parseArray, sameIndices } from "#core/job/array.ts";
import { phraseWords } from "#core/job/phrase.ts";
import { taskCount, taskIndices } from "#core/job/spec.ts";

const maxTasks = 100_000;

function parsed(text: string) {
  const answer = parseArray(text, maxTasks);
  assert.equal(answer.kind, "ok", `${text}: ${JSON.stringify(answer)}`);
  return answer.kind === "ok" ? answer.array : { ranges: [], throttle: null };
}

test("the writings of sbatch", () => {
  assert.deepEqual(parsed("1-1000%50"), { ranges: [{ first: 1, last: 1000, step: 1 }], throttle: 50 });
  assert.deepEqual(taskIndices(parsed("0-9:2")), [0, 2, 4, 6, 8]);
  assert.deepEqual(taskIndices(parsed("1,3,7")), [1, 3, 7]);
  assert.deepEqual(taskIndices(parsed("7,1-3,2-4,20-30:5%2")), [1, 2, 3, 4, 7, 20, 25, 30]);
  assert.deepEqual(taskIndices(parsed("007")), [7]);
});

test("the same indices are written in one way only", () => {
  assert.equal(arrayText(parsed("1-3,4-6")), "1-6");
  assert.equal(arrayText(parsed("0-9:2")), "0-8:2");
  assert.equal(arrayText(parsed("0-3:3")), "0,3");
  assert.equal(arrayText(parsed("5-5%1")), "5%1");
  assert.ok(sameIndices(parsed("1,2,3"), parsed("1-3%2")));
  assert.ok(!sameIndices(parsed("1,2,3"), null));
});

test("what is refused, and why", () => {
  const refusals: Record<string, RegExp> = {
    "": /list of indices/,
    "%5": /list of indices/,
    "1-5%": /list of indices/,
    "1-5%0": /no task run/,
    "1-5%2,7": /list of indices/,
    "5-1": /ends before it begins/,
    "1-9:0": /step 0/,
    "-1": /neither/,
    "1,,2": /neither/,
    "1, 2": /neither/,
    "1-2-3": /neither/,
    "1000000000": /9 digits/,
    a: /neither/,
  };
  for (const [text, words] of Object.entries(refusals)) {
    const answer = parseArray(text, maxTasks);
    assert.ok(answer.kind === "refused" && answer.refusal.kind === "bad-array", text);
    assert.match(phraseWords(answer.refusal.because, "en"), words, text);
  }
});

test("an array of ten million is refused without being written out", () => {
  const startedMs = performance.now();
  for (const text of ["0-9999999", "0-999999999", "1-100000,2-100001,200000-900000", "0-999999998:2,1-999999999:2"]) {
    const answer = parseArray(text, maxTasks);
    assert.ok(answer.kind === "refused" && answer.refusal.kind === "too-large", text);
    assert.ok(answer.refusal.actual > maxTasks);
  }
  // Written out they would take minutes and more memory than there is.
  assert.ok(performance.now() - startedMs < 20_000);
  assert.equal(taskCount(parsed("1-100000,1-100000")), maxTasks, "repeats count once");
});

const word = fc.oneof(
  fc.nat(60).map((index) => `${index}`),
  fc.tuple(fc.nat(60), fc.nat(40), fc.integer({ min: 1, max: 7 })).map(([a, n, s]) => `${a}-${a + n}:${s}`),
);
const writing = fc
  .tuple(fc.array(word, { minLength: 1, maxLength: 6 }), fc.option(fc.integer({ min: 1, max: 99 })))
  .map(([words, throttle]) => words.join(",") + (throttle === null ? "" : `%${throttle}`));

test("property: parsing what was printed gives the same array, with exactly the indices written", () => {
  fc.assert(
    fc.property(writing, (text) => {
      const array = parsed(text);
      assert.deepEqual(parsed(arrayText(array)), array);
      const expected = new Set<number>();
      for (const part of (text.split("%")[0] ?? "").split(",")) {
        const [range = "", step = "1"] = part.split(":");
        const [first = 0, last = first] = range.split("-").map(Number);
        for (let index = first; index <= last; index += Number(step)) expected.add(index);
      }
      assert.deepEqual(
        taskIndices(array),
        [...expected].sort((a, b) => a - b),
      );
      for (let index = 0; index <= 110; index++) assert.equal(hasIndex(array, index), expected.has(index));
    }),
  );
});

test("property: any text is answered, never thrown at", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parseArray(text, 1000)));
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."0123456789,:%-") }), (text) => void parseArray(text, 1000)),
  );
});
