import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { replay } from "#core/scheduling/kernel/replay.ts";
import type { Routing } from "#core/scheduling/kernel/routings.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import type { Workload } from "#core/scheduling/replay/workload.ts";
import { generate } from "#simulator/generate/generate.ts";
import { measure } from "#simulator/metrics.ts";
import { readTrace } from "#simulator/read-trace.ts";
import { parseSwf, type SwfLog } from "#simulator/swf.ts";
import { traceFile } from "#simulator/traces-testing.ts";
import { buildWorkload } from "#simulator/workload.ts";
import { figure } from "./figures.ts";
import type { Scaled } from "./simulate-scale.ts";

const runs = 7;

/**
 * Jobs replayed per second on one core, the event loop alone: the first run, and the median of 7 after it; then how time
 * grows with a queue that only grows, and how time and memory do with centres and jobs. Where the public traces are absent,
 * synthetic ones stand in and are called so.
 */
export async function simulate(): Promise<void> {
  const kth = workloadOf(["KTH-SP2"]);
  speed(kth, policies.easy, "home", "≥ 1000000");
  speed(workloadOf(["SDSC-SP2"]), policies.easy, "home", "≥ 800000");
  speed(kth, policies.conservative, "home", "≥ 300000");
  const three = workloadOf(["KTH-SP2", "SDSC-SP2"], generated(256, 2));
  speed(three, policies.weir, "weir", "≥ 10000");
  speed(three, listOnly, "weir", "≥ 50000");
  growing();
  scaling();
}

const listOnly: Policy = { ...policies.weir, name: "weir without lookahead", lookahead: null };

function speed({ workload, label }: Labelled, policy: Policy, routing: Routing, promise: string): void {
  const rates: number[] = [];
  const steps: number[] = [];
  let meanWaitS = 0;
  for (let run = 0; run <= runs; run += 1) {
    steps.push(calibration());
    const { cpuS, schedule } = replayed(workload, policy, routing, 1);
    rates.push(workload.count / cpuS);
    ({ meanWaitS } = measure(workload, schedule));
  }
  const [first = 0, ...warm] = rates;
  figure(`${label}, ${policy.name}: calibration, 20 M steps of a fixed loop`, "ms", "", steps);
  figure(`${label}, ${policy.name}: first run`, "jobs per CPU second", "", [first]);
  figure(`${label}, ${policy.name}: warm runs`, "jobs per CPU second", promise, warm);
  figure(`${label}, ${policy.name}: mean wait`, "s", "", [meanWaitS]);
}

/** CPU time of a fixed loop: what this core does now. */
function calibration(): number {
  const before = process.threadCpuUsage();
  let x = 1;
  for (let i = 0; i < 20_000_000; i += 1) x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
  if (x === 0) throw new Error("the loop was left out");
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

type Labelled = { readonly workload: Workload; readonly label: string };

function workloadOf(names: readonly string[], ...more: readonly SwfLog[]): Labelled {
  const logs = names.map((name, at) => {
    const path = traceFile(`${name}.swf.gz`);
    return path === null ? generated(128, at) : parseSwf(readTrace(path), name);
  });
  const all = [...logs, ...more];
  return { workload: build(all), label: all.map(({ name }) => name).join(" + ") };
}

/** Three times as much comes as can run, by one user as the model has it: most of it is waiting to the end. */
function growing(): void {
  for (const homes of [[128], [64, 128, 256]])
    for (const jobs of [8_000, 20_000, 40_000, 160_000])
      for (const policy of [policies.weir, listOnly]) {
        const each = Math.floor(jobs / homes.length);
        const workload = build(homes.map((processors, at) => generated(processors, at + 1, each, 3)));
        const cpuS = [0, 1, 2].map((seed) => replayed(workload, policy, "weir", seed).cpuS);
        const label = `synthetic, load 3, ${homes.join(" + ")} processors, ${workload.count} jobs, ${policy.name}`;
        figure(`${label}: CPU time`, "s", "", cpuS);
        const rates = cpuS.map((one) => workload.count / one);
        figure(`${label}: rate`, "jobs per CPU second", "", rates);
      }
}

function replayed(workload: Workload, policy: Policy, routing: Routing, seed: number) {
  const before = process.threadCpuUsage();
  const found = replay(workload, { policy, routing, seed });
  const { user, system } = process.threadCpuUsage(before);
  if (found.kind !== "schedule") throw new Error(found.kind);
  return { cpuS: (user + system) / 1e6, schedule: found.schedule };
}

/** Its name says that it is synthetic. */
function generated(processors: number, seed: number, jobs = 30_000, load = 0.7): SwfLog {
  const made = generate({ model: "lublin", jobs, processors, seed, load });
  if (made.kind !== "log") throw new Error(made.kind);
  return made.log;
}

function build(logs: readonly SwfLog[]): Workload {
  const settings = { estimates: "requested", days: null, sequence: null, processors: [], rules: "batch" } as const;
  const built = buildWorkload(logs, settings);
  if (built.kind !== "workload") throw new Error(built.kind);
  return built.workload;
}

/** Centres and jobs of the curves. */
const sizes = [
  [1, 100_000],
  [1, 1_000_000],
  [1, 10_000_000],
  [10, 1_000_000],
  [100, 1_000_000],
  [1000, 1_000_000],
  [1000, 10_000_000],
] as const;

/** How time and memory grow with centres and jobs; each size in a process of its own, once. */
function scaling(): void {
  const base = scaleOf(1, 1000);
  for (const [centres, jobs] of sizes) {
    const found = scaleOf(centres, jobs);
    const label = `synthetic, ${centres} × 1 000 processors, ${jobs} jobs`;
    figure(`${label}: CPU time a job`, "µs", "", [(found.cpuS * 1e6) / jobs]);
    figure(`${label}: CPU time a pass`, "µs", "", [(found.cpuS * 1e6) / found.passes]);
    figure(`${label}: memory a job`, "bytes", "≤ 300", [((found.peakRssMib - base.peakRssMib) * 1_048_576) / jobs]);
  }
}

function scaleOf(centres: number, jobs: number): Scaled {
  const program = join(import.meta.dirname, "simulate-scale.ts");
  const { status, stdout } = spawnSync(process.execPath, [program, `${centres}`, `${jobs}`], { encoding: "utf8" });
  if (status !== 0) throw new Error(`simulate-scale.ts ${centres} ${jobs}: status ${status}`);
  const scaled: Scaled = JSON.parse(stdout);
  return scaled;
}
