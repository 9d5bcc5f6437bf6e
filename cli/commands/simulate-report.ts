import { accessSync, constants, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Call } from "#cli/call.ts";
import { progressBar } from "#cli/commands/progress-bar.ts";
import { fileTroubleWords } from "#cli/file-trouble.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import type { Network } from "#core/scheduling/kernel/network.ts";
import { replay } from "#core/scheduling/kernel/replay.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { runTrial, runTrials, type Trial, trials } from "#simulator/frontier.ts";
import { type Outcome, type Run, renderReport } from "#simulator/report/report.ts";
import { fairnessOfPeople } from "#simulator/report/series.ts";
import type { Simulated, Simulation } from "#simulator/simulate.ts";

/** Before all the replays of a report it is known whether the page can be kept. */
export function refuseUnwritable(call: Call, path: string): void {
  const full = resolve(call.terminal.folder, path);
  try {
    const there = statSync(full, { throwIfNoEntry: false });
    if (there?.isDirectory()) throw Object.assign(new Error("a folder"), { code: "EISDIR" });
    accessSync(there === undefined ? dirname(full) : full, constants.W_OK);
  } catch (error) {
    const words = fileTroubleWords(error, call.say);
    throw new Stop(exitCodes.failed, call.say("simulateNotWritten", { path, words }));
  }
}

/**
 * Runs the yardsticks and every policy that ships over the same jobs, and writes the page. The yardsticks know nothing of what
 * lies between the network and its centres; of the others those alone are shown that can be run with it between.
 */
export function writeReport(
  call: Call,
  path: string,
  simulation: Simulation,
  done: Simulated,
  isSynthetic: boolean,
): void {
  const { workload, metrics, schedule } = done;
  const { policy, routing, seed, estimates, network } = simulation;
  const runOver = (between: Network | null) => (trial: Trial) => {
    const replayed = replay(workload, { ...trial, seed, network: between });
    return replayed.kind === "schedule" ? replayed.schedule : null;
  };
  const [run, runAtHand] = [runOver(network), runOver(null)];
  const chosen: Run = {
    policy: policy.name,
    routing,
    metrics,
    fairness: fairnessOfPeople(workload, schedule),
    schedule,
  };
  const merged = runTrial(workload, { policy: policies.easy, routing: "merged" }, runAtHand);
  if (merged === null) throw new Error("EASY runs on one machine");
  const isOne = workload.homes.length === 1;
  const homeOnly = isOne ? null : runTrial(workload, { policy: policies.easy, routing: "home" }, runAtHand);
  // The yardstick stands for each centre alone.
  const all = trials(workload.homes.length).filter((trial) => network === null || trial.routing !== "home");
  const bar = progressBar(call);
  const frontier = runTrials(workload, all, run, (_, place) => bar.show(place, all.length));
  const fairness = costOf(policy, chosen, (unfair) => runTrial(workload, { policy: unfair, routing }, run));
  bar.clear();
  const page = renderReport({
    language: call.language,
    command: commandOf(call),
    estimates,
    isSynthetic,
    isOverNetwork: network !== null,
    workload,
    chosen,
    homeOnly,
    merged,
    frontier,
    fairness,
  });
  try {
    writeFileSync(resolve(call.terminal.folder, path), page);
  } catch (error) {
    const words = fileTroubleWords(error, call.say);
    throw new Stop(exitCodes.failed, call.say("simulateNotWritten", { path, words }));
  }
  call.note(call.say("simulateReported", { path }));
}

/** The same policy without its fairness, where it has any. */
function costOf(policy: Policy, on: Outcome, run: (policy: Policy) => Outcome | null) {
  if (policy.fairness === null) return null;
  const off = run({ ...policy, fairness: null });
  return off === null ? null : { on, off };
}

/** What was typed, but for the report itself. */
function commandOf(call: Call): string {
  const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  const typed = (...names: readonly string[]) =>
    names.flatMap((name) => call.all(name).map((value) => `--${name} ${quoted(value)}`));
  const files = [...typed("trace"), ...call.operands.map(quoted)];
  const replayed = typed("policy", "estimates", "routing", "days", "from", "count", "resource", "processors", "seed");
  return ["weir simulate", ...typed("generate", "jobs", "load"), ...files, ...replayed, ...typed("network")].join(" ");
}
