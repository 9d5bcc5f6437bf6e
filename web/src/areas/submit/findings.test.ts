import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf } from "./findings.ts";

test("all that is wrong is found at once, each at its line", () => {
  const found = findingsOf("#!/bin/sh\n#SBATCH --array=5-1\n#SBATCH --time='2 hours'\ntrue\n", "en");
  assert.deepEqual(found.map(({ kind, line }) => [kind, line]).toSorted(), [
    ["refused", 2],
    ["refused", 3],
  ]);
  assert.deepEqual(findingsOf("#!/bin/sh\n#SBATCH -a 1-5\ntrue\n", "en"), []);
});
