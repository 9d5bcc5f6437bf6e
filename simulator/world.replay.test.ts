import assert from "node:assert/strict";
import { test } from "node:test";
import { replay } from "#core/scheduling/kernel/replay.ts";
import { policies } from "#core/scheduling/policy.ts";
import { replayInWorld } from "#core/scheduling/world-replay-testing.ts";
import { readTrace } from "#simulator/read-trace.ts";
import { parseSwf } from "#simulator/swf.ts";
import { skipWithout, traceFile } from "#simulator/traces-testing.ts";
import { buildWorkload } from "#simulator/workload.ts";

// core/scheduling/world.replay.test.ts, on public logs.

const classics = ["fcfs", "sjf", "easy", "easy-sjbf", "sjf-easy", "saf-easy", "conservative"] as const;

for (const name of ["KTH-SP2", "SDSC-SP2"] as const)
  for (const policy of classics)
    test(`the world starts the jobs of ${name} as the kernel does, under ${policy}`, {
      skip: skipWithout(`${name}.swf.gz`),
    }, () => {
      const file = `${name}.swf.gz`;
      const log = parseSwf(readTrace(traceFile(file) ?? ""), file);
      const rules = { estimates: "requested", days: null, sequence: null, processors: [], rules: "batch" } as const;
      const built = buildWorkload([log], rules);
      assert(built.kind === "workload");
      const replayed = replay(built.workload, { policy: policies[policy], routing: "merged", seed: 0 });
      assert(replayed.kind === "schedule");
      assert.deepEqual(replayInWorld(built.workload, policies[policy]).startS, replayed.schedule.startS);
    });
