import assert from "node:assert/strict";
import { test } from "node:test";
import type { Workload } from "#core/scheduling/replay/workload.ts";
import { policyDifference } from "#simulator/policy-difference.ts";

test("who gains and who loses is told by home, project and size, and adds up", () => {
  const column = (...values: readonly number[]) => Int32Array.from(values);
  const homes = ["a", "b"].map((name) => ({
    ...{ name, processors: 8, firstSubmitS: 0 },
    ...{ dropped: 0, clipped: 0, killed: 0 },
  }));
  const workload: Workload = {
    ...{ homes, count: 3, submitS: column(0, 0, 10), runS: column(10, 10, 10), estimateS: column(10, 10, 10) },
    ...{ processors: column(1, 8, 3), home: Uint16Array.from([0, 1, 1]), person: column(0, 1, 2) },
    ...{ project: column(0, 1, 1), place: column(0, 0, 1), number: column(1, 1, 2) },
  };
  const centre = Uint16Array.from([0, 1, 1]);
  const rows = policyDifference(
    workload,
    { startS: column(100, 20, 30), centre },
    { startS: column(40, 30, 20), centre },
  );
  assert.deepEqual(
    rows.find(({ by, name }) => by === "home" && name === "b"),
    {
      ...{ by: "home", name: "b", jobs: 2, earlier: 1, later: 1, laterByP99S: 10 },
      ...{ meanWaitBeforeS: 20, meanWaitAfterS: 20, changeS: 0 },
    },
  );
  assert.deepEqual(
    rows.map(({ by, name, changeS }) => [by, name, changeS]),
    [
      ["all", "all", -20],
      ["home", "a", -60],
      ["home", "b", 0],
      ["project", "a/0", -60],
      ["project", "b/1", 0],
      ["size", "1", -60],
      ["size", "3-4", -10],
      ["size", "5-8", 10],
    ],
  );
  const schedules = [
    { startS: column(100, 20, 30), centre },
    { startS: column(40, 30, 20), centre },
  ] as const;
  const named = policyDifference(workload, ...schedules, [70, -1]).filter(({ by }) => by === "project");
  assert.deepEqual(
    named.map(({ name }) => name),
    ["a/70", "b/-1"],
  );
});

test("by how much 99 in 100 of those that start later do at most", () => {
  const count = 301;
  const column = (of: (job: number) => number) => Int32Array.from({ length: count }, (_, job) => of(job));
  const same = column(() => 0);
  const workload: Workload = {
    homes: [{ name: "a", processors: 8, firstSubmitS: 0, dropped: 0, clipped: 0, killed: 0 }],
    ...{ count, submitS: same, runS: column(() => 1), estimateS: column(() => 1), processors: column(() => 1) },
    ...{ home: new Uint16Array(count), person: same, project: same, place: column((job) => job), number: same },
  };
  const centre = new Uint16Array(count);
  // All but the last start later, by 300 to 1 s.
  const after = column((job) => 300 - job);
  const [all] = policyDifference(workload, { startS: same, centre }, { startS: after, centre });
  assert.deepEqual([all?.later, all?.earlier, all?.laterByP99S], [300, 0, 298]);
  const fewer = policyDifference(
    workload,
    { startS: same, centre },
    { startS: column((job) => Math.max(0, 60 - job)), centre },
  );
  assert.deepEqual([fewer[0]?.later, fewer[0]?.laterByP99S], [60, 60]);
});
