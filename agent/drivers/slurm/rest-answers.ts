import * as z from "zod";
import type { SubmitAnswer } from "./engine.ts";
import { endedStates, type JobWord } from "./job-word.ts";
import { indicesOf, present } from "./slurm-text.ts";
import { sbatchAnswer } from "./submit-words.ts";

/** An answer of slurmrestd as it came; `body` is null where it was no JSON. */
export type RestAnswer = { readonly status: number; readonly body: unknown; readonly text: string };

/** One of its errors: the number is called error_number or error_code, by path and version. */
export type RestError = { readonly code: number; readonly words: string };

/** A number, or the data parser's; null where it says that none is set. */
const quantity = z.union([
  z.number(),
  z.null(),
  z
    .object({ set: z.boolean(), infinite: z.boolean().default(false), number: z.number().default(0) })
    .transform(({ set, infinite, number }) => (set && !infinite ? number : null)),
]);
const noQuantity = quantity.default(null);
const words = z.union([z.string(), z.null().transform(() => "")]).default("");

/** The raw wait status, or its parts. Accounting's JSON has wrong codes in 22.05 and is never asked. */
const exitCode = z.union([
  z.number(),
  z.object({
    return_code: noQuantity,
    signal: z.object({ id: noQuantity, signal_id: noQuantity }).nullish(),
  }),
]);

const job = z.object({
  job_id: z.number(),
  array_job_id: noQuantity,
  array_task_id: noQuantity,
  array_task_string: words,
  name: words,
  comment: words,
  job_state: z.union([z.string(), z.array(z.string()).min(1)]),
  state_reason: words,
  exit_code: exitCode.nullish(),
  start_time: noQuantity,
  end_time: noQuantity,
  time_limit: noQuantity,
  /** When it was suspended or resumed last, and the seconds that it had run by its last suspension. */
  suspend_time: noQuantity,
  pre_sus_time: noQuantity,
  nodes: words,
  restart_cnt: noQuantity,
  partition: words,
  user_id: z.number().nullish(),
  user_name: words,
});
const jobs = z.object({ jobs: z.array(job) });

/** Of this user's jobs. Throws where it is no such answer: nothing is read into what is not understood. */
export function jobsOf(
  body: unknown,
  user: string,
): { readonly words: readonly JobWord[]; readonly uid: number | null } {
  const parsed = jobs.parse(body).jobs.filter(({ user_name }) => user_name === user);
  return { words: parsed.map(jobWord), uid: parsed[0]?.user_id ?? null };
}

function jobWord(one: z.infer<typeof job>): JobWord {
  const arrayJob = one.array_job_id === null || one.array_job_id === 0 ? null : one.array_job_id;
  const state = stateOf(one.job_state);
  const nodes = present(one.nodes);
  const [startS, endS] = [timeOf(one.start_time), timeOf(one.end_time)];
  const [code, signal] = exitOf(one.exit_code ?? 0);
  const lasted = nodes === null ? 0 : ranS(one);
  const tasks =
    one.array_task_id === null ? indicesOf(one.array_task_string.replace(/[[\]]/g, "")) : [one.array_task_id];
  return {
    source: "controller",
    jobId: one.job_id,
    arrayJob,
    indices: arrayJob === null ? null : tasks,
    name: one.name,
    comment: present(one.comment),
    state,
    reason: present(one.state_reason),
    exitCode: code,
    signal,
    startS,
    endS,
    elapsedS: endedStates.has(state) ? lasted : 0,
    limitS: one.time_limit === null ? null : one.time_limit * 60,
    nodes,
    restarts: one.restart_cnt ?? 0,
    cancelledBy: null,
    partition: one.partition,
  };
}

/** From start to end, less what it was suspended for, as scontrol works out its RunTime. */
function ranS({ start_time, end_time, suspend_time, pre_sus_time }: z.infer<typeof job>): number {
  const [startS, endS, resumedS] = [start_time, end_time, suspend_time].map(timeOf);
  if (startS == null || endS == null) return 0;
  const span = Math.max(0, endS - startS);
  return resumedS == null ? span : Math.min(span, Math.max(0, endS - resumedS) + (pre_sus_time ?? 0));
}

/** Of a base state and its flags the flag that the commands would show: COMPLETING before FAILED. */
function stateOf(said: string | readonly string[]): string {
  if (typeof said === "string") return said;
  const flag = ["COMPLETING", "CONFIGURING", "RESIZING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT"];
  const rest = ["STOPPED", "REVOKED", "RESV_DEL_HOLD", "SIGNALING", "STAGE_OUT"];
  return [...flag, ...rest].find((name) => said.includes(name)) ?? said[0] ?? "";
}

