import type { CancelWait } from "#core/centre/waiting.ts";
import type { WarningSignal } from "#core/job/spec.ts";
import type { JobWord } from "./job-word.ts";
import type { WrapperRecord } from "./record.ts";
import type { Words } from "./slurm-text.ts";
import type { LocalWords } from "./words.ts";

/**
 * The way to a centre's Slurm, as one of its users at a time: the commands through weir-as, or slurmrestd with tokens
 * that weir-as mints. Every call names the local user. What fails throws `EngineSilent`, but for a submission, which
 * always says what is known of it.
 */
export interface Engine {
  /** For `describe` and the doctor: `commands through weir-as`, … */
  readonly transport: string;
  /** So many submissions may be on their way at once. */
  readonly atOnce: number;
  hello(): Promise<Hello>;
  submit(submission: Submission): Promise<SubmitAnswer>;
  /**
   * Resolves when the engine has been told. Those it does not know are left out of it. `waiting`: only those that have
   * not started.
   */
  cancel(
    user: string,
    jobs: readonly TaggedJob[],
    which: "all" | "waiting",
  ): Promise<{
    readonly notThere: readonly string[];
    /** It cannot be done now, and will be once this has come. */
    readonly waitsFor?: CancelWait;
  }>;
  /** A signal to the program of what runs. What it does not know, or what has ended, is left out. */
  warn(user: string, jobs: readonly TaggedJob[], signal: WarningSignal): Promise<void>;
  /** The user's jobs whose tag begins so: all that queue or run or ended a short while ago, and those of accounting. */
  list(user: string, tag: string, sinceS: number): Promise<Listing>;
  /** At most 100 ids in one call. */
  jobs(user: string, engineIds: readonly string[]): Promise<JobsAnswer>;
  /** Only of these runs, where any are named; `started`: chunks of which nothing has started may be left out. */
  records(
    user: string,
    chunks: readonly string[],
    only: readonly string[],
    which?: "started",
  ): Promise<readonly ChunkRecord[]>;
  /** What lies in the user's folder of runs under a tag, submitted or about to be. */
  chunks(user: string, tag: string): Promise<readonly KnownChunk[]>;
  read(request: ReadRequest): Promise<ReadAnswer>;
  /**
   * That nothing of the run can begin any more, even if the engine should know its job again. `began`: too late.
   * `not-offered`: by an earlier helper.
   */
  fence(user: string, chunk: string, run: string): Promise<"fenced" | "began" | "not-offered">;
  /** `busy`: a submission of that chunk is still in the act. Once removed, no copy of it can run anything any more. */
  remove(user: string, chunk: string): Promise<"removed" | "busy">;
  limits(user: string, account: string | null): Promise<LimitTexts>;
  /** Rows without names; null where the site does not allow it. */
  load(): Promise<readonly Words[] | null>;
  close(): void;
}

/**
 * The engine's number, `12` or `12_3`, and the chunk whose tag that job must carry to be touched: a controller that lost
 * its state gives numbers again, and another run may have this one now.
 */
export type TaggedJob = { readonly id: string; readonly tag: string };

/** The engine, or the way to it, gave no answer: what was asked for may have happened or not. */
export class EngineSilent extends Error {}
/** The site's policy says no; `rule` names the line. */
export class PolicyRefusal extends Error {
  readonly rule: string;
  constructor(words: string, rule: string) {
    super(words);
    this.rule = rule;
  }
}

export type Hello = {
  /** `cancel` ends and signals no job with another tag than was said; false: an earlier helper goes by the number alone. */
  readonly heedsTags: boolean;
  /** A run can be kept from beginning by its folder; false: an earlier helper cannot. */
  readonly fences: boolean;
  readonly minUid: number;
  readonly group: string;
  readonly isStopped: boolean;
  readonly allowsLoad: boolean;
  /** The greatest life of a token in seconds; 0: none are minted. */
  readonly tokenLifeS: number;
  readonly policyMark: string;
  readonly slurmConf: string | null;
  readonly slurmBin: string;
  /** What the policy lets be named; null: an earlier helper does not say. */
  readonly allows: PolicyWords | null;
};

/** Patterns of the policy. */
export type PolicyWords = Readonly<Record<"partition" | "qos" | "reservation", readonly string[]>>;

