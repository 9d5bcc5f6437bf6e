import assert from "node:assert/strict";
import { test } from "node:test";
import { sweepPoints, sweepRefusalWords } from "./sweep.ts";

test("every combination of the values, the last axis changing fastest, whatever the order they were typed in", () => {
  const made = sweepPoints(["seed=1-2,5", "policy=easy,weir"]);
  assert.ok(made.kind === "points");
  assert.deepEqual(made.points, [
    { policy: "easy", seed: "1" },
    { policy: "easy", seed: "2" },
    { policy: "easy", seed: "5" },
    { policy: "weir", seed: "1" },
    { policy: "weir", seed: "2" },
    { policy: "weir", seed: "5" },
  ]);
});

test("what is no sweep is refused", () => {
  const kinds: readonly (readonly [readonly string[], string])[] = [
    [["polici=easy"], "no-axis"],
    [["policy"], "no-axis"],
    [["policy="], "empty"],
    [["policy=easy,,weir"], "empty"],
    [["seed=1,"], "empty"],
    [["seed=1", "seed=2"], "twice"],
    [["seed=x"], "bad-range"],
    [["seed=5-1"], "bad-range"],
    [["days=1-"], "bad-range"],
    [["seed=0-9999999"], "bad-range"],
    [["seed=1-5000", "days=1-10"], "too-many"],
    [["routing=home,hoem"], "no-value"],
    [["estimates=exact"], "no-value"],
  ];
  for (const [texts, kind] of kinds) {
    const made = sweepPoints(texts);
    assert.equal(made.kind, kind, texts.join(" "));
    assert.ok(made.kind !== "points");
    assert.ok(sweepRefusalWords(made, "en") !== sweepRefusalWords(made, "zh"));
  }
});
