import assert from "node:assert/strict";
import { test } from "node:test";
import { replay } from "#core/scheduling/kernel/replay.ts";
import { replayWeir } from "#core/scheduling/kernel/weir.ts";
import { policies } from "#core/scheduling/policy.ts";
import type { Workload } from "#core/scheduling/replay/workload.ts";
import { measure } from "#simulator/metrics.ts";
import { policyDifference } from "#simulator/policy-difference.ts";
import { readTrace } from "#simulator/read-trace.ts";
import { parseSwf } from "#simulator/swf.ts";
import { skipWithout, traceFile } from "#simulator/traces-testing.ts";
import { buildWorkload } from "#simulator/workload.ts";

// Home only is EASY on each home's own processors. What one run under the policy that ships must not fall behind.
const pairs = [
  { names: ["KTH-SP2", "SDSC-SP2"], days: 330, longestS: 304_382 },
  { names: ["lublin_256", "lublin_256_new2"], days: null, longestS: Number.POSITIVE_INFINITY },
];
for (const { names, days, longestS } of pairs) {
  const files = names.map((name) => `${name}.swf.gz`);
  test(`no home of ${names.join(" and ")} waits longer than alone`, { skip: skipWithout(...files) }, () => {
    const workload = built(names, days);
    const alone = scheduled(workload, "home");
    const merged = measure(workload, scheduled(workload, "merged"));
    const schedule = replayWeir(workload, policies.weir, 0);
    const [before, after] = [measure(workload, alone), measure(workload, schedule)];
    for (const [at, home] of after.perHome.entries())
      assert.ok(home.meanWaitS <= (before.perHome[at]?.meanWaitS ?? 0), `${home.name}: ${home.meanWaitS}`);
    assert.ok(
      after.meanWaitS < 0.75 * merged.meanWaitS,
      `${after.meanWaitS} where one machine has ${merged.meanWaitS}`,
    );
    assert.ok(after.averageBoundedSlowdown < 0.6 * merged.averageBoundedSlowdown, `${after.averageBoundedSlowdown}`);
    assert.ok(after.maxWaitS <= longestS, `${after.maxWaitS}`);
    const all = policyDifference(workload, alone, schedule).find(({ by }) => by === "all");
    assert.equal(all?.jobs, workload.count);
    assert.ok(Math.abs((all?.changeS ?? 0) - (after.meanWaitS - before.meanWaitS)) < 1e-6);
  });
}

function built(names: readonly string[], days: number | null): Workload {
  const logs = names.map((name) => parseSwf(readTrace(traceFile(`${name}.swf.gz`) ?? ""), name));
  const all = { estimates: "requested", sequence: null, processors: [], rules: "batch" } as const;
  const made = buildWorkload(logs, { ...all, days });
  assert.ok(made.kind === "workload");
  return made.workload;
}

function scheduled(workload: Workload, routing: "home" | "merged") {
  const replayed = replay(workload, { policy: policies.easy, routing, seed: 0 });
  assert.ok(replayed.kind === "schedule");
  return replayed.schedule;
}
