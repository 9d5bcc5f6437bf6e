import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileSystemsHere } from "./file-systems.ts";

test("a machine offers the folders at its top that a job may mean, and none of the system's own", async () => {
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
      (await fileSystemsHere(top)).map(({ path }) => path),
      ["/home", "/scratch", "/srv", "/users"],
    );
  } finally {
    rmSync(top, { recursive: true });
  }
});

test("a folder that does not answer is left out, and asked once however often one looks", async () => {
  const top = mkdtempSync(join(tmpdir(), "weir-top-"));
  try {
    for (const name of ["data", "gone"]) mkdirSync(join(top, name));
    const asked: string[] = [];
    let isGone = true;
    let answer = (_: boolean): void => {};
    const look = (_path: string, name: string) => {
      asked.push(name);
      return name === "gone" && isGone ? new Promise<boolean>((resolve) => (answer = resolve)) : Promise.resolve(true);
    };
    const names = async () => (await fileSystemsHere(top, look, 1)).map(({ name }) => name);
    assert.deepEqual([await names(), await names()], [["data"], ["data"]]);
    assert.deepEqual(asked.sort(), ["data", "data", "gone"]);
    isGone = false;
    answer(true);
    assert.equal((await fileSystemsHere(top, look, 60_000)).length, 2);
  } finally {
    rmSync(top, { recursive: true });
  }
});
