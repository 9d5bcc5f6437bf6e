import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Schedule, Workload } from "../replay/workload.ts";
import { plainSchedule } from "./plain-testing.ts";
import { classicNames, type PlainJob, scheduleOf, workloadOf } from "./scenario-testing.ts";

const sizes = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 3 });
const drawnJob = fc.record({
  gapS: fc.integer({ min: 0, max: 4 }),
  runS: fc.integer({ min: 1, max: 12 }),
  spareS: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 12 })),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  home: fc.nat(2),
});
/** Jobs that fit their own home. */
const network = fc.tuple(sizes, fc.array(drawnJob, { minLength: 1, maxLength: 24 })).map(([homes, drawn]) => {
  let submitS = 0;
  const jobs = drawn.map(({ gapS, runS, spareS, share, home: any }): PlainJob => {
    submitS += gapS;
    const home = any % homes.length;
    const processors = 1 + Math.floor(share * ((homes[home] ?? 1) - 0.001));
    return { submitS, runS, estimateS: runS + spareS, processors, home };
  });
  return { homes, jobs };
});
const machine = network.map(({ homes, jobs }) => {
  const [size = 1] = homes;
  const fitted = jobs.map((job) => ({ ...job, processors: Math.min(job.processors, size), home: 0 }));
  return { homes: [size], jobs: fitted };
});
const classic = fc.constantFrom(...classicNames);

test("one machine: every start is that of the plain rules", () => {
  fc.assert(
    fc.property(machine, classic, ({ homes, jobs }, policy) => {
      const workload = workloadOf(homes, jobs);
      assert.deepEqual(asLists(scheduleOf(workload, policy)), plainSchedule(workload, policy));
    }),
    { numRuns: 300 },
  );
});

test("one queue over several centres: every start is that of the plain rules, as one that a policy file says too", () => {
  fc.assert(
    fc.property(network, classic, fc.constantFrom("central", "weir"), ({ homes, jobs }, policy, way) => {
      const workload = workloadOf(homes, jobs);
      assert.deepEqual(asLists(scheduleOf(workload, policy, way)), plainSchedule(workload, policy));
    }),
    { numRuns: 300 },
  );
});

test("nothing is oversubscribed, nobody starts before submission, and whatever the routing nobody is forgotten", () => {
  const routing = fc.constantFrom("home", "random", "least-load", "earliest-start", "central", "merged");
  const policyName = fc.constantFrom(...classicNames, "weir" as const);
  fc.assert(
    fc.property(network, policyName, routing, ({ homes, jobs }, policy, way) => {
      const workload = workloadOf(homes, jobs);
      const schedule = scheduleOf(workload, policy, way);
      const all = homes.reduce((sum, size) => sum + size, 0);
      checkCapacity(way === "merged" ? [all] : homes, workload, schedule);
      for (let i = 0; i < workload.count; i += 1) {
        assert.ok((schedule.startS[i] ?? -1) >= (workload.submitS[i] ?? 0));
        if (way === "home") assert.equal(schedule.centre[i], workload.home[i]);
      }
    }),
    { numRuns: 300 },
  );
});

test("an EASY start never moves the head's shadow later, under the times asked for", () => {
  fc.assert(
    fc.property(network, fc.constantFrom("easy", "easy-sjbf", "sjf-easy", "saf-easy"), ({ homes, jobs }, policy) => {
      const workload = workloadOf(
        homes,
        jobs.map((job) => ({ ...job, runS: job.estimateS })),
      );
      const firstShadowS = new Map<number, number>();
      plainSchedule(workload, policy, (what) => {
        if (what.kind !== "backfilled") return;
        const before = firstShadowS.get(what.head);
        // A head that another job went ahead of is promised nothing, so only the order of submission keeps one throughout.
        if (before !== undefined && (policy === "easy" || policy === "easy-sjbf")) assert.ok(what.shadowS <= before);
        firstShadowS.set(what.head, what.shadowS);
      });
      const { startS } = scheduleOf(workload, policy, "central");
      if (policy === "easy" || policy === "easy-sjbf")
        for (const [head, shadowS] of firstShadowS) assert.ok((startS[head] ?? 0) <= shadowS);
    }),
    { numRuns: 200 },
  );
});

