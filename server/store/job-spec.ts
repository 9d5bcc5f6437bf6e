import type { JobSpec } from "#core/job/spec.ts";

/**
 * A spec lies in three columns of `job`: the script and the input files are large and read only when a run starts or
 * one job is shown, the rest is small and read often.
 */
export type SpecColumns = {
  /** JSON text of the spec; `work.text` of a script is empty and `inputFiles` has no entries. */
  readonly spec: string;
  readonly script: string | null;
  /** JSON text of `inputFiles`; null where there are none. */
  readonly inputFiles: string | null;
};

export function specColumns(spec: JobSpec): SpecColumns {
  const { work, inputFiles } = spec;
  return {
    spec: JSON.stringify(
      work.kind === "script" || inputFiles.length > 0
        ? { ...spec, inputFiles: [], work: work.kind === "script" ? { ...work, text: "" } : work }
        : spec,
    ),
    script: work.kind === "script" ? work.text : null,
    inputFiles: inputFiles.length > 0 ? JSON.stringify(inputFiles) : null,
  };
}

/** The spec again, from columns as `pg` reads them (jsonb parsed). */
export function specOfRow(row: {
  readonly spec: JobSpec;
  readonly script: string | null;
  readonly input_files: JobSpec["inputFiles"] | null;
}): JobSpec {
  const { spec } = row;
  const work = spec.work.kind === "script" ? { ...spec.work, text: row.script ?? "" } : spec.work;
  return { ...spec, work, inputFiles: row.input_files ?? [] };
}
