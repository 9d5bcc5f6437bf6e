import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCodeOf } from "#core/job/exit-code.ts";
import type { Outcome } from "#core/job/state.ts";

test("every outcome has its exit code", () => {
  const codes: readonly (readonly [Outcome, number])[] = [
    [{ kind: "succeeded" }, 0],
    [{ kind: "failed", exitCode: 3 }, 3],
    [{ kind: "failed", exitCode: 137 }, 137],
    [{ kind: "signalled", signal: 9 }, 137],
    [{ kind: "signalled", signal: 15 }, 143],
    [{ kind: "timed-out" }, 124],
    [{ kind: "out-of-memory" }, 137],
    [{ kind: "cancelled", by: "user", reason: null }, 125],
    [{ kind: "preempted" }, 125],
    [{ kind: "node-failed", reason: "" }, 125],
    [{ kind: "platform-fault", reason: "" }, 125],
    [{ kind: "lost", evidence: "" }, 125],
  ];
  for (const [outcome, code] of codes) assert.equal(exitCodeOf(outcome), code, outcome.kind);
});
