import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { replayWeir } from "#core/scheduling/kernel/weir.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import type { Workload } from "#core/scheduling/replay/workload.ts";

const { weir } = policies;
/** Visitors are kept away at once, by what is known of run times. */
const keeping: Policy = { ...weir, homePriority: { afterS: 0, allowanceS: 0, allowancePerJobS: 0 } };
const listOnly: Policy = { ...weir, lookahead: null };

test("nothing is oversubscribed, nothing starts before it came, and the same seed gives the same schedule", () => {
  fc.assert(
    fc.property(workloads(), fc.nat(5), fc.boolean(), (workload, seed, looks) => {
      const policy = looks ? weir : listOnly;
      const { startS, centre } = replayWeir(workload, policy, seed);
      for (const [job, atS] of startS.entries()) {
        assert.ok(atS >= (workload.submitS[job] ?? 0));
        for (const [place, home] of workload.homes.entries()) {
          let used = 0;
          for (const [other, otherS] of startS.entries())
            if (centre[other] === place && otherS <= atS && atS < otherS + (workload.runS[other] ?? 0))
              used += workload.processors[other] ?? 0;
          assert.ok(used <= home.processors, `${used} of ${home.processors} at ${place}, second ${atS}`);
        }
      }
      assert.deepEqual(replayWeir(workload, policy, seed), { ...replayWeir(workload, policy, seed), startS, centre });
    }),
    { numRuns: 60 },
  );
});

test("a run time is seen by nobody before its job has ended", () => {
  fc.assert(
    fc.property(workloads(), fc.nat(), fc.integer({ min: 1, max: 4000 }), (workload, pick, anotherS) => {
      const job = pick % workload.count;
      const runS = workload.runS.slice();
      runS[job] = Math.min(anotherS, workload.estimateS[job] ?? 1);
      const before = replayWeir(workload, keeping, 1);
      const after = replayWeir({ ...workload, runS }, keeping, 1);
      const endS = (before.startS[job] ?? 0) + Math.min(workload.runS[job] ?? 0, runS[job] ?? 0);
      for (const [other, atS] of before.startS.entries()) {
        if (atS >= endS) continue;
        assert.equal(after.startS[other], atS);
        assert.equal(after.centre[other], before.centre[other]);
      }
    }),
    { numRuns: 60 },
  );
});

test("a promise to a job near the longest wait is only ever moved to an earlier time, and kept", () => {
  let promises = 0;
  const near: Policy = {
    ...weir,
    maxWaitS: 400,
    guardLeadS: 300,
    homePriority: { afterS: 0, allowanceS: null, allowancePerJobS: 0 },
  };
  fc.assert(
    fc.property(workloads(), fc.nat(5), fc.boolean(), (workload, seed, looks) => {
      const promisedS = new Map<number, number>();
      const watch = {
        promised: (job: number, _centre: number, atS: number) => {
          assert.ok(atS <= (promisedS.get(job) ?? Number.POSITIVE_INFINITY), `job ${job} was promised earlier`);
          promisedS.set(job, atS);
          promises += 1;
        },
      };
      const { startS } = replayWeir(workload, looks ? near : { ...near, lookahead: null }, seed, () => {}, watch);
      for (const [job, atS] of promisedS) assert.ok((startS[job] ?? 0) <= atS, `job ${job}: ${startS[job]} > ${atS}`);
    }),
    { numRuns: 100 },
  );
  assert.ok(promises > 1000, `only ${promises} promises were seen`);
});

test("so is one behind a network: by then it has started, however far the centre is that it was ordered to", () => {
  let promises = 0;
  const near: Policy = { ...weir, maxWaitS: 400, guardLeadS: 300, homePriority: null };
  const latencies = fc.array(fc.constantFrom(0, 7, 60), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(workloads(), latencies, (workload, latenciesS) => {
      const promisedS = new Map<number, number>();
      const promised = (job: number, centre: number, atS: number) => {
        const thereS = atS + (latenciesS[centre] ?? 0);
        assert.ok(thereS <= (promisedS.get(job) ?? Number.POSITIVE_INFINITY), `job ${job} was promised earlier`);
        promisedS.set(job, thereS);
        promises += 1;
      };
      const { startS } = replayWeir(workload, near, 1, () => {}, { promised }, latenciesS);
      for (const [job, atS] of promisedS) assert.ok((startS[job] ?? 0) <= atS, `job ${job}: ${startS[job]} > ${atS}`);
    }),
    { numRuns: 60 },
  );
  assert.ok(promises > 500, `only ${promises} promises were seen`);
});

