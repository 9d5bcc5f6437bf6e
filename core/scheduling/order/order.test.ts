import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { orderKey } from "#core/scheduling/kernel/order.ts";
import { Doubt, mindedBy } from "#core/scheduling/order/doubt.ts";
import { dominantShare, Usage } from "#core/scheduling/order/fairness.ts";
import { VirtualHome } from "#core/scheduling/order/home.ts";
import { Lookahead } from "#core/scheduling/order/lookahead.ts";
import { RunTimes, raisedS } from "#core/scheduling/order/predict.ts";
import { agedScore, standingScore } from "#core/scheduling/order/score.ts";
import { policies } from "#core/scheduling/policy.ts";

const { weir } = policies;

test("run times: without history half of what is asked, then what the same kind took, others' little by little", () => {
  const times = new RunTimes(weir.prediction);
  const kind = times.classOf(0, 7, 1000, 4);
  const other = times.classOf(0, 8, 1000, 4);
  assert.equal(times.predictS(kind, 1000), 500);
  const few = times.classOf(0, 9, 1000, 4);
  for (const isKnown of [false, false, false, true]) {
    assert.equal(times.knowsPerson(few), isKnown);
    times.learn(few, 1000, 500);
  }
  for (let ended = 0; ended < 30; ended += 1) times.learn(kind, 1000, 100);
  assert.ok(Math.abs(times.predictS(kind, 1000) - 100) < 10, `${times.predictS(kind, 1000)}`);
  assert.ok(times.predictS(other, 1000) < 250, "whoever has no history is judged by the same limit there");
  assert.equal(times.classOf(0, 7, 1000, 4), kind);
  for (let ended = 0; ended < 30; ended += 1) times.learn(kind, 1000, 1000);
  assert.ok(times.predictS(kind, 1000) > 900, "what is newer counts more");
  for (let ended = 0; ended < 30; ended += 1) times.learn(kind, 1000, 1300);
  assert.equal(times.predictS(kind, 1000), 1000, "never above the limit, though others were ended later");
});

test("a prediction that was outlived is raised, and never above the limit", () => {
  assert.equal(raisedS(100, 99, 1000), 100);
  assert.equal(raisedS(100, 100, 1000), 150);
  assert.equal(raisedS(10, 10, 1000), 40);
  assert.equal(raisedS(100, 900, 1000), 1000);
});

test("doubt: whole until it is known better, none where run times come as foretold, back when they no longer do", () => {
  const doubt = new Doubt();
  assert.equal(doubt.share, 1);
  const all = (ranS: (ended: number) => number) => {
    for (let ended = 0; ended < 3000; ended += 1) doubt.learn(100, ranS(ended));
    return doubt.share;
  };
  assert.equal(
    all(() => 100),
    0,
  );
  const some = all(() => 88);
  assert.ok(some > 0.4 && some < 0.6, `${some}`);
  assert.equal(
    all((ended) => (ended % 2 === 0 ? 30 : 300)),
    1,
  );
  const { knownSlowdownWeightS, slowdownWeightS, holdBackCost } = weir.lookahead;
  assert.deepEqual(mindedBy(weir.lookahead, 0), { slowdownWeightS: knownSlowdownWeightS, holdBackCost: 0 });
  assert.deepEqual(mindedBy(weir.lookahead, 1), { slowdownWeightS, holdBackCost });
});

test("usage: who used more is behind, at each level, within the bounds; with time it is forgotten", () => {
  const usage = new Usage({ ...weir.fairness, power: 1 }, [3, 1]);
  for (const [tenant, project, person] of [
    [0, 0, 0],
    [0, 0, 1],
    [0, 1, 2],
    [1, 2, 3],
  ] as const)
    usage.join(tenant, project, person);
  assert.equal(usage.factor(0), 1, "nobody has used anything");
  usage.charge(0, 1000, 0);
  assert.ok(usage.factor(0) > usage.factor(1), "of one project the other person is ahead");
  assert.ok(usage.factor(1) >= usage.factor(2), "and the project that used nothing as well");
  assert.equal(usage.factor(3), weir.fairness.least, "the tenant that used nothing is as far ahead as is allowed");
  assert.ok(usage.isBelowShare(3) && !usage.isBelowShare(0));
  for (const person of [0, 1, 2, 3]) {
    const factor = usage.factor(person);
    assert.ok(factor >= weir.fairness.least && factor <= weir.fairness.most);
  }
  usage.charge(3, 1000, 0);
  assert.ok(usage.factor(3) > usage.factor(0), "a quarter of the weight and half of the usage");
  const later = 200 * weir.fairness.halfLifeS;
  usage.charge(0, 1000, later);
  assert.equal(usage.factor(3), weir.fairness.least, "after many half-lives only what is new counts");
  usage.charge(0, -1000, later);
  assert.ok(usage.factor(0) <= 1, "what was charged too much is taken back");
});

