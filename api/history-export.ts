import * as z from "zod";
import { centreName, timeMs } from "#api/values.ts";

/** What ran on the network, for replays elsewhere: ids and sizes, no names, scripts, labels or words of anybody (M13). */
export const historyExportQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
  cursor: z.string().max(60).optional(),
  /** By job and index: whether the first page has those of the first jobs or of the last. */
  order: z.enum(["oldest", "newest"]).default("oldest"),
});

/** The last run of a task that has started and ended. */
export const exportedRun = z
  .strictObject({
    job: z.int(),
    index: z.int(),
    /** Of the task among all tasks: what its script saw as SLURM_JOB_ID. */
    number: z.int(),
    /** Where it ran. */
    centre: centreName,
    project: z.int(),
    person: z.int(),
    cores: z.int(),
    accelerators: z.int(),
    /** Of which class, as the ledger counts them: `huawei/ascend910b`, `any/any` where nobody named one; null: it had none. */
    deviceClass: z.string().nullable(),
    /** Of each, in thousandths: 1000 is the whole device. */
    shareMilli: z.int(),
    timeLimitS: z.int(),
    submittedMs: timeMs,
    startedMs: timeMs,
    endedMs: timeMs,
  })
  .meta({ id: "ExportedRun" });

export const historyExportPage = z
  .strictObject({
    /** All centres that ever were, with what their pools have as last told; 0 cores: nothing was told. */
    centres: z.array(
      z.strictObject({
        centre: centreName,
        cores: z.int(),
        accelerators: z.array(z.strictObject({ deviceClass: z.string(), count: z.int() })),
      }),
    ),
    runs: z.array(exportedRun),
    next: z.string().nullable(),
  })
  .meta({ id: "HistoryExportPage" });
