import assert from "node:assert/strict";
import { test } from "node:test";
import { limitsByWho } from "#core/centre/account-limits.ts";
import { pairKey } from "#core/centre/accounts.ts";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, jobId, personId, projectId, tenantId } from "#core/ids.ts";
import { sampleSpec } from "#core/sample-testing.ts";
import { policies } from "#core/scheduling/policy.ts";
import { recordedWorld, replayRecording } from "#core/scheduling/recording.ts";
import { poolOfNodes } from "./scenario-testing.ts";

/**
 * A world that lives a while: a Slurm centre with accounts, twenty jobs of two tenants, ends, a decision and a look each
 * second for longer than ranks stay as they are, and another policy in the middle.
 */
function record(): string {
  const lines: string[] = [];
  const world = recordedWorld((line) => lines.push(`${line}\n`));
  const [person, project] = [personId(1), projectId(1)];
  world.apply({
    kind: "centre-changed",
    centre: {
      id: centreId("jinan"),
      driver: "slurm",
      lifeCycle: "in-service",
      intake: "open",
      connection: "connected",
      pools: [poolOfNodes("batch", [{ count: 2, cores: 8 }])],
      offers: noOffers,
      accounts: new Map([[pairKey({ person, project }), "ready"]]),
      limits: limitsByWho([]),
    },
  });
  for (let at = 1; at <= 20; at++) {
    const shape = { ...sampleSpec.shape, coresPerTask: 1 + (at % 7) };
    const asked = { shape, wishes: sampleSpec.centres, demands: null, array: null, dependencies: [], past: null };
    const who = { person, project, tenant: tenantId(1 + (at % 2)), name: `job-${at}` };
    const job = jobId(at);
    world.apply({ kind: "job-queued", job, submittedMs: at * 1000, timeLimitS: 60 * at, graceS: 30, ...who, ...asked });
    for (const { index, candidates: _, starts: __, leaseMs: ___, ...run } of world.decide(at * 1000, 100).place)
      world.apply({ kind: "task-placed", index, ...run, phase: "sent", atMs: at * 1000 });
    const ended = { indices: [{ first: 0, last: 0, step: 1 }], succeeded: true, atMs: at * 1000 };
    world.explain({ job, index: 0 }, at * 1000);
    const set = { ...policies.weir, maxWaitS: 1000, guardLeadS: 0 };
    if (at === 12) world.apply({ kind: "policy-set", policy: set, weights: [[tenantId(1), 3]], atMs: at * 1000 });
    if (at % 3 === 0) world.apply({ kind: "tasks-ended", job: jobId(at / 3), ...ended });
  }
  return lines.join("");
}

test("a recording, replayed, gives the same plans byte for byte", () => {
  const replayed = replayRecording(record());
  assert(replayed.kind === "equal", JSON.stringify(replayed));
  assert.equal(replayed.decisions, 20);
  assert(replayed.placements > 5);
});

test("the first plan that comes out otherwise is shown", () => {
  const lines = record().split("\n");
  const at = lines.findIndex((line) => line.includes('"place":[{'));
  lines[at] = (lines[at] ?? "").replace('"pool":"batch"', '"pool":"other"');
  const replayed = replayRecording(lines.join("\n"));
  assert(replayed.kind === "differs");
  assert.equal(replayed.line, at + 1);
  assert.match(replayed.recorded, /"pool":"other"/);
  assert.match(replayed.replayed, /"pool":"batch"/);
});

test("a last line that was cut off is left out; what is no recording is refused, naming the line", () => {
  const whole = record();
  assert.equal(replayRecording(whole.slice(0, -20)).kind, "equal");
  assert.deepEqual(replayRecording(whole.replace('"recording":2', '"recording":1')), {
    kind: "other-format",
    format: 1,
  });
  assert.deepEqual(replayRecording(""), { kind: "unreadable", line: 1 });
  assert.deepEqual(replayRecording("hello\n"), { kind: "unreadable", line: 1 });
  assert.deepEqual(replayRecording(`${whole}{"no": 1}\n`), { kind: "unreadable", line: whole.split("\n").length });
});
