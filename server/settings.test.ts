import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "./settings.ts";

test("settings of the environment, their defaults, and what cannot be meant", () => {
  assert.deepEqual(readSettings({}), { unreachableAfterMs: 30_000, arrayTasks: 100_000 });
  const set = { WEIR_UNREACHABLE_AFTER_S: "6", WEIR_ARRAY_TASKS: "20" };
  assert.deepEqual(readSettings(set), { unreachableAfterMs: 6_000, arrayTasks: 20 });
  for (const text of ["0", "1000001", "1e3", "-1", "many"])
    assert.throws(
      () => readSettings({ WEIR_ARRAY_TASKS: text }),
      /WEIR_ARRAY_TASKS=.*: give a whole number from 1 to/,
      text,
    );
  assert.throws(() => readSettings({ WEIR_UNREACHABLE_AFTER_S: "5" }), /from 6 to 86400/);
});
