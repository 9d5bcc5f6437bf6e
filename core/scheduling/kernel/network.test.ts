import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { policies } from "../policy.ts";
import { type MoveLimits, type Network, replayBound } from "./network.ts";
import { queuePolicy } from "./queue-policy.ts";
import { replay } from "./replay.ts";
import { type PlainJob, scheduleOf, workloadOf } from "./scenario-testing.ts";

const bound = ["home", "random", "least-load", "earliest-start"] as const;
const queued = ["fcfs", "sjf", "easy", "easy-sjbf", "sjf-easy", "saf-easy"] as const;
const near = { latencyS: 0, leaseS: null };
const noMoves: Network = { centres: [near, near, near], lookS: 60, moves: null };

const drawnJob = fc.record({
  gapS: fc.integer({ min: 0, max: 4 }),
  runS: fc.integer({ min: 1, max: 12 }),
  spareS: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 30, max: 90 })),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  home: fc.nat(2),
});
const given = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 3 }),
    fc.array(drawnJob, { minLength: 1, maxLength: 24 }),
  )
  .map(([homes, drawn]) => {
    let submitS = 0;
    const jobs = drawn.map(({ gapS, runS, spareS, share, home: any }): PlainJob => {
      submitS += gapS;
      const home = any % homes.length;
      const processors = 1 + Math.floor(share * ((homes[home] ?? 1) - 0.001));
      return { submitS, runS, estimateS: runS + spareS, processors, home };
    });
    return { homes, jobs };
  });

test("without latency, leases and moves every start is that without a network", () => {
  fc.assert(
    fc.property(given, fc.constantFrom(...queued), fc.constantFrom(...bound), ({ homes, jobs }, name, routing) => {
      const workload = workloadOf(homes, jobs);
      const here = scheduleOf(workload, name, routing);
      const there = replayBound(workload, localPolicy(name), routing, noMoves, 1);
      assert.deepEqual([[...there.startS], [...there.centre]], [[...here.startS], [...here.centre]]);
      assert.deepEqual([there.moves, there.returned], [0, 0]);
    }),
    { numRuns: 400 },
  );
});

const between = fc
  .record({ latencyS: fc.nat(2), stays: fc.option(fc.integer({ min: 1, max: 20 })) })
  .map(({ latencyS, stays }) => ({ latencyS, leaseS: stays === null ? null : latencyS + stays }));
const network = fc.record({
  centres: fc.tuple(between, between, between),
  lookS: fc.integer({ min: 1, max: 5 }),
  moves: fc.record({
    leastGainS: fc.nat(3),
    leastGainShare: fc.constantFrom(0, 0.2),
    most: fc.nat(3),
  }),
});
/** Large jobs at two centres, some of which end long before they are due. */
const crowded = fc
  .array(
    fc.record({
      gapS: fc.nat(4),
      runS: fc.integer({ min: 5, max: 40 }),
      spareS: fc.constantFrom(0, 0, 200),
      processors: fc.integer({ min: 3, max: 6 }),
      home: fc.nat(1),
    }),
    { minLength: 6, maxLength: 24 },
  )
  .map((drawn) => {
    let submitS = 0;
    const jobs = drawn.map(({ gapS, runS, spareS, ...job }): PlainJob => {
      submitS += gapS;
      return { ...job, submitS, runS, estimateS: runS + spareS };
    });
    return { homes: [6, 6], jobs };
  });

test("nothing is oversubscribed, starts before its order came, moves too often, or is forgotten", () => {
  const routing = fc.constantFrom(...bound, "earliest-start" as const);
  let [moves, returned] = [0, 0];
  fc.assert(
    fc.property(
      fc.oneof(given, crowded),
      network,
      fc.constantFrom(...queued),
      routing,
      (drawn, settings, name, way) => {
        const workload = workloadOf(drawn.homes, drawn.jobs);
        const done = replayBound(workload, localPolicy(name), way, settings, 1);
        for (let job = 0; job < workload.count; job += 1) {
          const [atS, at] = [done.startS[job] ?? -1, done.centre[job] ?? 0];
          assert.ok(atS >= (workload.submitS[job] ?? 0) + (settings.centres[at]?.latencyS ?? 0));
          let used = 0;
          for (let other = 0; other < workload.count; other += 1) {
            const fromS = done.startS[other] ?? 0;
            if (done.centre[other] === at && fromS <= atS && atS < fromS + (workload.runS[other] ?? 0))
              used += workload.processors[other] ?? 0;
          }
          assert.ok(used <= (drawn.homes[at] ?? 0));
        }
        assert.ok(done.moves <= workload.count * settings.moves.most);
        if (way !== "earliest-start") assert.equal(done.moves, 0);
        moves += done.moves;
        returned += done.returned;
      },
    ),
    { numRuns: 400 },
  );
  assert.ok(moves > 50 && returned > 200, `${moves} moves, ${returned} returns`);
});

test("an order takes its time to a centre, and what is on its way there counts", () => {
  const network = { ...noMoves, centres: [{ latencyS: 5, leaseS: null }, near] };
  const jobs = [job(0, 10, 4, 0), job(0, 10, 4, 0), job(1, 10, 4, 0)];
  const { startS, centre } = replayBound(workloadOf([4, 4], jobs), localPolicy("easy"), "home", network, 1);
  assert.deepEqual([...startS], [5, 15, 25]);
  assert.deepEqual([...centre], [0, 0, 0]);
  const bound = replayBound(workloadOf([4, 4], jobs), localPolicy("easy"), "earliest-start", network, 1);
  assert.deepEqual(
    [...bound.centre],
    [1, 0, 1],
    "near and free; then far and free before near and taken; then near again",
  );
  assert.deepEqual([...bound.startS], [0, 5, 10]);
});