test("usage: one that used all behind the least weight is as far behind as is allowed", () => {
  const usage = new Usage({ ...weir.fairness, power: 1 }, [1, 999]);
  usage.join(0, 0, 0);
  usage.charge(0, 1000, 0);
  assert.equal(usage.factor(0), weir.fairness.most);
});

test("usage counts half after each half-life", () => {
  const { halfLifeS } = weir.fairness;
  for (const halfLives of [1, 3, 100]) {
    const usage = new Usage({ ...weir.fairness, power: 1, least: 0.001, most: 1000 }, [1, 1]);
    usage.join(0, 0, 0);
    usage.join(1, 1, 1);
    usage.charge(0, 1000, 7);
    usage.charge(1, 2000 * 2 ** -halfLives, 7 + halfLives * halfLifeS);
    assert.ok(Math.abs(usage.factor(1) / usage.factor(0) - 2) < 1e-9, `after ${halfLives}`);
  }
});

test("the dominant share is the largest part of any one resource", () => {
  assert.equal(dominantShare([10, 1, 0], [100, 4, 8]), 0.25);
});

test("scores: each order by what it says, and waiting lowers only a score that says so", () => {
  assert.equal(standingScore({ kind: "saf" }, 4, 1, 100, 7), 400);
  assert.equal(standingScore({ kind: "fcfs" }, 4, 1, 100, 7), 7);
  assert.equal(standingScore({ kind: "f1" }, 4, 1, 100, 1000), 4 * 2 + 870 * 3, "of the time asked for, not predicted");
  assert.equal(orderKey({ kind: "f1" }, 9, 1000, 4, 100), 4 * 2 + 870 * 3);
  assert.equal(standingScore({ ...weir.order, predictedPower: 1 }, 4, 10, 100, 7), 40);
  assert.equal(agedScore(weir.order, 40, weir.order.waitScaleS), 20);
  assert.equal(agedScore({ ...weir.order, waitPower: 2 }, 40, weir.order.waitScaleS), 10);
  assert.equal(agedScore({ kind: "saf" }, 40, 1e9), 40);
});

test("virtual home: EASY, by what is asked until the run time is known", () => {
  const startS = new Map<number, number>();
  const home = new VirtualHome([8], (job, atS) => startS.set(job, atS));
  home.submit(1, [6], 100, 0);
  home.submit(2, [8], 50, 0);
  home.submit(3, [2], 100, 0);
  home.submit(4, [2], 101, 0);
  home.advance(0);
  assert.deepEqual(
    [...startS],
    [
      [1, 0],
      [3, 0],
    ],
    "3 is due when 2 is to start, 4 is not",
  );
  home.advance(39);
  home.ended(1, 30, 40);
  home.ended(3, 40, 40);
  home.advance(40);
  assert.equal(startS.get(2), 40, "1 is known to have ended only now");
  home.ended(2, 20, 60);
  home.advance(70);
  assert.equal(startS.get(4), 60, "2 took 20 s");
  home.submit(5, [8], 1000, 71);
  home.ended(5, 5, 76);
  home.advance(161);
  home.submit(6, [8], 10, 162);
  home.advance(170);
  assert.deepEqual(
    [startS.get(5), startS.get(6)],
    [161, 166],
    "a run time known before the virtual start counts from it",
  );
});

test("virtual home: nobody starts before it was submitted, nor twice; who will never run leaves room", () => {
  const startS = new Map<number, number>();
  const home = new VirtualHome([4], (job, atS) => startS.set(job, atS));
  home.submit(1, [4], 50, 0);
  home.advance(10);
  home.submit(2, [4], 50, 60);
  home.submit(2, [4], 50, 70);
  home.submit(3, [4], 50, 61);
  home.submit(4, [4], 50, 62);
  home.ended(3, -1, 65);
  home.advance(200);
  assert.deepEqual(
    [...startS],
    [
      [1, 0],
      [2, 60],
      [4, 110],
    ],
  );
});

