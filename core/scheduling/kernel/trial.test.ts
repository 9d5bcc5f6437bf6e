import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { policies } from "../policy.ts";
import { createMachine } from "./create-machine.ts";
import { ExpectedEnds } from "./expected-ends.ts";
import { queuePolicy } from "./queue-policy.ts";
import { type PlainJob, scheduleOf, workloadOf } from "./scenario-testing.ts";
import { Trial } from "./trial.ts";

const job = fc.record({
  gapS: fc.nat(3),
  lastsS: fc.integer({ min: 1, max: 30 }),
  needs: fc.integer({ min: 1, max: 6 }),
});

// Goal: what is planned for one that asks is kept for the next, and is what would be planned anew.
test("a trial that goes on with its reservations says of each new job what one made anew says", () => {
  let kept = 0;
  fc.assert(
    fc.property(fc.array(job, { maxLength: 6 }), fc.array(job, { minLength: 1, maxLength: 12 }), (runs, comes) => {
      const running = new ExpectedEnds();
      let free = 6;
      for (const { lastsS, needs } of runs) {
        if (needs > free) continue;
        free -= needs;
        running.add(1000 + lastsS, needs);
      }
      const trial = new Trial();
      const queue: { needs: number; lastsS: number }[] = [];
      // Nothing ends before second 1 001.
      let nowS = 900;
      for (const { gapS, needs, lastsS } of comes) {
        nowS += gapS;
        const anew = new Trial();
        const planned = [trial, anew].map((one) => one.begin(nowS, free, running));
        for (const [place, one] of [trial, anew].entries())
          for (const ahead of queue.slice(planned[place] ?? 0)) one.reserve(ahead.needs, ahead.lastsS);
        assert.equal(trial.startS(needs, lastsS), anew.startS(needs, lastsS), `at ${nowS}`);
        kept += planned[0] ?? 0;
        queue.push({ needs, lastsS });
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(kept > 1000, `only ${kept} reservations were kept`);
});

test("of each job that comes a centre's queue promises the start that a plan written out plainly gives", () => {
  let waited = 0;
  const names = fc.constantFrom("fcfs", "easy", "easy-sjbf", "sjf-easy", "saf-easy", "conservative");
  fc.assert(
    fc.property(fc.array(drawn, { minLength: 4, maxLength: 30 }), names, (rows, name) => {
      let submitS = 0;
      const jobs = rows.map(({ gapS, runS, spareS, needs }): PlainJob => {
        submitS += gapS;
        return { submitS, runS, estimateS: runS + spareS, processors: needs, home: 0 };
      });
      const workload = workloadOf([size], jobs);
      const columns = {
        ...workload,
        startS: new Int32Array(jobs.length).fill(-1),
        centre: new Uint16Array(jobs.length),
      };
      const policy = queuePolicy(policies[name]);
      assert.ok(policy);
      const machine = createMachine(columns, policy, { processors: [size], first: 0 });
      for (let next = 0; next < jobs.length; ) {
        const nowS = jobs[next]?.submitS ?? 0;
        machine.advance(nowS);
        for (; jobs[next]?.submitS === nowS; next += 1) {
          const promisedS = machine.estimateStart(next, nowS);
          assert.equal(
            promisedS,
            plainStartS(jobs.slice(0, next + 1), columns.startS, keyOf(name), nowS),
            `job ${next}`,
          );
          if (promisedS > nowS) waited += 1;
          // Some go elsewhere.
          if (next % 5 < 4) machine.submit(next);
          else columns.startS[next] = gone;
        }
        machine.pass(nowS);
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(waited > 1000, `only ${waited} had to wait`);
});

const size = 6;
const gone = 1_000_000;
const drawn = fc.record({
  gapS: fc.nat(4),
  runS: fc.integer({ min: 1, max: 12 }),
  spareS: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 12 })),
  needs: fc.integer({ min: 1, max: size }),
});

function keyOf(name: string): (job: PlainJob) => number {
  return ({ estimateS, processors }) =>
    name === "sjf-easy" ? estimateS : name === "saf-easy" ? estimateS * processors : 0;
}

/** Second by second: what runs until its expected end, then in turn whoever is ahead of the last job, then that one. */
function plainStartS(
  jobs: readonly PlainJob[],
  startS: Int32Array,
  keyOf: (job: PlainJob) => number,
  nowS: number,
): number {
  const used = new Map<number, number>();
  const hold = ({ processors }: PlainJob, fromS: number, untilS: number) => {
    for (let atS = Math.max(fromS, nowS); atS < untilS; atS += 1) used.set(atS, (used.get(atS) ?? 0) + processors);
  };
  const fits = ({ processors, estimateS }: PlainJob, fromS: number) => {
    for (let atS = fromS; atS < fromS + estimateS; atS += 1) if ((used.get(atS) ?? 0) + processors > size) return false;
    return true;
  };
  const last = jobs.length - 1;
  const waiting: number[] = [];
  for (const [at, job] of jobs.entries()) {
    const fromS = startS[at] ?? -1;
    if (fromS < 0) waiting.push(at);
    else if (fromS < gone && fromS + job.runS > nowS) hold(job, fromS, fromS + job.estimateS);
  }
  const key = (at: number) => keyOf(jobs[at] ?? never);
  waiting.sort((a, b) => key(a) - key(b) || a - b);
  for (const at of waiting) {
    const job = jobs[at] ?? never;
    let fromS = nowS;
    while (!fits(job, fromS)) fromS += 1;
    if (at === last) return fromS;
    hold(job, fromS, fromS + job.estimateS);
  }
  throw new Error("the last job waits");
}

const never: PlainJob = { submitS: 0, runS: 0, estimateS: 0, processors: 0, home: 0 };

test("earliest-start over a queue of thousands plans for one that comes what has changed since the one before", () => {
  // What runs first lasts for longer than all submissions take.
  const first: readonly PlainJob[] = [0, 1].map((home) => ({
    submitS: 0,
    runS: 1e6,
    estimateS: 1e6,
    processors: 8,
    home,
  }));
  const jobs = Array.from({ length: 6000 }, (_, i) => {
    const lastsS = 10 + ((i * 7919) % 500);
    return { submitS: 1 + i, runS: lastsS, estimateS: lastsS, processors: 1 + ((i * 31) % 8), home: i % 2 };
  });
  const beganMs = process.cpuUsage().user / 1000;
  const { centre } = scheduleOf(workloadOf([8, 8], [...first, ...jobs]), "easy", "earliest-start");
  const tookMs = process.cpuUsage().user / 1000 - beganMs;
  assert.ok(centre.includes(0) && centre.includes(1));
  assert.ok(tookMs < 10_000, `${tookMs} ms`);
});
