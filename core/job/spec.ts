import type { Region } from "#core/centre/region.ts";
import type { CentreId } from "#core/ids.ts";
import type { DataPlaces } from "#core/job/data-places.ts";

/**
 * What a user asks for, complete: every default filled in. `core/job/admit.ts` makes it from a request and says which
 * values were defaults; nothing later changes it. An array has one spec; its tasks differ by index alone.
 */
export type JobSpec = {
  readonly name: string;
  readonly work: Work;
  readonly environment: Readonly<Record<string, string>>;
  /** Absolute: pins the job to centres that declare that path (W1). null: the run's own folder, `$WEIR_WORK`. */
  readonly workingDirectory: string | null;
  readonly shape: Shape;
  /** Wall time from the start of the run; the wrapper ends it at the exact second. */
  readonly timeLimitS: number;
  /** From SIGTERM to SIGKILL, at the time limit and at a cancel. */
  readonly graceS: number;
  /**
   * It ends by then or not at all: who can no longer do so by its time limit is cancelled before it starts (`sbatch
   * --deadline`, docs/decisions/0049). Of an array: of each task. null: whenever.
   */
  readonly deadlineMs: number | null;
  readonly array: ArraySpec | null;
  readonly dependencies: readonly Dependency[];
  /** A file name pattern as in sbatch (%j %A %a %x %u %N); null: kept in the run's folder and read with `weir logs`. */
  readonly stdout: string | null;
  /** null: beside stdout where that is null too, else into the same file as stdout, as sbatch does. */
  readonly stderr: string | null;
  /** How many further attempts after failed, node failed, preempted and platform fault. */
  readonly retries: number;
  /** Another attempt, without a retry spent, where its nodes failed or it was preempted (`sbatch --requeue`). */
  readonly requeue: boolean;
  readonly preemptible: Preemptible;
  readonly warning: Warning | null;
  readonly onUnreachable: OnUnreachable;
  /** A class of the policy that was in force when it was submitted (core/job/job-class.ts). */
  readonly priorityClass: string;
  readonly software: readonly string[];
  /** A container image by digest, `name@sha256:…`. */
  readonly container: string | null;
  readonly fileSystems: readonly string[];
  readonly licences: readonly { readonly name: string; readonly count: number }[];
  /** Looked up at each centre in its own tables (W1). */
  readonly siteWords: SiteWords;
  /** Regions, or whole countries, in which its data may be (core/centre/region.ts); empty: anywhere. */
  readonly residency: readonly Region[];
  /** Where its input is, and from when on; null: wherever it runs. May be told anew while a task of it waits. */
  readonly data: DataPlaces | null;
  /** At most 10 MiB in all; they land in `$WEIR_WORK` (W3). */
  readonly inputFiles: readonly InputFile[];
  readonly centres: CentreWishes;
  readonly labels: Readonly<Record<string, string>>;
  /** Mail and other wishes of sbatch that were accepted with a warning are not kept: the answer named them. */
  readonly project: string;
};

export type Work =
  | { readonly kind: "script"; readonly text: string; readonly arguments: readonly string[] }
  | { readonly kind: "command"; readonly argv: readonly [string, ...string[]] };

/** What one task of the array (or the plain job) needs at once. */
export type Shape = {
  readonly nodes: number;
  /** Over all nodes; `srun` starts as many. */
  readonly tasks: number;
  readonly coresPerTask: number;
  readonly memory: Memory;
  readonly accelerators: Accelerators | null;
  /** Nobody else's work is on its nodes, and it has all that they have. Absent: others may be beside it. */
  readonly wholeNodes?: true | undefined;
  /** Its nodes lie within at most so many of the groups that a centre reports (leaf switches). Absent: anywhere. */
  readonly nodeGroups?: number | undefined;
  /** Its nodes stand next to each other, in the order in which the centre counts them. Absent: anywhere. */
  readonly contiguous?: true | undefined;
  /** Its accelerators are marked domestic, or where it asks for none, the pool is. Absent: any. */
  readonly domestic?: true | undefined;
};

export type Memory =
  /** The centre's memory per core times the cores asked for. */
  | { readonly kind: "default" }
  | { readonly kind: "per-node"; readonly mib: number }
  | { readonly kind: "per-core"; readonly mib: number };

