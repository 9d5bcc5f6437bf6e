import assert from "node:assert/strict";
import { test } from "node:test";
import { lookAllowance } from "./foretold.ts";

test("looks take a tenth of the time, whatever comes; a moment's worth is always there", () => {
  let nowMs = 0;
  const mayLook = lookAllowance(() => nowMs);
  const taking = (ms: number) => () => {
    nowMs += ms;
    return "seen";
  };
  assert.equal(mayLook(taking(20)), "seen");
  assert.equal(mayLook(taking(40)), "seen");
  assert.equal(mayLook(taking(40)), null, "60 ms were spent, and 50 may be ahead");
  nowMs += 200;
  assert.equal(mayLook(taking(1)), "seen", "a tenth of 200 ms has come back");
  const beganMs = nowMs;
  let spentMs = 0;
  while (nowMs < beganMs + 100_000) {
    if (mayLook(taking(5)) === null) nowMs += 5;
    else spentMs += 5;
  }
  assert(spentMs <= 100_000 * 0.1 + 60, `${spentMs}`);
  assert(spentMs >= 100_000 * 0.08, `${spentMs}`);
});
