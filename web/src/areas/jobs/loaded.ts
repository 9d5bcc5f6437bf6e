import type { JobSummary } from "#api/job.ts";

/**
 * The part of a list of jobs that was read so far: newest (largest id) first, without holes, and the places from which it
 * can be read again. The whole list may have a million rows; only what somebody looked at is here.
 */
export type Loaded = {
  readonly jobs: readonly JobSummary[];
  /** Where the list goes on; null at its end. */
  readonly next: string | null;
  /** Reading with `cursor` gives the jobs with smaller ids than `afterId`, at most `pageRows` of them. Ids descend. */
  readonly anchors: readonly Anchor[];
};
export type Anchor = { readonly afterId: number; readonly cursor: string | null };
export type PageOfJobs = { readonly jobs: readonly JobSummary[]; readonly next: string | null };

export const pageRows = 100;
const top: Anchor = { afterId: Number.POSITIVE_INFINITY, cursor: null };
export const nothingLoaded: Loaded = { jobs: [], next: null, anchors: [top] };

/**
 * Lays a page that was read from `anchor` over what was there: it is the truth for its stretch of ids, so jobs that left
 * the filter go and others come. A newest page that does not reach what was loaded leaves a hole, so it replaces all.
 */
export function merge(loaded: Loaded, anchor: Anchor, page: PageOfJobs): Loaded {
  const lastId = page.next === null ? 0 : (page.jobs.at(-1)?.id ?? 0);
  const below = loaded.jobs.filter((job) => job.id < lastId);
  const above = loaded.jobs.filter((job) => job.id >= anchor.afterId);
  const firstBefore = loaded.jobs[above.length]?.id;
  const leavesHole = firstBefore !== undefined && lastId > firstBefore;
  if (leavesHole || below.length === 0) {
    return {
      jobs: [...above, ...page.jobs],
      next: page.next,
      anchors: withAnchor(
        loaded.anchors.filter((one) => one.afterId >= anchor.afterId),
        lastId,
        page.next,
      ),
    };
  }
  const kept = loaded.anchors.filter((one) => one.afterId >= anchor.afterId || one.afterId <= lastId);
  return { jobs: [...above, ...page.jobs, ...below], next: loaded.next, anchors: withAnchor(kept, lastId, page.next) };
}

function withAnchor(anchors: readonly Anchor[], afterId: number, cursor: string | null): readonly Anchor[] {
  if (cursor === null || anchors.some((one) => one.afterId === afterId)) return anchors;
  return [...anchors, { afterId, cursor }].sort((a, b) => b.afterId - a.afterId);
}

/** The page that goes on behind what is loaded; null at the end. */
export function nextAnchor(loaded: Loaded): Anchor | null {
  const last = loaded.jobs.at(-1);
  return loaded.next === null || !last ? null : { afterId: last.id, cursor: loaded.next };
}

/** From where to read again so that what changed between the ids `from` and `to` (descending) is seen. */
export function staleAnchor(loaded: Loaded, changed: Iterable<number>, from: number, to: number): Anchor | null {
  for (const id of changed) {
    if (id <= from && id >= to) return loaded.anchors.findLast((one) => one.afterId > id) ?? null;
  }
  return null;
}

/** Whether the page that was read from `anchor` says everything about the job `id`, by naming it or by its absence. */
export function covers(anchor: Anchor, page: PageOfJobs, id: number): boolean {
  return id < anchor.afterId && (page.next === null || id >= (page.jobs.at(-1)?.id ?? 0));
}

/** The smallest id of which what is loaded knows that it is, or is not, in the list. */
export function lowestKnown(loaded: Loaded): number {
  return loaded.next === null ? 0 : (loaded.jobs.at(-1)?.id ?? 0);
}