export type Accelerators = {
  /** null: any vendor, as in `--gres=gpu:2`. */
  readonly vendor: string | null;
  /** null: any model of that vendor. */
  readonly model: string | null;
  readonly perNode: number;
  /** So much of one accelerator on each node, in thousandths, beside others. Absent: whole ones. */
  readonly shareMilli?: number | undefined;
};

/** Indices in ascending order, without repeats; `%limit` of them at once over the whole network (R6). */
export type ArraySpec = { readonly ranges: readonly IndexRange[]; readonly throttle: number | null };
/** first, first + step, … ≤ last. */
export type IndexRange = { readonly first: number; readonly last: number; readonly step: number };

export type Dependency =
  | { readonly kind: "afterok" | "afterany" | "afternotok"; readonly job: number; readonly index: number | null }
  /** Task i waits for task i of the other array to succeed. */
  | { readonly kind: "aftercorr"; readonly job: number }
  /** Waits for all earlier jobs of the same name, person and project. */
  | { readonly kind: "singleton" };

export type OnUnreachable = { readonly kind: "wait" } | { readonly kind: "restart-after"; readonly delayS: number };

/**
 * Whether its runs may be ended to make room for work of a higher class (docs/decisions/0035), and go back to the queue:
 * `restarts` from the beginning, `checkpoints`: from what it saved.
 */
export const preemptibles = ["no", "restarts", "checkpoints"] as const;
export type Preemptible = (typeof preemptibles)[number];

/**
 * A signal to the program of the run, so that it saves its work: so long before the end of its time limit, and as long before
 * SIGTERM where it makes room for others (`sbatch --signal=B:USR1@60`, docs/decisions/0043).
 */
export type Warning = { readonly signal: WarningSignal; readonly beforeS: number };
export const warningSignals = ["HUP", "INT", "QUIT", "USR1", "USR2"] as const;
export type WarningSignal = (typeof warningSignals)[number];

/** A key that is absent was not asked for; none is empty. */
export type SiteWords = Readonly<Partial<Record<SiteWordKind, readonly string[]>>>;

/**
 * `partition` and `reservation`: any of these, the first that a centre knows. `constraint`: all of them. `gres`: what is no
 * accelerator, each as WORD:COUNT. `nodelist`: names of single nodes, all of them.
 */
export const siteWordKinds = ["partition", "qos", "constraint", "gres", "reservation", "nodelist"] as const;
export type SiteWordKind = (typeof siteWordKinds)[number];

export type InputFile = { readonly path: string; readonly contentBase64: string; readonly executable: boolean };

export type CentreWishes = {
  /** Empty: any. */
  readonly only: readonly CentreId[];
  readonly except: readonly CentreId[];
  /** The first of these that can start it wins over the others. */
  readonly prefer: readonly CentreId[];
  /** No wish of anybody's: centres that would not take the job, and their words. It does not go there again. */
  readonly refusedBy?: readonly { readonly centre: CentreId; readonly words: string }[];
  /** It says what a simulated engine is to do: a centre that executes nothing may take it without being named. */
  readonly simulated?: true;
};

/** Cores of one node for a shape: tasks are spread evenly, the fullest node counts. */
export function coresPerNode(shape: Shape): number {
  return Math.ceil(shape.tasks / shape.nodes) * shape.coresPerTask;
}

/** Memory of one node in MiB, given the centre's own memory per core for jobs that named none. */
export function memoryMibPerNode(shape: Shape, centreMibPerCore: number): number {
  switch (shape.memory.kind) {
    case "default":
      return coresPerNode(shape) * centreMibPerCore;
    case "per-core":
      return coresPerNode(shape) * shape.memory.mib;
    case "per-node":
      return shape.memory.mib;
  }
}

/** How many tasks an array has; 1 for a plain job. */
export function taskCount(array: ArraySpec | null): number {
  if (!array) return 1;
  let count = 0;
  for (const range of array.ranges) count += Math.floor((range.last - range.first) / range.step) + 1;
  return count;
}

/** The indices in order; [0] for a plain job. The position in this list is the offset of the task's own SLURM_JOB_ID. */
export function taskIndices(array: ArraySpec | null): number[] {
  if (!array) return [0];
  const indices: number[] = [];
  for (const range of array.ranges) for (let i = range.first; i <= range.last; i += range.step) indices.push(i);
  return indices;
}