test("past the guard's time jobs start in the order they came, before all that score better", () => {
  const workload = workloadOf(
    [8],
    [
      { processors: 8, limitS: 1000 },
      { at: 1, processors: 8, limitS: 900 },
      { at: 2, processors: 8, limitS: 800 },
      ...Array.from({ length: 40 }, (_, i) => ({ at: 3 + i * 100, processors: 4, limitS: 200 })),
    ],
  );
  const guarded = replayWeir(workload, { ...listOnly, maxWaitS: 2000, guardLeadS: 500 }, 1);
  const bare = replayWeir(workload, { ...listOnly, maxWaitS: null }, 1);
  assert.ok((guarded.startS[1] ?? 0) < (guarded.startS[2] ?? 0));
  assert.ok((guarded.startS[2] ?? 0) < 4000, `${guarded.startS[2]}`);
  assert.ok((bare.startS[1] ?? 0) > 4000, "the scenario holds nobody back");
});

// A tenant of a tenth of the network under a backlog of a larger one that is ten times the network's hour.
test("a small new tenant starts within its plan's promise under a tenfold backlog of a big one", () => {
  const backlog = Array.from({ length: 400 }, (_, i) => ({ processors: 10, limitS: 900, home: 0, person: i % 40 }));
  const small = Array.from({ length: 3 }, () => ({ at: 100, processors: 10, limitS: 3600, home: 1, person: 40 }));
  const workload = workloadOf([90, 10], [...backlog, ...small]);
  const waits = (policy: Policy) =>
    Array.from(replayWeir(workload, policy, 1).startS.slice(400), (startS) => startS - 100);
  const promise = { ...weir, homePriority: null, fairness: { ...weir.fairness, promiseS: 1800 } };
  for (const policy of [promise, { ...promise, lookahead: null }])
    for (const waitS of waits(policy)) assert.ok(waitS <= 1800, `${waitS}`);
  const unfair = Math.max(...waits({ ...listOnly, homePriority: null, fairness: null }));
  assert.ok(unfair > 2700, `without fairness it starts after ${unfair} s: the scenario holds nobody back`);
});

// Two tenants of a tenth each, under a backlog of the largest that is ten times the network's hour. A run of it takes 900 s.
test("of two tenants under a tenfold backlog each starts within what its own plan promises", () => {
  const backlog = Array.from({ length: 400 }, (_, i) => ({ processors: 10, limitS: 900, home: 0, person: i % 40 }));
  const small = [1, 2].map((home) => ({ at: 100, processors: 10, limitS: 600, home, person: 39 + home }));
  const workload = workloadOf([80, 10, 10], [...backlog, ...small]);
  const waits = (promises: Readonly<Record<string, number | null>>, promiseS: number | null = null) => {
    const fairness = { ...weir.fairness, least: 1, most: 1, promiseS, promises };
    const { startS } = replayWeir(workload, { ...listOnly, order: { kind: "fcfs" }, homePriority: null, fairness }, 1);
    return [startS[400] ?? 0, startS[401] ?? 0].map((atS) => atS - 100);
  };
  const [unpromised = 0] = waits({ "home 1": null }, 1800);
  assert.ok(unpromised > 3600, `promised nothing it starts after ${unpromised} s: the scenario holds nobody back`);
  const promise = fc.integer({ min: 1800, max: 3600 });
  fc.assert(
    fc.property(promise, promise, (oneS, otherS) => {
      const [one = 0, other = 0] = waits({ "home 1": oneS, "home 2": otherS });
      assert.ok(one <= oneS && other <= otherS, `${one} of ${oneS}, ${other} of ${otherS}`);
      assert.deepEqual(waits({ "home 1": oneS }, otherS), [one, other], "to whom nothing is said what is said to all");
      if (otherS - oneS > 1800) assert.ok(one < other, `${one} before ${other}`);
    }),
    { numRuns: 40 },
  );
});

