import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesText, durationWords, energyText, mibText } from "#core/measures.ts";

test("a duration shows its largest parts, two where nothing else is said", () => {
  assert.deepEqual(
    [0, 40, 1000, 3_600_000, 93_784_000].map((ms) => durationWords(ms, "en")),
    ["0 s", "40 ms", "1 s", "1 h", "1 d 2 h"],
  );
  assert.equal(durationWords(93_784_000, "en", 4), "1 d 2 h 3 min 4 s");
  assert.equal(durationWords(3_599_000, "zh"), "59 分钟 59 秒");
});

test("sizes are binary, with as many digits as say something", () => {
  assert.deepEqual([0, 1536 * 1024 * 1024].map(bytesText), ["0 B", "1.5 GiB"]);
  assert.deepEqual([0, 512, 1024, 1536].map(mibText), ["0 MiB", "512 MiB", "1 GiB", "1.5 GiB"]);
});

test("energy is in kWh, what is too little for that in joules", () => {
  assert.deepEqual([0, 3_599, 3_600, 4_500_000, 1_234_567_890].map(energyText), [
    ...["0 J", "3599 J", "0.001 kWh", "1.25 kWh", "343 kWh"],
  ]);
});
