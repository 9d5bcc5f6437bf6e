import assert from "node:assert/strict";
import { test } from "node:test";
import { pairKey, type Readiness } from "#core/centre/accounts.ts";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, jobId, personId, projectId } from "#core/ids.ts";
import { sampleSpec } from "#core/sample-testing.ts";
import { reasonWords } from "#core/scheduling/reasons.ts";
import { poolOfNodes } from "#core/scheduling/scenario-testing.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import type { CentreState } from "#core/scheduling/world-event.ts";

// Work goes to a centre whose runs are local users' own only where the pair of person and project is ready there; who
// is not keeps nobody else from starting.

const [li, wang, project] = [personId(1), personId(2), projectId(7)];
const pair = (person: typeof li) => pairKey({ person, project });

function slurm(accounts: ReadonlyMap<string, Readiness> | null, id = "jinan"): CentreState {
  return {
    id: centreId(id),
    driver: "slurm",
    lifeCycle: "in-service",
    intake: "open",
    connection: "connected",
    pools: [poolOfNodes("batch", [{ count: 1, cores: 1, memoryMib: 4000 }])],
    offers: noOffers,
    accounts,
  };
}

function submit(world: World, job: number, person: typeof li): void {
  const { shape, centres, array, dependencies } = sampleSpec;
  world.apply({
    kind: "job-queued",
    job: jobId(job),
    submittedMs: job,
    project,
    person,
    name: "small",
    shape,
    timeLimitS: 60,
    array,
    dependencies,
    wishes: centres,
    demands: null,
    past: null,
  });
}

const placed = (world: World) => world.decide(0, 10).place.map(({ job, centre }) => `${job} ${centre}`);
const why = (world: World, job: number) => {
  const explained = world.explain({ job: jobId(job), index: 0 }, 0);
  assert.equal(explained.kind, "waiting");
  return explained.candidates.map(({ centre, rule, facts }) => [centre, rule, facts.readiness]);
};

test("who has no account waits, is asked for, and keeps nobody else from starting", () => {
  const world = createWorld();
  world.apply({ kind: "centre-changed", centre: slurm(new Map([[pair(wang), "ready"]])) });
  submit(world, 1, li);
  submit(world, 2, wang);
  assert.deepEqual(why(world, 1), [["jinan", "no-account-here", "not asked for"]]);
  assert.deepEqual(placed(world), ["2 jinan"]);
  assert.deepEqual(world.accountsWanted(), [{ centre: centreId("jinan"), person: li, project }]);
  assert.equal(world.accountsWanted(), world.accountsWanted());

  for (const readiness of ["requested", "created", "removed"] as const) {
    world.apply({ kind: "centre-changed", centre: slurm(new Map([[pair(li), readiness]])) });
    assert.deepEqual(why(world, 1), [["jinan", "no-account-here", readiness]]);
    assert.deepEqual(placed(world), []);
  }
  world.apply({ kind: "centre-changed", centre: slurm(new Map([[pair(li), "ready"]])) });
  assert.deepEqual(placed(world), ["1 jinan"]);
});

test("the words say how far it is, in both languages", () => {
  assert.match(reasonWords("no-account-here", { readiness: "created" }, "en"), /: created$/);
  assert.match(reasonWords("no-account-here", { readiness: "created" }, "zh"), /：已创建，未通过测试$/);
  assert.match(reasonWords("no-account-here", { readiness: "needs-credential" }, "en"), /lend their own credential/);
  assert.match(
    reasonWords("no-account-here", { readiness: "needs-credential" }, "zh"),
    /：等待本人在该中心重新委托凭据/,
  );
});

test("other centres need none, and it goes there", () => {
  const world = createWorld();
  submit(world, 1, li);
  world.apply({ kind: "centre-changed", centre: slurm(null, "beta") });
  assert.deepEqual(world.accountsWanted(), []);
  world.apply({ kind: "centre-changed", centre: slurm(new Map()) });
  submit(world, 2, wang);
  assert.deepEqual(placed(world), ["1 beta"]);
  assert.equal(world.accountsWanted().length, 2);
  world.apply({ kind: "centre-removed", centre: centreId("jinan") });
  assert.deepEqual(placed(world), ["1 beta"]);
  assert.deepEqual(world.accountsWanted(), []);
});

test("a job that the centre could never run asks for nothing there", () => {
  const world = createWorld();
  world.apply({ kind: "centre-changed", centre: { ...slurm(new Map()), lifeCycle: "trial" } });
  submit(world, 1, li);
  assert.deepEqual(world.accountsWanted(), []);
});
