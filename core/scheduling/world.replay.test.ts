import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { replay } from "#core/scheduling/kernel/replay.ts";
import { replayWeir, type WeirReplay } from "#core/scheduling/kernel/weir.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import type { Workload } from "#core/scheduling/replay/workload.ts";
import { replayInWorld } from "./world-replay-testing.ts";

// What is simulated in columns of numbers is what runs live: on a machine that is one pool of processors, the world and the
// kernel of the simulator start every job in the same second.

const both = ["fcfs", "sjf", "easy", "easy-sjbf", "sjf-easy", "saf-easy", "conservative"] as const;

test("the world and the kernel start the same jobs at the same times", () => {
  fc.assert(
    fc.property(jobs, fc.integer({ min: 1, max: 12 }), fc.constantFrom(...both), (drawn, processors, name) => {
      compare(workloadOf(drawn, processors), policies[name]);
    }),
    { numRuns: 1000 },
  );
});

// The order of Weir's own policy, at steps of the clock at which the world tells its ranks anew. What the world knows of run
// times it knows of all who wait, the kernel of those who had a job end since: alike where each home has one user.

test("tenants, projects and people are served by what they used, as in the kernel", () => {
  fc.assert(
    fc.property(jobs, fc.integer({ min: 1, max: 12 }), fc.constantFrom(...fair), (drawn, processors, policy) => {
      compare(severalOf(drawn, processors, 6), policy);
    }),
    { numRuns: 500 },
  );
});

test("predicted run times order the queue as in the kernel", () => {
  fc.assert(
    fc.property(jobs, fc.integer({ min: 1, max: 12 }), fc.constantFrom(...foretelling), (drawn, processors, policy) => {
      compare(severalOf(drawn, processors, 1), policy);
    }),
    { numRuns: 500 },
  );
});

test("who is past its virtual start goes ahead of visitors at its home, as in the kernel", () => {
  fc.assert(
    fc.property(jobs, fc.integer({ min: 1, max: 12 }), fc.constantFrom(...atHome), (drawn, processors, policy) => {
      compare(severalOf(drawn, processors, 1), policy);
    }),
    { numRuns: 500 },
  );
  let ahead = 0;
  for (const drawn of fc.sample(jobs, { numRuns: 200, seed: 7 }))
    if (startsOf(severalOf(drawn, 6, 1), atHome[0]) !== startsOf(severalOf(drawn, 6, 1), plainAtHome)) ahead += 1;
  assert(ahead > 20, `of 200 workloads only in ${ahead} somebody goes ahead`);
});

test("visitors are kept away from a home whose own work would be worse off, as in the kernel", () => {
  fc.assert(
    fc.property(jobs, fc.integer({ min: 1, max: 12 }), fc.constantFrom(...keeping), (drawn, processors, policy) => {
      compareApart(drawn, processors, policy);
    }),
    { numRuns: 1000 },
  );
  let away = 0;
  for (const drawn of fc.sample(jobs, { numRuns: 200, seed: 7 })) {
    const [kept, open] = [keeping[0], atHome[0]].map((policy) => apartInKernel(drawn, 6, policy).startS.join());
    if (kept !== open) away += 1;
  }
  assert(away > 50, `of 200 workloads only in ${away} somebody is kept away`);
});

test("the first of the queue are planned under several orders and the best is kept, as in the kernel", () => {
  fc.assert(
    fc.property(jobs, fc.integer({ min: 1, max: 12 }), fc.constantFrom(...looking), (drawn, processors, policy) => {
      compare(severalOf(drawn, processors, 1), policy);
    }),
    { numRuns: 1000 },
  );
  let otherwise = 0;
  for (const drawn of fc.sample(jobs, { numRuns: 200, seed: 7 }))
    if (startsOf(severalOf(drawn, 6, 1), looking[0]) !== startsOf(severalOf(drawn, 6, 1), unplanned)) otherwise += 1;
  assert(otherwise > 50, `of 200 workloads only in ${otherwise} another order is better`);
});

const ordered = { ...policies.weir, homePriority: null, lookahead: null } as const;
const weights = { one: 3, two: 1, three: 2 };
const fair = [
  { ...ordered, prediction: null, fairness: { ...ordered.fairness, power: 1, weights } },
  {
    ...ordered,
    prediction: null,
    maxWaitS: 600,
    guardLeadS: 100,
    fairness: { ...ordered.fairness, halfLifeS: 100, weights },
  },
  { ...policies["saf-easy"], fairness: { ...ordered.fairness, weights } },
  { ...policies.easy, fairness: { ...ordered.fairness, weights } },
] as const satisfies readonly Policy[];
const foretelling = [
  { ...ordered, fairness: { ...ordered.fairness, weights } },
  { ...ordered, fairness: null, prediction: { shrinkage: 1, memory: 0.9 }, maxWaitS: 900, guardLeadS: 0 },
] as const satisfies readonly Policy[];

const plainAtHome: Policy = { ...ordered, fairness: null, prediction: null };
const atHome = [
  { ...plainAtHome, homePriority: { afterS: 0, allowanceS: null, allowancePerJobS: 0 } },
  {
    ...ordered,
    fairness: { ...ordered.fairness, weights },
    homePriority: { afterS: 20, allowanceS: null, allowancePerJobS: 0 },
  },
  { ...plainAtHome, homePriority: { afterS: 50, allowanceS: null, allowancePerJobS: 0 }, maxWaitS: 900, guardLeadS: 0 },
] as const satisfies readonly Policy[];

