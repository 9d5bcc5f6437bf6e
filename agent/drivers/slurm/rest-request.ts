import type { Submission } from "./engine.ts";
import type { RestFamily } from "./rest-version.ts";

/** What weir-as prepared for it: the folder, what Slurm starts there, and when it must have ended (R1). */
export type Prepared = { readonly place: string; readonly batch: string; readonly deadlineS: number };

/** The body of `POST /slurm/VERSION/job/submit`, which asks for just what weir-as would have asked sbatch for. */
export function submitBody(submission: Submission, prepared: Prepared, family: RestFamily): object {
  const common = {
    name: `${submission.name}.weir-${submission.chunk}`,
    comment: `weir-${submission.chunk}`,
    partition: submission.partition,
    ...whereSaid("account", submission.account),
    ...whereSaid("qos", submission.qos),
    ...whereSaid("array", submission.array),
    ...whereSaid("reservation", submission.words?.reservation ?? null),
    ...whereSaid("licenses", submission.words?.licenses ?? null),
    ...whereSaid("constraints", submission.words?.constraint ?? null),
    ...whereSaid("tasks_per_node", submission.tasksPerNode),
    tasks: submission.tasks,
    cpus_per_task: submission.cpusPerTask,
    current_working_directory: prepared.place,
    standard_input: "/dev/null",
    standard_output: `${prepared.place}/wrapper.log`,
  };
  return { script: prepared.batch, job: { ...common, ...(family === "plain" ? plain : typed)(submission, prepared) } };
}

/**
 * sbatch's options by their names (22.05). As measured there: `requeue: false` switches requeueing on; `nodes` as a pair,
 * as its document has it, is passed over; a time is text, and a plain number is none.
 */
function plain(submission: Submission, { deadlineS }: Prepared): object {
  return {
    nodes: submission.nodes,
    ...whereSaid("memory_per_node", submission.memMibPerNode || null),
    time_limit: submission.timeLimitMin,
    deadline: `uts${deadlineS}`,
    no_requeue: true,
    open_mode: "append",
    ...whereSaid("gres", submission.gres),
    ...whereSaid("nodelist", submission.words?.nodelist ?? null),
    environment: environmentOf(submission),
  };
}

/** DATA_PARSER_JOB_DESC_MSG of Slurm's own source, v0.0.40: not run live. */
function typed(submission: Submission, { deadlineS }: Prepared): object {
  const { gres } = submission;
  const nodelist = submission.words?.nodelist ?? null;
  return {
    nodes: String(submission.nodes),
    ...(submission.memMibPerNode > 0 ? { memory_per_node: set(submission.memMibPerNode) } : {}),
    time_limit: set(submission.timeLimitMin),
    deadline: deadlineS,
    requeue: false,
    open_mode: ["APPEND"],
    ...whereSaid("tres_per_node", gres === null ? null : gres.replace(/(^|,)/g, "$1gres/")),
    ...(nodelist === null ? {} : { required_nodes: [nodelist] }),
    environment: Object.entries(environmentOf(submission)).map(([name, value]) => `${name}=${value}`),
  };
}

/** The helper's own for sbatch, and what sbatch adds to it; the job's own is in its folder. */
function environmentOf(submission: Submission): Readonly<Record<string, string>> {
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    LANG: "C.UTF-8",
    SLURM_PRIO_PROCESS: "0",
    SLURM_CPUS_PER_TASK: String(submission.cpusPerTask),
    ...(submission.tasksPerNode === null ? {} : { SLURM_NTASKS_PER_NODE: String(submission.tasksPerNode) }),
  };
}

function set(number: number): object {
  return { set: true, infinite: false, number };
}

function whereSaid(name: string, value: string | number | null): Record<string, string | number> {
  return value === null ? {} : { [name]: value };
}
