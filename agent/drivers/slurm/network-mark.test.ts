import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openNetworkMark, readMark } from "./network-mark.ts";

// Whether another agent of the centre may have submitted what this folder does not know (R3, R7).

const scratch = mkdtempSync(join(tmpdir(), "weir-mark-"));
after(() => rmSync(scratch, { recursive: true }));

test("sessions in a row leave nothing to be looked for; one that is missing does, until it was looked for", () => {
  const path = join(scratch, "mark");
  const mark = openNetworkMark(path);
  mark.begin({ session: 1, mark: "abcdefgh" });
  assert.deepEqual([mark.isBehind(), mark.mark(), readMark(path)], [false, "abcdefgh", "abcdefgh"]);
  const next = openNetworkMark(path);
  next.begin({ session: 2, mark: "abcdefgh" });
  assert.equal(next.isBehind(), false);
  // Session 3 was another agent's, with another folder.
  const behind = openNetworkMark(path);
  behind.begin({ session: 4, mark: "abcdefgh" });
  assert.equal(behind.isBehind(), true);
  const restarted = openNetworkMark(path);
  restarted.begin({ session: 5, mark: "abcdefgh" });
  assert.equal(restarted.isBehind(), true, "a restart before it was looked for forgets nothing");
  restarted.caughtUp();
  assert.equal(restarted.isBehind(), false);
  const after = openNetworkMark(path);
  after.begin({ session: 6, mark: "abcdefgh" });
  assert.equal(after.isBehind(), false);
});

test("an empty folder knows nothing of what was before it, and a broken file is one", () => {
  const path = join(scratch, "other");
  const fresh = openNetworkMark(path);
  fresh.begin({ session: 9, mark: "qrstuvwx" });
  assert.deepEqual([fresh.isBehind(), readMark(path)], [true, "qrstuvwx"]);
  writeFileSync(path, '{"mark":"../../et","session":9}');
  assert.equal(readMark(path), null);
  const own = openNetworkMark(path).mark();
  assert.match(own, /^[a-z2-9]{8}$/);
  assert.equal(readMark(path), own, "on disk before anything is named by it");
});
