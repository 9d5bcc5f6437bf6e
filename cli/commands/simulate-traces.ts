import type { Call } from "#cli/call.ts";
import { askedNetwork } from "#cli/commands/asked-network.ts";
import { askedPolicy } from "#cli/commands/asked-policy.ts";
import { progressBar } from "#cli/commands/progress-bar.ts";
import { generatedLog } from "#cli/commands/simulate-generated.ts";
import { isOfPods, simulatePods } from "#cli/commands/simulate-pods.ts";
import { refuseUnwritable, writeReport } from "#cli/commands/simulate-report.ts";
import { simulateSweep } from "#cli/commands/simulate-sweep.ts";
import { processorsOf, readLogs } from "#cli/commands/trace-logs.ts";
import { secondsText } from "#cli/formats.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import type { Language } from "#core/language.ts";
import { durationWords } from "#core/measures.ts";
import { routings } from "#core/scheduling/kernel/routings.ts";
import { withDefaults } from "#simulator/defaults.ts";
import { isSynthetic } from "#simulator/generate/generate.ts";
import type { Lateness } from "#simulator/report/series.ts";
import { routingText, sayIn } from "#simulator/report/words.ts";
import {
  laterThanAlone,
  longestWaitS,
  type Simulated,
  type Simulation,
  simulate,
  simulationRefusalWords,
} from "#simulator/simulate.ts";
import type { SwfLog } from "#simulator/swf.ts";

/** JSON: what was measured, in seconds: see docs/guides/simulate.md. Needs no server. */
export async function simulateTraces(call: Call): Promise<number> {
  if (call.has("sweep")) return simulateSweep(call);
  if (call.has("on-network")) throw new Stop(exitCodes.usage, call.say("sweepAlone"));
  const paths = [...call.all("trace"), ...call.operands];
  const [first] = paths;
  if (first !== undefined && isOfPods(paths)) return simulatePods(call, first);
  const generated = await generatedLog(call);
  if (paths.length === 0 && generated === null) throw new Stop(exitCodes.usage, call.say("simulateNoTrace"));
  const logs = [...paths.flatMap((path) => readLogs(call, path)), ...(generated === null ? [] : [generated])];
  const simulation = settingsOf(call, logs);
  const report = call.one("report");
  if (report !== null) refuseUnwritable(call, report);
  const bar = progressBar(call);
  const done = simulate(logs, simulation, bar.show);
  bar.clear();
  if (done.kind !== "simulated") throw new Stop(exitCodes.refused, simulationRefusalWords(done, call.language));
  const synthetic = logs.filter(isSynthetic).map(({ name }) => name);
  const said = synthetic.length === 0 ? {} : { synthetic };
  const between = done.rebound === null ? {} : { network: done.rebound };
  const late = laterThanAlone(done, simulation.policy);
  try {
    if (call.json)
      await call.printJson({ ...done.metrics, ...between, ...said, ...lateJson(done, late), ...done.effort });
    else await printResult(call, simulation, done, late, synthetic);
  } finally {
    // Also where nobody reads the rest of what is printed.
    if (report !== null) writeReport(call, report, simulation, done, synthetic.length > 0);
  }
  return exitCodes.done;
}

function settingsOf(call: Call, logs: readonly SwfLog[]): Simulation {
  const traces = logs.length;
  const routing = routings.find((one) => one === call.one("routing")) ?? null;
  const said = call.one("policy");
  const chosen = withDefaults({ policy: said === null ? null : askedPolicy(call, said), routing }, traces);
  if (chosen.kind === "classic-under-weir")
    throw new Stop(exitCodes.usage, call.say("simulateClassicUnderWeir", { policy: chosen.policy }));
  const [from, count] = [call.number("from", 0), call.number("count", 1)];
  return {
    policy: chosen.policy,
    routing: chosen.routing,
    estimates: call.one("estimates") === "actual" ? "actual" : "requested",
    days: call.number("days", 1),
    sequence: from === null && count === null ? null : { from: from ?? 0, count: count ?? Number.POSITIVE_INFINITY },
    processors: processorsOf(call, traces),
    seed: call.number("seed", 0) ?? 1,
    network: askedNetwork(call, logs),
  };
}

