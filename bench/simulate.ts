import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { replay } from "#core/scheduling/kernel/replay.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import type { Workload } from "#core/scheduling/replay/workload.ts";
import { generate } from "#simulator/generate/generate.ts";
import { readTrace } from "#simulator/read-trace.ts";
import { parseSwf, type SwfLog } from "#simulator/swf.ts";
import { traceFile } from "#simulator/traces-testing.ts";
import { buildWorkload } from "#simulator/workload.ts";
import { figure } from "./figures.ts";
import type { Scaled } from "./simulate-scale.ts";

const runs = 7;

/**
 * Jobs replayed per second on one core, the event loop alone: the first run, and the median of 7 after it; then how time and memory grow. Where the public
 * traces are absent, synthetic ones stand in and are called so.
 */
export async function simulate(): Promise<void> {
  speed("KTH-SP2", policies.easy, 1_000_000);
  speed("SDSC-SP2", policies.easy, 800_000);
  speed("KTH-SP2", policies.conservative, 300_000);
  scaling();
}

function speed(name: string, policy: Policy, promise: number): void {
  const { workload, label } = workloadOf(name);
  const rates: number[] = [];
  let steps: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    steps = [...steps, calibration()];
    const before = process.cpuUsage();
    const replayed = replay(workload, { policy, routing: "home", seed: 1 });
    const { user, system } = process.cpuUsage(before);
    if (replayed.kind !== "schedule") throw new Error(replayed.kind);
    rates.push(workload.count / ((user + system) / 1e6));
  }
  const [first = 0, ...warm] = rates;
  figure(`${label}, ${policy.name}: calibration, 20 M steps of a fixed loop`, "ms", "", steps);
  figure(`${label}, ${policy.name}: first run`, "jobs per CPU second", "", [first]);
  figure(`${label}, ${policy.name}: warm runs`, "jobs per CPU second", `≥ ${promise}`, warm);
}

/** CPU time of a fixed loop: what this core does now. */
function calibration(): number {
  const before = process.cpuUsage();
  let x = 1;
  for (let i = 0; i < 20_000_000; i += 1) x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
  if (x === 0) throw new Error("the loop was left out");
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function workloadOf(name: string): { readonly workload: Workload; readonly label: string } {
  const path = traceFile(`${name}.swf.gz`);
  if (path !== null) return { workload: build([parseSwf(readTrace(path), name)]), label: name };
  const made = generate({ model: "lublin", jobs: 30_000, processors: 128, seed: 1, load: null });
  if (made.kind !== "log") throw new Error(made.kind);
  return { workload: build([made.log]), label: `synthetic for ${name}` };
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
