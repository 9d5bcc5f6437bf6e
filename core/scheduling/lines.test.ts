import assert from "node:assert/strict";
import { test } from "node:test";
import { pairKey } from "#core/centre/accounts.ts";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, jobId, personId, projectId } from "#core/ids.ts";
import { sampleSpec } from "#core/sample-testing.ts";
import { reasonWords } from "#core/scheduling/reasons.ts";
import { recordedWorld, replayRecording } from "#core/scheduling/recording.ts";
import { poolOfNodes } from "#core/scheduling/scenario-testing.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import type { CentreState, PoolState, RunPhase, WorldEvent } from "#core/scheduling/world-event.ts";

// Whose runs count together in the own queue of a shared pool (B2): those of one local account, as the centre tells it.

type Who = readonly [person: number, project: number];
const [liA, liB, wangA, zhaoC]: readonly [Who, Who, Who, Who] = [
  [1, 1],
  [1, 2],
  [2, 1],
  [3, 3],
];
const everybody = [liA, liB, wangA, zhaoC];

const ids = ([person, project]: Who) => ({ person: personId(person), project: projectId(project) });

/** `accounts`: as whom those run there of whom it tells. */
function centre(accounts: readonly (readonly [Who, string])[] | null, pool: Partial<PoolState> = {}): CentreState {
  const shared = { contract: "shared", maxPending: 2, foreign: "seen", ...pool } as const;
  return {
    id: centreId("jinan"),
    driver: "slurm",
    lifeCycle: "in-service",
    intake: "open",
    connection: "connected",
    pools: [full(poolOfNodes("batch", [{ count: 1, cores: 8 }], shared))],
    offers: noOffers,
    accounts: new Map(everybody.map((who) => [pairKey(ids(who)), "ready"])),
    ...(accounts && { localAccounts: new Map(accounts.map(([who, account]) => [pairKey(ids(who)), account])) }),
  };
}

/** Others have all of it. */
function full(pool: PoolState): PoolState {
  return {
    ...pool,
    nodes: pool.nodes.map((node) => ({ ...node, free: { ...node.free, cores: 0, memoryMib: 0 } })),
  };
}

function queue(world: World, job: number, who: Who, cores = 1): void {
  const shape = { ...sampleSpec.shape, coresPerTask: cores };
  const asked = { shape, wishes: sampleSpec.centres, demands: null, array: null, dependencies: [], past: null };
  const named = { ...ids(who), name: `job-${job}`, timeLimitS: 60 };
  world.apply({ kind: "job-queued", job: jobId(job), submittedMs: job, ...named, ...asked });
}

function place(world: World, phase: RunPhase = "waiting"): readonly number[] {
  const { place: placed } = world.decide(0, 100);
  for (const { index, candidates: _, starts: __, leaseMs: ___, ...run } of placed)
    world.apply({ kind: "task-placed", index, ...run, phase, atMs: 0 });
  return placed.map(({ job }) => job);
}

function end(world: World, job: number): void {
  const indices = [{ first: 0, last: 0, step: 1 }];
  world.apply({ kind: "tasks-ended", job: jobId(job), indices, succeeded: true });
}

function why(world: World, job: number) {
  const explained = world.explain({ job: jobId(job), index: 0 }, 0);
  assert(explained.kind === "waiting");
  const [{ rule = null, facts = {} } = {}] = explained.candidates;
  return { rule, facts };
}

const told = (accounts: Parameters<typeof centre>[0], pool?: Partial<PoolState>): WorldEvent => ({
  kind: "centre-changed",
  centre: centre(accounts, pool),
});

for (const phase of ["sent", "waiting"] as const)
  test(`projects of one local account share its places, and of one project each account has its own (${phase})`, () => {
    const world = createWorld();
    world.apply(
      told([
        [liA, "a"],
        [liB, "a"],
        [wangA, "b"],
      ]),
    );
    for (const [at, who] of [liA, liB, liA, liB, wangA, wangA, wangA].entries()) queue(world, at + 1, who);
    assert.deepEqual(place(world, phase), [1, 2, 5, 6], "two of each account");
    assert.deepEqual(why(world, 3), {
      rule: "pool-queue-full",
      facts: { pending: 2, limit: 2, pool: "batch", per: "account" },
    });
    assert.equal(why(world, 7).facts.pending, 2);
    assert.deepEqual(place(world, phase), []);
    end(world, 2);
    assert.deepEqual(place(world, phase), [3], "the one that came first of them, of whichever project");
  });

test("another size is another line of the same account", () => {
  const world = createWorld();
  world.apply(told(everybody.map((who) => [who, "a"])));
  for (const [at, who] of [liA, liB, wangA, zhaoC].entries()) queue(world, at + 1, who, 1 + (at % 2));
  queue(world, 5, wangA, 1);
  assert.deepEqual(place(world).toSorted(), [1, 2, 3, 4]);
});

