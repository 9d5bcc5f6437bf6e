import assert from "node:assert/strict";
import { test } from "node:test";
import { jobId } from "#core/ids.ts";
import { firstReasonWords } from "#core/scheduling/first-reason-words.ts";
import { runScenario } from "#core/scheduling/scenario-testing.ts";
import type { World } from "#core/scheduling/world.ts";

const said = (world: World, job: number, language: "en" | "zh" = "en") => {
  const reason = world.firstReasons([jobId(job)], 0).get(jobId(job));
  return reason ? firstReasonWords(reason, language) : null;
};

test("what a job waits for is said in a few words: room, its dependency, its throttle", () => {
  const world = runScenario(`
    centre alpha  5 cores
    job first  cores 4
    job list   array 1-3%1 cores 1
    place
    job second cores 2
    job third  cores 1 afterok first
  `);
  assert.equal(said(world, 1), null, "it is placed");
  assert.equal(said(world, 2), "array limit %1");
  assert.equal(said(world, 3), "free cores");
  assert.equal(said(world, 3, "zh"), "空闲核");
  assert.equal(said(world, 4), "dependency: 1 afterok");
  assert.equal(said(world, 99), null, "there is no such job");
});

test("where a centre has room it is the turn of others; where none could ever run it, that is said", () => {
  const world = runScenario(`
    centre alpha  4 cores
    job first cores 2
  `);
  assert.equal(said(world, 1), "its turn");
  assert.equal(said(world, 1, "zh"), "轮到它");
  const shrunk = runScenario(`
    centre alpha  4 cores
    job first cores 4
    centre alpha  2 cores
  `);
  assert.equal(said(shrunk, 1), "no centre can run it now");
  assert.equal(shrunk.firstReasons([jobId(1)], 0).get(jobId(1))?.kind, "nowhere");
});

test("the rule is the one that `explain` gives for the job itself, and for the centre that is nearest", () => {
  const world = runScenario(`
    centre alpha  2 cores
    centre beta   4 cores
    job first cores 4
    job other cores 2
    place
    job wide  cores 4
  `);
  const explained = world.explain({ job: jobId(3), index: 0 }, 0);
  const reason = world.firstReasons([jobId(3)], 0).get(jobId(3));
  assert.ok(explained.kind === "waiting" && reason?.kind === "centre");
  const there = explained.candidates.find(({ centre }) => centre === reason.centre);
  assert.equal(reason.centre, "beta", "alpha could never run it");
  assert.deepEqual([reason.rule, reason.facts], [there?.rule, there?.facts]);
});

test("a page of jobs that would take too many looks at centres is told in part, and those that ask alike cost one", () => {
  const centres = Array.from({ length: 150 }, (_, at) => `centre c${at}  1 cores`);
  const jobs = (cores: (at: number) => number) =>
    Array.from({ length: 200 }, (_, at) => `job j${at} cores 1 time ${cores(at)}`);
  const full = centres.map((_, at) => `job f${at} cores 1`);
  const told = (lines: readonly string[]) => {
    const world = runScenario([...centres, ...full, "place", ...lines].join("\n"));
    return world.firstReasons(
      Array.from({ length: 200 }, (_, at) => jobId(151 + at)),
      0,
    ).size;
  };
  assert.equal(told(jobs(() => 60)), 200);
  assert.equal(told(jobs((at) => 60 + at)), 133, "20 000 looks are 133 at 150 centres");
});
