import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { queuePolicy } from "#core/scheduling/kernel/machine.ts";
import { replayMerged } from "#core/scheduling/kernel/replay.ts";
import { policies } from "#core/scheduling/policy.ts";
import { startChecksum } from "#simulator/metrics.ts";
import { readTrace } from "#simulator/read-trace.ts";
import { parseSwf, type SwfLog } from "#simulator/swf.ts";
import { skipWithout, traceFile } from "#simulator/traces-testing.ts";
import { buildWorkload } from "#simulator/workload.ts";

// What an independent simulator of the same model found on public logs, to the job.

const logNames = ["KTH-SP2", "SDSC-SP2", "lublin_256", "lublin_256_new2"];
const classics = ["fcfs", "sjf", "easy", "easy-sjbf", "sjf-easy", "saf-easy", "conservative"] as const;

for (const name of logNames) {
  test(`the published starts and means of ${name}`, { skip: skipWithout("metrics.csv", `${name}.swf.gz`) }, () => {
    const rows = readTable(readFileSync(traceFile("metrics.csv") ?? "", "utf8"));
    const log = readLog(name);
    let compared = 0;
    for (const row of rows.filter((one) => one.get("log") === name)) {
      const policy = classics.find((one) => one === row.get("policy"));
      assert.ok(policy, `${row.get("policy")} is none of ours`);
      const estimates = row.get("estimates") === "actual" ? "actual" : "requested";
      const { workload, schedule } = replayed(log, policy, estimates);
      const wait = workload.submitS.reduce((sum, submitS, i) => sum + (schedule.startS[i] ?? 0) - submitS, 0);
      const what = `${name} ${policy} ${estimates}`;
      assert.equal(startChecksum(workload, schedule), row.get("start_checksum"), what);
      assert.ok(Math.abs(wait / workload.count - Number(row.get("mean_wait"))) < 1e-6, what);
      assert.equal(workload.count, Number(row.get("jobs")));
      compared += 1;
    }
    assert.ok(compared >= 9, `only ${compared} rows`);
  });
}

const starts = "starts_refsim_batch_KTH-SP2.csv.gz";
test("every start of KTH-SP2, job by job", { skip: skipWithout(starts, "KTH-SP2.swf.gz") }, () => {
  const rows = readTable(gunzipSync(readFileSync(traceFile(starts) ?? "")).toString("utf8"));
  const log = readLog("KTH-SP2");
  for (const policy of ["fcfs", "easy", "easy-sjbf", "sjf-easy", "conservative"] as const) {
    const { workload, schedule } = replayed(log, policy, "requested");
    assert.equal(workload.count, rows.length);
    for (const [i, row] of rows.entries()) {
      assert.equal(String(workload.number[i]), row.get("job_id"));
      assert.equal(String(schedule.startS[i]), row.get(`start_${policy}`), `${policy}, job ${workload.number[i]}`);
    }
  }
});

function readLog(name: string): SwfLog {
  return parseSwf(readTrace(traceFile(`${name}.swf.gz`) ?? ""), name);
}

function replayed(log: SwfLog, name: (typeof classics)[number], estimates: "requested" | "actual") {
  const settings = { estimates, days: null, sequence: null, processors: [], rules: "batch" } as const;
  const built = buildWorkload([log], settings);
  assert.equal(built.kind, "workload");
  assert.ok("workload" in built);
  const policy = queuePolicy(policies[name]);
  assert.ok(policy);
  return { workload: built.workload, schedule: replayMerged(built.workload, policy, () => {}) };
}

function readTable(text: string): readonly ReadonlyMap<string, string>[] {
  const [head = "", ...lines] = text.trim().split(/\r?\n/);
  const names = head.split(",");
  return lines.map((line) => new Map(line.split(",").map((value, at) => [names[at] ?? "", value])));
}