test("virtual home: amounts of several kinds, each enough; more or less of them later", () => {
  const startS = new Map<number, number>();
  const home = new VirtualHome([8, 2], (job, atS) => startS.set(job, atS));
  home.submit(1, [1, 2], 100, 0);
  home.submit(2, [2, 1], 100, 0);
  home.submit(3, [7, 0], 200, 0);
  home.submit(4, [1, 0], 100, 0);
  home.advance(0);
  assert.deepEqual([...startS.keys()], [1, 4], "2 waits for cards, and 3 would take the cores it is to have");
  home.resize([16, 2]);
  home.advance(1);
  assert.equal(startS.get(3), 0, "what came is there at once");
  home.advance(100);
  assert.equal(startS.get(2), 100);
});

test("virtual home: one that is given what another remembered goes on as it", () => {
  const seen = [new Map<number, number>(), new Map<number, number>()];
  const [one, other] = seen.map((starts) => new VirtualHome([4], (job, atS) => starts.set(job, atS)));
  assert(one && other);
  for (const job of [1, 2, 3, 4]) one.submit(job, [3], 100, 0);
  one.advance(120);
  one.ended(1, 100, 120);
  one.ended(3, 30, 120);
  other.recall(JSON.parse(JSON.stringify(one.remembered(10))));
  // Those that are not over are told of again, in any order.
  for (const job of [4, 2]) other.submit(job, [3], 100, 0);
  for (const home of [one, other]) {
    home.ended(2, 90, 190);
    home.advance(1000);
  }
  assert.deepEqual([seen[0]?.get(3), seen[0]?.get(4)], [190, 220]);
  for (const job of [2, 3, 4]) assert.equal(seen[1]?.get(job), seen[0]?.get(job));
});

test("looking ahead finds the order in which less is waited, and where each job of it goes", () => {
  const lookahead = new Lookahead(8);
  lookahead.begin(1000, 2, 1);
  lookahead.free(0, [4]);
  lookahead.free(1, [0]);
  lookahead.ends(1, 1010, [2]);
  assert.ok(tell(lookahead, [4, 2], { needs: 4, lastsS: 100, weight: 1 }, 0));
  for (const at of [1, 2]) assert.ok(tell(lookahead, [4, 2], { needs: 2, lastsS: 10, weight: 1 }, at));
  lookahead.search(50, (limit) => limit - 1);
  assert.equal(lookahead.startsNowAt(0), -1, "the large one is kept back");
  assert.deepEqual([lookahead.startsNowAt(1), lookahead.startsNowAt(2)], [0, 0]);
  assert.equal(lookahead.order[2], 0);
});

test("looking ahead: weights decide between two that exclude each other", () => {
  for (const [weights, first] of [
    [[1, 9], 1],
    [[9, 1], 0],
  ] as const) {
    const lookahead = new Lookahead(8);
    lookahead.begin(0, 1, 1);
    lookahead.free(0, [4]);
    for (const [at, weight] of weights.entries()) tell(lookahead, [4], { needs: 4, lastsS: 100, weight }, at);
    lookahead.search(20, (limit) => limit - 1);
    assert.equal(lookahead.startsNowAt(first), 0);
    assert.equal(lookahead.startsNowAt(1 - first), -1);
  }
});

function tell(
  lookahead: Lookahead,
  sizes: readonly number[],
  { needs, lastsS, weight }: Omit<Drawn, "at">,
  at: number,
): boolean {
  if (!lookahead.job(weight, at)) return false;
  for (const [place, size] of sizes.entries()) if (size >= needs) lookahead.mayGo(place, [needs], lastsS, true);
  return lookahead.isHeld();
}

/** Starts of jobs placed in this order, each where it could start first, ties where fewest stay free; second by second. */
function plainPlan(
  sizes: readonly number[],
  running: readonly Drawn[],
  jobs: readonly Drawn[],
  order: readonly number[],
) {
  const taken: { readonly centre: number; readonly fromS: number; readonly untilS: number; readonly needs: number }[] =
    [];
  for (const { needs, lastsS, at } of running) taken.push({ centre: at, fromS: 0, untilS: lastsS, needs });
  const freeAt = (centre: number, atS: number) =>
    taken
      .filter((one) => one.centre === centre && one.fromS <= atS && atS < one.untilS)
      .reduce((free, one) => free - one.needs, sizes[centre] ?? 0);
  const starts = new Map<number, { readonly startS: number; readonly centre: number }>();
  for (const job of order) {
    const { needs, lastsS } = jobs[job] ?? { needs: 0, lastsS: 0 };
    const fits = (centre: number, fromS: number) =>
      (sizes[centre] ?? 0) >= needs &&
      Array.from({ length: lastsS }, (_, i) => fromS + i).every((atS) => freeAt(centre, atS) >= needs);
    for (let startS = 0; !starts.has(job); startS += 1) {
      const [centre] = sizes
        .map((_, at) => at)
        .filter((at) => fits(at, startS))
        .sort((a, b) => freeAt(a, startS) - freeAt(b, startS) || a - b);
      if (centre === undefined) continue;
      starts.set(job, { startS, centre });
      taken.push({ centre, fromS: startS, untilS: startS + lastsS, needs });
    }
  }
  return starts;
}

