import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseTimeS } from "#core/job/slurm-values.ts";
import { aligned, coreHoursText, mostHoursText, quotientText, sbatchTime, yuanText } from "./format.ts";

test("amounts are shown exactly to the last digit that is shown", () => {
  assert.equal(coreHoursText("3600000"), "1");
  assert.equal(coreHoursText("5400000"), "1.5");
  assert.equal(coreHoursText("0"), "0");
  assert.equal(coreHoursText("1"), "< 0.001");
  assert.equal(yuanText("0"), "0.00");
  assert.equal(yuanText("1234500000"), "1\u202f234.50");
  assert.equal(yuanText("1"), "0.000001");
  assert.deepEqual(
    [mostHoursText.core("3600001"), mostHoursText.core("3600000"), mostHoursText.core("1")],
    ["1.001", "1", "0.001"],
  );
  // Above 2^53, where a number would already be wrong.
  assert.equal(quotientText(9_007_199_254_740_993n, 1n, 0).replaceAll("\u202f", ""), "9007199254740993");
});

test("a quotient is never further from the truth than half of its last digit", () => {
  fc.assert(
    fc.property(fc.bigInt(1n, 10n ** 18n), fc.bigInt(1n, 10n ** 9n), (amount, unit) => {
      const text = quotientText(amount, unit, 3);
      if (text.startsWith("<")) return assert.ok(amount * 2000n < unit);
      const [whole = "", fraction = ""] = text.replaceAll("\u202f", "").split(".");
      const shown = BigInt(whole + fraction.padEnd(3, "0"));
      const error = shown * unit - amount * 1000n;
      assert.ok(2n * (error < 0n ? -error : error) <= unit);
    }),
  );
});

test("what stands in one column has one number of decimals, and no more than one of them needs", () => {
  assert.deepEqual(aligned(["0", "1.5", "< 0.001", "12.25"]), ["0.000", "1.500", "< 0.001", "12.250"]);
  assert.deepEqual(aligned(["3", "12\u202f345"]), ["3", "12\u202f345"]);
  assert.deepEqual(aligned(["0.00", "0.000001"]), ["0.000000", "0.000001"]);
  assert.deepEqual(aligned([]), []);
});

test("time limits are written as sbatch reads them", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 31_622_400 }), (seconds) => parseTimeS(sbatchTime(seconds)) === seconds),
  );
});
