import assert from "node:assert/strict";
import { test } from "node:test";
import { type AccountLimits, limitsByWho } from "#core/centre/account-limits.ts";
import { pairKey } from "#core/centre/accounts.ts";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, jobId, personId, projectId } from "#core/ids.ts";
import { sampleSpec } from "#core/sample-testing.ts";
import { poolOfNodes } from "#core/scheduling/scenario-testing.ts";
import { type CentreState, createWorld, type World } from "#core/scheduling/world.ts";

const [li, wang, project] = [personId(1), personId(2), projectId(1)];

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

function queue(world: World, job: number, person: typeof li, timeLimitS: number): void {
  const { shape } = sampleSpec;
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
