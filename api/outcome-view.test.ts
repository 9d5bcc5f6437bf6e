import assert from "node:assert/strict";
import { test } from "node:test";
import { runEnd } from "#api/job.ts";
import { runEndFromWire, runEndView } from "#api/outcome-view.ts";
import type { RunEnd } from "#core/job/state.ts";

const ends: readonly RunEnd[] = [
  { kind: "succeeded" },
  { kind: "failed", exitCode: 137 },
  { kind: "signalled", signal: 9 },
  { kind: "cancelled", by: "user", reason: "no longer needed" },
  { kind: "cancelled", by: "network", reason: null },
  { kind: "cancelled", by: "unknown", reason: null },
  { kind: "timed-out" },
  { kind: "out-of-memory" },
  { kind: "preempted" },
  { kind: "node-failed", reason: "power" },
  { kind: "platform-fault", reason: "disk full" },
  { kind: "refused", reason: "not without the course" },
  { kind: "lost", evidence: "no process" },
  { kind: "withdrawn", evidence: "deadline passed" },
  { kind: "duplicate" },
  { kind: "requeued", by: "operator" },
];

test("every end of a run survives the wire, and fits its schema", () => {
  for (const end of ends) {
    const wire = runEndView(end);
    assert.deepEqual(runEnd.parse(wire), wire);
    assert.deepEqual(runEndFromWire(wire), end);
  }
});

test("an exit code of 137 and a death by SIGKILL stay two things", () => {
  assert.deepEqual(runEndView({ kind: "failed", exitCode: 137 }), {
    kind: "failed",
    exitCode: 137,
    signal: null,
    by: null,
    reason: null,
  });
  assert.equal(runEndView({ kind: "signalled", signal: 9 }).signal, 9);
});
