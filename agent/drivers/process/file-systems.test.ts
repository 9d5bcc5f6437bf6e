import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileSystemsHere } from "./driver.ts";

test("a machine offers the folders at its top that a job may mean, and none of the system's own", () => {
  const top = mkdtempSync(join(tmpdir(), "weir-top-"));
  try {
    for (const name of ["usr", "lib64", "var", "home", "old_root", "root", "scratch", "data", "srv"])
      mkdirSync(join(top, name));
    for (const name of ["usr", "lib64", "var", "home", "root"]) writeFileSync(join(top, name, "file"), "");
    for (const [name, mode] of [
      ["home", 0o755],
      ["old_root", 0o755],
      ["root", 0o700],
      ["scratch", 0o1777],
    ] as const)
      chmodSync(join(top, name), mode);
    for (const name of ["data", "srv"]) chmodSync(join(top, name), 0o755);
    symlinkSync("home", join(top, "users"));
    symlinkSync("nowhere", join(top, "broken"));
    writeFileSync(join(top, "swapfile"), "");
    assert.deepEqual(
      fileSystemsHere(top).map(({ path }) => path),
      ["/home", "/scratch", "/srv", "/users"],
    );
  } finally {
    rmSync(top, { recursive: true });
  }
});