/** 0: there is none. */
function timeOf(seconds: number | null): number | null {
  return seconds === null || seconds <= 0 ? null : seconds;
}

/** 768 is exit code 3, 9 is signal 9 (wait(2)). */
function exitOf(said: z.infer<typeof exitCode>): readonly [exitCode: number, signal: number] {
  if (typeof said === "number") return [(said >> 8) & 255, said & 127];
  return [said.return_code ?? 0, said.signal?.id ?? said.signal?.signal_id ?? 0];
}

const errorShape = z.looseObject({
  error: words,
  description: words,
  error_number: z.number().optional(),
  error_code: z.number().optional(),
});
const errors = z.object({ errors: z.array(errorShape).nullish() });

export function errorsOf(body: unknown): readonly RestError[] {
  const parsed = errors.safeParse(body);
  return (parsed.data?.errors ?? []).map(({ error, description, error_number, error_code }) => ({
    code: error_number ?? error_code ?? 0,
    words:
      description === "" || description === error ? error : error === "" ? description : `${error} (${description})`,
  }));
}

/** What the errors of an answer say, or what came in their place. */
export function wordsOfAnswer({ status, body, text }: RestAnswer): string {
  const said = errorsOf(body).map((one) => `${one.code} ${one.words}`);
  return `HTTP ${status}: ${said.length > 0 ? said.join("; ") : text.replace(/\s+/g, " ").trim().slice(0, 200) || "no words"}`;
}

/**
 * Whether the token may be the cause. In 22.05 a wrong or expired one is no 401 but 500, with -1 ("Unspecified error")
 * to a question and 5005 ("Zero Bytes") to a submission or a cancel. 1007: authentication; 6000 and above: its plugin's.
 */
export function doubtsToken({ status, body }: RestAnswer): boolean {
  if (status === 401) return true;
  const isOfToken = ({ code }: RestError) =>
    code === -1 || code === 1007 || code === 5005 || (code >= 6000 && code < 7000);
  return status >= 500 && errorsOf(body).some(isOfToken);
}

/** 2017: Slurm does not know the job. 9002: the number is another job's now, which has no such task. */
export function isUnknownJob({ body }: RestAnswer): boolean {
  return errorsOf(body).some(
    ({ code, words }) => code === 2017 || (code === 9002 && /Unable to find JobId=/.test(words)),
  );
}

const submitted = z.object({ job_id: z.number().int().positive(), job_submit_user_msg: words });

/** What an answer to a submission means for the run; only slurmctld's own no, and slurmrestd's of its form, are one. */
export function submitAnswerOf(answer: RestAnswer, path: string): SubmitAnswer {
  const { status, body } = answer;
  const said = errorsOf(body);
  if (status === 200) {
    const parsed = submitted.safeParse(body);
    const warnings = [parsed.data?.job_submit_user_msg ?? "", ...said.map((one) => one.words)].filter(
      (one) => one !== "",
    );
    if (parsed.success) return { kind: "submitted", engineId: String(parsed.data.job_id), words: warnings.join("; ") };
    return { kind: "in-doubt", words: `${path}: HTTP 200 without a job's id: ${answer.text.slice(0, 200)}` };
  }
  const words = `${path}: ${wordsOfAnswer(answer)}`;
  // slurmrestd's own word: nothing went on to slurmctld.
  if (status === 401) return { kind: "later", words };
  if (doubtsToken(answer)) return { kind: "in-doubt", words };
  // Another daemon, or another version of it: it is asked again what it serves.
  if (status === 404) return { kind: "later", words };
  if (status >= 400 && status < 500) return { kind: "refused", words };
  const [first] = said;
  if (first === undefined) return { kind: "in-doubt", words };
  return { ...kindOf(first), words };
}

/** Numbers of slurm_errno.h: 2000 and 9000 are slurmctld's own, 1800 and 5000 those of a connection that broke. */
function kindOf({ code, words }: RestError): ReturnType<typeof sbatchAnswer> {
  if (code === 1800) return { kind: "later", words };
  const isOwn = (code >= 2000 && code < 5000) || (code >= 7000 && code < 10_000);
  if (!isOwn && code >= 1000) return { kind: "in-doubt", words };
  return sbatchAnswer(isOwn ? `sbatch: error: Batch job submission failed: ${words}` : words, 1);
}