const keeping = [
  { ...plainAtHome, homePriority: { afterS: 0, allowanceS: 0, allowancePerJobS: 0 } },
  { ...plainAtHome, homePriority: { afterS: 50, allowanceS: 200, allowancePerJobS: 5 } },
  {
    ...plainAtHome,
    lookahead: { ...policies.weir.lookahead, jobs: 8, moves: 12 },
    homePriority: { afterS: 20, allowanceS: 60, allowancePerJobS: 0 },
  },
] as const satisfies readonly Policy[];

const { lookahead } = policies.weir;
const short = { ...lookahead, jobs: 8, moves: 12 };
const unplanned: Policy = { ...ordered, fairness: { ...ordered.fairness, weights } };
const looking = [
  { ...unplanned, lookahead },
  {
    ...policies.weir,
    fairness: { ...ordered.fairness, weights },
    homePriority: { afterS: 20, allowanceS: null, allowancePerJobS: 0 },
  },
  { ...ordered, fairness: null, prediction: null, lookahead: { ...short, jobs: 6 } },
  {
    ...plainAtHome,
    lookahead: short,
    homePriority: { afterS: 0, allowanceS: null, allowancePerJobS: 0 },
    maxWaitS: 900,
    guardLeadS: 0,
  },
  { ...unplanned, lookahead: short, maxWaitS: 600, guardLeadS: 300 },
] as const satisfies readonly Policy[];

/** Three homes, of which only the first has processors; `people` users each, two to a project. */
function severalOf(drawn: Drawn, processors: number, people: number): Workload {
  const one = workloadOf(drawn, processors);
  const [home] = one.homes;
  assert(home);
  const byTen = (column: Int32Array) => column.map((value) => value * 10);
  const who = (at: number) => (at * 7 + (drawn[at]?.runS ?? 0)) % (3 * people);
  return {
    ...one,
    homes: [home, { ...home, name: "two", processors: 0 }, { ...home, name: "three", processors: 0 }],
    submitS: byTen(one.submitS),
    runS: byTen(one.runS),
    estimateS: byTen(one.estimateS),
    home: Uint16Array.from(drawn, (_, at) => who(at) % 3),
    person: Int32Array.from(drawn, (_, at) => who(at)),
    project: Int32Array.from(drawn, (_, at) => (who(at) % 3) * people + Math.floor(who(at) / 6)),
  };
}

function startsOf(workload: Workload, policy: Policy): string {
  return replayInWorld(workload, policy).startS.join();
}

function compare(workload: Workload, policy: Policy): void {
  const replayed = replay(workload, { policy, routing: workload.homes.length > 1 ? "weir" : "merged", seed: 0 });
  assert(replayed.kind === "schedule");
  const lived = replayInWorld(workload, policy);
  const at = lived.startS.findIndex((startS, job) => startS !== replayed.schedule.startS[job]);
  assert(at === -1, `job ${at}: the world at ${lived.startS[at]} s, the kernel at ${replayed.schedule.startS[at]} s`);
}

/** The others have homes too, where they could run; nobody can reach these. */
function apartOf(drawn: Drawn, processors: number): Workload {
  const several = severalOf(drawn, processors, 1);
  const homes = several.homes.map((home, at) => (at === 0 ? home : { ...home, processors: 12 }));
  return { ...several, homes };
}

function apartInKernel(drawn: Drawn, processors: number, policy: Policy): WeirReplay {
  return replayWeir(apartOf(drawn, processors), policy, 0, () => {}, { shut: (centre) => centre > 0 });
}

function compareApart(drawn: Drawn, processors: number, policy: Policy): void {
  const replayed = apartInKernel(drawn, processors, policy);
  const lived = replayInWorld(apartOf(drawn, processors), policy, true);
  const at = lived.startS.findIndex((startS, job) => startS !== replayed.startS[job]);
  assert(at === -1, `job ${at}: the world at ${lived.startS[at]} s, the kernel at ${replayed.startS[at]} s`);
}

/** Few different times, so that much happens at one instant. */
const jobs = fc.array(
  fc.record({
    afterS: fc.constantFrom(0, 0, 0, 1, 2, 5, 20),
    runS: fc.integer({ min: 1, max: 30 }),
    moreS: fc.constantFrom(0, 0, 1, 10, 100),
    processors: fc.integer({ min: 1, max: 12 }),
  }),
  { minLength: 1, maxLength: 40, size: "max" },
);
type Drawn = typeof jobs extends fc.Arbitrary<infer Value> ? Value : never;

function workloadOf(drawn: Drawn, processors: number): Workload {
  let nowS = 0;
  const column = (value: (job: Drawn[number], at: number) => number) => Int32Array.from(drawn, value);
  const home = { name: "one", processors, firstSubmitS: 0, dropped: 0, clipped: 0, killed: 0 };
  return {
    homes: [home],
    count: drawn.length,
    submitS: column(({ afterS }) => {
      nowS += afterS;
      return nowS;
    }),
    runS: column(({ runS }) => runS),
    estimateS: column(({ runS, moreS }) => runS + moreS),
    processors: column((job) => Math.min(job.processors, processors)),
    home: new Uint16Array(drawn.length),
    person: column(() => 0),
    project: column(() => 0),
    place: column((_, at) => at),
    number: column((_, at) => at + 1),
  };
}
