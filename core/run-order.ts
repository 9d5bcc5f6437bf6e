import type { RunId } from "#core/ids.ts";
import type { ArraySpec, InputFile, SiteWords, Warning, Work } from "#core/job/spec.ts";
import type { RunEnd } from "#core/job/state.ts";

/**
 * What a centre is told to run, and what it tells back. Orders name a project and a person by id, never a local user
 * or path of the server's choosing (P2), and carry durations, never a server's time (R1).
 */
export type RunOrder = {
  readonly run: RunId;
  /** The task's own integer, SLURM_JOB_ID on a process centre; `arrayJob` is the id the user saw. */
  readonly taskJob: number;
  readonly job: number;
  readonly index: number;
  readonly attempt: number;
  readonly name: string;
  readonly project: { readonly id: number; readonly name: string };
  readonly person: { readonly id: number; readonly name: string };
  readonly work: Work;
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string | null;
  readonly stdout: string | null;
  readonly stderr: string | null;
  readonly inputFiles: readonly InputFile[];
  /** The user's whole array (R6), for SLURM_ARRAY_TASK_COUNT, MIN, MAX and STEP. */
  readonly array: ArraySpec | null;
  /** null or absent: nothing beside the shape. */
  readonly demands?: OrderDemands | null | undefined;
  /** One of the pools that the centre reported. */
  readonly pool: string;
  readonly allocation: Allocation;
  /** What the user asked for each core, null where it was asked otherwise: scripts then read SLURM_MEM_PER_CPU. */
  readonly memoryMibPerCore: number | null;
  readonly timeLimitS: number;
  readonly graceS: number;
  /** null or absent: its program is told nothing before the end. */
  readonly warning?: Warning | null | undefined;
  /** A start later than this after the order was made is forbidden: the lease (R1). Milliseconds left when it was sent. */
  readonly startWithinMs: number;
};

/** What the centre looks up in its own tables and brings about before the user's program starts (W1, W2). */
export type OrderDemands = {
  readonly siteWords: SiteWords;
  readonly software: readonly string[];
  /** By digest. */
  readonly container: string | null;
  /** Names of file systems that the job declares; a container is given these alone. */
  readonly fileSystems: readonly string[];
  readonly licences: readonly { readonly name: string; readonly count: number }[];
};

/** What the placement gave, resolved to numbers of one node; billing multiplies these by the wall time. */
export type Allocation = {
  readonly nodes: number;
  readonly tasks: number;
  readonly coresPerTask: number;
  readonly coresPerNode: number;
  readonly memoryMibPerNode: number;
  readonly acceleratorsPerNode: number;
  readonly acceleratorVendor: string | null;
  readonly acceleratorModel: string | null;
  /** Of the one accelerator of each node, in thousandths; absent: whole ones. */
  readonly acceleratorShareMilli?: number | undefined;
  /** Nobody else's work is on its nodes: the amounts above are all that such a node has. */
  readonly wholeNodes?: true | undefined;
  /** Its nodes lie within at most so many of the groups that the centre reported. */
  readonly nodeGroups?: number | undefined;
  /** Its nodes stand next to each other, in the order in which the centre counts them. */
  readonly contiguous?: true | undefined;
};

/** What an agent saw. Each may be sent again; the server ignores what it knows. Times are the centre's clock, in ms. */
export type RunObservation =
  /** The intent is on the agent's disk (R3). */
  | { readonly kind: "accepted"; readonly run: RunId; readonly atMs: number }
  /**
   * The engine has it in its own queue: told when it takes it, and when the reason or the estimate changes. `reason` is
   * the engine's own word, null where it gives none, and `reasonKind` what the driver takes it to mean (a name of
   * `waitKinds` in core/centre/waiting.ts); `startsInMs` counts from `atMs`, null: unknown.
   */
  | {
      readonly kind: "waiting";
      readonly run: RunId;
      readonly atMs: number;
      readonly engineId: string;
      readonly reason: string | null;
      readonly reasonKind?: string | null | undefined;
      readonly startsInMs: number | null;
    }
  /**
   * Told again where the engine names other nodes than were told. `nodes`: names as engines write them together,
   * `c[001-120,130],login`; absent: not known.
   */
  | {
      readonly kind: "started";
      readonly run: RunId;
      readonly atMs: number;
      readonly evidence: string;
      readonly nodes?: string | undefined;
    }
  /**
   * What cannot be done for it now, and what that waits for: for its history. Names no local user or path (P2).
   * `cancelWaits`: what the end, or the giving back, that it was asked for waits for; null: nothing any more; absent: it is not about that.
   */
  | {
      readonly kind: "remark";
      readonly run: RunId;
      readonly atMs: number;
      readonly words: string;
      readonly cancelWaits?: string | null | undefined;
    }
  | {
      readonly kind: "ended";
      readonly run: RunId;
      readonly atMs: number;
      readonly end: RunEnd;
      readonly usage: RunUsage;
      readonly words: string | null;
      /** By the engine's own word, where that names other nodes than were told. */
      readonly nodes?: string | undefined;
    };

/** Measured at the centre; integers. Zero where the run never started. */
export type RunUsage = {
  readonly startedMs: number | null;
  /** By the monotonic clock, from start to end. */
  readonly wallMs: number;
  /** After how much of it the run last said that its work was saved; absent or null: it never did. */
  readonly checkpointMs?: number | null | undefined;
  readonly cpuUserMs: number;
  readonly cpuSystemMs: number;
  readonly peakMemoryMib: number;
  /** How memory was measured and limited: shown by `weir show`. `engine`: by the engine's own accounting. */
  readonly memoryWay: "cgroup-v2" | "cgroup-v1" | "sampled" | "engine" | "none";
  readonly droppedStdoutBytes: number;
  readonly droppedStderrBytes: number;
  /** As the engine counts it, node by node: what else ran on its nodes is in it. null where nobody measures it. */
  readonly energyJoules: number | null;
};
