import type { Region } from "#core/centre/region.ts";
import type { OptionPlace } from "#core/job/phrase.ts";
import type { InputFile, OnUnreachable, Preemptible, SiteWordKind, Warning } from "#core/job/spec.ts";

/**
 * What one source (a script's #SBATCH lines, options, or the fields of a request) says about a job, before defaults and
 * before the sources are laid over each other. A key that is absent was not said.
 */
export type Asked = {
  readonly name?: string;
  readonly project?: string;
  readonly array?: string;
  readonly workingDirectory?: string;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly requeue?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  /** Variables whose values are the submitter's own: `weir submit` sends them, another caller must. */
  readonly exportedNames?: readonly string[];
  readonly nodes?: number;
  readonly tasks?: number;
  readonly tasksPerNode?: number;
  readonly tasksPerAccelerator?: number;
  readonly coresPerTask?: number;
  readonly coresPerAccelerator?: number;
  readonly memory?: AskedMemory;
  readonly acceleratorsPerNode?: AskedAccelerators;
  readonly acceleratorsInAll?: AskedAccelerators;
  readonly acceleratorsPerTask?: AskedAccelerators;
  readonly wholeNodes?: boolean;
  readonly nodeGroups?: number;
  readonly contiguous?: boolean;
  readonly timeLimitS?: number;
  readonly graceS?: number;
  /** SIGTERM comes this long before the end of the time limit; it becomes the grace and shortens the limit by as much. */
  readonly termBeforeEndS?: number;
  readonly warning?: Warning;
  /** As it was written (core/job/slurm-moment.ts): what it means depends on when it is admitted. */
  readonly deadline?: OptionPlace & { readonly text: string };
  readonly dependencies?: readonly AskedDependency[];
  readonly licences?: readonly { readonly name: string; readonly count: number }[];
  readonly onlyCentres?: readonly string[];
  /** `siteWords` of the spec, one by one, so that a later source wins word by word. */
  readonly partition?: readonly string[];
  readonly qos?: readonly string[];
  readonly constraint?: readonly string[];
  readonly gres?: readonly string[];
  readonly reservation?: readonly string[];
  readonly nodelist?: readonly string[];
  readonly residency?: readonly Region[];
  /** Each as it was said; all of one source count. */
  readonly dataAt?: readonly DataOption[];
  readonly dataElsewhere?: DataOption;
  readonly domestic?: boolean;
  readonly priorityClass?: OptionPlace & { readonly name: string };
  readonly comment?: string;
  /** The text of `--wrap`: the work itself. */
  readonly wrap?: string;
  /** An option that says nothing on one node and cannot be honoured on several. */
  readonly onlyOnOneNode?: OptionPlace;
};

export type AskedMemory = { readonly kind: "per-node" | "per-core" | "per-accelerator"; readonly mib: number };

/** count 0: none. */
export type AskedAccelerators = {
  readonly vendor: string | null;
  readonly model: string | null;
  readonly count: number;
  /** Of one of them, in thousandths. */
  readonly shareMilli?: number;
};

/** `job` may be a key of the same bulk submission. */
export type AskedDependency =
  | {
      readonly kind: "afterok" | "afterany" | "afternotok";
      readonly job: number | string;
      readonly index?: number | null | undefined;
    }
  | { readonly kind: "aftercorr"; readonly job: number | string }
  | { readonly kind: "singleton" };

/** From a moment on, or after so long; neither: already. */
export type When = { readonly fromMs?: number | undefined; readonly afterS?: number | undefined };

/** What is said of where a job's input is; `elsewhere` absent: at no other centre. */
export type AskedData = {
  readonly at?: readonly (When & { readonly centre: string })[] | undefined;
  readonly elsewhere?: When | undefined;
};

/** What an option says, with where it says so. */
export type DataOption = OptionPlace & { readonly text: string };

/** What `POST /jobs` carries; structurally what api/job.ts `jobRequest` infers. */
export type Request = {
  readonly name?: string | undefined;
  readonly script?: string | undefined;
  readonly command?: readonly string[] | undefined;
  readonly arguments?: readonly string[] | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly workingDirectory?: string | undefined;
  readonly nodes?: number | undefined;
  readonly tasks?: number | undefined;
  readonly coresPerTask?: number | undefined;
  readonly memoryMibPerNode?: number | undefined;
  readonly memoryMibPerCore?: number | undefined;
  readonly accelerators?:
    | {
        readonly vendor?: string | null | undefined;
        readonly model?: string | null | undefined;
        readonly perNode: number;
        readonly shareMilli?: number | undefined;
      }
    | undefined;
  readonly wholeNodes?: boolean | undefined;
  readonly nodeGroups?: number | undefined;
  readonly contiguous?: boolean | undefined;
  readonly timeLimitS?: number | undefined;
  readonly graceS?: number | undefined;
  readonly deadlineMs?: number | undefined;
  readonly array?: string | undefined;
  readonly dependencies?: readonly AskedDependency[] | undefined;
  readonly stdout?: string | undefined;
  readonly stderr?: string | undefined;
  readonly retries?: number | undefined;
  readonly requeue?: boolean | undefined;
  readonly preemptible?: Preemptible | undefined;
  readonly warning?: Warning | undefined;
  readonly onUnreachable?: OnUnreachable | undefined;
  readonly priorityClass?: string | undefined;
  readonly software?: readonly string[] | undefined;
  readonly container?: string | undefined;
  readonly fileSystems?: readonly string[] | undefined;
  readonly licences?: readonly { readonly name: string; readonly count: number }[] | undefined;
  /** Regions, or whole countries. */
  readonly residency?: readonly string[] | undefined;
  readonly data?: AskedData | undefined;
  readonly domestic?: boolean | undefined;
  readonly siteWords?: { readonly [Kind in SiteWordKind]?: readonly string[] | undefined } | undefined;
  readonly inputFiles?:
    | readonly (Omit<InputFile, "executable"> & { readonly executable?: boolean | undefined })[]
    | undefined;
  readonly centres?:
    | {
        readonly only?: readonly string[] | undefined;
        readonly except?: readonly string[] | undefined;
        readonly prefer?: readonly string[] | undefined;
      }
    | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly project?: string | undefined;
  readonly sbatchOptions?: readonly string[] | undefined;
};
