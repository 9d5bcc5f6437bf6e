import assert from "node:assert/strict";
import { test } from "node:test";
import { expandPattern } from "./file-pattern.ts";

const facts = { job: 12, array: { job: 10, index: 3 }, name: "fit", user: "ada", node: "n1" };

test("the replacement symbols of sbatch", () => {
  const expected: readonly (readonly [string, string])[] = [
    ["slurm-%A_%a.out", "slurm-10_3.out"],
    ["%x-%j-%u@%N", "fit-12-ada@n1"],
    ["%4j.%3a", "0012.003"],
    ["%99j", "0000000012"],
    ["%5x", "fit"],
    ["100%%", "100%"],
    ["%q %", "%q %"],
    ["a\\%j", "a%j"],
  ];
  for (const [pattern, name] of expected) assert.equal(expandPattern(pattern, facts), name, pattern);
});

test("a plain job stands for its own array", () => {
  assert.equal(expandPattern("%A_%a", { ...facts, array: null }), "12_4294967294");
});
