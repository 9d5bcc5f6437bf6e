import type { Routing } from "#core/scheduling/kernel/routings.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import type { Schedule, Workload } from "#core/scheduling/replay/workload.ts";
import { measure } from "./metrics.ts";
import type { Outcome, Run } from "./report/report.ts";
import { fairnessOfPeople } from "./report/series.ts";
import { longestWaitS } from "./simulate.ts";

/** A policy under a routing, to be tried. */
export type Trial = { readonly policy: Policy; readonly routing: Routing };

/** Starts of all jobs under a trial; null where the policy cannot be run so. */
export type Runner = (trial: Trial) => Schedule | null;

/**
 * Every policy that ships and knows queues of rigid jobs, where it makes sense: on one machine each of them once; over
 * several centres EASY under each routing, the others as one merged machine and over a central queue, and Weir's own.
 */
export function trials(homes: number): readonly Trial[] {
  const { fcfs, sjf, easy, weir } = policies;
  const others = [fcfs, sjf, policies["easy-sjbf"], policies["sjf-easy"], policies["saf-easy"], policies.conservative];
  if (homes === 1) {
    const one = [easy, ...others].map((policy): Trial => ({ policy, routing: "merged" }));
    return [...one, { policy: weir, routing: "weir" }];
  }
  const easyEverywhere = (["home", "random", "least-load", "earliest-start", "central", "merged"] as const).map(
    (routing): Trial => ({ policy: easy, routing }),
  );
  const elsewhere = others.flatMap((policy): readonly Trial[] => [
    { policy, routing: "merged" },
    { policy, routing: "central" },
  ]);
  return [...easyEverywhere, ...elsewhere, { policy: weir, routing: "weir" }];
}

/** What each trial is worth; those that cannot be run are left out. `onTrial` is told of each before it is run. */
export function runTrials(
  workload: Workload,
  all: readonly Trial[],
  run: Runner,
  onTrial: (trial: Trial, place: number) => void = () => {},
): readonly Outcome[] {
  return all.flatMap((trial, place) => {
    onTrial(trial, place);
    const done = runTrial(workload, trial, run);
    if (done === null) return [];
    const { policy, routing, metrics, fairness } = done;
    return [{ policy, routing, metrics, fairness }];
  });
}

export function runTrial(workload: Workload, trial: Trial, run: Runner): Run | null {
  const schedule = run(trial);
  if (schedule === null) return null;
  const metrics = measure(workload, schedule, longestWaitS(trial.policy));
  const fairness = fairnessOfPeople(workload, schedule);
  return { policy: trial.policy.name, routing: trial.routing, metrics, fairness, schedule };
}
