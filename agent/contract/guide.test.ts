import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkNames, gradeTable } from "#core/centre/connection-test.ts";

test("docs/guides/connection-test.md has every check with what it costs", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/guides/connection-test.md"), "utf8");
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \|.*\| (\w+) \| (\w+) \|$/gm)].map(([, ...cells]) => cells);
  const words = (grade: string | null) => grade ?? "nothing";
  assert.deepEqual(
    rows,
    checkNames.map((check) => [check, words(gradeTable[check].failed), words(gradeTable[check].absent)]),
  );
});
