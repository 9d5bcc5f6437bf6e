import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Network, startNetwork } from "./network.ts";

// Live is simulated: what the scheduler of a running network was told and decided, replayed without it, comes out the same.

const isRoot = process.getuid?.() === 0;
const folder = mkdtempSync(join(tmpdir(), "weir-recording-"));
// Written by the server's own user.
const recording = isRoot ? join("/tmp", `weir-recording-${process.pid}`) : join(folder, "recording");
let network: Network;

before(async () => {
  network = await startNetwork({ env: { WEIR_RECORD: recording, WEIR_LOCAL_CORES: "4" } });
});
after(async () => {
  await network.remove();
  rmSync(folder, { recursive: true, force: true });
  rmSync(recording, { force: true });
});

test("a recorded run with real work, replayed, gives the same plans byte for byte", { timeout: 480_000 }, async () => {
  const submit = async (...args: string[]) => {
    const done = await network.weir(["submit", ...args]);
    assert.equal(done.status, 0, done.stderr);
  };
  await submit("--cpus-per-task", "3", "--time", "1", "--", "sleep", "2");
  await submit("--cpus-per-task", "4", "--time", "2", "--", "true");
  await submit("--array", "0-5", "--time", "1", "--", "sleep", "0.2");
  // Another policy in the middle: the scheduler goes by it from its next decision on.
  const used = await network.weir(["policy", "use", "easy"]);
  assert.equal(used.status, 0, used.stderr);
  const shown = await network.weir(["policy", "show"]);
  assert.match(shown.stderr, /easy: version 1, set by/);
  const last = await network.weir(["submit", "--wait", "--cpus-per-task", "4", "--", "true"]);
  assert.equal(last.status, 0, last.stderr);
  await network.stop();

  const replayed = await network.weir(["replay", recording, "--json"]);
  assert.equal(replayed.status, 0, replayed.stdout);
  const { kind, decisions, placements } = JSON.parse(replayed.stdout);
  assert.equal(kind, "equal");
  assert(placements >= 9 && decisions >= 3, replayed.stdout);
  assert.match(readFileSync(recording, "utf8"), /"kind":"policy-set","policy":\{"name":"easy"/);
});