test("where the agent tells of nobody, or not of somebody, a project's runs count together", () => {
  const world = createWorld();
  world.apply(told(null));
  for (const [at, who] of [liA, wangA, liA, liB, liB, liB].entries()) queue(world, at + 1, who);
  assert.deepEqual(place(world), [1, 2, 4, 5]);
  assert.deepEqual(why(world, 3).facts, { pending: 2, limit: 2, pool: "batch" });
  const some = createWorld();
  some.apply(told([[wangA, "b"]]));
  for (const [at, who] of [liA, wangA, liA, liA].entries()) queue(some, at + 1, who);
  assert.deepEqual(place(some), [1, 2, 3]);
});

test("pools that the network has to itself, or only what fits now of, are as they were", () => {
  for (const contract of ["dedicated", "opportunistic"] as const) {
    const plans = [null, everybody.map((who) => [who, "a"] as const)].map((accounts) => {
      const world = createWorld();
      const free = { ...centre(accounts, { contract }), pools: [poolOfNodes("batch", [{ cores: 3 }], { contract })] };
      world.apply({ kind: "centre-changed", centre: free });
      for (const [at, who] of [...everybody, ...everybody].entries()) queue(world, at + 1, who);
      return [place(world), world.decide(0, 100), why(world, 8)];
    });
    assert.deepEqual(plans[0], plans[1], contract);
  }
});

test("when the mapping changes, what waits there counts as whom it leads to now; a snapshot read later says the same", () => {
  const lived = createWorld();
  lived.apply(told(null));
  for (const [at, who] of [liA, liA, liB, liB, zhaoC].entries()) queue(lived, at + 1, who);
  assert.deepEqual(place(lived), [1, 2, 3, 4, 5]);
  const change = told([
    [liA, "a"],
    [liB, "a"],
    [zhaoC, "a"],
  ]);
  lived.apply(change);
  queue(lived, 6, zhaoC);
  assert.deepEqual([why(lived, 6).facts.pending, place(lived)], [5, []]);
  for (const job of [1, 2, 3]) end(lived, job);
  assert.deepEqual([why(lived, 6).facts.pending, place(lived)], [2, []]);
  end(lived, 4);
  const read = createWorld();
  read.apply(change);
  queue(read, 5, zhaoC);
  assert.deepEqual(place(read), [5]);
  queue(read, 6, zhaoC);
  assert.deepEqual(read.decide(0, 100).place, lived.decide(0, 100).place);
  assert.deepEqual(place(lived), [6]);
  queue(lived, 7, liA);
  assert.equal(why(lived, 7).rule, "pool-queue-full");
  lived.apply(told([[zhaoC, "z"]]));
  assert.deepEqual(place(lived), [7], "they are two accounts now");
});

test("a recording holds as whom people run; one made before that replays as it was", () => {
  const record = (accounts: Parameters<typeof centre>[0]) => {
    const lines: string[] = [];
    const world = recordedWorld((line) => lines.push(`${line}\n`));
    world.apply(told(accounts));
    for (const [at, who] of [liA, liB, wangA, liB, liA, liB].entries()) {
      queue(world, at + 1, who);
      place(world);
    }
    end(world, 1);
    place(world);
    return lines.join("");
  };
  const before = record(null);
  assert.doesNotMatch(before, /localAccounts|"per"/);
  const after = record([
    [liA, "a"],
    [liB, "a"],
  ]);
  assert.match(after, /"localAccounts":\{"entries":\[\["1\.1","a"\]/);
  const replays = [before, after].map(replayRecording);
  assert.deepEqual(
    replays.map((one) => one.kind === "equal" && one.placements),
    [5, 4],
  );
  const without = after.replace(/"localAccounts":\{[^}]*\}/, '"localAccounts":{"entries":[],"is":"map"}');
  assert.equal(replayRecording(without).kind, "differs", "the plans follow from what was told");
});

test("the words say whose runs count together, and who else's as far as the reader may know", () => {
  const facts = { pending: 2, limit: 2, pool: "batch" };
  const said = (more: object, language: "en" | "zh" = "en") =>
    reasonWords("pool-queue-full", { ...facts, ...more }, language);
  assert.match(said({}), /2 runs of the project's like it wait in the own queue of pool batch.* \(2\)$/);
  assert.match(said({}, "zh"), /本项目同类运行已有 2 个在资源池 batch 的本地队列等待，已达上限 2$/);
  const per = "account";
  assert.match(said({ per }), /2 runs of its local account's like it wait.* \(2\)$/);
  assert.match(said({ per, others: 0, named: "" }), / \(2\)$/);
  assert.match(said({ per, others: 1, named: "" }), /\(2\); that account is shared with 1 other project$/);
  assert.match(said({ per, others: 2, named: "beta, eta" }), /is shared with projects beta, eta$/);
  assert.match(said({ per, others: 3, named: "beta" }), /is shared with project beta and 2 more projects$/);
  const zh = (more: object) => said({ per, ...more }, "zh");
  assert.match(zh({}), /且同一本地账号的同类运行已有 2 个.*上限 2$/);
  assert.match(zh({ others: 2, named: "" }), /上限 2；该账号与另外 2 个项目共用$/);
  assert.match(zh({ others: 2, named: "beta, eta" }), /；该账号与项目 beta、eta 共用$/);
  assert.match(zh({ others: 3, named: "beta" }), /；该账号与项目 beta 及另外 2 个项目共用$/);
});
