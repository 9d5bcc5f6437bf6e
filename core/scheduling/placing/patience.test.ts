import assert from "node:assert/strict";
import { test } from "node:test";
import { centreId, jobId } from "#core/ids.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { runScenario } from "#core/scheduling/scenario-testing.ts";

/** When work waits for a faster pool though another could start it now (docs/decisions/0043). Nothing is known of anybody's work, so half its limit is expected. */
const { weir } = policies;
const hasty: Policy = { ...weir, placing: { ...weir.placing, patience: null } };

/** alpha is four times as fast, and full for 600 s. */
const full = `
  pool alpha/main  1×8 speed 4
  pool beta/main   1×8
  job ahead  cores 8 time 600 only alpha
  place
  running ahead
`;

test("work waits for a faster pool that is free soon, and starts there when it is", () => {
  const text = `${full}
    job long   cores 8 time 7200
    expect long awaits alpha 600`;
  runScenario(text, weir);
  runScenario(`${text}\n end ahead ok\n expect long starts alpha`, weir);
  runScenario(text.replace("awaits alpha 600", "starts beta"), hasty);
});

test("nobody waits for a faster pool where it would start there too late for its deadline", () => {
  const dated = (deadlineS: number) => `${full}\n job long cores 8 time 7200 deadline ${deadlineS}\n expect long`;
  runScenario(`${dated(7801)} awaits alpha 600`, weir);
  runScenario(`${dated(7799)} starts beta`, weir);
});

test("it starts where it may where the wait is not worth it", () => {
  // Half of 2400 s are expected: 900 s are saved, of which 600 are waited and 300 must be gained.
  runScenario(`${full}\n job brief cores 8 time 2400\n expect brief starts beta`, weir);
  runScenario(`${full}\n job lasts cores 8 time 2403\n expect lasts awaits alpha 600`, weir);
  runScenario(`${full.replace("speed 4", "speed 1")}\n job long cores 8 time 7200\n expect long starts beta`, weir);
});

test("the time its submitter's work took before counts, not the limit", () => {
  const learnt = (ranS: number) => `
    pool beta/main   1×8
    job before cores 8 time 7200
    place
    running before
    at ${ranS}
    end before ok
    pool alpha/main  1×8 speed 4
    job ahead  cores 8 time 600 only alpha
    place
    running ahead
    job next   cores 8 time 7200`;
  runScenario(`${learnt(60)}\n expect next starts beta`, weir);
  runScenario(`${learnt(7200)}\n expect next awaits alpha 600`, weir);
});

const inTurn: Policy = {
  ...weir,
  order: { kind: "fcfs" },
  fairness: null,
  prediction: null,
  maxWaitS: null,
  lookahead: null,
};

test("its place is kept: who comes behind starts beside it, or before, and does not delay it", () => {
  runScenario(
    `
    pool alpha/main  1×12 speed 4
    pool beta/main   1×10
    job ahead  cores 8 time 600 only alpha
    place
    running ahead
    job long   cores 10 time 7200
    job wide   cores 4 time 7200 only alpha
    job thin   cores 2 time 7200 only alpha
    job brief  cores 2 time 500 only alpha
    expect long awaits alpha 600
    expect wide waits alpha: reserved-for-earlier, beta: not-among-wished
    expect thin starts alpha
    expect brief starts alpha`,
    inTurn,
  );
});

test("several wait in turn where it is still worth it, and the others start now", () => {
  runScenario(
    `${full}
    job one    cores 8 time 7200
    job two    cores 8 time 28800
    job three  cores 8 time 7200
    expect one awaits alpha 600
    expect two awaits alpha 7800
    expect three starts beta`,
    inTurn,
  );
});

test("a preferred centre is not left for a faster one, nor one that is away or only lent waited for", () => {
  runScenario(`${full}\n job long cores 8 time 7200 prefer beta\n expect long starts beta`, weir);
  runScenario(`${full}\n centre alpha unreachable\n job long cores 8 time 7200\n expect long starts beta`, weir);
  const lent = full.replace("speed 4", "opportunistic speed 4");
  runScenario(`${lent}\n job long cores 8 time 7200\n expect long starts beta`, weir);
});

test("work near its longest wait starts where it may", () => {
  runScenario(`${full}\n job long cores 8 time 7200\n at 300000\n expect long starts beta`, {
    ...weir,
    maxWaitS: 300_000,
    guardLeadS: 10,
  });
});

test("it is told what is waited for, what instead of, and what that gains", () => {
  const world = runScenario(`${full}\n job long cores 8 time 7200`, weir);
  const task = { job: jobId(2), index: 0 };
  const explained = world.explain(task, 0);
  assert(explained.kind === "waiting");
  assert.deepEqual(explained.awaits, {
    ...{ centre: centreId("alpha"), pool: "main", startsInS: 600, gainS: 2100 },
    insteadOf: { centre: centreId("beta"), pool: "main" },
  });
  assert.deepEqual(world.decide(0, 10), world.decide(0, 10), "deciding changes nothing");
});
