import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { centreId, jobId, personId, projectId, runId } from "#core/ids.ts";
import { isBilled, type RunEnd } from "#core/job/state.ts";
import { sampleAllocation, sampleUsage } from "#core/sample-testing.ts";
import {
  acceptRun,
  askToEnd,
  declareRunLost,
  emptySheet,
  endRun,
  type JobLine,
  placeTask,
  type RunLine,
  type Sheet,
  startRun,
  supersedeRun,
  type TaskLine,
} from "./sheet.ts";

/**
 * The goal: whatever agents, users and silence bring, in whatever order and however often, counts are those of the
 * tasks, what has ended stays as it ended, and each hold is ended exactly once, with its run.
 */
test("any order of steps keeps counts, final ends and holds", () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(step, { maxLength: 60 }), (restarts, steps) => {
      const sheet = newSheet(restarts);
      for (const { what, at, end, wallMs } of steps) {
        const before = [...sheet.tasks.values()].map((task) => ({ ...task }));
        act(sheet, what, at, end, wallMs);
        for (const task of before.filter(({ state }) => state === "ended"))
          assert.deepEqual(sheet.tasks.get(`1.${task.index}`), task, "what has ended has changed");
        check(sheet);
      }
    }),
  );
});

const ends: readonly RunEnd[] = [
  { kind: "succeeded" },
  { kind: "failed", exitCode: 1 },
  { kind: "signalled", signal: 9 },
  { kind: "cancelled", by: "user", reason: null },
  { kind: "node-failed", reason: "power" },
  { kind: "lost", evidence: "no trace" },
  { kind: "withdrawn", evidence: "too late" },
  { kind: "duplicate" },
  { kind: "preempted" },
  { kind: "refused", reason: "not so" },
];
const step = fc.record({
  what: fc.constantFrom("place", "place", "accept", "start", "end", "end", "cancel", "supersede", "declare"),
  at: fc.nat(20),
  end: fc.constantFrom(...ends),
  wallMs: fc.constantFrom(0, 7),
});
function newSheet(restartsWhenLost: boolean): Sheet {
  const job: JobLine = {
    id: jobId(1),
    project: projectId(1),
    taskCount: 3,
    timeLimitS: 60,
    graceS: 5,
    deadlineMs: null,
    restartsWhenLost,
    requeues: false,
    givesWay: true,
    counts: { queued: 3, placed: 0, starting: 0, running: 0, ended: 0 },
    runs: 0,
    outcome: null,
    centres: [],
    startedMs: null,
    endedMs: null,
    unreachable: false,
  };
  const tasks = [0, 1, 2].map(
    (index): TaskLine => ({
      job: job.id,
      index,
      state: "queued",
      sinceMs: 0,
      attempts: 0,
      retriesLeft: 2,
      centre: null,
      startedMs: null,
      endedMs: null,
      outcome: null,
      unreachableSinceMs: null,
    }),
  );
  return emptySheet(1_000, [job], tasks, []);
}

/** `at` chooses among the tasks that wait, or among all runs there ever were, ended ones too. */
function act(sheet: Sheet, what: string, at: number, end: RunEnd, wallMs: number): void {
  if (what === "place") {
    const queued = [...sheet.tasks.values()].filter((task) => task.state === "queued");
    const task = queued[at % Math.max(queued.length, 1)];
    if (task) placeTask(sheet, task, placement, "now");
    return;
  }
  const runs = [...sheet.runs.values()];
  const run = runs[at % Math.max(runs.length, 1)];
  if (!run) return;
  if (what === "accept") acceptRun(sheet, run, 1);
  else if (what === "start") startRun(sheet, run, { atMs: 2, evidence: "pid" });
  else if (what === "end") endRun(sheet, run, { atMs: 3, end, usage: { ...sampleUsage, wallMs }, words: null });
  else if (what === "cancel") askToEnd(sheet, run, { by: "user", reason: null });
  else if (what === "declare") declareRunLost(sheet, run, { person: personId(1), reason: "gone" });
  else supersedeRun(sheet, run, "silence");
}

const placement = {
  centre: centreId("alpha"),
  pool: "default",
  allocation: sampleAllocation,
  latestStartMs: 61_000,
  decision: "{}",
};

function check(sheet: Sheet): void {
  const job = sheet.jobs.get(jobId(1)) ?? assert.fail();
  const tasks = [...sheet.tasks.values()];
  for (const [state, count] of Object.entries(job.counts))
    assert.equal(tasks.filter((task) => task.state === state).length, count, `tasks that are ${state}`);
  assert.equal(
    job.endedMs !== null,
    tasks.every((task) => task.state === "ended"),
  );
  for (const run of sheet.runs.values()) checkHolds(sheet, run);
  // What the feed tells of refusals is what a server that starts reads.
  const told = sheet.events.filter(({ kind, detail }) => kind === "run-ended" && detail?.end === "refused");
  assert.deepEqual(
    told.map(({ centre, detail }) => ({ job: jobId(1), centre, words: detail?.words })),
    sheet.refusals,
  );
  for (const task of tasks) {
    const live = [...sheet.runs.values()].filter(
      (run) => run.index === task.index && run.state !== "ended" && !run.superseded,
    );
    const bound = ["placed", "starting", "running"].includes(task.state) ? 1 : 0;
    assert.equal(live.length, bound, `task ${task.index} is ${task.state}`);
  }
}

function checkHolds(sheet: Sheet, run: RunLine): void {
  const own = sheet.transfers.filter((transfer) => runId(transfer.run) === runId(run));
  const holds = own.filter((transfer) => transfer.kind === "pending");
  const ended = own.flatMap((transfer) => ("pending" in transfer ? [transfer.pending] : []));
  assert.ok(holds.length > 0);
  assert.deepEqual(ended.sort(), run.state === "ended" ? holds.map(({ id }) => id).sort() : []);
  assert.equal(
    own.some((transfer) => transfer.kind === "post" && transfer.amount > 0n),
    run.billed && (run.usage?.wallMs ?? 0) > 0,
  );
  // How it ended alone says whether it is billed, however little it used (M7).
  assert.equal(run.billed, run.end !== null && !run.superseded && isBilled(run.end));
}
