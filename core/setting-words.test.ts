import assert from "node:assert/strict";
import { test } from "node:test";
import { settingWords } from "#core/setting-words.ts";

test("what was set is said with its facts, in Chinese without blanks between Chinese words", () => {
  const said = (region: string) => settingWords("region", "zh", { region });
  assert.deepEqual(
    [said("cn-gz"), said("贵州")],
    ["位于 cn-gz，区域间协议以此为准。", "位于贵州，区域间协议以此为准。"],
  );
  assert.equal(
    settingWords("cores", "en", { cores: 64 }),
    "All its runs together hold at most 64 cores; what would go beyond waits.",
  );
  assert.match(settingWords("hours", "en", { hours: 1, unit: "core-hours" }), /^Granted: 1 core-hour, less/);
  assert.match(settingWords("hours", "en", { hours: 21, unit: "core-hours" }), /^Granted: 21 core-hours, less/);
});
