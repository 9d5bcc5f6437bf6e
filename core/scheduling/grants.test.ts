import assert from "node:assert/strict";
import { test } from "node:test";
import { jobId, projectId, tenantId } from "#core/ids.ts";
import { beyondGrant, hoursText, msOfHours, noGrants, tellGrants } from "#core/scheduling/grants.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { reasonWords } from "#core/scheduling/reasons.ts";
import { runScenario } from "./scenario-testing.ts";

// What was granted and is used up keeps its own work waiting, and nobody else's; what the ledger gives back lets it go on.

const policy: Policy = {
  ...policies.weir,
  order: { kind: "fcfs" },
  fairness: null,
  prediction: null,
  lookahead: null,
};

test("no more starts than what is left can hold, over all centres; others pass it", () => {
  for (const [whose, rule] of [
    ["project 2", "project-grant-used"],
    ["tenant 3", "tenant-grant-used"],
  ])
    for (const each of [policy, policies.fcfs, policies.easy])
      runScenario(
        `
        grant ${whose} 1000 left 250
        centre alpha  8 cores
        job one    cores 2 time 40 grace 10 of 2 tenant 3
        job two    cores 2 time 50 of 2 by 2 tenant 3
        job three  cores 1 time 60 of 2 tenant 3
        job fourth cores 1 time 50 of 2 tenant 3
        job other  cores 1 time 60
        expect one starts alpha
        expect two starts alpha
        expect three waits ${rule}
        expect fourth starts alpha
        expect other starts alpha
        `,
        each,
      );
});

test("an array starts as many tasks as can be held, and goes on with what comes back", () => {
  runScenario(
    `
    grant project 1 1000 left 120
    centre alpha  8 cores
    job wide   array 0-9 time 60
    expect wide_1 starts alpha
    expect wide_2 waits project-grant-used
    place
    grant project 1 1000 left 0
    running wide_0
    running wide_1
    at 10
    end wide_0 ok
    grant project 1 1000 left 50
    expect wide_2 waits project-grant-used
    at 20
    end wide_1 ok
    grant project 1 1000 left 90
    expect wide_2 starts alpha
    expect wide_3 waits project-grant-used
    `,
    policy,
  );
});

test("what came back while more was held is enough for who waits elsewhere", () => {
  runScenario(
    `
    grant project 1 1000 left 220
    grant project 2 1000 left 10
    centre alpha  4 cores
    centre beta   4 cores
    job before  cores 1 time 100 only alpha
    place
    running before
    grant project 1 1000 left 120
    job first   cores 1 time 100 only alpha
    job other   cores 1 time 70 only beta of 2
    job second  cores 1 time 60 only beta
    expect second waits project-grant-used
    place
    at 10
    # Told at once: that first holds 100, and that of what before had held 90 came back.
    end before ok
    grant project 1 1000 left 110
    expect second starts beta
    `,
    policy,
  );
});

test("whole nodes are held for with all their cores; a job says how much is left and what it would hold", () => {
  const world = runScenario(
    `
    grant project 1 7200 left 3600
    pool alpha/batch  2×8
    job half   cores 1 time 360
    job whole  cores 1 time 600 whole
    expect half starts alpha
    expect whole waits project-grant-used
    `,
    policy,
  );
  const explained = world.explain({ job: jobId(2), index: 0 }, 0);
  assert(explained.kind === "waiting" && explained.rule !== null);
  assert.deepEqual(explained.facts, { unit: "core-ms", granted: "2", left: "0.9", asked: "1.334" });
  assert.match(
    reasonWords(explained.rule, explained.facts, "en"),
    /^its project was granted 2 core-hours and has 0\.9 left, and for this 1\.334 would be held/,
  );
  assert.match(reasonWords(explained.rule, explained.facts, "zh"), /^其项目获批 2 核时，余 0\.9，/);
});

test("hours are said to the thousandth: of what is left no more than there is, of a bound no less", () => {
  assert.deepEqual(
    [0n, 35_999n, 36_000n, 3_600_000n, 5_400_000n, 3_599_999n].map((amount) => hoursText(amount, "core-ms")),
    ["0", "0.009", "0.01", "1", "1.5", "0.999"],
  );
  const held = 1_828_001n;
  assert.deepEqual([hoursText(held, "core-ms"), hoursText(held, "core-ms", "up")], ["0.507", "0.508"]);
  assert.equal(hoursText(-1n, "core-ms"), "0");
  assert.equal(hoursText(msOfHours(100, "core-ms"), "core-ms"), "100");
  assert.equal(hoursText(msOfHours(7, "milli-card-ms"), "milli-card-ms"), "7");
});

test("what no hold that comes back can cover never starts as things stand, and less of it may", () => {
  const worldOf = (granted: number) =>
    runScenario(
      `
      grant tenant 1 1000 left 100
      grant project 1 ${granted} left ${granted}
      centre alpha  8 cores
      job wide  cores 8 time 60
      expect wide waits project-grant-too-small
      `,
      policy,
    );
  const explained = (granted: number) => {
    const found = worldOf(granted).explain({ job: jobId(1), index: 0 }, 0);
    assert(found.kind === "waiting" && found.rule !== null);
    return (language: "en" | "zh") => reasonWords(found.rule, found.facts, language);
  };
  const held = "and for this 0.134 would be held (by its time limit and grace);";
  const command = "(weir admin project set)";
  assert.equal(
    explained(0)("en"),
    `as things stand it can never start: its project was granted 0 core-hours and can have 0 at most, ${held} an administrator has to grant more ${command}`,
  );
  assert.match(explained(0)("zh"), /^按目前额度永远无法启动：其项目获批 0 核时，至多可用 0，而.*；须由管理员增加额度/);
  assert.match(explained(250)("en"), /; ask for less, or an administrator has to grant more/);
  assert.match(explained(250)("zh"), /；请减少申请，或须由管理员增加额度/);
});

test("what asks for no cards starts however many card-hours are held beyond the grant", () => {
  const by = { tenant: tenantId(1), project: projectId(1) };
  const grants = noGrants();
  tellGrants(grants, [{ of: "project", id: 1, unit: "milli-card-ms", granted: "1000", left: "-1" }]);
  const shape = { nodes: 1, tasks: 1, coresPerTask: 1, memory: { kind: "default" } } as const;
  const beyond = (cards: number) => {
    const accelerators = cards === 0 ? null : { vendor: null, model: null, perNode: cards };
    return beyondGrant(grants, by, { shape: { ...shape, accelerators }, timeLimitS: 60, graceS: 30 })?.rule ?? null;
  };
  assert.equal(beyond(0), null);
  assert.equal(beyond(1), "project-grant-too-small");
});

test("what would start it now: a request that what is left can hold, and none where nothing is left", () => {
  const text = (left: number) => `
    grant project 1 1000 left ${left}
    centre alpha  8 cores
    job wide  cores 8 time 60
    expect wide waits project-grant-used
    `;
  const changes = (left: number) =>
    runScenario(text(left), policy)
      .whatIf({ job: jobId(1), index: 0 }, 0)
      ?.map((answer) => answer.changes.map((change) => ("to" in change ? [change.kind, change.to] : change.kind)));
  assert.deepEqual(changes(250)?.[0], [["cores-per-task", 4]]);
  assert.deepEqual(changes(0), []);
});
