import assert from "node:assert/strict";
import { test } from "node:test";
import { toGather } from "./group.ts";

test("where a commit is dear, most of those who come again share one", () => {
  assert.equal(toGather(20, 12, 10), 18);
  assert.equal(toGather(20, 20, 10), 18, "two would fill the whole round");
});

test("where two commits fit well into a round, a part is committed while the others are taken in", () => {
  assert.equal(toGather(30, 21, 10), 10);
  assert.equal(toGather(3, 100, 1), 1);
});

test("no more are waited for than bear a commit lightly", () => {
  assert.equal(toGather(1_000, 12, 10), 32);
  assert.equal(toGather(1_000, 100, 10), 32);
});
