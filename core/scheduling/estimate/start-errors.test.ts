import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { learnStart, noStartErrors, startRange } from "#core/scheduling/estimate/start-errors.ts";

const small = { centre: "alpha", processors: 4, timeLimitS: 3600 };

describe("the range of an estimated start", () => {
  test("is unknown before anything started", () => {
    assert.equal(startRange(noStartErrors(), small, 600), null);
  });

  test("widens where a centre's estimates were off, and stays narrow where they were right", () => {
    const errors = noStartErrors();
    for (let i = 0; i < 100; i++) {
      learnStart(errors, small, 600, 600);
      learnStart(errors, { ...small, centre: "beta" }, 600, 600 + 36 * i);
    }
    const [right, off] = ["alpha", "beta"].map((centre) => startRange(errors, { ...small, centre }, 600));
    assert.ok(right && off);
    assert.equal(right.likelyS, 600);
    assert.ok(right.latestS - right.earliestS < 600, JSON.stringify(right));
    assert.ok(off.latestS > 3000, JSON.stringify(off));
  });

  test("a class nobody used borrows from its centre, a new centre from the network", () => {
    const errors = noStartErrors();
    for (let i = 0; i < 50; i++) learnStart(errors, small, 100, 1100);
    const [large, elsewhere] = [
      startRange(errors, { ...small, processors: 4096 }, 100),
      startRange(errors, { ...small, centre: "new" }, 100),
    ];
    for (const range of [large, elsewhere]) {
      assert.equal(range?.seen, 0);
      assert.ok((range?.likelyS ?? 0) >= 1100);
    }
  });

  test("what was long ago fades", () => {
    const errors = noStartErrors();
    for (let i = 0; i < 300; i++) learnStart(errors, small, 0, 50_000);
    for (let i = 0; i < 1500; i++) learnStart(errors, small, 0, 0);
    assert.ok((startRange(errors, small, 0)?.latestS ?? Number.NaN) < 10);
  });

  test("covers: of errors of one kind about nine in ten starts come before the latest, about one in ten before the earliest", () => {
    const oneError = fc.integer({ min: -3000, max: 20_000 });
    fc.assert(
      fc.property(fc.array(oneError, { minLength: 60, maxLength: 150 }), (offS) => {
        const errors = noStartErrors();
        for (const each of offS) learnStart(errors, small, 5000, 5000 + each);
        const range = startRange(errors, small, 5000);
        assert.ok(range);
        assert.ok(0 <= range.earliestS && range.earliestS <= range.likelyS && range.likelyS <= range.latestS);
        const before = (limitS: number) => offS.filter((each) => 5000 + each <= limitS).length / offS.length;
        assert.ok(before(range.latestS) >= 0.8, `${before(range.latestS)}`);
        assert.ok(before(range.earliestS - 1) <= 0.25, `${before(range.earliestS - 1)}`);
      }),
    );
  });
});
