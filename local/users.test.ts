import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { claimJobUsers, hasNoProcess, parseClaim, parsePasswd } from "./users.ts";

test("users are found by name in passwd(5)", () => {
  const text =
    "root:x:0:0:root:/root:/bin/bash\n\nnonsense\nweir:x:998:997::/nonexistent:/usr/sbin/nologin\nweir-job-1:x:a:b::/:\nweir:x:1:1::/:\n";
  assert.deepEqual(
    [...parsePasswd(text, ["weir", "weir-job-1", "absent"])],
    [["weir", { name: "weir", uid: 998, gid: 997 }]],
  );
});

test("homes share no job user; those of a home that is gone are given on once they are free", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "weir-claims-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const claims = join(folder, "claims");
  const home = (name: string) => join(folder, name);
  for (const name of ["a", "b", "c"]) mkdirSync(home(name));
  const claim = (name: string, count: number, busy: readonly number[] = []) =>
    claimJobUsers(claims, home(name), count, (index) => !busy.includes(index));

  assert.deepEqual(claim("a", 3), [0, 1, 2]);
  assert.deepEqual(claim("b", 2), [3, 4]);
  assert.deepEqual(claim("a", 3), [0, 1, 2], "the same at the next start");
  assert.deepEqual(claim("a", 4), [0, 1, 2, 5], "more without touching the neighbour's");
  assert.deepEqual(claim("a", 1, [2]), [0, 2], "fewer, but not one that still runs something");
  assert.deepEqual(claim("a", 1), [0]);
  rmSync(home("b"), { recursive: true });
  assert.deepEqual(claim("c", 2, [4]), [1, 2], "a process of the gone home has 4: it keeps both");
  assert.deepEqual(claim("c", 4), [1, 2, 3, 4]);
  assert.equal(readdirSync(claims).length, 2);
});

test("a damaged claim claims nothing", () => {
  assert.deepEqual(parseClaim("/var/lib/weir\n0 1 2\n"), { home: "/var/lib/weir", indices: [0, 1, 2] });
  for (const text of ["", "/var/lib/weir", "/var/lib/weir\n", "relative\n1\n", "/a\n1,2\n", "/a\n-1\n"])
    assert.equal(parseClaim(text), null, text);
});

test("processes are found by uid", () => {
  assert.equal(hasNoProcess(process.getuid?.() ?? -1), false);
  assert.equal(hasNoProcess(3_999_999), true);
});