async function printResult(
  call: Call,
  { policy, routing, estimates }: Simulation,
  done: Simulated,
  late: readonly Lateness[] | null,
  synthetic: readonly string[],
): Promise<void> {
  const { say } = call;
  const { metrics, effort, workload, rebound } = done;
  const seconds = (spanS: number) => spanText(spanS, call.language);
  const exactly = (spanS: number) => secondsText(spanS, 1, call.language);
  const { dropped, clipped, killed } = workload.homes.reduce(
    (sum, home) => ({
      dropped: sum.dropped + home.dropped,
      clipped: sum.clipped + home.clipped,
      killed: sum.killed + home.killed,
    }),
    { dropped: 0, clipped: 0, killed: 0 },
  );
  const made = synthetic.map((name): readonly [string, string] => [say("simulatedSynthetic"), name]);
  await call.printFacts([
    ...made,
    [say("simulatedPolicy"), policy.name],
    [say("simulatedRouting"), routingText(routing, call.language)],
    [say("simulatedEstimates"), say(`estimates_${estimates}`)],
    [say("simulatedJobs"), say("simulatedJobsOf", { jobs: metrics.jobs, dropped, clipped, killed })],
    [say("simulatedProcessors"), `${metrics.processors}`],
    [say("simulatedMeanWait"), seconds(metrics.meanWaitS)],
    [say("simulatedMedianWait"), seconds(metrics.medianWaitS)],
    [say("simulatedP95Wait"), seconds(metrics.p95WaitS)],
    [say("simulatedMaxWait"), seconds(metrics.maxWaitS)],
    [say("simulatedSlowdown"), metrics.averageBoundedSlowdown.toFixed(2)],
    [say("simulatedAreaWait"), seconds(metrics.areaWeightedWaitS)],
    [say("simulatedUtilisation"), `${(metrics.utilisation * 100).toFixed(1)} %`],
    [say("simulatedMakespan"), seconds(metrics.makespanS)],
    [
      say("simulatedOver"),
      say("simulatedOverJobs", {
        ...metrics.overMaxWait,
        limit: durationWords(longestWaitS(policy) * 1000, call.language),
      }),
    ],
    ...(rebound === null ? [] : [[say("simulatedRebound"), say("simulatedReboundOf", rebound)] as const]),
    [say("simulatedChecksum"), metrics.startChecksum],
    [
      say("simulatedEffort"),
      say("simulatedEffortOf", {
        wall: effort.wallS.toFixed(2),
        cpu: effort.cpuS.toFixed(2),
        rate: effort.jobsPerS,
        mib: Math.round(effort.peakRssMib),
      }),
    ],
  ]);
  if (metrics.perHome.length < 2) return;
  await call.print("\n");
  const right = (title: string) => ({ title, align: "right" }) as const;
  const titles = ["columnHome", "columnHomeJobs", "columnMeanWait", "columnP95Wait", "columnMaxWait"] as const;
  const [home, ...others] = titles.map((title) => say(title));
  const inReport = sayIn(call.language);
  const lateTitles = late === null ? [] : [inReport("laterShare").toUpperCase(), inReport("laterBy").toUpperCase()];
  await call.printTable(
    [{ title: home ?? "", flexible: true }, ...[...others, ...lateTitles].map(right)],
    [...metrics.perHome, { ...metrics, name: inReport("all") }].map((one, at) => [
      one.name,
      `${one.jobs}`,
      ...[one.meanWaitS, one.p95WaitS, one.maxWaitS].map(exactly),
      ...(late === null ? [] : [`${((late[at]?.share ?? 0) * 100).toFixed(1)} %`, exactly(late[at]?.p99S ?? 0)]),
    ]),
  );
}

/** Of all jobs, and by home in the order of the traces. */
function lateJson({ metrics }: Simulated, late: readonly Lateness[] | null): object {
  if (late === null) return {};
  const perHome = metrics.perHome.map(({ name }, at) => ({ name, ...late[at] }));
  return { laterThanAlone: { ...late.at(-1), perHome } };
}

/** `6834.6 s (1 h 53 min)`; below a minute the seconds say it all. */
function spanText(spanS: number, language: Language): string {
  const exact = secondsText(spanS, Number.isInteger(Number(spanS.toFixed(1))) ? 0 : 1, language);
  const words = durationWords(spanS * 1000, language);
  if (spanS < 60) return exact;
  return language === "zh" ? `${exact}（${words}）` : `${exact} (${words})`;
}