test("while a job stays the head of an EASY queue its shadow never moves later, whatever starts beside it", () => {
  let followed = 0;
  fc.assert(
    fc.property(network, fc.constantFrom("easy", "easy-sjbf", "sjf-easy", "saf-easy"), ({ homes, jobs }, policy) => {
      let [head, shadowS] = [-1, 0];
      plainSchedule(workloadOf(homes, jobs), policy, (what) => {
        if (what.kind !== "reserved") return;
        // Who was head before and is passed by a newcomer, or by one that starts as the head, is promised nothing.
        if (what.head === head && what.headsStarted === 0) {
          assert.ok(what.shadowS <= shadowS, `job ${head} at ${what.nowS}: ${what.shadowS} after ${shadowS}`);
          followed += 1;
        }
        ({ head, shadowS } = what);
      });
    }),
    { numRuns: 200 },
  );
  assert.ok(followed > 100, `only ${followed} were followed`);
});

test("conservative never starts a job after its promise, unless a plan made anew says so", () => {
  fc.assert(
    fc.property(network, ({ homes, jobs }) => {
      const workload = workloadOf(homes, jobs);
      const promisedS = new Map<number, number>();
      plainSchedule(workload, "conservative", (what) => {
        if (what.kind === "promised") promisedS.set(what.job, what.atS);
      });
      const { startS } = scheduleOf(workload, "conservative", "central");
      for (const [job, atS] of promisedS) assert.equal(startS[job], atS);
    }),
    { numRuns: 200 },
  );
});

test("times k times as long start k times as late; machines and jobs k times as large start the same", () => {
  const factor = fc.integer({ min: 2, max: 9 });
  fc.assert(
    fc.property(network, classic, factor, fc.boolean(), ({ homes, jobs }, policy, k, isCentral) => {
      const way = isCentral ? "central" : "home";
      const { startS } = scheduleOf(workloadOf(homes, jobs), policy, way);
      const longer = jobs.map((job) => ({
        ...job,
        ...{ submitS: job.submitS * k, runS: job.runS * k, estimateS: job.estimateS * k },
      }));
      assert.deepEqual(
        [...scheduleOf(workloadOf(homes, longer), policy, way).startS],
        [...startS].map((one) => one * k),
      );
      const larger = jobs.map((job) => ({ ...job, processors: job.processors * k }));
      const largerHomes = homes.map((size) => size * k);
      assert.deepEqual([...scheduleOf(workloadOf(largerHomes, larger), policy, way).startS], [...startS]);
    }),
    { numRuns: 200 },
  );
});

test("what ends at one instant may end in any order: jobs that are alike but for their number swap places", () => {
  fc.assert(
    fc.property(machine, classic, ({ homes, jobs }, policy) => {
      const workload = workloadOf(homes, jobs);
      const { startS } = scheduleOf(workload, policy);
      // The heap takes equal ends in an order that depends on its history: jobs that are over before the first one comes
      // change that history and nothing else.
      const lateS = 40;
      const before = Array.from({ length: 5 }, (_, i) => ({
        ...{ submitS: 0, runS: 1 + ((i * 3) % 5), estimateS: 6, processors: 1, home: 0 },
      }));
      const moved = jobs.map((job) => ({ ...job, submitS: job.submitS + lateS }));
      const again = scheduleOf(workloadOf(homes, [...before, ...moved]), policy).startS;
      assert.deepEqual(
        [...again].slice(before.length).map((one) => one - lateS),
        [...startS],
      );
    }),
    { numRuns: 200 },
  );
});

function asLists({ startS, centre }: Schedule) {
  return { startS: [...startS], centre: [...centre] };
}

function checkCapacity(sizes: readonly number[], workload: Workload, { startS, centre }: Schedule): void {
  const changes = Array.from(startS, (from, i) => [
    { atS: from, at: centre[i] ?? 0, by: workload.processors[i] ?? 0 },
    { atS: from + (workload.runS[i] ?? 0), at: centre[i] ?? 0, by: -(workload.processors[i] ?? 0) },
  ]).flat();
  changes.sort((a, b) => a.atS - b.atS || a.by - b.by);
  const used = sizes.map(() => 0);
  for (const { at, by } of changes) {
    used[at] = (used[at] ?? 0) + by;
    assert.ok((used[at] ?? 0) <= (sizes[at] ?? 0), `centre ${at} is oversubscribed`);
  }
}
