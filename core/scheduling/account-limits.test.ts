import assert from "node:assert/strict";
import { test } from "node:test";
import { type AccountLimits, limitsByWho } from "#core/centre/account-limits.ts";
import { pairKey } from "#core/centre/accounts.ts";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, jobId, personId, projectId } from "#core/ids.ts";
import { sampleSpec } from "#core/sample-testing.ts";
import { aboveAccountMinutes, amountsOf } from "#core/scheduling/account-use.ts";
import { policies } from "#core/scheduling/policy.ts";
import { reasonWords } from "#core/scheduling/reasons.ts";
import { poolOfNodes } from "#core/scheduling/scenario-testing.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import type { CentreState } from "#core/scheduling/world-event.ts";

const [li, wang, project] = [personId(1), personId(2), projectId(1)];

const npu = { vendor: "huawei", model: "910b", count: 8 };

const unbound: AccountLimits = {
  person: li,
  project: null,
  submitted: 0,
  mostRunning: null,
  mostSubmitted: null,
  mostTimeS: null,
  together: [],
  togetherMinutes: [],
  fairShare: null,
};

function slurm(limits: readonly AccountLimits[]): CentreState {
  return {
    id: centreId("jinan"),
    driver: "slurm",
    lifeCycle: "in-service",
    intake: "open",
    connection: "connected",
    pools: [poolOfNodes("batch", [{ count: 4, cores: 8 }])],
    offers: noOffers,
    accounts: new Map([li, wang].map((person) => [pairKey({ person, project }), "ready"])),
    limits: limitsByWho(limits),
  };
}

function queue(world: World, job: number, person: typeof li, timeLimitS: number, cores = 1): void {
  const shape = { ...sampleSpec.shape, coresPerTask: cores };
  const asked = { shape, wishes: sampleSpec.centres, demands: null, array: null, dependencies: [], past: null };
  const who = { person, project, name: `job-${job}` };
  world.apply({ kind: "job-queued", job: jobId(job), submittedMs: job, timeLimitS, ...who, ...asked });
}

function why(world: World, job: number): readonly (string | null)[] {
  const explained = world.explain({ job: jobId(job), index: 0 }, 0);
  return explained.kind === "waiting" ? explained.candidates.map(({ rule }) => rule) : [explained.kind];
}

function starts(world: World): readonly number[] {
  return world.decide(0, 100).place.map(({ job }) => job);
}

test("a time limit above what the local account allows is not sent there, and keeps nobody else waiting", () => {
  const world = createWorld();
  world.apply({ kind: "centre-changed", centre: slurm([{ ...unbound, mostTimeS: 600 }]) });
  queue(world, 1, li, 601);
  queue(world, 2, li, 600);
  queue(world, 3, wang, 601);
  assert.deepEqual(why(world, 1), ["time-limit-above-account"]);
  assert.deepEqual(starts(world), [2, 3]);
});

test("who is at the limit of submissions waits until the centre tells of fewer, and keeps nobody else waiting", () => {
  const world = createWorld();
  const told = (submitted: number) => slurm([{ ...unbound, mostSubmitted: 3, submitted }]);
  world.apply({ kind: "centre-changed", centre: told(3) });
  queue(world, 1, li, 60);
  queue(world, 2, wang, 60);
  assert.deepEqual(why(world, 1), ["at-submit-limit"]);
  assert.deepEqual(starts(world), [2]);
  world.apply({ kind: "centre-changed", centre: told(2) });
  assert.deepEqual(starts(world), [1, 2]);
});

test("the most exact entry decides", () => {
  const world = createWorld();
  const ofPair = { ...unbound, project, mostTimeS: 1200 };
  const ofProject = { ...unbound, person: null, project, mostTimeS: 60 };
  world.apply({ kind: "centre-changed", centre: slurm([{ ...unbound, mostTimeS: 600 }, ofPair, ofProject]) });
  queue(world, 1, li, 1200);
  queue(world, 2, wang, 61);
  assert.deepEqual(starts(world), [1]);
});

test("of one person in whatever project goes before a project's; amounts are of all nodes, minutes of minutes", () => {
  const ofProject = { ...unbound, person: null, project, mostTimeS: 60 };
  const world = createWorld();
  world.apply({ kind: "centre-changed", centre: slurm([ofProject, { ...unbound, mostTimeS: 600 }]) });
  queue(world, 1, li, 600);
  assert.deepEqual(starts(world), [1]);
  const amounts = amountsOf({ nodes: 3, cores: 8, memoryMib: 100, cards: 2, device: 0 }, npu);
  assert.deepEqual(
    amounts.map(({ name, count }) => `${name}=${count}`),
    ["job=1", "cpu=24", "node=3", "mem=300", "gres/npu=6", "gres/npu:910b=6"],
  );
  const limits = (most: number) => ({ ...unbound, togetherMinutes: [{ name: "cpu", most }] });
  assert.equal(aboveAccountMinutes(limits(48), amounts, 120), null);
  assert.deepEqual(aboveAccountMinutes(limits(47), amounts, 120)?.facts, { asked: 48, limit: 47, of: "cpu" });
});

