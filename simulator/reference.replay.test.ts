import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { replay } from "#core/scheduling/kernel/replay.ts";
import type { Routing } from "#core/scheduling/kernel/routings.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import type { Schedule, Workload } from "#core/scheduling/replay/workload.ts";
import { measure, startChecksum } from "#simulator/metrics.ts";
import { readTrace } from "#simulator/read-trace.ts";
import { parseSwf, type SwfLog } from "#simulator/swf.ts";
import { skipWithout, traceFile } from "#simulator/traces-testing.ts";
import { buildWorkload, type WorkloadSettings } from "#simulator/workload.ts";

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

// KTH-SP2 and SDSC-SP2 over 330 days under EASY: mean wait, mean bounded slowdown, p95 of the wait, wait weighted by area.
const centresTable = {
  home: ["8809.1", "71.21", "47112", "30377"],
  "least-load": ["5427.0", "44.45", "30934", "18686"],
  "earliest-start": ["3715.2", "26.83", "23518", "14023"],
  merged: ["2896.5", "23.94", "16706", "8768"],
  central: ["2943.9", "22.64", "17579", null],
} as const;

const pair = ["KTH-SP2.swf.gz", "SDSC-SP2.swf.gz"];
test("the published figures of two centres, each way to route", { skip: skipWithout(...pair) }, () => {
  const workload = twoCentres();
  for (const routing of ["home", "least-load", "earliest-start", "merged", "central"] as const) {
    const found = measure(workload, scheduled(workload, policies.easy, routing));
    const rounded = [
      found.meanWaitS.toFixed(1),
      found.averageBoundedSlowdown.toFixed(2),
      found.p95WaitS.toFixed(0),
      found.areaWeightedWaitS.toFixed(0),
    ];
    const published = centresTable[routing];
    assert.deepEqual(published[3] === null ? rounded.slice(0, 3) : rounded, published.filter(isText), routing);
  }
});

test("blind routing is a catastrophe, whatever the seed", { skip: skipWithout(...pair) }, () => {
  const workload = twoCentres();
  for (let seed = 0; seed < 5; seed += 1)
    assert.ok(measure(workload, scheduled(workload, policies.easy, "random", seed)).meanWaitS > 8809.1);
});

// Zhang et al., SC'20: mean bounded slowdown over ten sequences of 1024 jobs.
const sequenceStarts = [1981, 2756, 4299, 8850, 3316, 2714, 5228, 7762, 4022, 7085];
const heuristics = {
  lublin_256: [7273.77, 277.35, 258.37, 235.82, 73.31, 75.07],
  lublin_256_new2: [7842.47, 787.89, 698.34, 247.61, 91.99, 148.25],
} as const;
const ofRlScheduler = ["rl-fcfs", "rl-sjf", "rl-f1", "rl-fcfs-backfill", "rl-sjf-backfill", "rl-f1-backfill"] as const;

for (const name of ["lublin_256", "lublin_256_new2"] as const) {
  test(`RLScheduler's heuristics on ${name}, within 0.1 %`, { skip: skipWithout(`${name}.swf.gz`) }, () => {
    const log = readLog(name);
    for (const [place, policy] of ofRlScheduler.entries()) {
      const slowdowns = sequenceStarts.map((from) => {
        const workload = built([log], { sequence: { from, count: 1024 }, rules: "sequence" });
        return measure(workload, scheduled(workload, policies[policy], "home")).averageBoundedSlowdown;
      });
      const mean = slowdowns.reduce((sum, one) => sum + one, 0) / slowdowns.length;
      const published = heuristics[name][place] ?? 0;
      assert.ok(Math.abs(mean / published - 1) < 0.001, `${policy}: ${mean} for ${published}`);
    }
  });
}

function twoCentres(): Workload {
  return built([readLog("KTH-SP2"), readLog("SDSC-SP2")], { days: 330 });
}

function isText(value: string | null): value is string {
  return value !== null;
}

function readLog(name: string): SwfLog {
  return parseSwf(readTrace(traceFile(`${name}.swf.gz`) ?? ""), name);
}

function built(logs: readonly SwfLog[], settings: Partial<WorkloadSettings>): Workload {
  const made = buildWorkload(logs, { ...allJobs, ...settings });
  assert.ok(made.kind === "workload");
  return made.workload;
}

const allJobs = { estimates: "requested", days: null, sequence: null, processors: [], rules: "batch" } as const;

function scheduled(workload: Workload, policy: Policy, routing: Routing, seed = 0): Schedule {
  const replayed = replay(workload, { policy, routing, seed });
  assert.ok(replayed.kind === "schedule");
  return replayed.schedule;
}

function replayed(log: SwfLog, name: (typeof classics)[number], estimates: "requested" | "actual") {
  const workload = built([log], { estimates });
  return { workload, schedule: scheduled(workload, policies[name], "home") };
}

function readTable(text: string): readonly ReadonlyMap<string, string>[] {
  const [head = "", ...lines] = text.trim().split(/\r?\n/);
  const names = head.split(",");
  return lines.map((line) => new Map(line.split(",").map((value, at) => [names[at] ?? "", value])));
}
