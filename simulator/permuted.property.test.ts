import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { replay } from "#core/scheduling/kernel/replay.ts";
import { type PolicyName, policies } from "#core/scheduling/policy.ts";
import { parseSwf } from "#simulator/swf.ts";
import { buildWorkload } from "#simulator/workload.ts";

// Goal: the order of a trace's lines changes only what (submission, place in the file) explains.

const names = ["fcfs", "sjf", "easy", "easy-sjbf", "sjf-easy", "saf-easy", "conservative", "weir"] as const;

type Line = { readonly number: number; readonly submitS: number; readonly text: string };

/** Lines of a log of up to 30 jobs on 16 processors; some are submitted together. */
const trace = fc
  .array(
    fc.record({
      gapS: fc.nat(4),
      runS: fc.integer({ min: 1, max: 400 }),
      spareS: fc.nat(200),
      processors: fc.integer({ min: 1, max: 16 }),
      user: fc.nat(3),
    }),
    { minLength: 2, maxLength: 30 },
  )
  .map((jobs) => {
    let submitS = 0;
    return jobs.map(({ gapS, runS, spareS, processors, user }, at): Line => {
      submitS += gapS < 2 ? 0 : gapS * 10;
      const text = `${at + 1} ${submitS} -1 ${runS} ${processors} -1 -1 ${processors} ${runS + spareS} -1 1 ${user} ${user % 2} -1 -1 -1 -1 -1`;
      return { number: at + 1, submitS, text };
    });
  });
const shuffled = trace.chain((lines) =>
  fc.record({
    lines: fc.constant(lines),
    there: fc.shuffledSubarray([...lines], { minLength: lines.length, maxLength: lines.length }),
  }),
);
const policyName = fc.constantFrom(...names);

test("one trace: lines may stand in any order as long as those of one instant keep theirs", () => {
  let moved = 0;
  fc.assert(
    fc.property(shuffled, policyName, ({ lines, there }, policy) => {
      // Of each instant the places are as they were drawn; the jobs on them stand in the order of the first listing.
      const ofInstant = Map.groupBy(lines, ({ submitS }) => submitS);
      const taken = new Map<number, number>();
      const kept = there.map(({ submitS }) => {
        const next = taken.get(submitS) ?? 0;
        taken.set(submitS, next + 1);
        return ofInstant.get(submitS)?.[next];
      });
      const again = kept.filter((line) => line !== undefined);
      moved += again.filter(({ number }, at) => number !== at + 1).length;
      assert.deepEqual(startsOf([again], policy), startsOf([lines], policy));
    }),
    { numRuns: 200 },
  );
  assert.ok(moved > 1000, `only ${moved} lines were moved`);
});

test("one trace: jobs of one instant that are alike but for their number swap places with their starts", () => {
  let together = 0;
  fc.assert(
    fc.property(shuffled, policyName, ({ lines, there }, policy) => {
      const first = lines[0];
      if (first === undefined) return;
      // All of an instant are like its first, so that only the place tells them apart.
      const alike = new Map([...lines].reverse().map((line) => [line.submitS, line.text]));
      const asFirst = (line: Line): Line => {
        const text = (alike.get(line.submitS) ?? "").replace(/^\d+/, `${line.number}`);
        return { ...line, text };
      };
      const [here, other] = [lines.map(asFirst), there.map(asFirst)];
      const [before, after] = [startsOf([here], policy), startsOf([other], policy)];
      for (const submitS of new Set(lines.map((line) => line.submitS))) {
        const inPlace = (list: readonly Line[], starts: ReadonlyMap<string, number>) =>
          list.filter((line) => line.submitS === submitS).map(({ number }) => starts.get(`0/${number}`));
        assert.deepEqual(inPlace(other, after), inPlace(here, before));
        together += inPlace(here, before).length > 1 ? 1 : 0;
      }
    }),
    { numRuns: 200 },
  );
  assert.ok(together > 150, `only ${together} instants with several`);
});

test("several traces: the order is (submission, home, number), and where a line stands changes nothing", () => {
  fc.assert(
    fc.property(shuffled, trace, policyName, fc.boolean(), ({ lines, there }, others, policy, isCentral) => {
      const routing = isCentral ? "central" : "home";
      assert.deepEqual(startsOf([there, others], policy, routing), startsOf([lines, others], policy, routing));
    }),
    { numRuns: 200 },
  );
});

/** The start of each job, by home and number. */
function startsOf(
  traces: readonly (readonly Line[])[],
  policy: PolicyName,
  routing: "home" | "central" = "home",
): ReadonlyMap<string, number> {
  const logs = traces.map((lines, home) => {
    const text = `; MaxProcs: 16\n${lines.map(({ text }) => text).join("\n")}\n`;
    return parseSwf(Buffer.from(text), `home-${home}.swf`);
  });
  const settings = { estimates: "requested", days: null, sequence: null, processors: [], rules: "batch" } as const;
  const built = buildWorkload(logs, settings);
  assert.ok(built.kind === "workload");
  const { workload } = built;
  const replayed = replay(workload, { policy: policies[policy], routing, seed: 1 });
  assert.ok(replayed.kind === "schedule");
  const rows = Array.from(replayed.schedule.startS, (startS, i): readonly [string, number] => [
    `${workload.home[i]}/${workload.number[i]}`,
    startS,
  ]);
  return new Map(rows.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
