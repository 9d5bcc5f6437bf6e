import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Guarded, Room } from "./guarded.ts";
import { Ranked } from "./ranked.ts";

// Both answer what a walk through all that wait would.

const waiting = fc.record({
  processors: fc.integer({ min: 1, max: 40 }),
  estimateS: fc.integer({ min: 1, max: 100 }),
  score: fc.integer({ min: 0, max: 20 }),
  /** When it leaves, in jobs that come after it; more than come: it stays. */
  leavesAfter: fc.nat(60),
});
const queue = fc.array(waiting, { minLength: 1, maxLength: 80 });

test("the next past the guard's time is the first for whom there is room", () => {
  const places = fc.array(fc.record({ processors: fc.integer({ min: -2, max: 45 }), forS: fc.integer({ max: 110 }) }), {
    maxLength: 3,
  });
  let found = 0;
  fc.assert(
    fc.property(queue, fc.integer({ min: -1, max: 20 }), places, (jobs, any, others) => {
      const guarded = new Guarded();
      const room = new Room(others.length);
      room.add(any);
      for (const { processors, forS } of others) room.add(processors, forS);
      for (const [job, { processors, estimateS }] of jobs.entries()) {
        guarded.add(job, processors, estimateS);
        for (const [other, { leavesAfter }] of jobs.entries())
          if (other + leavesAfter === job) guarded.remove(other, jobs[other]?.processors ?? 0);
        const left = jobs.map((one, at) => ({ ...one, job: at })).slice(0, job + 1);
        const here = left.filter((one) => one.job + one.leavesAfter > job);
        const fits = here.filter(
          (one) =>
            one.processors <= any ||
            others.some(({ processors: most, forS }) => one.processors <= most && one.estimateS <= forS),
        );
        assert.equal(guarded.count, here.length);
        assert.equal(guarded.fewestProcessors, Math.min(...here.map((one) => one.processors)));
        for (const after of [-1, Math.floor(job / 2)]) {
          const first = fits.find((one) => one.job > after)?.job ?? -1;
          assert.equal(guarded.next(after, room), first);
          if (first > 0) found += 1;
        }
      }
    }),
    { numRuns: 200 },
  );
  assert.ok(found > 300, `only ${found} were found behind another`);
});

test("the best by score come in their order, ties as they came, and only who fits and is wanted", () => {
  fc.assert(
    fc.property(queue, fc.nat(40), fc.integer({ min: 1, max: 9 }), (jobs, mostProcessors, most) => {
      const ranked = new Ranked();
      const gone = new Set<number>();
      for (const [job, { processors }] of jobs.entries()) {
        ranked.add(job, processors);
        const leaves = (one: number) => one + (jobs[one]?.leavesAfter ?? 0) === job;
        if (leaves(ranked.job[ranked.first] ?? 0)) {
          gone.add(ranked.job[ranked.first] ?? 0);
          ranked.removeFirst();
        }
        for (let one = 0; one <= job; one += 1) if (leaves(one)) gone.add(one);
        ranked.removeAll((one) => gone.has(one));
      }
      const here = jobs.map((one, job) => ({ ...one, job })).filter(({ job }) => !gone.has(job));
      assert.equal(ranked.count, here.length);
      assert.equal(ranked.fewestProcessors, Math.min(...here.map(({ processors }) => processors)));
      for (const { job, score } of here) {
        assert.equal(ranked.job[ranked.placeOf(job)], job);
        // One in seven is served otherwise.
        ranked.score[ranked.placeOf(job)] = job % 7 === 0 ? Number.NEGATIVE_INFINITY : score;
      }
      const isWanted = (job: number) => job % 5 !== 0;
      const wanted = here
        .filter(({ job, processors }) => job % 7 !== 0 && isWanted(job) && processors <= mostProcessors)
        .sort((a, b) => a.score - b.score || a.job - b.job);
      const told: number[] = [];
      for (let after = -1; ; ) {
        const next = ranked.best(most, after, mostProcessors, isWanted);
        for (after of next) told.push(ranked.job[after] ?? -1);
        if (next.length < most) break;
      }
      assert.deepEqual(
        told,
        wanted.map(({ job }) => job),
      );
    }),
    { numRuns: 300 },
  );
});
