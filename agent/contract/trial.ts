import { jobId, parseRunId, type RunId, runId } from "#core/ids.ts";
import type { Allocation, RunOrder } from "#core/run-order.ts";

/**
 * The runs of a connection test are of no job: their numbers lie above all that jobs are given, so that neither the
 * server nor the keeper of users' runs ever sees them, and nothing of theirs is billed.
 */
const firstTrialJob = 9_000_000_000_000_000;
const jobsOfATest = 1000;

export function isTrialRun(run: RunId): boolean {
  return (parseRunId(run)?.job ?? 0) >= firstTrialJob;
}

/** Who asked, for the centre's own table of users; the session tells a second try of one test from the first. */
export type TrialFor = {
  readonly test: number;
  readonly session: number;
  readonly person: RunOrder["person"];
  readonly project: RunOrder["project"];
};

export type TrialOrders = (script: string, changes?: Partial<RunOrder>) => RunOrder;

/** Each call is another job; orders of one array share theirs by `changes`. */
export function trialOrders(trial: TrialFor, pool: string): TrialOrders {
  const first = firstTrialJob + (trial.test % 7_000_000_000) * jobsOfATest;
  const attempt = (trial.session % 999_999) + 1;
  let jobs = 0;
  return (script, changes = {}) => {
    jobs += 1;
    if (jobs >= jobsOfATest) throw new Error("broken invariant: a test has fewer than a thousand jobs");
    const job = changes.job ?? first + jobs;
    const index = changes.index ?? 0;
    return {
      run: runId({ job: jobId(job), index, attempt }),
      taskJob: job,
      job,
      index,
      attempt,
      name: "weir-connection-test",
      project: trial.project,
      person: trial.person,
      work: { kind: "script", text: `#!/bin/sh\n${script}\n`, arguments: [] },
      environment: {},
      workingDirectory: null,
      stdout: null,
      stderr: null,
      inputFiles: [],
      array: null,
      pool,
      allocation: oneCore,
      memoryMibPerCore: null,
      timeLimitS: 60,
      graceS: 1,
      startWithinMs: 600_000,
      ...changes,
    };
  };
}

export const oneCore: Allocation = {
  nodes: 1,
  tasks: 1,
  coresPerTask: 1,
  coresPerNode: 1,
  memoryMibPerNode: 128,
  acceleratorsPerNode: 0,
  acceleratorVendor: null,
  acceleratorModel: null,
};
