import { replay } from "#core/scheduling/kernel/replay.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import type { Workload } from "#core/scheduling/replay/workload.ts";
import { generate } from "#simulator/generate/generate.ts";
import { type Metrics, measure } from "#simulator/metrics.ts";
import { readTrace } from "#simulator/read-trace.ts";
import { lateness } from "#simulator/report/series.ts";
import { parseSwf, type SwfLog } from "#simulator/swf.ts";
import { traceFile } from "#simulator/traces-testing.ts";
import { buildWorkload } from "#simulator/workload.ts";
import { figure } from "./figures.ts";

/**
 * What the policy that ships is worth: on two public logs over 330 days with separate centres, by five seeds and by five
 * more, beside every centre alone; and on work that its parameters were not chosen by. Skipped by name where the logs are
 * absent, but for the work that is generated.
 */
export async function quality(): Promise<void> {
  const [kth, sdsc] = [logOf("KTH-SP2"), logOf("SDSC-SP2")];
  if (kth !== null && sdsc !== null) {
    const pair = built([kth, sdsc], 330);
    promised(pair, [0, 1, 2, 3, 4]);
    promised(pair, [5, 6, 7, 8, 9]);
    const shifts = hours.map((byH, at) => measured(shifted(pair, at % 2, byH * 3600 + 17 * at), 100 + at));
    tell("one of the two logs 3 to 88 h later", shifts);
  }
  const lublin = [logOf("lublin_256"), logOf("lublin_256_new2")].flatMap((log) => log ?? []);
  if (lublin.length === 2)
    tell(
      "both Lublin logs",
      [0, 1, 2].map((seed) => measured(built(lublin, null), seed)),
    );
  for (const model of ["lublin", "ai"] as const)
    tell(
      `synthetic, three homes (${model}, 64, 128 and 256 processors)`,
      [0, 1, 2, 3, 4].map((draw) => measured(built(made(model, draw), null), draw)),
    );
}

const hours = [3, 7, 13, 19, 26, 35, 47, 58, 71, 88];

function promised(workload: Workload, seeds: readonly number[]): void {
  const label = `KTH-SP2 + SDSC-SP2, 330 days, seeds ${seeds[0]}–${seeds.at(-1)}`;
  const alone = scheduled(workload, policies.easy, "home", 0);
  const before = measure(workload, alone);
  const runs = seeds.map((seed) => scheduled(workload, policies.weir, "weir", seed));
  const after = runs.map((run) => measure(workload, run));
  figure(
    `${label}: mean wait`,
    "s",
    "≤ 1800",
    after.map(({ meanWaitS }) => meanWaitS),
  );
  figure(
    `${label}: bounded slowdown`,
    "",
    "≤ 10.5",
    after.map((one) => one.averageBoundedSlowdown),
  );
  figure(
    `${label}: longest wait`,
    "s",
    "≤ 304382",
    after.map(({ maxWaitS }) => maxWaitS),
  );
  for (const [at, home] of before.perHome.entries())
    figure(
      `${label}: mean wait of ${home.name} / alone`,
      "",
      "≤ 1",
      after.map(({ perHome }) => (perHome[at]?.meanWaitS ?? Number.NaN) / home.meanWaitS),
    );
  const late = runs.map((run) => lateness(workload, run, alone).at(-1));
  figure(
    `${label}: jobs that start later than alone`,
    "%",
    "",
    late.map((one) => (one?.share ?? Number.NaN) * 100),
  );
  figure(
    `${label}: by how much, 99th percentile`,
    "s",
    "",
    late.map((one) => one?.p99S ?? Number.NaN),
  );
}

function tell(label: string, all: readonly Metrics[]): void {
  figure(
    `${label}: mean wait`,
    "s",
    "",
    all.map(({ meanWaitS }) => meanWaitS),
  );
  figure(
    `${label}: bounded slowdown`,
    "",
    "",
    all.map((one) => one.averageBoundedSlowdown),
  );
}

function measured(workload: Workload, seed: number): Metrics {
  return measure(workload, scheduled(workload, policies.weir, "weir", seed));
}

function scheduled(workload: Workload, policy: Policy, routing: "home" | "weir", seed: number) {
  const replayed = replay(workload, { policy, routing, seed });
  if (replayed.kind !== "schedule") throw new Error(replayed.kind);
  return replayed.schedule;
}

function logOf(name: string): SwfLog | null {
  const path = traceFile(`${name}.swf.gz`);
  if (path === null) process.stdout.write(`quality: skipped, no ${name}.swf.gz (WEIR_TRACES names its folder)\n`);
  return path === null ? null : parseSwf(readTrace(path), name);
}

function built(logs: readonly SwfLog[], days: number | null): Workload {
  const all = { estimates: "requested", sequence: null, processors: [], rules: "batch" } as const;
  const made = buildWorkload(logs, { ...all, days });
  if (made.kind !== "workload") throw new Error(made.kind);
  return made.workload;
}

/** Load 0.85; the AI cluster has a load of its own. */
function made(model: "lublin" | "ai", draw: number): readonly SwfLog[] {
  return [64, 128, 256].map((processors, at) => {
    const load = model === "lublin" ? 0.85 : null;
    const made = generate({ model, jobs: 6000, processors, seed: 10 * draw + at, load });
    if (made.kind !== "log") throw new Error(made.kind);
    return made.log;
  });
}

/** All of one home's submissions so much later, in the order of the queue again. */
function shifted(workload: Workload, home: number, byS: number): Workload {
  const submitS = workload.submitS.map((atS, i) => atS + (workload.home[i] === home ? byS : 0));
  const order = Int32Array.from(submitS, (_, i) => i);
  order.sort(
    (a, b) => (submitS[a] ?? 0) - (submitS[b] ?? 0) || (workload.home[a] ?? 0) - (workload.home[b] ?? 0) || a - b,
  );
  const column = (of: Int32Array) => order.map((i) => of[i] ?? 0);
  return {
    ...workload,
    ...{ submitS: column(submitS), runS: column(workload.runS), estimateS: column(workload.estimateS) },
    ...{ processors: column(workload.processors), home: Uint16Array.from(order, (i) => workload.home[i] ?? 0) },
    ...{ person: column(workload.person), project: column(workload.project) },
    ...{ place: column(workload.place), number: column(workload.number) },
  };
}
