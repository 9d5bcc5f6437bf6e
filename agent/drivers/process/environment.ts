import type { ArraySpec, Warning } from "#core/job/spec.ts";
import { taskCount } from "#core/job/spec.ts";
import type { RunOrder } from "#core/run-order.ts";

/** Where a run will be on this machine, and as whom. */
export type RunPlace = {
  readonly work: string;
  readonly temporary: string;
  /** null: the launcher leases a uid at the start and fills in USER, LOGNAME and SLURM_JOB_USER itself; HOME is then `temporary`. */
  readonly user: { readonly name: string; readonly home: string; readonly shell: string } | null;
  /** Holds `srun`. */
  readonly bin: string;
  readonly node: string;
  readonly centre: string;
  readonly language: string;
  /** A file that defines `module` for bash, where the machine has one. */
  readonly moduleInit: string | null;
};

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The whole environment of a job: built from nothing, so that nothing of npm's, Node's or Weir's own can reach it; the
 * user's variables on top. WEIR_RUN_ID is added by the launcher, which finds processes by it,
 * as are what only the start knows: WEIR_CHECKPOINT, WEIR_FORMER_WORK, SLURM_JOB_UID, _GID, _START_TIME, _END_TIME and SLURM_TASK_PID.
 * The SLURM_* variables are those of sbatch(1), "output environment variables", for one node.
 */
export function jobEnvironment(order: RunOrder, place: RunPlace): Record<string, string> {
  const { allocation } = order;
  const user = order.environment;
  return {
    HOME: place.user?.home ?? place.temporary,
    SHELL: place.user?.shell ?? "/bin/sh",
    LANG: place.language,
    TMPDIR: place.temporary,
    ...(place.user ? { USER: place.user.name, LOGNAME: place.user.name, SLURM_JOB_USER: place.user.name } : {}),
    ...(place.moduleInit === null ? {} : { BASH_ENV: place.moduleInit }),
    WEIR_JOB_ID: String(order.job),
    WEIR_TASK_INDEX: String(order.index),
    WEIR_ATTEMPT: String(order.attempt),
    WEIR_WORK: place.work,
    WEIR_CENTRE: place.centre,
    ...(order.warning && { WEIR_WARNING: warningText(order.warning) }),
    WEIR_PROJECT: order.project.name,
    SLURM_JOB_ID: String(order.taskJob),
    SLURM_JOBID: String(order.taskJob),
    SLURM_JOB_NAME: order.name,
    SLURM_JOB_ACCOUNT: order.project.name,
    SLURM_JOB_PARTITION: place.centre,
    SLURM_CLUSTER_NAME: place.centre,
    SLURM_JOB_NODELIST: place.node,
    SLURM_NODELIST: place.node,
    SLURMD_NODENAME: place.node,
    SLURM_SUBMIT_HOST: place.node,
    SLURM_SUBMIT_DIR: order.workingDirectory ?? place.work,
    SLURM_JOB_NUM_NODES: "1",
    SLURM_NNODES: "1",
    SLURM_NODEID: "0",
    SLURM_PROCID: "0",
    SLURM_LOCALID: "0",
    SLURM_NTASKS: String(allocation.tasks),
    SLURM_NPROCS: String(allocation.tasks),
    SLURM_TASKS_PER_NODE: String(allocation.tasks),
    SLURM_NTASKS_PER_NODE: String(allocation.tasks),
    SLURM_CPUS_PER_TASK: String(allocation.coresPerTask),
    SLURM_CPUS_ON_NODE: String(allocation.coresPerNode),
    SLURM_JOB_CPUS_PER_NODE: String(allocation.coresPerNode),
    // Never both, as in Slurm: programs would take one for a contradiction of the other.
    ...(order.memoryMibPerCore === null
      ? { SLURM_MEM_PER_NODE: String(allocation.memoryMibPerNode) }
      : { SLURM_MEM_PER_CPU: String(order.memoryMibPerCore) }),
    ...(order.attempt > 1 ? { SLURM_RESTART_COUNT: String(order.attempt - 1) } : {}),
    ...(order.array ? arrayVariables(order.array, order) : {}),
    ...user,
    PATH: `${place.bin}:${user.PATH ?? systemPath}`,
  };
}

/** `USR1@60`: which signal its program has, and how long before the end. */
export function warningText({ signal, beforeS }: Warning): string {
  return `${signal}@${beforeS}`;
}

/** Of the user's whole array (R6), however few of its tasks came to this centre. */
function arrayVariables(array: ArraySpec, order: RunOrder): Record<string, string> {
  const lasts = array.ranges.map((range) => range.last - ((range.last - range.first) % range.step));
  return {
    SLURM_ARRAY_JOB_ID: String(order.job),
    SLURM_ARRAY_TASK_ID: String(order.index),
    SLURM_ARRAY_TASK_COUNT: String(taskCount(array)),
    SLURM_ARRAY_TASK_MIN: String(Math.min(...array.ranges.map((range) => range.first))),
    SLURM_ARRAY_TASK_MAX: String(Math.max(...lasts)),
    SLURM_ARRAY_TASK_STEP: String(array.ranges.length === 1 ? (array.ranges[0]?.step ?? 1) : 1),
  };
}
