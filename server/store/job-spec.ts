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
  const { work, inputFiles, ...rest } = spec;
  const kept: Record<string, unknown> = {
    work: work.kind === "script" ? { kind: "script", arguments: work.arguments } : work,
  };
  for (const [field, value] of Object.entries(rest)) if (!isUnasked(field, value)) kept[field] = value;
  return {
    spec: JSON.stringify(kept),
    script: work.kind === "script" ? work.text : null,
    inputFiles: inputFiles.length > 0 ? JSON.stringify(inputFiles) : null,
  };
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
  array: null,
  dependencies: [],
  stdout: null,
  stderr: null,
  software: [],
  container: null,
  fileSystems: [],
  licences: [],
  siteWords: {},
  labels: {},
  centres: { only: [], except: [], prefer: [] },
} as const satisfies Partial<JobSpec>;

function isUnasked(field: string, value: unknown): boolean {
  if (!Object.hasOwn(unasked, field)) return false;
  if (value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value !== "object") return false;
  if (field === "centres") return Object.values(value).every((list) => Array.isArray(list) && list.length === 0);
  return Object.keys(value).length === 0;
}
