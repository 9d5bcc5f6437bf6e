import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RunTimes } from "../order/predict.ts";
import { policies } from "../policy.ts";
import { Foretold } from "./foretold.ts";
import { type PlainJob, workloadOf } from "./scenario-testing.ts";

const { weir } = policies;
const limits = [60, 300, 1000];
const step = fc.record({
  ends: fc.boolean(),
  which: fc.nat(99),
  looks: fc.boolean(),
  person: fc.nat(3),
  share: fc.nat(99),
});

test("what is foretold late is what was foretold when the last job of the person had ended", () => {
  let late = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 120 }), (steps) => {
      const jobs = steps.map(({ which, share }, submitS): PlainJob => {
        const estimateS = limits[which % 3] ?? 1;
        const runS = 1 + Math.floor((estimateS * share) / 100);
        return { submitS, runS, estimateS, processors: 1 + (which % 2), home: which % 4 === 0 ? 1 : 0 };
      });
      const person = Int32Array.from(steps, (one, at) => one.person + 4 * (jobs[at]?.home ?? 0));
      const workload = { ...workloadOf([8, 8], jobs), person };
      const foretold = new Foretold(workload, weir);
      const runTimes = new RunTimes(weir.prediction);
      const kinds = new Map<number, number>();
      const expectedS = new Map<number, number>();
      const tellS = (job: number) => runTimes.predictS(kinds.get(job) ?? 0, workload.estimateS[job] ?? 0);
      for (const [job, { ends, which, looks }] of steps.entries()) {
        const { home, estimateS, processors, runS } = workload;
        const limitS = estimateS[job] ?? 0;
        foretold.submit(job, expectedS.size === 0);
        kinds.set(job, runTimes.classOf(home[job] ?? 0, person[job] ?? 0, limitS, processors[job] ?? 0));
        expectedS.set(job, tellS(job));
        const waiting = [...expectedS.keys()];
        const other = waiting[which % waiting.length] ?? 0;
        if (looks) assert.equal(foretold.predictedS(other), expectedS.get(other));
        if (!ends) continue;
        // It starts, and ends at once.
        const startedS = foretold.predictedS(other);
        assert.equal(startedS, expectedS.get(other));
        expectedS.delete(other);
        foretold.ended(other);
        runTimes.learn(kinds.get(other) ?? 0, estimateS[other] ?? 0, runS[other] ?? 0);
        for (const one of expectedS.keys())
          if (person[one] === person[other]) expectedS.set(one, tellS(one));
          else if (expectedS.get(one) !== tellS(one)) late += 1;
        assert.equal(foretold.predictedAtStartS(other), startedS);
      }
      for (const [job, predictedS] of expectedS) assert.equal(foretold.predictedS(job), predictedS);
    }),
    { numRuns: 300 },
  );
  assert.ok(late > 300, `only ${late} times others' jobs would have moved it`);
});
