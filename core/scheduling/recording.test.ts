import assert from "node:assert/strict";
import { test } from "node:test";
import { limitsByWho } from "#core/centre/account-limits.ts";
import { pairKey } from "#core/centre/accounts.ts";
import { noOffers } from "#core/centre/engine.ts";
import { type CentreId, centreId, type JobId, jobId, personId, projectId, type TenantId, tenantId } from "#core/ids.ts";
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
    world.apply({
      kind: "job-queued",
      job,
      submittedMs: at * 1000,
      timeLimitS: 60 * at,
      graceS: 30,
      ...who,
      ...asked,
      ...classOf(at),
    });
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

/** Some of another class than the default. */
function classOf(at: number): { readonly priority?: string } {
  return at % 4 === 0 ? { priority: "high" } : at % 5 === 0 ? { priority: "low" } : {};
}

test("a recording, replayed, gives the same plans byte for byte", () => {
  const replayed = replayRecording(record());
  assert(replayed.kind === "equal", JSON.stringify(replayed));
  assert.equal(replayed.decisions, 20);
  assert(replayed.placements > 5);
});

test("what was recorded before classes and promises were data of the policy replays as it was", () => {
  const older = record()
    .split("\n")
    .map((line) => line.replace(/"classes":\[.*?\],"defaultClass":"normal",/, "").replace(/"promises":\{\},/, ""))
    .join("\n");
  assert.doesNotMatch(older, /"classes"|"promises"/);
  const replayed = replayRecording(older);
  assert(replayed.kind === "equal", JSON.stringify(replayed));
  assert(replayed.placements > 5);
});

test("with homes and bounds on cores too, whoever looked in between, and only with them", () => {
  const lines: string[] = [];
  const lived = (looks: boolean, homes: readonly (readonly [TenantId, CentreId])[]) => {
    lines.length = 0;
    const policy = { ...policies.weir, homePriority: { afterS: 5, allowanceS: null, allowancePerJobS: 0 } };
    const world = recordedWorld((line) => lines.push(`${line}\n`), policy);
    const told = { lifeCycle: "in-service", intake: "open", connection: "connected", offers: noOffers } as const;
    const pools = [poolOfNodes("main", [{ cores: 8 }])];
    const id = centreId("jinan");
    world.apply({ kind: "centre-changed", centre: { id, driver: "process", ...told, pools, accounts: null } });
    world.apply({ kind: "homes-set", homes, atMs: 0 });
    world.apply({ kind: "core-limits-set", tenants: [], projects: [[projectId(2), 6]] });
    const starts: string[] = [];
    const live: { readonly job: JobId; readonly endMs: number }[] = [];
    for (let at = 1; at <= 240; at++) {
      const nowMs = at * 500;
      for (const { job } of live.filter(({ endMs }) => endMs === nowMs)) {
        const indices = [{ first: 0, last: 0, step: 1 }];
        world.apply({ kind: "tasks-ended", job, indices, succeeded: true, atMs: nowMs });
      }
      if (at <= 60) {
        const of = 1 + (at % 3 === 0 ? 0 : 1);
        const who = { person: personId(of), project: projectId(of), tenant: tenantId(of), name: `job-${at}` };
        const shape = { ...sampleSpec.shape, coresPerTask: of === 1 ? 5 : 1 + (at % 3) };
        const asked = { shape, wishes: sampleSpec.centres, demands: null, array: null, dependencies: [], past: null };
        world.apply({ kind: "job-queued", job: jobId(at), submittedMs: nowMs, timeLimitS: 30, ...who, ...asked });
      }
      if (looks) world.explain({ job: jobId(1 + (at % 60)), index: 0 }, nowMs + 250);
      if (looks && at % 7 === 0) world.tell(nowMs + 400);
      for (const { index, candidates: _, starts: __, leaseMs: ___, ...run } of world.decide(nowMs, 100).place) {
        starts.push(`${run.job}`);
        live.push({ job: run.job, endMs: nowMs + 500 * (1 + (run.job % 9)) });
        world.apply({ kind: "task-placed", index, ...run, phase: "running", atMs: nowMs });
      }
    }
    return starts.join();
  };
  const home = [[tenantId(1), centreId("jinan")]] as const;
  assert.notEqual(lived(false, home), lived(false, []), "somebody goes ahead at home");
  lived(true, home);
  const replayed = replayRecording(lines.join(""));
  assert(replayed.kind === "equal", JSON.stringify(replayed));
  assert(replayed.placements === 60 && replayed.decisions === 240);
});

test("whoever looks first when input has come to a centre is noted, and the replay goes by it", () => {
  const lines: string[] = [];
  const world = recordedWorld((line) => lines.push(`${line}\n`));
  const told = { lifeCycle: "in-service", intake: "open", connection: "connected", offers: noOffers } as const;
  const id = centreId("jinan");
  const pools = [poolOfNodes("main", [{ cores: 8 }])];
  world.apply({ kind: "centre-changed", centre: { id, driver: "process", ...told, pools, accounts: null } });
  const nothing = { siteWords: {}, software: [], container: false, fileSystems: [], licences: [], residency: [] };
  const { shape, centres: wishes } = sampleSpec;
  for (let at = 1; at <= 5; at++) {
    const data = { at: [{ centre: id, fromMs: 1000 * at }], elsewhereMs: null };
    const asked = { shape, wishes, demands: { ...nothing, data }, array: null, dependencies: [], past: null };
    const who = { person: personId(1), project: projectId(1), name: `job-${at}` };
    world.apply({ kind: "job-queued", job: jobId(at), submittedMs: 0, timeLimitS: 60, ...who, ...asked });
  }
  world.decide(0, 100);
  const task = { job: jobId(1), index: 0 };
  world.explain(task, 1_000);
  world.whatIf(task, 2_000);
  world.explainNew(shape, wishes, 3_000);
  world.estimateDue(4_000);
  assert.deepEqual(
    lines.filter((line) => line.startsWith('{"told"')),
    [1000, 2000, 3000, 4000].map((nowMs) => `{"told":${nowMs}}\n`),
  );
  assert.equal(world.decide(5_000, 100).place.length, 5);
  const replayed = replayRecording(lines.join(""));
  assert.equal(replayed.kind, "equal", JSON.stringify(replayed));
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

test("a last line that was cut off is left out, and told; what is no recording is refused, naming the line", () => {
  const whole = record();
  const cutOff = replayRecording(whole.slice(0, -20));
  assert.deepEqual([cutOff.kind, cutOff.kind === "equal" && cutOff.cut], ["equal", true]);
  const kept = replayRecording(whole);
  assert.equal(kept.kind === "equal" && kept.cut, false);
  assert.deepEqual(replayRecording(whole.replace('"recording":3', '"recording":2')), {
    kind: "other-format",
    format: 2,
  });
  assert.deepEqual(replayRecording(""), { kind: "unreadable", line: 1 });
  assert.deepEqual(replayRecording("hello\n"), { kind: "unreadable", line: 1 });
  assert.deepEqual(replayRecording(`${whole}{"no": 1}\n`), { kind: "unreadable", line: whole.split("\n").length });
});
