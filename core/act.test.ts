import assert from "node:assert/strict";
import { test } from "node:test";
import { actWords } from "./act.ts";

test("numbers of acts are written as everywhere, and of one it is one", () => {
  const granted = (hours: number) =>
    (["en", "zh"] as const).map((language) => actWords({ kind: "granted", unit: "core-ms", hours }, language));
  assert.deepEqual(granted(1), ["granted 1 core-hour", "获批 1 核时"]);
  assert.deepEqual(granted(21), ["granted 21 core-hours", "获批 21 核时"]);
  assert.deepEqual(granted(100_001), ["granted 100\u202f001 core-hours", "获批 100\u202f001 核时"]);
  const bound = (most: number) => actWords({ kind: "cores-bound", most }, "en");
  assert.deepEqual([1, 20_000].map(bound), [
    "may hold at most 1 core at once",
    "may hold at most 20\u202f000 cores at once",
  ]);
});
