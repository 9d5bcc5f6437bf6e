import { jobId, runId } from "#core/ids.ts";
import type { JobSpec } from "#core/job/spec.ts";
import type { Allocation, RunOrder, RunUsage } from "#core/run-order.ts";

/** For tests and measurements: the smallest whole job, allocation and order; a caller changes what its test is about. */
export const sampleSpec: JobSpec = {
  name: "small",
  work: { kind: "script", text: "#!/bin/sh\nexit 0\n", arguments: [] },
  environment: {},
  workingDirectory: null,
  shape: { nodes: 1, tasks: 1, coresPerTask: 1, memory: { kind: "default" }, accelerators: null },
  timeLimitS: 3600,
  graceS: 30,
  deadlineMs: null,
  array: null,
  dependencies: [],
  stdout: null,
  stderr: null,
  retries: 0,
  requeue: false,
  preemptible: "no",
  warning: null,
  onUnreachable: { kind: "wait" },
  priorityClass: "normal",
  software: [],
  container: null,
  fileSystems: [],
  licences: [],
  siteWords: {},
  residency: [],
  data: null,
  inputFiles: [],
  centres: { only: [], except: [], prefer: [] },
  labels: {},
  project: "default",
};

export const sampleAllocation: Allocation = {
  nodes: 1,
  tasks: 1,
  coresPerTask: 1,
  coresPerNode: 1,
  memoryMibPerNode: 1,
  acceleratorsPerNode: 0,
  acceleratorVendor: null,
  acceleratorModel: null,
};

/** The first attempt of a plain job that ends at once. */
export function sampleOrder(job: number, changes: Partial<RunOrder> = {}): RunOrder {
  return {
    run: runId({ job: jobId(job), index: 0, attempt: 1 }),
    taskJob: job,
    job,
    index: 0,
    attempt: 1,
    name: "small",
    project: { id: 1, name: "default" },
    person: { id: 1, name: "ada" },
    work: { kind: "command", argv: ["true"] },
    environment: {},
    workingDirectory: null,
    stdout: null,
    stderr: null,
    inputFiles: [],
    array: null,
    pool: "default",
    allocation: sampleAllocation,
    memoryMibPerCore: null,
    timeLimitS: 60,
    graceS: 1,
    startWithinMs: 60_000,
    ...changes,
  };
}

export const sampleUsage: RunUsage = {
  startedMs: 5_000,
  wallMs: 1_000,
  cpuUserMs: 10,
  cpuSystemMs: 1,
  peakMemoryMib: 7,
  memoryWay: "sampled",
  droppedStdoutBytes: 0,
  droppedStderrBytes: 0,
  energyJoules: null,
};
