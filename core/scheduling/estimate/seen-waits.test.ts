import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  learnWait,
  noSeenWaits,
  type SeenWaits,
  type SizeClass,
  waitRange,
} from "#core/scheduling/estimate/seen-waits.ts";

let startedMs = 0;
function learn(waits: SeenWaits, size: SizeClass, wait: number): void {
  startedMs += 10_000;
  learnWait(waits, size, wait, startedMs);
}

const small = { centre: "alpha", processors: 4, timeLimitS: 3600 };

test("of fewer than ten waits nothing is told; of ten of its class their range, else of ten of its pool", () => {
  const waits = noSeenWaits();
  const large = { ...small, processors: 4096 };
  for (let i = 1; i <= 9; i++) learn(waits, small, i);
  assert.equal(waitRange(waits, small, 0), null);
  learn(waits, large, 100);
  assert.deepEqual(waitRange(waits, small, 0), { earliest: 1, likely: 5, latest: 100, seen: 10 });
  assert.deepEqual(waitRange(waits, large, 0), waitRange(waits, small, 0), "nine and one, all of the pool");
  learn(waits, small, 10);
  assert.deepEqual(waitRange(waits, small, 0), { earliest: 1, likely: 5, latest: 10, seen: 10 });
  assert.equal(waitRange(waits, { ...small, centre: "beta" }, 0), null);
});

test("who has waited is judged by those that waited as long, and by nobody where too few did", () => {
  const waits = noSeenWaits();
  for (let i = 1; i <= 100; i++) learn(waits, small, i);
  const range = waitRange(waits, small, 80);
  assert.deepEqual(range, { earliest: 82, likely: 90, latest: 99, seen: 20 });
  assert.equal(waitRange(waits, small, 91), null);
});

test("those that start together waited for the same, and are one", () => {
  const waits = noSeenWaits();
  for (let i = 0; i < 100; i++) learnWait(waits, small, 7, 1000 * Math.floor(i / 20) * 60 + i);
  assert.equal(waitRange(waits, small, 0), null, "five moments");
});

test("only the newest count", () => {
  const waits = noSeenWaits();
  for (let i = 0; i < 300; i++) learn(waits, small, 5000);
  for (let i = 0; i < 200; i++) learn(waits, small, 1);
  assert.equal(waitRange(waits, small, 0)?.latest, 1);
});

test("the next wait is by the latest nine times in ten, and before the earliest once in ten, however few and however spread", () => {
  const wait = fc.oneof(fc.constant(1), fc.double({ min: 0.001, max: 1, noNaN: true }), fc.nat({ max: 1000 }));
  fc.assert(
    fc.property(fc.array(wait, { minLength: 11, maxLength: 150 }), fc.nat({ max: 2 }), (all, passed) => {
      const longer = all.filter((each) => each > passed);
      if (longer.length < 11) return;
      // Each in turn is the next: with equal chances that is what exchangeable waits are.
      let late = 0;
      let early = 0;
      for (const [left, next] of longer.entries()) {
        const waits = noSeenWaits();
        for (const [at, each] of longer.entries()) if (at !== left) learn(waits, small, each);
        const range = waitRange(waits, small, passed) ?? assert.fail();
        assert(passed < range.earliest && range.earliest <= range.likely && range.likely <= range.latest);
        if (next > range.latest) late += 1;
        if (next < range.earliest) early += 1;
      }
      assert(late <= 0.1 * longer.length, `${late} of ${longer.length} later`);
      assert(early <= 0.1 * longer.length, `${early} of ${longer.length} earlier`);
    }),
    { numRuns: 60 },
  );
});
