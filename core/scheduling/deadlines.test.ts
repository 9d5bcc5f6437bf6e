import assert from "node:assert/strict";
import { test } from "node:test";
import { jobId } from "#core/ids.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { runScenario } from "./scenario-testing.ts";

// A deadline ends what can no longer meet it, and moves it ahead of its class as its latest start comes near: never past who
// holds a place already, and not while its submitter has used more than is theirs.

const policy: Policy = { ...policies.weir, homePriority: null, prediction: null, lookahead: null };

test("it starts as long as it can end by its deadline, and ends without a start when it no longer can", () => {
  for (const each of [policy, policies.fcfs, policies.easy, policies.conservative])
    runScenario(
      `
      centre alpha  4 cores
      job first  cores 4 time 1000
      place
      running first
      job late   cores 2 time 600 deadline 1500
      job after  cores 2 time 60 afterany late
      job other  cores 4 time 60
      at 900
      expect late waits alpha: cores-busy
      at 901
      expect late overdue
      place
      expect after waits alpha: cores-busy
      end first ok
      expect after starts alpha
      `,
      each,
    );
});

test("at its latest start it still starts; of an array each task that can", () => {
  runScenario(
    `
    centre alpha  4 cores
    job wide  cores 4 time 100 array 0-3 deadline 350
    place
    running wide_0
    at 100
    end wide_0 ok
    place
    running wide_1
    at 250
    end wide_1 ok
    expect wide_2 starts alpha
    place
    at 251
    expect wide_3 overdue
    place
    expect nothing starts
    `,
    policy,
  );
});

test("who is withdrawn and waits again ends too, once it is too late", () => {
  runScenario(
    `
    centre alpha  4 cores
    job one  cores 4 time 100 deadline 200
    place
    at 150
    retry one
    expect one overdue
    `,
    policy,
  );
});

test("the world says when to look again", () => {
  const world = runScenario(
    `
    centre alpha  1 cores
    job one   cores 1 time 500
    place
    running one
    job two   cores 1 time 100 deadline 200
    job three cores 1 time 100 deadline 400
    `,
    policy,
  );
  assert.equal(world.decide(1_000, 9).againMs, 100_001);
  assert.deepEqual(
    world.decide(100_001, 9).end.map(({ job }) => job),
    [jobId(2)],
  );
  assert.equal(world.decide(100_001, 9).againMs, 300_001);
});

// Two other people, each with their own project: what comes first in the order is wide, and small ones pass it by.
const urgent = (line: string) => `
  centre alpha  4 cores
  job runs    cores 4 time 3000 of 1 by 1
  place
  running runs
  job older   cores 4 time 600 of 2 by 2
  job dated   cores 4 time 600 of 3 by 3 ${line}
`;

test("near its latest start it goes ahead of its class", () => {
  const text = (at: number) => `
    at ${at}
    end runs ok
    expect dated starts alpha
  `;
  runScenario(`${urgent("deadline 3500")} ${text(2500)}`, policy);
  // It has waited less than it has left.
  assert.throws(() => runScenario(`${urgent("deadline 3500")} ${text(1400)}`, policy));
  // Its latest start is farther away than the policy's lead.
  assert.throws(() => runScenario(`${urgent("deadline 20000")} ${text(3000)}`, policy));
  // Without a deadline, and where the policy minds none.
  assert.throws(() => runScenario(`${urgent("")} ${text(2500)}`, policy));
  const none = { ...policies.weir.fairness, deadlineLeadS: null };
  assert.throws(() => runScenario(`${urgent("deadline 3500")} ${text(2500)}`, { ...policy, fairness: none }));
  assert.throws(() => runScenario(`${urgent("deadline 3500")} ${text(2500)}`, { ...policy, fairness: null }));
});

test("of a higher class, near the longest wait, and holding a place already, others stay before it", () => {
  const high = urgent("deadline 3500").replace(
    "job dated",
    "job higher cores 4 time 600 of 4 by 4 priority high\n job dated",
  );
  runScenario(
    `${high} \n at 2500 \n end runs ok \n expect higher starts alpha \n expect dated waits alpha: cores-busy`,
    policy,
  );
  const longest = { ...policy, maxWaitS: 2000, guardLeadS: 0 };
  runScenario(
    `${urgent("deadline 3500")} \n at 2500 \n end runs ok \n expect older starts alpha \n expect dated waits alpha: cores-busy`,
    longest,
  );
  // It was the head when the deadline came near: its place is kept, whoever goes ahead.
  const held = `${urgent("deadline 3500")}
    at 1000
    place
    at 2500
    place
    end runs ok
    expect older starts alpha
    expect dated waits alpha: cores-busy
  `;
  runScenario(held, policy);
});

test("beside a place that is held it goes ahead of all who may pass there", () => {
  runScenario(
    `
    centre alpha  8 cores
    job runs    cores 4 time 3000 of 1 by 1
    job rest    cores 4 time 9000 of 1 by 1
    place
    running runs
    running rest
    job wide    cores 8 time 600 of 2 by 2
    at 1000
    place
    job small   cores 4 time 600 of 2 by 2
    job dated   cores 4 time 3000 of 3 by 3 deadline 6000
    at 2500
    place
    end runs ok
    expect dated starts alpha
    expect small waits alpha: cores-busy
    expect wide waits alpha: cores-busy
    `,
    policy,
  );
});

test("of whoever has used more than is theirs a deadline moves nothing", () => {
  runScenario(
    `
    centre alpha  4 cores
    job runs    cores 4 time 3000 of 1 by 1
    place
    running runs
    job older   cores 4 time 600 of 2 by 2
    job dated   cores 4 time 600 of 1 by 1 deadline 3500
    at 2500
    end runs ok
    expect older starts alpha
    expect dated waits alpha: cores-busy
    `,
    policy,
  );
});

test("the earlier latest start goes first; explained as it is", () => {
  const world = runScenario(
    `
    centre alpha  4 cores
    job runs    cores 4 time 3000 of 1 by 1
    place
    running runs
    job one     cores 4 time 600 of 2 by 2 deadline 3600
    job two     cores 4 time 600 of 3 by 3 deadline 3500
    job mine    cores 4 time 600 of 1 by 1 deadline 9000
    at 2500
    end runs ok
    expect two starts alpha
    expect one waits alpha: cores-busy
    `,
    policy,
  );
  const explained = world.explain({ job: jobId(2), index: 0 }, 2_500_000);
  assert(explained.kind === "waiting");
  assert.deepEqual(explained.order?.deadline, { endsMs: 3_600_000, latestStartMs: 3_000_000, goesAhead: "now" });
  const mine = world.explain({ job: jobId(4), index: 0 }, 2_500_000);
  assert(mine.kind === "waiting" && mine.order?.deadline?.goesAhead === "above-share");
});

test("jobs alike with other deadlines, or none, are told apart", () => {
  runScenario(
    `
    centre alpha  4 cores
    job runs    cores 4 time 3000 of 1 by 1
    place
    running runs
    job first   cores 4 time 600 of 2 by 2
    job second  cores 4 time 600 of 2 by 2 deadline 9000
    job third   cores 4 time 600 of 2 by 2 deadline 3500
    at 2500
    end runs ok
    expect third starts alpha
    place
    running third
    at 3100
    end third ok
    expect first starts alpha
    `,
    policy,
  );
});
