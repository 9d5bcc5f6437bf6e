import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { replay } from "#core/scheduling/kernel/replay.ts";
import { type Allowance, HomeAccount, type Visitor } from "#core/scheduling/order/account.ts";
import { Alone } from "#core/scheduling/order/alone.ts";
import { policies } from "#core/scheduling/policy.ts";
import type { Workload } from "#core/scheduling/replay/workload.ts";

test("whenever jobs run in truth, in the end it is known to the second what they would have waited alone", () => {
  fc.assert(
    fc.property(jobs, (drawn) => {
      const workload = workloadOf(drawn);
      const replayed = replay(workload, { policy: policies.easy, routing: "home", seed: 0 });
      assert(replayed.kind === "schedule");
      const alone = new Alone([8], () => {}, -1);
      let [aloneS, trulyS] = [0, 0];
      const events: { readonly atS: number; readonly rank: number; readonly tell: () => void }[] = [];
      for (const [job, { laterS, runS, moreS, processors }] of drawn.entries()) {
        const submitS = workload.submitS[job] ?? 0;
        const beganS = submitS + laterS;
        aloneS += (replayed.schedule.startS[job] ?? 0) - submitS;
        trulyS += laterS;
        events.push({ atS: beganS + runS, rank: 0, tell: () => alone.ended(job, runS, beganS + runS) });
        events.push({ atS: submitS, rank: 1, tell: () => alone.submit(job, [processors], runS + moreS, submitS) });
        events.push({ atS: beganS, rank: 2, tell: () => alone.began(job, beganS) });
      }
      for (const { atS, tell } of events.toSorted((a, b) => a.atS - b.atS || a.rank - b.rank)) {
        tell();
        alone.advance(atS - 1);
      }
      alone.advance(1_000_000);
      assert.equal(alone.balanceS(), aloneS - trulyS);
    }),
    { numRuns: 500 },
  );
});

test("alone: it stops where a run time is not known, and goes on as the job runs in truth", () => {
  const held: number[] = [];
  const alone = new Alone([4], ([cores = 0]) => held.push(cores), -1);
  alone.submit(1, [4], 1000, 0);
  alone.submit(2, [4], 1000, 0);
  alone.advance(500);
  assert.equal(alone.balanceS(), -1000, "both wait in truth, and of the time alone nothing is known");
  alone.began(1, 500);
  alone.advance(600);
  assert.equal(alone.balanceS(), 100 - 500 - 600, "of the first 100 s are known, in which the second waits alone too");
  alone.ended(1, 300, 800);
  alone.began(2, 800);
  alone.advance(800);
  assert.equal(alone.balanceS(), 300 - 500 - 800);
  assert.deepEqual(held, [4, 4]);
});

test("alone: whoever will never run is counted nowhere, and leaves room", () => {
  const alone = new Alone([4], () => {}, -1);
  for (const job of [1, 2, 3]) alone.submit(job, [4], 100, 0);
  alone.advance(10);
  alone.ended(1, -1, 20);
  alone.ended(2, -1, 20);
  alone.began(3, 25);
  alone.advance(30);
  assert.equal(alone.balanceS(), -25, "alone the third starts at once: the others took no time");
});

const none: Allowance = { allowanceS: 0, allowancePerJobS: 0 };

/** Every 100 s one of its own comes and runs for 150 s on 2 of 8, so that two run in the middle; nothing waits. */
function quiet(visitors: readonly Visitor[] = []): HomeAccount {
  const account = new HomeAccount([8], { all: () => visitors, untilS: () => visitors.at(-1)?.dueS ?? 0 }, -1);
  for (let job = 0; job < 60; job += 1) {
    if (job > 1) account.ended(job - 2, 150, job * 100 - 50);
    account.submit(job, [2], 150, job * 100);
    account.began(job, job * 100);
  }
  account.advance(5900);
  return account;
}

