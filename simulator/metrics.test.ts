import assert from "node:assert/strict";
import { test } from "node:test";
import { workloadOf } from "#core/scheduling/kernel/scenario-testing.ts";
import { measure } from "#simulator/metrics.ts";

// The rules by which figures of a schedule are compared with those of others (docs/guides/simulate.md, What is printed).

/** Job i waits i × 10 s; twelve of home 0 and eight of home 1. All begins at second 50. */
const jobs = Array.from({ length: 20 }, (_, i) => ({
  ...{
    submitS: 50 + i,
    runS: i === 19 ? 2 : 40,
    estimateS: 100 * (i + 1),
    processors: 1 + (i % 2),
    home: i < 12 ? 0 : 1,
  },
}));
const workload = workloadOf([6, 2], jobs);
const schedule = {
  startS: Int32Array.from(jobs, ({ submitS }, i) => submitS + i * 10),
  centre: new Uint16Array(jobs.length),
};
const found = measure(workload, schedule, 120);

test("median and p95 are entries of the sorted waits, at half of them and at 0.95 of them, both rounded down", () => {
  assert.deepEqual([found.jobs, found.processors, found.meanWaitS, found.maxWaitS], [20, 8, 95, 190]);
  assert.deepEqual([found.medianWaitS, found.p95WaitS], [100, 190]);
});

test("homes come in their order, each with what was submitted there", () => {
  assert.deepEqual(found.perHome, [
    { name: "home-0", jobs: 12, meanWaitS: 55, p95WaitS: 110, maxWaitS: 110 },
    { name: "home-1", jobs: 8, meanWaitS: 155, p95WaitS: 190, maxWaitS: 190 },
  ]);
  const twenty = measure(
    workloadOf(
      [8],
      jobs.map((job) => ({ ...job, home: 0 })),
    ),
    schedule,
  );
  assert.equal(twenty.perHome[0]?.p95WaitS, 190);
});

test("slowdown is bounded by ten seconds below and by one", () => {
  const slowdowns = jobs.map(({ runS }, i) => Math.max(1, (i * 10 + runS) / Math.max(runS, 10)));
  assert.equal(slowdowns[19], 19.2);
  assert.ok(Math.abs(found.averageBoundedSlowdown - slowdowns.reduce((sum, one) => sum + one, 0) / 20) < 1e-12);
  const short = workloadOf([8], [{ submitS: 0, runS: 1, estimateS: 1, processors: 1, home: 0 }]);
  assert.equal(measure(short, { startS: Int32Array.of(3), centre: new Uint16Array(1) }).averageBoundedSlowdown, 1);
});

test("what is used is run time × processors, from the first submission to the last end", () => {
  const used = jobs.map(({ runS, processors }) => runS * processors);
  const all = used.reduce((sum, one) => sum + one, 0);
  const waited = used.reduce((sum, one, i) => sum + one * i * 10, 0);
  assert.equal(found.areaWeightedWaitS, waited / all);
  // The last but one ends last: it runs for longer.
  assert.equal(found.makespanS, 18 + 180 + 40);
  assert.equal(found.utilisation, all / (8 * found.makespanS));
});

test("a wait of just the longest is none too long; of the others what goes beyond counts", () => {
  assert.deepEqual(found.overMaxWait, { jobs: 7, seconds: 10 + 20 + 30 + 40 + 50 + 60 + 70 });
});
