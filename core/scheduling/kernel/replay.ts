import type { Schedule, Workload } from "../replay/workload.ts";
import { type Columns, createMachine, type QueuePolicy } from "./machine.ts";

/** Every job on one machine of so many processors; `jobs` are places in the workload, in its order. */
export function replayMachine(
  columns: Columns,
  jobs: Int32Array | null,
  policy: QueuePolicy,
  processors: number,
  onJobs: (count: number) => void,
): void {
  const machine = createMachine(columns, policy, processors);
  const { submitS } = columns;
  const count = jobs === null ? submitS.length : jobs.length;
  for (let i = 0; i < count; ) {
    let job = jobs === null ? i : (jobs[i] ?? 0);
    const nowS = submitS[job] ?? 0;
    machine.advance(nowS);
    do {
      machine.submit(job, nowS);
      i += 1;
      if ((i & progressMask) === 0) onJobs(progressMask + 1);
      job = jobs === null ? i : (jobs[i] ?? 0);
    } while (i < count && submitS[job] === nowS);
    machine.pass(nowS);
  }
  machine.advance(Number.POSITIVE_INFINITY);
  onJobs(count & progressMask);
}

const progressMask = 4095;

export function replayMerged(workload: Workload, policy: QueuePolicy, onJobs: (count: number) => void): Schedule {
  const startS = new Int32Array(workload.count).fill(-1);
  const processors = workload.homes.reduce((sum, home) => sum + home.processors, 0);
  replayMachine({ ...workload, startS }, null, policy, processors, onJobs);
  return { startS, centre: new Uint16Array(workload.count) };
}
