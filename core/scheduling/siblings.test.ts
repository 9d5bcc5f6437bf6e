import assert from "node:assert/strict";
import { test } from "node:test";
import { centreId, jobId } from "#core/ids.ts";
import { runScenario } from "#core/scheduling/scenario-testing.ts";
import { siblingsWords } from "#core/scheduling/siblings.ts";

test("a task of an array that waits says what the tasks of its own job hold, and where", () => {
  const world = runScenario(`
    centre alpha  4 cores
    centre beta   2 cores
    job list  array 1-5 cores 2
    place
    job other cores 1
  `);
  const siblings = (job: number, index: number) => {
    const explained = world.explain({ job: jobId(job), index }, 0);
    assert.equal(explained.kind, "waiting");
    return explained.kind === "waiting" ? explained.siblings : [];
  };
  assert.deepEqual(siblings(1, 5), [
    { centre: "alpha", tasks: 2, cores: 4 },
    { centre: "beta", tasks: 1, cores: 2 },
  ]);
  assert.deepEqual(siblings(2, 0), [], "another job's tasks are told by the centre's own reason");
});

test("one is one", () => {
  const centre = centreId("alpha");
  const words = (tasks: number, cores: number) => siblingsWords({ centre, tasks, cores }, "en");
  assert.equal(words(1, 1), "1 task of the same job holds 1 core at alpha");
  assert.equal(words(2, 4), "2 tasks of the same job hold 4 cores at alpha");
});
