import { type AdmitContext, type Admitted, admit, type Request } from "#core/job/admit.ts";
import { hasIndex, sameIndices } from "#core/job/array.ts";
import { findCycle } from "#core/job/cycle.ts";
import { phrase } from "#core/job/phrase.ts";
import type { Refusal } from "#core/refusal.ts";

/**
 * Admits the jobs of one bulk submission, all or none. They may depend on each other by their keys, in any order, but
 * not in a circle. A refusal names the job by its place. Jobs in a row that ask for the same are one object.
 */
export function admitBulk(requests: readonly KeyedRequest[], context: AdmitContext): AdmittedBulk {
  const positions = new Map<string, number>();
  for (const [position, { key }] of requests.entries()) {
    if (key === undefined) continue;
    if (positions.has(key)) {
      const words = phrase("key-twice", { key, position: positions.get(key) ?? 0 });
      return refused({ kind: "invalid-request", issues: [{ path: `jobs[${position}].key`, words }] });
    }
    positions.set(key, position);
  }
  const jobs: WholeJob[] = [];
  const withKeys: AdmitContext = { ...context, positionOfKey: (key) => positions.get(key) ?? null };
  let same: { readonly as: KeyedRequest; readonly job: WholeJob } | null = null;
  for (const [position, request] of requests.entries()) {
    if (same === null || !isSame(request, same.as, "key")) {
      const { key: _, ...unkeyed } = request;
      const answer = admit(unkeyed, withKeys);
      if (answer.kind === "refused") return refused(answer.refusal, position);
      same = { as: request, job: answer };
    }
    jobs.push(same.job);
  }
  return among(jobs, (position) => requests[position]?.key ?? `job ${position}`);
}

export type KeyedRequest = Request & { readonly key?: string | undefined };

type WholeJob = Extract<Admitted, { readonly kind: "admitted" }>;

export type AdmittedBulk =
  | { readonly kind: "admitted"; readonly jobs: readonly WholeJob[] }
  /** `position` of the job in the call; null where the refusal is about several. */
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly position: number | null };

/** Whether two JSON values are the same; at the top, `but` is not looked at. */
function isSame(a: unknown, b: unknown, but: string | null = null): boolean {
  if (a === b) return true;
  if (!isComposite(a) || !isComposite(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  let fields = 0;
  for (const field in a) {
    if (field === but || a[field] === undefined) continue;
    if (!isSame(a[field], b[field])) return false;
    fields += 1;
  }
  for (const field in b) if (field !== but && b[field] !== undefined) fields -= 1;
  return fields === 0;
}

function isComposite(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === "object" && value !== null;
}

/** What the jobs say of each other. */
function among(jobs: readonly WholeJob[], nameOf: (position: number) => string): AdmittedBulk {
  if (jobs.every(({ after }) => after.length === 0)) return { kind: "admitted", jobs };
  const edges = new Map(jobs.map(({ after }, position) => [position, after.map((one) => one.position)]));
  const cycle = findCycle(edges);
  if (cycle) return refused({ kind: "dependency-cycle", jobs: cycle.map(nameOf) });
  for (const [position, { spec, after }] of jobs.entries()) {
    for (const { dependency, position: other } of after) {
      const upstream = jobs[other]?.spec.array ?? null;
      if (dependency.kind === "aftercorr") {
        if (!sameIndices(spec.array, upstream))
          return refused({ kind: "array-mismatch", job: nameOf(other) }, position);
      } else if (dependency.index !== null && !hasIndex(upstream, dependency.index)) {
        return refused({ kind: "unknown-dependency", job: `${nameOf(other)}_${dependency.index}` }, position);
      }
    }
  }
  return { kind: "admitted", jobs };
}

function refused(refusal: Refusal, position: number | null = null): AdmittedBulk {
  return { kind: "refused", refusal, position };
}
