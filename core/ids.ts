/**
 * Branded ids. A value of one kind cannot be passed for another; only the parsers here and the edges (api/, store) cast.
 */
declare const brand: unique symbol;
type Branded<Value, Name extends string> = Value & { readonly [brand]: Name };

/** A positive integer. An array of N tasks takes N consecutive ids, so that SLURM_JOB_ID is unique for each task. */
export type JobId = Branded<number, "JobId">;
export type TenantId = Branded<number, "TenantId">;
export type ProjectId = Branded<number, "ProjectId">;
export type PersonId = Branded<number, "PersonId">;
/** Short and stable, as operators type it: lower-case letters, digits and hyphens, at most 63 characters. */
export type CentreId = Branded<string, "CentreId">;
/** `<job>.<index>.<attempt>`, attempt from 1: one try of one task at one centre. */
export type RunId = Branded<string, "RunId">;

/** The unit of placement, retry, hold and billing (R6): one task of an array, or the only task (index 0) of a plain job. */
export type TaskRef = { readonly job: JobId; readonly index: number };
export type RunRef = TaskRef & { readonly attempt: number };

export function jobId(value: number): JobId {
  return positive(value, "job id") as JobId;
}

export function tenantId(value: number): TenantId {
  return positive(value, "tenant id") as TenantId;
}

export function projectId(value: number): ProjectId {
  return positive(value, "project id") as ProjectId;
}

export function personId(value: number): PersonId {
  return positive(value, "person id") as PersonId;
}

export function centreId(value: string): CentreId {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(value))
    throw new Error(`not a centre id: ${JSON.stringify(value)}`);
  return value as CentreId;
}

export function runId(ref: RunRef): RunId {
  return `${ref.job}.${ref.index}.${ref.attempt}` as RunId;
}

/** The parts of a run id, or null where the text is not one. */
export function parseRunId(text: string): RunRef | null {
  const match = /^([1-9]\d{0,15})\.(0|[1-9]\d{0,8})\.([1-9]\d{0,5})$/.exec(text);
  if (!match) return null;
  return { job: jobId(Number(match[1])), index: Number(match[2]), attempt: Number(match[3]) };
}

/** `123` for a plain job, `123_7` for a task of an array: the way Slurm's users write it. */
export function taskName(ref: TaskRef, ofArray: boolean): string {
  return ofArray ? `${ref.job}_${ref.index}` : `${ref.job}`;
}

/** `123` names a whole job, `123_7` one task of an array; null where the text is neither. */
export function parseTaskName(text: string): { readonly job: JobId; readonly index: number | null } | null {
  const match = /^([1-9]\d{0,15})(?:_(0|[1-9]\d{0,8}))?$/.exec(text);
  if (!match || !Number.isSafeInteger(Number(match[1]))) return null;
  return { job: jobId(Number(match[1])), index: match[2] === undefined ? null : Number(match[2]) };
}

function positive(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`not a ${what}: ${value}`);
  return value;
}