/** One chunk: a plain job, or tasks of one job that are alike and travel as one array (R6). */
export type Submission = {
  readonly user: string;
  readonly account: string | null;
  readonly partition: string;
  readonly qos: string | null;
  readonly chunk: string;
  readonly name: string;
  readonly nodes: number;
  readonly tasks: number;
  readonly cpusPerTask: number;
  readonly tasksPerNode: number | null;
  readonly memMibPerNode: number;
  readonly gres: string | null;
  /** Nobody else on its nodes. */
  readonly wholeNodes?: true;
  /** At no more leaf switches than so many. */
  readonly nodeGroups?: number;
  /** Next to each other, as Slurm counts its nodes. */
  readonly contiguous?: true;
  readonly words?: Pick<LocalWords, "constraint" | "licenses" | "reservation" | "nodelist">;
  readonly timeLimitMin: number;
  readonly timeLimitMs: number;
  readonly graceMs: number;
  readonly startWithinS: number;
  /** The user's own indices, where they travel as an array. */
  readonly array: string | null;
  readonly wholeArray: {
    readonly count: number;
    readonly least: number;
    readonly most: number;
    readonly step: number;
  } | null;
  readonly runs: readonly { readonly index: number; readonly run: string }[];
  readonly script: string | null;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly files: readonly { readonly path: string; readonly isExecutable: boolean; readonly bytes: Uint8Array }[];
  readonly workingDirectory: string | null;
  readonly stdout: string | null;
  readonly stderr: string | null;
  /** A look-up has proved that the first try never arrived. */
  readonly isAgain: boolean;
};

export type SubmitAnswer =
  | { readonly kind: "submitted"; readonly engineId: string; readonly words: string }
  /** Nothing was submitted. `definite`: the centre's own no to this job, now and later, not only to this submission. */
  | {
      readonly kind: "refused";
      readonly words: string;
      readonly definite?: true;
      /** The line of the site's policy that said no. */
      readonly rule?: string;
    }
  /** Nothing was submitted; the engine or the site asks to come again. */
  | { readonly kind: "later"; readonly words: string }
  /** It may have been submitted: the tag has to be looked up (R3). */
  | { readonly kind: "in-doubt"; readonly words: string };

export type Listing = {
  readonly queue: readonly JobWord[];
  readonly accounting: readonly JobWord[] | null;
  /** Asked without the user's own rights: what is not in it may be there all the same. */
  readonly isPartial: boolean;
};

export type JobsAnswer = {
  readonly controller: readonly JobWord[];
  /** Rows with their steps; null: this cluster keeps no accounting. */
  readonly accounting: readonly Words[] | null;
  /** uids of the jobs' owner as the controller names it; null where it knew none of them. */
  readonly uid: number | null;
  /** The controller answered for every id, be it that it does not know it. False: it was not reached. */
  readonly isComplete: boolean;
};

export type ChunkRecord = {
  readonly chunk: string;
  readonly isGone: boolean;
  /** Every start of every run of it, in order of restarts. */
  readonly runs: ReadonlyMap<string, readonly WrapperRecord[]>;
  /** Slurm's numbers of copies that found their folder and ran nothing. */
  readonly duplicates: readonly number[];
};

/** A chunk by its folder, which is the user's own: what it says of itself. */
export type KnownChunk = {
  readonly chunk: string;
  /** null: nobody has recorded one. */
  readonly engineId: string | null;
  readonly submittedMs: number | null;
  readonly startBeforeMs: number;
  readonly timeLimitMs: number;
  readonly nodes: number;
  readonly tasks: number;
  readonly cpusPerTask: number;
  readonly memMibPerNode: number;
  readonly gres: string | null;
  readonly partition: string;
  readonly account: string | null;
  readonly qos: string | null;
  readonly reservation: string | null;
  readonly isArray: boolean;
  readonly runs: readonly { readonly index: number; readonly run: string }[];
};

export type ReadRequest = {
  readonly user: string;
  readonly chunk: string;
  readonly run: string;
  readonly stream: "stdout" | "stderr" | "wrapper";
  readonly offset: number;
  readonly maxBytes: number;
  /** Not where the job named a file of the user's own for it. */
  readonly own?: true;
};

export type ReadAnswer =
  | {
      readonly kind: "bytes";
      readonly bytes: Uint8Array;
      readonly offset: number;
      readonly sizeBytes: number;
      readonly isFinal: boolean;
    }
  | { readonly kind: "none"; readonly words: string };

/** Tables of sacctmgr and sshare with their titles; "" where there is none. */
export type LimitTexts = {
  /** The user's own rows. */
  readonly associations: string;
  /** Of the account, and those above it, the rows that bind all their users together. */
  readonly accounts: string;
  readonly qos: string;
  readonly shares: string;
  /** What of the user's is in the queue or runs: lines `account|qos|copies|weir|running|cpus|nodes`; of what runs the last two. */
  readonly queue: string;
};
