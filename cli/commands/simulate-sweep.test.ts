import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { sayingLine } from "#cli/commands/simulate-sweep.ts";

test("of what a failed replay wrote the line is said that says why, not the end of a stack trace", () => {
  const crash = (code: string) =>
    spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" }).stderr;
  const missing = crash('await import("/nowhere/ensure.mjs");');
  assert.match(missing.trim(), /\n.*Node\.js v\d+[^\n]*$/, "what Node ends with");
  assert.match(sayingLine(missing), /^Error \[ERR_MODULE_NOT_FOUND\]: Cannot find module '\/nowhere\/ensure\.mjs'/);
  assert.equal(sayingLine(crash('throw new TypeError("not that");')), "TypeError: not that");
  assert.equal(
    sayingLine("weir: --routing weir needs two centres.\n(node:1) Warning: old\n"),
    "--routing weir needs two centres.",
  );
  assert.equal(sayingLine("one\nKilled\n"), "Killed");
  assert.equal(sayingLine(""), "");
});
