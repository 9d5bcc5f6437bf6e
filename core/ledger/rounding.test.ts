import assert from "node:assert/strict";
import { test } from "node:test";
import { hoursText, roundedQuotient } from "./rounding.ts";

test("half a unit goes up, and a bound is never below what it bounds", () => {
  const quotients = (rounding: "half" | "up" | "down") =>
    [0n, 4n, 5n, 10n, 14n].map((one) => roundedQuotient(one, 10n, rounding));
  assert.deepEqual(quotients("half"), [0n, 0n, 1n, 1n, 1n]);
  assert.deepEqual(quotients("up"), [0n, 1n, 1n, 1n, 2n]);
  assert.deepEqual(quotients("down"), [0n, 0n, 0n, 1n, 1n]);
  const hours = (rounding: "half" | "up" | "down") => hoursText(1_828_000n, 3_600_000n, rounding);
  assert.deepEqual([hours("half"), hours("up"), hours("down")], ["0.508", "0.508", "0.507"]);
});
