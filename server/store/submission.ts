import type { JobId, PersonId, ProjectId, TenantId } from "#core/ids.ts";
import type { FilledIn } from "#core/job/admit.ts";
import type { Phrase } from "#core/job/phrase.ts";
import type { Dependency, JobSpec } from "#core/job/spec.ts";
import type { Refusal } from "#core/refusal.ts";

/** One call: a job, or several of which all or none are kept. */
export type Submission = {
  readonly tenant: TenantId;
  readonly person: PersonId;
  /** `bodyHash`: SHA-256 of the request. */
  readonly idempotency: { readonly key: string; readonly bodyHash: Uint8Array } | null;
  /** At least one. */
  readonly jobs: readonly AdmittedJob[];
  /** HTTP status and body of the answer; kept with the key and given again. May be asked more than once. */
  readonly status: number;
  readonly answer: (ids: readonly JobId[]) => string;
};

export type AdmittedJob = {
  readonly project: ProjectId;
  readonly spec: JobSpec;
  /** `arrayText(spec.array)`; null for a plain job. */
  readonly arrayText: string | null;
  readonly defaults: readonly FilledIn[];
  readonly warnings: readonly Phrase[];
  /** Dependencies on jobs of the same submission, by their place in `jobs` (from 0); added to the spec's own. */
  readonly after: readonly { readonly dependency: DependencyOnJob; readonly position: number }[];
};

export type Submitted =
  | { readonly kind: "committed"; readonly status: number; readonly body: string; readonly replayed: boolean }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** `job` is ignored: the writer puts the id in. */
type DependencyOnJob = Exclude<Dependency, { kind: "singleton" }>;
