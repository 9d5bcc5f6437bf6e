import type { RunUsage } from "#core/run-order.ts";
import type { JobWord } from "./job-word.ts";
import type { WrapperRecord } from "./record.ts";
import { durationS, sizeMib, type Words } from "./slurm-text.ts";

/**
 * What a run used, by the engine: start, end and CPU time. Slurm keeps whole seconds; within its rounding, and only there,
 * the wrapper's milliseconds say more (R4). Without accounting only the times are the engine's, and CPU and memory the wrapper's, which the user could have
 * written: they are shown and priced by nothing.
 */
export function usageOf(word: JobWord, accounting: readonly Words[], record: WrapperRecord | null): RunUsage {
  const ran = word.nodes !== null && word.startS !== null;
  const measured = measuredBy(accounting, word.jobId);
  const end = record?.ended ?? null;
  return {
    startedMs: ran && word.startS !== null ? withinSecond(1000 * word.startS, end?.startedMs ?? null) : null,
    wallMs: ran ? withinSecond(1000 * word.elapsedS, end?.wallMs ?? null) : 0,
    ...(ran && typeof end?.checkpointMs === "number" && { checkpointMs: end.checkpointMs }),
    cpuUserMs: measured?.cpuUserMs ?? end?.cpuUserMs ?? 0,
    cpuSystemMs: measured?.cpuSystemMs ?? end?.cpuSystemMs ?? 0,
    peakMemoryMib: measured?.peakMemoryMib ?? end?.peakMemoryMib ?? 0,
    memoryWay: measured?.peakMemoryMib != null ? "engine" : end && end.peakMemoryMib > 0 ? "sampled" : "none",
    droppedStdoutBytes: 0,
    droppedStderrBytes: 0,
    energyJoules: measured?.energyJoules ?? null,
  };
}

/** The wrapper's value where the engine, which cut off what is less than a second, may have seen the same; else the engine's. */
export function withinSecond(engineMs: number, wrapperMs: number | null): number {
  return wrapperMs !== null && Math.abs(wrapperMs - engineMs) < 1000 ? wrapperMs : engineMs;
}

/** Where the engine has forgotten the job, the wrapper's record is all there is. */
export function usageByRecord(record: WrapperRecord): RunUsage {
  const end = record.ended;
  return {
    startedMs: record.started?.startedMs ?? null,
    wallMs: end?.wallMs ?? 0,
    ...(typeof end?.checkpointMs === "number" && { checkpointMs: end.checkpointMs }),
    cpuUserMs: end?.cpuUserMs ?? 0,
    cpuSystemMs: end?.cpuSystemMs ?? 0,
    peakMemoryMib: end?.peakMemoryMib ?? 0,
    memoryWay: end && end.peakMemoryMib > 0 ? "sampled" : "none",
    droppedStdoutBytes: 0,
    droppedStderrBytes: 0,
    energyJoules: null,
  };
}

export type Measured = {
  readonly cpuUserMs: number;
  readonly cpuSystemMs: number;
  /** The most that a step's task had; null where nothing was sampled, as in jobs shorter than a second or two. */
  readonly peakMemoryMib: number | null;
  /** null where the site measures none. */
  readonly energyJoules: number | null;
};

/**
 * Of the rows of sacct with their steps: the job's own row has the sums, its steps have the memory. null too where the site
 * has nothing measured (JobAcctGatherType=jobacct_gather/none), which Slurm shows as no time at all.
 */
export function measuredBy(rows: readonly Words[], jobId: number): Measured | null {
  const own = rows.filter((row) => (row.get("JobIDRaw") ?? "").split(".")[0] === String(jobId));
  const job = own.findLast((row) => row.get("JobIDRaw") === String(jobId));
  if (!job) return null;
  const peaks = own.flatMap((row) => sizeMib(row.get("MaxRSS")) ?? []);
  const [cpuUserMs, cpuSystemMs] = [milliseconds(job.get("UserCPU")), milliseconds(job.get("SystemCPU"))];
  if (peaks.length === 0 && cpuUserMs + cpuSystemMs === 0) return null;
  return {
    cpuUserMs,
    cpuSystemMs,
    peakMemoryMib: peaks.length === 0 ? null : Math.max(...peaks),
    energyJoules: energyOf(
      job,
      own.findLast((row) => row.get("JobIDRaw") === `${jobId}.batch`),
    ),
  };
}

/**
 * Each step has what its nodes consumed while it lasted. The batch step's is that of the first node from start to end; the job's
 * own row has the sum of the others, so of a script without srun nothing, and of steps side by side on one node too much.
 */
function energyOf(job: Words, batch: Words | undefined): number | null {
  const [ofBatch, ofSteps] = [joules(batch), joules(job)];
  if (job.get("NNodes") === "1") return ofBatch ?? ofSteps;
  return ofBatch === null || ofSteps === null ? (ofBatch ?? ofSteps) : Math.max(ofBatch, ofSteps);
}

/** Without a counter Slurm says 0, nothing, or a number beyond all measure (NO_VAL64). */
function joules(row: Words | undefined): number | null {
  const count = Number(row?.get("ConsumedEnergyRaw") || 0);
  return Number.isSafeInteger(count) && count > 0 ? count : null;
}

function milliseconds(text: string | undefined): number {
  return Math.round((durationS(text) ?? 0) * 1000);
}