/** Commits what would start now. */
function place(world: World): void {
  for (const { job, index, attempt, centre, pool, allocation } of world.decide(0, 100).place)
    world.apply({ kind: "task-placed", job, index, attempt, centre, pool, allocation, phase: "sent", atMs: 0 });
}

function end(world: World, job: number): void {
  world.apply({ kind: "tasks-ended", job: jobId(job), indices: [{ first: 0, last: 0, step: 1 }], succeeded: true });
}

test("no more run than the account may have, within one decision too, and whom it does not bind goes on", () => {
  const world = createWorld();
  world.apply({ kind: "centre-changed", centre: slurm([{ ...unbound, mostRunning: 2 }]) });
  for (const job of [1, 2, 3, 4]) queue(world, job, li, 60);
  queue(world, 5, wang, 60);
  assert.deepEqual(starts(world), [1, 2, 5]);
  assert.deepEqual(why(world, 3), ["account-limit-used"]);
  place(world);
  assert.deepEqual(starts(world), []);
  assert.deepEqual(why(world, 4), ["account-limit-used"]);
  end(world, 1);
  assert.deepEqual(starts(world), [3]);
});

test("what jobs may hold together is kept with what is not the network's, and a smaller job does not pass a larger", () => {
  const world = createWorld(policies.fcfs);
  const together = [{ name: "cpu", most: 12 }];
  const told = (cores: number) => slurm([{ ...unbound, together, othersHold: [{ name: "cpu", count: cores }] }]);
  world.apply({ kind: "centre-changed", centre: told(4) });
  queue(world, 1, li, 60, 4);
  queue(world, 2, li, 60, 8);
  queue(world, 3, li, 60, 1);
  queue(world, 4, wang, 60, 8);
  assert.deepEqual(starts(world), [1, 4]);
  assert.deepEqual([why(world, 2), why(world, 3)], [["account-limit-used"], ["behind-in-queue"]]);
  const explained = world.explain({ job: jobId(2), index: 0 }, 0);
  assert(explained.kind === "waiting");
  assert.deepEqual(explained.candidates[0]?.facts, { asked: 8, held: 8, limit: 12, of: "cpu" });
  world.apply({ kind: "centre-changed", centre: told(0) });
  assert.deepEqual(starts(world), [1, 2, 4]);
});

test("what is above the account's limit alone is not sent, and joins others again when the limit goes", () => {
  const world = createWorld();
  const minutes = { togetherMinutes: [{ name: "cpu", most: 60 }] };
  world.apply({ kind: "centre-changed", centre: slurm([{ ...unbound, together: [{ name: "node", most: 0 }] }]) });
  queue(world, 1, li, 3600, 2);
  assert.deepEqual(why(world, 1), ["above-account"]);
  world.apply({ kind: "centre-changed", centre: slurm([{ ...unbound, ...minutes }]) });
  assert.deepEqual(why(world, 1), ["above-account-minutes"]);
  world.apply({ kind: "centre-changed", centre: slurm([]) });
  assert.deepEqual(starts(world), [1]);
});

test("in a shared pool the network's runs wait in the engine's own queue, as many as may", () => {
  const world = createWorld();
  const centre = slurm([{ ...unbound, mostRunning: 1 }]);
  const pools = [
    poolOfNodes("batch", [{ count: 4, cores: 8 }], { contract: "shared", maxPending: 1, foreign: "seen" }),
  ];
  world.apply({ kind: "centre-changed", centre: { ...centre, pools } });
  for (const job of [1, 2, 3]) queue(world, job, li, 60);
  assert.deepEqual(
    world.decide(0, 100).place.map(({ job, starts }) => `${job} ${starts}`),
    ["1 now", "2 in-turn"],
  );
  assert.deepEqual(why(world, 3), ["pool-queue-full"]);
});

test("cards count as the engine counts them, and the words say what is counted", () => {
  const world = createWorld();
  const node = { count: 1, cores: 8, accelerators: [{ vendor: "huawei", model: "910b", count: 8 }] };
  const centre = slurm([{ ...unbound, together: [{ name: "gres/npu", most: 4 }] }]);
  world.apply({ kind: "centre-changed", centre: { ...centre, pools: [poolOfNodes("batch", [node])] } });
  const shape = { ...sampleSpec.shape, accelerators: { vendor: null, model: "910b", perNode: 3 } };
  const asked = { wishes: sampleSpec.centres, demands: null, array: null, dependencies: [], past: null };
  for (const job of [1, 2])
    world.apply({
      kind: "job-queued",
      job: jobId(job),
      submittedMs: job,
      timeLimitS: 60,
      person: li,
      project,
      name: "cards",
      shape,
      ...asked,
    });
  assert.deepEqual(starts(world), [1]);
  assert.deepEqual(why(world, 2), ["account-limit-used"]);
  const facts = { asked: 1, held: 2, limit: 2, of: "job" };
  assert.match(reasonWords("account-limit-used", facts, "en"), /hold 2 of the 2 running jobs that/);
  assert.match(reasonWords("account-limit-used", facts, "zh"), /已占用 2 个运行作业/);
});
