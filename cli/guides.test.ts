import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { guides, withPart } from "#cli/guides.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

for (const { page, name, text } of guides) {
  test(`${page} says what the code says (else: WEIR_WRITE_GUIDES=1 node --test cli/guides.test.ts)`, () => {
    const path = join(root, page);
    const written = readFileSync(path, "utf8");
    const wanted = withPart(written, name, text());
    assert.ok(wanted !== null, `${page} has no <!-- ${name} --> … <!-- end of ${name} -->`);
    if (process.env.WEIR_WRITE_GUIDES === "1") writeFileSync(path, wanted);
    else assert.equal(written, wanted);
  });
}
