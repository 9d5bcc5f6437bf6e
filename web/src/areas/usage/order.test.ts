import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { inOrder } from "./order.ts";

const row = (key: string, coreMs: number, milliCardMs = 0) => ({
  key,
  runs: 1,
  amounts: { coreMs: `${coreMs}`, milliCardMs: `${milliCardMs}`, memoryMibS: "0", wallMs: "0" },
  cost: { tariffVersion: "free", currency: "CNY" as const, amountMicroYuan: "0" },
});

test("who used most comes first, cards before cores, and days are in their order", () => {
  const rows = [row("b", 10), row("a", 10), row("c", 9_000_000), row("d", 1, 5)];
  const keys = (by: "project" | "day") => inOrder(by, rows).map(({ key }) => key);
  assert.deepEqual(keys("project"), ["d", "c", "a", "b"]);
  assert.deepEqual(keys("day"), ["a", "b", "c", "d"]);
});

test("the order does not depend on that of the answer", () => {
  const rows = ["a", "b", "c", "d", "e"].map((key, at) => row(key, at % 2, at % 3));
  const wanted = inOrder("person", rows);
  fc.assert(
    fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), (shuffled) => {
      assert.deepEqual(inOrder("person", shuffled), wanted);
    }),
  );
});
