import assert from "node:assert/strict";
import { test } from "node:test";
import { grantsText } from "#cli/commands/admin.ts";
import { sayIn } from "#cli/words.ts";

test("of one granted hour it is one", () => {
  const grant = (hours: number, unit: "core-ms" | "milli-card-ms") => {
    const amount = `${BigInt(hours) * (unit === "core-ms" ? 3_600_000n : 3_600_000_000n)}`;
    return { unit, granted: amount, left: amount };
  };
  const words = (language: "en" | "zh") =>
    grantsText([grant(1, "core-ms"), grant(21, "milli-card-ms")], sayIn(language));
  assert.equal(words("en"), "1 of 1 core-hour, 21 of 21 card-hours");
  assert.equal(words("zh"), "余 1，共 1 核时、余 21，共 21 卡时");
});