type Drawn = { readonly needs: number; readonly lastsS: number; readonly at: number; readonly weight: number };
const drawnJob = fc.record({
  needs: fc.integer({ min: 1, max: 4 }),
  lastsS: fc.integer({ min: 1, max: 9 }),
  at: fc.nat(1),
  weight: fc.integer({ min: 1, max: 5 }),
});

test("looking ahead: who asks for no cards is not measured by the cards of the one before", () => {
  const lookahead = new Lookahead(8);
  lookahead.begin(0, 1, 3);
  lookahead.free(0, [8, 8, 1]);
  lookahead.job(1, 0);
  lookahead.mayGo(0, [1, 1, 1], 100, true);
  assert(lookahead.isHeld());
  lookahead.search(0, () => 0);
  assert.equal(lookahead.fitsBeside(0, [1, 1, 1], 10), false, "the only card is planned for");
  assert.equal(lookahead.fitsBeside(0, [1, 1], 10), true);
  lookahead.takeBeside(0, [1, 1], 10);
  assert.equal(lookahead.fitsBeside(0, [7, 7], 10), false);
  assert.equal(lookahead.fitsBeside(0, [6, 6], 10), true);
});

test("looking ahead: the kept plan is that of its order, costs no more than a plain one, and what starts beside it delays nobody", () => {
  const sizes = [5, 4];
  let better = 0;
  fc.assert(
    fc.property(
      fc.array(drawnJob, { maxLength: 4 }),
      fc.array(drawnJob, { minLength: 2, maxLength: 14 }),
      drawnJob,
      fc.infiniteStream(fc.double({ min: 0, max: 0.999_999, noNaN: true })),
      (drawn, jobs, last, chance) => {
        const free = [...sizes];
        const running = drawn.filter(({ needs, at }) => {
          const fits = (free[at] ?? 0) >= needs;
          if (fits) free[at] = (free[at] ?? 0) - needs;
          return fits;
        });
        const lookahead = new Lookahead(12);
        lookahead.begin(0, 2, 1);
        for (const [centre, processors] of free.entries()) lookahead.free(centre, [processors]);
        for (const { at, lastsS, needs } of running) lookahead.ends(at, lastsS, [needs]);
        const planned = jobs.filter((job, at) => tell(lookahead, sizes, job, at));
        lookahead.search(60, (limit) => Math.floor(chance.next().value * limit));
        const order = [...lookahead.order.slice(0, lookahead.jobs)];
        assert.deepEqual(
          order.toSorted((a, b) => a - b),
          planned.map((_, at) => at),
        );
        const costOf = (its: readonly number[]) =>
          [...plainPlan(sizes, running, planned, its)].reduce(
            (sum, [job, { startS }]) => sum + startS * (planned[job]?.weight ?? 0),
            0,
          );
        const places = planned.map((_, at) => at);
        const bySize = places.toSorted((a, b) => (planned[a]?.lastsS ?? 0) - (planned[b]?.lastsS ?? 0) || a - b);
        for (const plain of [places, bySize]) assert.ok(costOf(order) <= costOf(plain));
        if (costOf(order) < Math.min(costOf(places), costOf(bySize))) better += 1;
        const kept = plainPlan(sizes, running, planned, order);
        for (const [job, { startS, centre }] of kept) {
          assert.equal(lookahead.plannedS(job), startS);
          assert.equal(lookahead.startsNowAt(job), startS === 0 ? centre : -1);
        }
        const beside = plainPlan(sizes, running, [...planned, last], [...order, planned.length]).get(planned.length);
        const fits = sizes.map((_, at) => lookahead.fitsBeside(at, [last.needs], last.lastsS));
        assert.equal(fits.includes(true), beside?.startS === 0);
        if (beside?.startS !== 0) return;
        assert(fits[beside.centre]);
        const more = plainPlan(
          sizes,
          running,
          [...planned, last, last],
          [...order, planned.length, planned.length + 1],
        );
        lookahead.takeBeside(beside.centre, [last.needs], last.lastsS);
        const again = sizes.some((_, at) => lookahead.fitsBeside(at, [last.needs], last.lastsS));
        assert.equal(again, more.get(planned.length + 1)?.startS === 0);
      },
    ),
    { numRuns: 150 },
  );
  assert.ok(better > 15, `better than the plain orders only ${better} times`);
});
