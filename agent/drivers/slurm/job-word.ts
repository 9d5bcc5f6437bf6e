import { durationS, indicesOf, present, secondsSince1970, type Words, wordsOf } from "./slurm-text.ts";

/** What the engine says of one job, or of one task of an array; of tasks that still wait together, one such word. */
export type JobWord = {
  readonly source: "controller" | "accounting";
  /** Slurm's own number of this task; tasks that have not begun share their array's. */
  readonly jobId: number;
  readonly arrayJob: number | null;
  /** Which tasks it speaks of; null: a plain job, or an array whose list of tasks was cut. */
  readonly indices: readonly number[] | null;
  readonly name: string;
  readonly comment: string | null;
  /** Slurm's word, without what follows it (`CANCELLED by 0` is CANCELLED). */
  readonly state: string;
  readonly reason: string | null;
  /** Of the batch script. Accounting of 22.05 prints codes above 127 less 128: `exit 137` is 9 there. */
  readonly exitCode: number;
  readonly signal: number;
  /** Seconds since 1970; a job that never began may show a start too (DEADLINE, and CANCELLED in the queue). */
  readonly startS: number | null;
  readonly endS: number | null;
  /** Of what has ended; for how long the site had it suspended is not in it. */
  readonly elapsedS: number;
  /** What it may last by Slurm, in whole minutes, as it is now: a user may make it shorter. null: not said, or no limit. */
  readonly limitS: number | null;
  /** null: it never had a node, and so never began. */
  readonly nodes: string | null;
  readonly restarts: number;
  /** A uid, or a name where accounting knows one; only accounting says who. */
  readonly cancelledBy: string | null;
  readonly partition: string;
};

/** States after which nothing comes, but where the site requeues. COMPLETING and CONFIGURING are on the way. */
export const endedStates: ReadonlySet<string> = new Set([
  ...["COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL", "PREEMPTED", "DEADLINE"],
  ...["BOOT_FAIL", "REVOKED", "LAUNCH_FAILED", "RECONFIG_FAIL"],
]);

/** A line of `scontrol --oneliner show job`; null where it is none. */
export function controllerWord(line: string): JobWord | null {
  const words = wordsOf(line);
  const jobId = numberOf(words, "JobId");
  const state = words.get("JobState");
  if (jobId === null || state === undefined) return null;
  const arrayJob = numberOf(words, "ArrayJobId");
  const [exitCode, signal] = exitOf(words.get("ExitCode"));
  const nodes = present(words.get("NodeList"));
  const startS = secondsSince1970(words.get("StartTime"));
  const endS = secondsSince1970(words.get("EndTime"));
  const span = startS === null || endS === null || nodes === null ? 0 : Math.max(0, endS - startS);
  // RunTime is the span less what it was suspended for.
  const lasted = Math.min(span, durationS(words.get("RunTime")) ?? span);
  return {
    source: "controller",
    jobId,
    arrayJob,
    indices: arrayJob === null ? null : indicesOf(words.get("ArrayTaskId") ?? ""),
    name: words.get("JobName") ?? "",
    comment: present(words.get("Comment")),
    state,
    reason: present(words.get("Reason")),
    exitCode,
    signal,
    startS,
    endS,
    elapsedS: endedStates.has(state) ? lasted : 0,
    limitS: durationS(words.get("TimeLimit")),
    nodes,
    restarts: numberOf(words, "Restarts") ?? 0,
    cancelledBy: null,
    partition: words.get("Partition") ?? "",
  };
}

/** A row of sacct by the names of its fields, of a job (`12`, `12_7`), not of a step; null for anything else. */
export function accountingWord(row: Words): JobWord | null {
  const id = /^(\d+)(?:_(?:(\d+)|\[([^\]]+)\]))?$/.exec(row.get("JobID") ?? "");
  const rawId = /^\d+$/.exec(row.get("JobIDRaw") ?? "");
  const [state = "", , by] = (row.get("State") ?? "").split(" ");
  if (!id || state === "") return null;
  const [exitCode, signal] = exitOf(row.get("ExitCode"));
  const [, job, task, tasks] = id;
  const isArray = task !== undefined || tasks !== undefined;
  return {
    source: "accounting",
    jobId: Number(rawId?.[0] ?? job),
    arrayJob: isArray ? Number(job) : null,
    indices: isArray ? indicesOf(task ?? tasks ?? "") : null,
    name: row.get("JobName") ?? "",
    comment: null,
    state,
    reason: present(row.get("Reason")),
    exitCode,
    signal,
    startS: secondsSince1970(row.get("Start")),
    endS: secondsSince1970(row.get("End")),
    elapsedS: Number(row.get("ElapsedRaw") ?? 0) || 0,
    limitS: durationS(row.get("Timelimit")),
    nodes: present(row.get("NodeList")),
    restarts: 0,
    cancelledBy: state === "CANCELLED" ? (by ?? null) : null,
    partition: row.get("Partition") ?? "",
  };
}

/** A row of squeue by the names of the helper's fields; it has no exit code and no restarts. */
export function queueWord(row: Words): JobWord | null {
  const jobId = Number(row.get("id") ?? Number.NaN);
  const state = row.get("state");
  if (!Number.isSafeInteger(jobId) || state === undefined || state === "") return null;
  const task = present(row.get("arrayTask"));
  return {
    source: "controller",
    jobId,
    arrayJob: task === null ? null : Number(row.get("arrayJob") ?? jobId),
    indices: task === null ? null : indicesOf(task),
    name: row.get("name") ?? "",
    comment: present(row.get("comment")),
    state,
    reason: present(row.get("reason")),
    exitCode: 0,
    signal: 0,
    startS: secondsSince1970(row.get("start")),
    endS: secondsSince1970(row.get("end")),
    elapsedS: 0,
    limitS: null,
    nodes: present(row.get("nodelist")),
    restarts: 0,
    cancelledBy: null,
    partition: row.get("partition") ?? "",
  };
}

/** Whether it is the job that carries this tag, wherever a site's plugin let it stand. */
export function carriesTag(word: Pick<JobWord, "name" | "comment">, tag: string): boolean {
  return word.name.endsWith(`.weir-${tag}`) || (word.comment ?? "").endsWith(`weir-${tag}`);
}

/** `3:0` is exit code 3, `0:9` signal 9. */
function exitOf(text: string | undefined): readonly [exitCode: number, signal: number] {
  const match = /^(\d+):(\d+)$/.exec(text ?? "");
  return match ? [Number(match[1]), Number(match[2])] : [0, 0];
}

function numberOf(words: Words, key: string): number | null {
  const value = words.get(key);
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : null;
}
