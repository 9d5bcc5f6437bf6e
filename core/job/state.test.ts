import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { centreId, jobId, runId } from "#core/ids.ts";
import {
  afterRun,
  billedMs,
  cancellable,
  isBilled,
  legalSteps,
  type Outcome,
  type RunEnd,
  stateKinds,
  step,
  type TaskState,
  type TaskStep,
} from "#core/job/state.ts";

const outcome: fc.Arbitrary<Outcome> = fc.constantFrom<Outcome>(
  { kind: "succeeded" },
  { kind: "failed", exitCode: 1 },
  { kind: "signalled", signal: 9 },
  { kind: "cancelled", by: "user", reason: null },
  { kind: "timed-out" },
  { kind: "out-of-memory" },
  { kind: "preempted" },
  { kind: "node-failed", reason: "power" },
  { kind: "platform-fault", reason: "agent" },
  { kind: "refused", reason: "not without the course" },
  { kind: "lost", evidence: "no process" },
);
const centre = centreId("alpha");
const run = fc.integer({ min: 1, max: 9 }).map((attempt) => runId({ job: jobId(1), index: 0, attempt }));
const anyStep: fc.Arbitrary<TaskStep> = fc.oneof(
  run.map((id): TaskStep => ({ kind: "place", run: id, centre })),
  fc.constant<TaskStep>({ kind: "accept" }),
  fc.nat().map((startedMs): TaskStep => ({ kind: "start", startedMs })),
  fc.nat().map((atMs): TaskStep => ({ kind: "requeue", atMs })),
  fc.record({ kind: fc.constant("end" as const), outcome, endedMs: fc.nat() }),
);

test("property: ended is final, every other state can still end, and a run stays bound until it is requeued", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 30 }), (steps) => {
      let state: TaskState = { kind: "queued", sinceMs: 0 };
      for (const next of steps) {
        const before: TaskState = state;
        const stepped = step(before, next);
        const legal: readonly string[] = legalSteps[before.kind];
        assert.equal(stepped.kind === "changed", legal.includes(next.kind));
        if (before.kind === "ended") assert.equal(stepped.kind, "illegal");
        else assert.ok(legal.includes("end"));
        if (stepped.kind === "illegal") continue;
        state = stepped.state;
        if ("run" in before && "run" in state) assert.equal(state.run, before.run);
      }
    }),
  );
});

test("the way of a job, and what may not happen on it", () => {
  const placed = runId({ job: jobId(1), index: 0, attempt: 1 });
  const steps: TaskStep[] = [
    { kind: "place", run: placed, centre },
    { kind: "accept" },
    { kind: "start", startedMs: 5 },
    { kind: "end", outcome: { kind: "failed", exitCode: 2 }, endedMs: 9 },
  ];
  let state: TaskState = { kind: "queued", sinceMs: 0 };
  const seen = [state.kind as string];
  for (const next of steps) {
    const stepped = step(state, next);
    assert.ok(stepped.kind === "changed");
    state = stepped.state;
    seen.push(state.kind);
  }
  assert.deepEqual(seen, [...stateKinds]);
  assert.deepEqual(step(state, { kind: "requeue", atMs: 10 }), { kind: "illegal", from: "ended", step: "requeue" });
  assert.deepEqual(
    cancellable,
    stateKinds.filter((kind) => (legalSteps[kind] as readonly string[]).includes("end")),
  );
});

const never = { restartsWhenLost: false, requeues: false, givesWay: false };
const always = { ...never, restartsWhenLost: true };
const both = { ...always, requeues: true };

