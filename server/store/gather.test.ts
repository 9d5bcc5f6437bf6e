import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { openGathering } from "./gather.ts";

test("what few ask for is passed on at once, and what many ask for together", async () => {
  let nowMs = 1_000;
  const passed: string[][] = [];
  let open: string[] = [];
  const gathering = openGathering<string>((step) => open.push(step), { everyMs: 30, few: 2, now: () => nowMs });
  const look = () => {
    passed.push(open);
    open = [];
  };
  for (const step of ["a1", "b1", "a2", "b2"]) {
    gathering.add(step, step.slice(0, 1));
    look();
    nowMs += 1;
  }
  assert.deepEqual(passed.splice(0), [["a1"], ["b1"], ["a2"], ["b2"]], "two are few");

  // A third has come: from now on they gather, those before them having just been passed on.
  for (const step of ["c1", "a3", "b3"]) {
    gathering.add(step, step.slice(0, 1));
    look();
  }
  assert.deepEqual(passed.splice(0), [[], [], []]);
  await delay(60);
  look();
  assert.deepEqual(passed.splice(0), [["c1", "a3", "b3"]], "all of them, in their order");

  gathering.add("a4", "a");
  gathering.flush();
  look();
  assert.deepEqual(passed.splice(0), [["a4"]], "something came that does not wait");

  nowMs += 1_000;
  gathering.add("a5", "a");
  look();
  assert.deepEqual(passed.splice(0), [["a5"]], "the others have long been silent");
});