test("of two homes that used as much the larger goes first, unless the policy gives them the same weight", () => {
  const workload = workloadOf(
    [12, 4],
    [
      { processors: 6, limitS: 1000 },
      { processors: 6, limitS: 1000, home: 1 },
      { at: 1, processors: 12, limitS: 100, home: 1 },
      { at: 2, processors: 12, limitS: 100 },
    ],
  );
  const starts = (weights: Readonly<Record<string, number>>) => {
    const policy = { ...listOnly, homePriority: null, prediction: null, fairness: { ...weir.fairness, weights } };
    return [...replayWeir(workload, policy, 1).startS.slice(2)];
  };
  assert.deepEqual(starts({}), [1100, 1000]);
  assert.deepEqual(starts({ "home 0": 1, "home 1": 1 }), [1000, 1100]);
});

test("a job past its virtual start goes ahead of a visitor at its home", () => {
  // At home alone `own` starts at 100, when `first` ends; the visitors that came before are smaller.
  const visitors = Array.from({ length: 6 }, (_, i) => ({ at: 2 + i, home: 1, processors: 8, limitS: 60 }));
  const workload = workloadOf(
    [8, 8],
    [
      { processors: 8, limitS: 100 },
      { at: 0, home: 1, processors: 8, limitS: 5000 },
      { at: 1, processors: 8, limitS: 200 },
      ...visitors,
    ],
  );
  const ahead = replayWeir(
    workload,
    { ...listOnly, fairness: null, homePriority: { afterS: 0, allowanceS: null, allowancePerJobS: 0 } },
    1,
  );
  const alike = replayWeir(workload, { ...listOnly, fairness: null, homePriority: null }, 1);
  assert.equal(ahead.virtualStartS?.[2], 100);
  assert.equal(alike.startS[2], 100 + 6 * 60);
  assert.equal(ahead.startS[2], 100 + 60, "late from 101 on, so after the one visitor that began at 100");
});

test("without backfill nobody passes the first of the queue", () => {
  const jobs = [
    { processors: 6, limitS: 100 },
    { at: 1, processors: 8, limitS: 10 },
    { at: 2, processors: 2, limitS: 50 },
  ];
  const policy: Policy = { ...listOnly, fairness: null, homePriority: null, order: { kind: "fcfs" } };
  assert.deepEqual([...replayWeir(workloadOf([8], jobs), { ...policy, backfill: "none" }, 1).startS], [0, 100, 110]);
  assert.deepEqual([...replayWeir(workloadOf([8], jobs), policy, 1).startS], [0, 100, 2]);
});

test("who comes behind the planned ones starts only where it delays none of them", () => {
  const jobs = [
    { processors: 2, limitS: 200 },
    { at: 1, processors: 4, limitS: 20 },
    { at: 1, processors: 4, limitS: 20 },
    { at: 1, processors: 2, limitS: 2000, runS: 900 },
    { at: 1, processors: 1, limitS: 150 },
  ];
  const policy: Policy = { ...weir, fairness: null, homePriority: null, lookahead: { ...weir.lookahead, jobs: 2 } };
  const { startS } = replayWeir(workloadOf([4], jobs), { ...policy, order: { kind: "sjf" } }, 1);
  assert.deepEqual([...startS], [0, 200, 220, 240, 1]);
});

test("room for large work is kept by the plan alone, or by a reservation after the times asked for as well", () => {
  const quick = Array.from({ length: 8 }, (_, i) => ({ at: i * 20, processors: 1, limitS: 2000, runS: 10, person: 1 }));
  const jobs = [
    ...quick,
    { at: 500, processors: 2, limitS: 1000, person: 0 },
    { at: 501, processors: 4, limitS: 10, person: 0 },
    { at: 501, processors: 2, limitS: 2000, runS: 10, person: 1 },
  ];
  const starts = (head: "planned" | "reserved") => {
    const policy: Policy = { ...weir, homePriority: null, lookahead: { ...weir.lookahead, head } };
    return [...replayWeir(workloadOf([4], jobs), policy, 1).startS.slice(quick.length)];
  };
  assert.deepEqual(starts("planned"), [500, 1500, 501], "whose jobs take 10 s ask for 2 000");
  assert.deepEqual(starts("reserved"), [500, 1500, 1510]);
});