test("who asked to be requeued runs again after the loss of a node or a preemption, and spends no retry", () => {
  for (const end of [{ kind: "node-failed", reason: "" }, { kind: "preempted" }] satisfies RunEnd[]) {
    assert.deepEqual(afterRun(end, 0, both), { kind: "again", costsRetry: false });
    assert.deepEqual(afterRun(end, 3, { ...never, requeues: true }), { kind: "again", costsRetry: false });
  }
  assert.equal(afterRun({ kind: "failed", exitCode: 1 }, 0, both).kind, "end");
  const yielding = { ...never, givesWay: true };
  assert.deepEqual(afterRun({ kind: "preempted" }, 0, yielding), { kind: "again", costsRetry: false });
  assert.equal(afterRun({ kind: "node-failed", reason: "" }, 0, yielding).kind, "end");
});

test("retries follow failed, node failed, preempted and platform fault; lost only where the job said so", () => {
  const again: readonly RunEnd[] = [
    { kind: "failed", exitCode: 1 },
    { kind: "signalled", signal: 6 },
    { kind: "node-failed", reason: "" },
    { kind: "preempted" },
    { kind: "platform-fault", reason: "" },
  ];
  for (const end of again) {
    assert.deepEqual(afterRun(end, 1, never), { kind: "again", costsRetry: true }, end.kind);
    assert.deepEqual(afterRun(end, 0, always), { kind: "end", outcome: end }, end.kind);
  }
  const final: readonly RunEnd[] = [
    { kind: "succeeded" },
    { kind: "timed-out" },
    { kind: "out-of-memory" },
    { kind: "cancelled", by: "user", reason: null },
  ];
  for (const end of final) assert.equal(afterRun(end, 9, both).kind, "end", end.kind);
  const lost: RunEnd = { kind: "lost", evidence: "" };
  assert.equal(afterRun(lost, 9, never).kind, "end");
  assert.deepEqual(afterRun(lost, 0, always), { kind: "again", costsRetry: false });
  assert.deepEqual(afterRun({ kind: "withdrawn", evidence: "" }, 0, never), { kind: "again", costsRetry: false });
  assert.deepEqual(afterRun({ kind: "duplicate" }, 9, both), { kind: "nothing" });
});

test("what a centre refused goes back and spends no retry, however many are left", () => {
  for (const retries of [0, 9])
    assert.deepEqual(afterRun({ kind: "refused", reason: "no" }, retries, both), { kind: "again", costsRetry: false });
});

test("nobody pays for the network's doing (M7)", () => {
  assert.ok(isBilled({ kind: "failed", exitCode: 1 }));
  assert.ok(isBilled({ kind: "cancelled", by: "user", reason: null }));
  assert.ok(!isBilled({ kind: "cancelled", by: "centre", reason: null }));
  assert.ok(!isBilled({ kind: "cancelled", by: "operator", reason: null }));
  assert.ok(!isBilled({ kind: "cancelled", by: "unknown", reason: null }), "it may have been the centre's");
  assert.ok(!isBilled({ kind: "requeued", by: "the centre" }), "it is run again, and paid then");
  for (const kind of ["node-failed", "platform-fault", "refused"] as const) assert.ok(!isBilled({ kind, reason: "" }));
  assert.ok(!isBilled({ kind: "lost", evidence: "" }));
  assert.ok(!isBilled({ kind: "duplicate" }));
});

test("of a preempted run what it had saved is paid, and nothing where it saved nothing (M7)", () => {
  const preempted: RunEnd = { kind: "preempted", evidence: "made way for 12" };
  assert.equal(billedMs(preempted, { wallMs: 60_000 }), 0);
  assert.equal(billedMs(preempted, { wallMs: 60_000, checkpointMs: null }), 0);
  assert.equal(billedMs(preempted, { wallMs: 60_000, checkpointMs: 45_000 }), 45_000);
  assert.equal(billedMs(preempted, { wallMs: 60_000, checkpointMs: 75_000 }), 60_000, "a clock that was set");
  assert.equal(billedMs({ kind: "failed", exitCode: 1 }, { wallMs: 60_000, checkpointMs: 45_000 }), 60_000);
  assert.deepEqual([isBilled(preempted), isBilled(preempted, { checkpointMs: 0 })], [false, true]);
});
