import assert from "node:assert/strict";
import { test } from "node:test";
import { centreId, jobId } from "#core/ids.ts";
import { startWords } from "#core/scheduling/estimate/start-words.ts";
import type { StartBasis, StartEstimate } from "#core/scheduling/estimate/starts.ts";
import { policies } from "#core/scheduling/policy.ts";
import { runScenario } from "#core/scheduling/scenario-testing.ts";
import type { World } from "#core/scheduling/world.ts";

const alpha = centreId("alpha");

const busy = `
    pool alpha/main 1×8
    job ahead  cores 8 time 1000
    place
    running ahead
    job next   cores 8 time 1000
    `;

test("nothing learnt: by the time limits at the latest, whoever asks and whenever", () => {
  const world = runScenario(busy, policies.weir);
  for (const atS of [0, 200, 990])
    assert.deepEqual(estimate(world, 2, atS), { kind: "limits", centre: alpha, byMs: 1_000_000, isFirst: true });
  learn(world, "profile", 1000, [100]);
  assert.deepEqual(estimate(world, 2, 10).kind, "limits", "one start is no nine in ten");
});

test("a job behind others is told of no latest start", () => {
  const world = runScenario(`${busy}\n    job behind cores 8 time 1000`, policies.weir);
  const behind = estimate(world, 3, 0);
  assert(behind.kind === "limits" && !behind.isFirst, JSON.stringify(behind));
  const first = estimate(world, 2, 0);
  assert(first.kind === "limits" && !first.isFirst, "another waits, and may be put ahead of it");
});

test("what was learnt at a pool is a range; it never slides with the clock, and what it foretold is never past", () => {
  const world = runScenario(busy, policies.weir);
  learn(
    world,
    "profile",
    1000,
    Array.from({ length: 40 }, (_, at) => 10 * (at + 1)),
  );
  assert.deepEqual(rangeS(estimate(world, 2, 0)), [40, 200, 370, 40]);
  // It has not started by then: those that had started sooner say nothing of it any more.
  const later = estimate(world, 2, 205);
  assert.deepEqual(rangeS(later), [220, 300, 390, 20]);
  assert.deepEqual(estimate(world, 2, 208), later, "three seconds later it is told the same");
  for (let atS = 0; atS < 1000; atS += 7) {
    const said = estimate(world, 2, atS);
    if (said.kind === "learnt") assert(said.earliestMs > atS * 1000 && said.seen >= 10);
    else assert.deepEqual(said, { kind: "limits", centre: alpha, byMs: 1_000_000, isFirst: true });
  }
  assert.equal(estimate(world, 2, 400).kind, "limits", "none waited as long as it has");
});

test("what has had its whole time and still runs tells nobody a start", () => {
  const world = runScenario(busy, policies.weir);
  assert.deepEqual(estimate(world, 2, 1000), { kind: "unknown" });
  assert.deepEqual(estimate(world, 2, 5000), { kind: "unknown" });
});

test("of what waits in a centre's queue the engine's word is the estimate, else how long such work waited there", () => {
  const world = runScenario(
    `
    pool alpha/main 1×8 shared foreign free 0
    job said    cores 8 time 1000
    job unsaid  cores 8 time 1000
    place
    queued said 600
    queued unsaid
    `,
    policies.weir,
  );
  assert.deepEqual(estimate(world, 1, 0), { kind: "engine", centre: alpha, atMs: 600_000 });
  assert.deepEqual(estimate(world, 1, 601), { kind: "unknown" }, "its time has come and gone");
  assert.deepEqual(estimate(world, 2, 0), { kind: "unknown" });
  learn(
    world,
    "queue",
    0,
    Array.from({ length: 40 }, (_, at) => 10 * (at + 1)),
  );
  const waits = estimate(world, 2, 300);
  assert(waits.kind === "learnt" && waits.from === "queue" && waits.seen === 10 && waits.earliestMs > 300_000);
  learn(world, "engine", 600, Array(40).fill(300));
  const said = estimate(world, 1, 0);
  assert(said.kind === "learnt" && said.from === "engine" && said.likelyMs === 300_000);
});

test("the words say what a time rests on, in both languages", () => {
  const words = (one: Exclude<StartEstimate, { kind: "unknown" }>) => [startWords(one, "en"), startWords(one, "zh")];
  const limits = { kind: "limits", centre: alpha, byMs: 1_000_000 } as const;
  assert.deepEqual(words({ ...limits, isFirst: true }), [
    "by 1970-01-01T08:16:40+08:00 at the latest, if what runs at alpha takes its whole time limit and nothing that comes later goes ahead of it; usually sooner",
    "最迟 1970-01-01T08:16:40+08:00（假定 alpha 运行中的作业用满时限，且无后来的作业排到前面；通常更早）",
  ]);
  assert.match(words({ ...limits, isFirst: false }).join(), /others wait too.*另有作业在等待/);
  const engine = { kind: "engine", centre: alpha, atMs: 1_000_000 } as const;
  assert.match(
    startWords(engine, "en", true),
    /the engine of alpha says; rough: the jobs of alpha's own users are hidden$/,
  );
  assert.match(startWords(engine, "zh", true), /；alpha 自有用户的作业不可见，仅供参考$/);
  assert.equal(startWords({ kind: "now", centre: alpha, atMs: 1 }, "en", true), "at once");
  const range = { earliestMs: 40_000, likelyMs: 200_000, latestMs: 370_000, seen: 40 };
  assert.deepEqual(words({ kind: "learnt", from: "profile", centre: alpha, ...range }), [
    "1970-01-01T08:03:20+08:00 (as 40 such waits at alpha went: half over by then, nine in ten by 1970-01-01T08:06:10+08:00, one in ten before 1970-01-01T08:00:40+08:00)",
    "1970-01-01T08:03:20+08:00（据 alpha 以往 40 次同类等待：半数在此之前启动，九成在 1970-01-01T08:06:10+08:00 前，一成在 1970-01-01T08:00:40+08:00 前）",
  ]);
});

function rangeS(estimate: StartEstimate): readonly number[] {
  assert(estimate.kind === "learnt" && estimate.from === "profile" && estimate.centre === alpha);
  const { earliestMs, likelyMs, latestMs, seen } = estimate;
  return [...[earliestMs, likelyMs, latestMs].map((ms) => Math.round(ms / 1000)), seen];
}

function learn(world: World, basis: StartBasis, estimatedS: number, trueS: readonly number[]): void {
  const start = { basis, centre: alpha, pool: "main", processors: 8, timeLimitS: 1000, estimatedS };
  world.apply({
    kind: "learnt-before",
    starts: trueS.map((each, at) => ({ ...start, trueS: each, startedMs: at * 10_000 })),
    ends: [],
  });
}

function estimate(world: World, job: number, atS: number): StartEstimate {
  const explained = world.explain({ job: jobId(job), index: 0 }, atS * 1000);
  assert(explained.kind !== "not-queued");
  return explained.estimate;
}
