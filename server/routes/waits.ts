import type pg from "pg";
import type { JobSummary } from "#api/job.ts";
import { waitWords } from "#core/centre/waiting.ts";
import { jobId } from "#core/ids.ts";
import type { Language } from "#core/language.ts";
import { firstReasonWords } from "#core/scheduling/first-reason-words.ts";
import type { World } from "#core/scheduling/world.ts";
import type { JobRead } from "#server/store/read/jobs.ts";
import { readWaitsThere } from "#server/store/read/waits-there.ts";

type Known = { readonly pool: pg.Pool; readonly world: Pick<World, "firstReasons">; readonly nowMs: number };

/** Each job with what the first of its tasks that wait is waiting for; at most one read for all of them. */
export async function withWaits(
  jobs: readonly JobRead[],
  { pool, world, nowMs }: Known,
  language: Language,
): Promise<JobSummary[]> {
  const there = await readWaitsThere(
    pool,
    jobs.filter(mayWaitThere).map(({ id }) => id),
  );
  const queued = jobs.filter(({ counts }) => counts.queued > 0).map(({ id }) => jobId(id));
  const reasons = world.firstReasons(queued, nowMs);
  return jobs.map((job) => {
    const reason = reasons.get(jobId(job.id));
    if (reason !== undefined)
      return {
        ...job,
        waits: { rule: "rule" in reason ? reason.rule : null, words: firstReasonWords(reason, language) },
      };
    const waiting = there.get(job.id);
    return { ...job, waits: waiting === undefined ? null : { rule: null, words: waitWords(waiting, language) } };
  });
}

/** Of long arrays the one that waits may be their last, and all runs before it would be read. */
function mayWaitThere({ counts, tasks }: JobRead): boolean {
  return counts.queued === 0 && counts.placed + counts.starting > 0 && tasks <= 1000;
}