test("what its own work leaves free is open to visitors, however long they stay", () => {
  const account = quiet();
  assert.equal(account.gainedS(), 0);
  assert.equal(account.admits([4], 1_000_000, none), true);
  assert.equal(account.admits([5], 1_000_000, none), false, "two of its own would not fit");
  assert.equal(quiet([{ dueS: 1_000_000, needs: [3] }]).admits([4], 1_000_000, none), false);
});

test("beyond that they may do the harm that is within what was gained and the allowance", () => {
  const account = quiet();
  // One job in 100 s; a visitor that asks for 400 s stays 200 s: 200² ÷ 2 ÷ 98 s, there being 60 jobs in 5 900 s.
  const harmS = (200 ** 2 * 60) / 5900 / 2;
  assert.equal(account.admits([8], 400, { ...none, allowanceS: harmS + 1 }), true);
  assert.equal(account.admits([8], 400, { ...none, allowanceS: harmS - 1 }), false);
  assert.equal(account.admits([8], 420, { ...none, allowanceS: harmS + 1 }), false, "one that stays longer does more");
  assert.equal(account.admits([8], 400, { ...none, allowancePerJobS: (harmS + 1) / 60 }), true);
});

test("a home that nobody has used for a month is open to everybody", () => {
  const account = quiet();
  assert.equal(account.admits([8], 100_000, none), false);
  account.advance(5900 + 30 * 86_400);
  assert.equal(account.admits([8], 100_000, none), true);
});

test("a home that has become smaller needs no more than it has", () => {
  const admits = (allowanceS: number) => {
    const account = new HomeAccount([8], { all: () => [], untilS: () => 0 }, -1);
    for (let job = 0; job < 60; job += 1) {
      account.submit(job, [job === 0 ? 8 : 2], 50, job * 100);
      account.began(job, job * 100);
      account.ended(job, 50, job * 100 + 50);
    }
    account.advance(5900);
    account.resize([6]);
    return account.admits([4], 400, { ...none, allowanceS });
  };
  // Beside a visitor that stays 200 s only one of 60 of its own would have waited.
  const harmS = (200 ** 2 * 60) / 5900 / 2 / 60;
  assert.equal(admits(harmS + 1), true);
  assert.equal(admits(harmS - 1), false);
});

test("an account that is given what another remembered goes on as it", () => {
  const one = quiet();
  const other = new HomeAccount([8], { all: () => [], untilS: () => 0 }, 5900);
  other.recall(JSON.parse(JSON.stringify(one.remembered())));
  assert.equal(other.gainedS(), one.gainedS());
  for (const processors of [4, 5, 8])
    for (const limitS of [10, 400, 4000])
      for (const allowanceS of [0, 100, 300, 30_000])
        assert.equal(
          other.admits([processors], limitS, { ...none, allowanceS }),
          one.admits([processors], limitS, { ...none, allowanceS }),
          `${processors} for ${limitS} s`,
        );
});

const jobs = fc.array(
  fc.record({
    afterS: fc.constantFrom(0, 0, 1, 5, 20, 60),
    runS: fc.integer({ min: 1, max: 60 }),
    moreS: fc.constantFrom(0, 0, 1, 10, 100),
    laterS: fc.constantFrom(0, 0, 3, 30, 300, 1000),
    processors: fc.integer({ min: 1, max: 8 }),
  }),
  { minLength: 1, maxLength: 40, size: "max" },
);
type Drawn = typeof jobs extends fc.Arbitrary<infer Value> ? Value : never;

function workloadOf(drawn: Drawn): Workload {
  let nowS = 0;
  const column = (value: (job: Drawn[number], at: number) => number) => Int32Array.from(drawn, value);
  return {
    homes: [{ name: "one", processors: 8, firstSubmitS: 0, dropped: 0, clipped: 0, killed: 0 }],
    count: drawn.length,
    submitS: column(({ afterS }) => {
      nowS += afterS;
      return nowS;
    }),
    runS: column(({ runS }) => runS),
    estimateS: column(({ runS, moreS }) => runS + moreS),
    processors: column(({ processors }) => processors),
    home: new Uint16Array(drawn.length),
    person: column(() => 0),
    project: column(() => 0),
    place: column((_, at) => at),
    number: column((_, at) => at + 1),
  };
}