test("whoever has not started when the lease is over loses its place and is bound again a latency later", () => {
  const network = { ...noMoves, centres: [{ latencyS: 2, leaseS: 20 }] };
  const jobs = [job(0, 30, 4, 0), job(1, 10, 4, 0), job(5, 10, 4, 0)];
  const done = replayBound(workloadOf([4], jobs), localPolicy("fcfs"), "home", network, 1);
  // Ordered at 1, it waits at 3, is out at 21, known at 23, here again at 25, behind nobody: the other was out at 25 and is back at 29.
  assert.deepEqual([...done.startS], [2, 32, 42]);
  assert.equal(done.returned, 2);
  assert.equal(replayBound(workloadOf([4], jobs), localPolicy("fcfs"), "home", noMoves, 1).returned, 0);
});

test("what waits moves where it starts so much earlier, at most so often, and takes the time of three orders", () => {
  // Both wait behind the first of their centre; the one at the second centre ends long before it asked to.
  const jobs = [job(0, 1000, 4, 0), { ...job(0, 100, 4, 1), estimateS: 2000 }, job(1, 10, 4, 0)];
  const moves: MoveLimits = { leastGainS: 300, leastGainShare: 0.2, most: 3 };
  const centres = [
    { latencyS: 1, leaseS: null },
    { latencyS: 4, leaseS: null },
  ];
  const run = (limits: MoveLimits | null) =>
    replayBound(
      workloadOf([4, 4], jobs),
      localPolicy("easy"),
      "earliest-start",
      { centres, lookS: 60, moves: limits },
      1,
    );
  const moved = run(moves);
  assert.deepEqual([moved.startS[2], moved.centre[2], moved.moves], [120 + 2 * 1 + 4, 1, 1], "looked at at 60 and 120");
  for (const limits of [null, { ...moves, most: 0 }, { ...moves, leastGainS: 900 }, { ...moves, leastGainShare: 1 }]) {
    const stayed = run(limits);
    assert.deepEqual([stayed.startS[2], stayed.centre[2], stayed.moves], [1001, 0, 0]);
  }
});

const oneQueue = ["fcfs", "sjf", "easy", "sjf-easy", "saf-easy", "weir"] as const;

test("one queue at the network: without latency as without a network, with it each centre at its own distance", () => {
  fc.assert(
    fc.property(
      given,
      fc.constantFrom(...oneQueue),
      fc.array(fc.nat(6), { minLength: 3, maxLength: 3 }),
      (drawn, name, far) => {
        const workload = workloadOf(drawn.homes, drawn.jobs);
        const over = (latenciesS: readonly number[]) => {
          const centres = latenciesS.map((latencyS) => ({ latencyS, leaseS: null }));
          const network = { ...noMoves, centres };
          const done = replay(workload, { policy: policies[name], routing: "central", seed: 1, network });
          assert.ok(done.kind === "schedule");
          return done.schedule;
        };
        const here = scheduleOf(workload, name, "central");
        const there = over([0, 0, 0]);
        assert.deepEqual([[...there.startS], [...there.centre]], [[...here.startS], [...here.centre]]);
        const { startS, centre } = over(far);
        for (let job = 0; job < workload.count; job += 1) {
          const at = centre[job] ?? 0;
          const latencyS = far[at] ?? 0;
          // From the order to the report.
          const [fromS, untilS] = heldBy(job);
          assert.ok(fromS >= (workload.submitS[job] ?? 0));
          let used = 0;
          for (let other = 0; other < workload.count; other += 1) {
            const [otherS, otherUntilS] = heldBy(other);
            if (centre[other] === at && otherS <= fromS && fromS < otherUntilS) used += workload.processors[other] ?? 0;
          }
          assert.ok(untilS - fromS === (workload.runS[job] ?? 0) + 2 * latencyS);
          assert.ok(used <= (drawn.homes[at] ?? 0));
        }
        function heldBy(job: number): readonly [number, number] {
          const latencyS = far[centre[job] ?? 0] ?? 0;
          const atS = startS[job] ?? 0;
          return [atS - latencyS, atS + (workload.runS[job] ?? 0) + latencyS];
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("what has no queue of its kind over a network is refused", () => {
  const workload = workloadOf([4, 4], [job(0, 1, 1, 0)]);
  for (const [name, routing] of [
    ["easy", "merged"],
    ["weir", "home"],
    ["weir", "earliest-start"],
    ["conservative", "home"],
    ["conservative", "central"],
    ["easy-sjbf", "central"],
    ["rl-fcfs", "home"],
  ] as const)
    assert.deepEqual(replay(workload, { policy: policies[name], routing, seed: 1, network: noMoves }), {
      ...{ kind: "not-over-network", policy: name, routing },
    });
});

function job(submitS: number, lastsS: number, processors: number, home: number): PlainJob {
  return { submitS, runS: lastsS, estimateS: lastsS, processors, home };
}

function localPolicy(name: (typeof queued)[number]) {
  const policy = queuePolicy(policies[name]);
  assert.ok(policy && policy.backfill !== "conservative");
  return policy;
}