test("where the queue only grows, a job costs no more looks at the queue the longer it is", () => {
  const policy: Policy = {
    ...weir,
    maxWaitS: 3000,
    guardLeadS: 1000,
    homePriority: { afterS: 500, allowanceS: null, allowancePerJobS: 0 },
  };
  const looks = (count: number) => {
    const jobs = Array.from({ length: count }, (_, at) => ({
      ...{ at: at * 10, processors: 1 + (at % 7), limitS: 100 + (at % 11) * 20, runS: 100, home: at % 2 },
    }));
    const { workload, readings } = counted(workloadOf([8, 8], jobs));
    replayWeir(workload, policy, 1);
    return readings() / count;
  };
  const [few, many] = [looks(1000), looks(4000)];
  assert.ok(many < 1.3 * few, `${few} readings of a job's columns in a queue of up to 1000, ${many} of up to 4000`);
});

/** How often anything of a job is read. */
function counted(workload: Workload): { readonly workload: Workload; readonly readings: () => number } {
  let readings = 0;
  const watched = (column: Int32Array) =>
    new Proxy(column, {
      get: (target, key) => {
        if (key === "reduce") return target.reduce.bind(target);
        readings += 1;
        return Reflect.get(target, key, target);
      },
    });
  const { submitS, runS, estimateS, processors, person } = workload;
  const columns = { submitS: watched(submitS), estimateS: watched(estimateS), processors: watched(processors) };
  return {
    workload: { ...workload, ...columns, runS: watched(runS), person: watched(person) },
    readings: () => readings,
  };
}

type Job = {
  readonly at?: number;
  readonly processors: number;
  readonly limitS: number;
  readonly runS?: number;
  readonly home?: number;
  readonly person?: number;
};

/** Jobs in the order of submission; a person of home 0 where it is not said. */
function workloadOf(sizes: readonly number[], jobs: readonly Job[]): Workload {
  const column = (value: (job: Job, at: number) => number) => Int32Array.from(jobs, value);
  return {
    homes: sizes.map((processors, at) => ({
      ...{ name: `home ${at}`, processors },
      ...{ firstSubmitS: 0, dropped: 0, clipped: 0, killed: 0 },
    })),
    count: jobs.length,
    submitS: column(({ at = 0 }) => at),
    runS: column(({ runS, limitS }) => runS ?? limitS),
    estimateS: column(({ limitS }) => limitS),
    processors: column(({ processors }) => processors),
    home: Uint16Array.from(jobs, ({ home = 0 }) => home),
    person: column(({ person, home = 0 }) => person ?? home),
    project: column(({ home = 0 }) => home),
    place: column((_, at) => at),
    number: column((_, at) => at + 1),
  };
}

/** Three centres that are too small for what comes: queues form. */
function workloads(): fc.Arbitrary<Workload> {
  const sizes = [12, 8, 5];
  const job = fc.record({
    gapS: fc.nat(200),
    home: fc.nat(2),
    part: fc.integer({ min: 1, max: 100 }),
    limitS: fc.constantFrom(60, 300, 1000, 4000),
    share: fc.integer({ min: 1, max: 100 }),
    person: fc.nat(2),
  });
  return fc.array(job, { minLength: 40, maxLength: 90 }).map((rows) => {
    let at = 0;
    const jobs = rows.map(({ gapS, home, part, limitS, share, person }) => {
      at += gapS < 120 ? 0 : gapS;
      const processors = Math.max(1, Math.floor(((sizes[home] ?? 1) * part) / 100));
      const runS = Math.max(1, Math.floor((limitS * share) / 100));
      return { at, home, processors, limitS, runS, person: home * 3 + person };
    });
    return workloadOf(
      sizes,
      jobs.sort((a, b) => a.at - b.at || a.home - b.home),
    );
  });
}
