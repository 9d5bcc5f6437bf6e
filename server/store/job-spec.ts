import type { JobSpec } from "#core/job/spec.ts";

/**
 * A spec lies in three columns of `job`. The script and the input files are large and read only when a run starts or
 * one job is shown. The rest is small and written thousands of times a second, so what nearly no job asks for
 * (`unasked`) is left out of its JSON.
 */
export type SpecColumns = {
  /** JSON text of the spec without its script, its input files and what nobody asked for. */
  readonly spec: string;
  readonly script: string | null;
  /** JSON text of `inputFiles`; null where there are none. */
  readonly inputFiles: string | null;
};

export function specColumns(spec: JobSpec): SpecColumns {
  const { work, inputFiles } = spec;
  return {
    spec: JSON.stringify(asked(spec)),
    script: work.kind === "script" ? work.text : null,
    inputFiles: inputFiles.length > 0 ? JSON.stringify(inputFiles) : null,
  };
}

/** Field by field, which is several times as fast as to look through them all; JSON leaves out what is undefined. */
function asked(spec: JobSpec): { readonly [Field in keyof StoredSpec]: StoredSpec[Field] | undefined } {
  const { work, centres, retries, onUnreachable, priorityClass } = spec;
  return {
    work: work.kind === "script" ? { kind: "script", arguments: work.arguments } : work,
    name: spec.name,
    environment: unlessEmpty(spec.environment),
    workingDirectory: spec.workingDirectory ?? undefined,
    shape: spec.shape,
    timeLimitS: spec.timeLimitS,
    graceS: spec.graceS,
    deadlineMs: spec.deadlineMs ?? undefined,
    array: spec.array ?? undefined,
    dependencies: unlessEmpty(spec.dependencies),
    stdout: spec.stdout ?? undefined,
    stderr: spec.stderr ?? undefined,
    retries: retries === 0 ? undefined : retries,
    requeue: spec.requeue || undefined,
    preemptible: spec.preemptible === "no" ? undefined : spec.preemptible,
    warning: spec.warning ?? undefined,
    onUnreachable: onUnreachable.kind === "wait" ? undefined : onUnreachable,
    priorityClass: priorityClass === "normal" ? undefined : priorityClass,
    software: unlessEmpty(spec.software),
    container: spec.container ?? undefined,
    fileSystems: unlessEmpty(spec.fileSystems),
    licences: unlessEmpty(spec.licences),
    siteWords: unlessEmpty(spec.siteWords),
    residency: unlessEmpty(spec.residency),
    data: spec.data ?? undefined,
    centres: Object.values(centres).every((wish) => Array.isArray(wish) && wish.length === 0) ? undefined : centres,
    labels: unlessEmpty(spec.labels),
    project: spec.project,
  };
}

function unlessEmpty<Value extends object>(value: Value): Value | undefined {
  for (const _ in value) return value;
  return undefined;
}

/** The spec again, from columns as `pg` reads them (jsonb parsed). */
export function specOfRow(row: {
  readonly spec: StoredSpec;
  readonly script: string | null;
  readonly input_files: JobSpec["inputFiles"] | null;
}): JobSpec {
  const { work, ...rest } = row.spec;
  return {
    ...unasked,
    ...rest,
    work: work.kind === "script" ? { ...work, text: row.script ?? "" } : work,
    inputFiles: row.input_files ?? [],
  };
}

/** What the column `spec` holds. SQL that reads a field of it must take null for its value in `unasked`. */
export type StoredSpec = Omit<JobSpec, "work" | "inputFiles" | keyof typeof unasked> &
  Partial<Pick<JobSpec, keyof typeof unasked>> & {
    readonly work:
      | Omit<Extract<JobSpec["work"], { kind: "script" }>, "text">
      | Extract<JobSpec["work"], { kind: "command" }>;
  };

export const unasked = {
  environment: {},
  workingDirectory: null,
  deadlineMs: null,
  array: null,
  dependencies: [],
  stdout: null,
  stderr: null,
  retries: 0,
  requeue: false,
  preemptible: "no",
  warning: null,
  onUnreachable: { kind: "wait" },
  priorityClass: "normal",
  software: [],
  container: null,
  fileSystems: [],
  licences: [],
  siteWords: {},
  residency: [],
  data: null,
  labels: {},
  centres: { only: [], except: [], prefer: [] },
} as const satisfies Partial<JobSpec>;
