import { jobId } from "#core/ids.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";
import type { FeedEvent } from "#server/store/event.ts";
import { isLost } from "#server/store/read-learnt.ts";

/** What an event of the feed says of places: runs asked back, refused or lost to a node, and what a task was told of its start. */
export function placingEvents(event: FeedEvent): readonly WorldEvent[] {
  const { kind, job, index, attempt, centre, detail, atMs } = event;
  if (job === null || index === null) return [];
  const task = { job: jobId(job), index };
  if (kind === "estimated") {
    const { pool, startsMs } = detail ?? {};
    if (!centre || pool === undefined || typeof startsMs !== "number") return [];
    return [{ kind: "start-told", ...task, centre, pool, madeMs: atMs, startsMs }];
  }
  if (attempt === null) return [];
  if (kind === "withdraw-requested") return [{ kind: "run-asked-back", ...task, attempt, to: detail?.to ?? null }];
  if (kind === "run-ended" && detail?.end === "refused" && centre)
    return [{ kind: "job-refused", job: task.job, centre, words: detail.words ?? "" }];
  const isEnd = kind === "ended" || kind === "run-ended";
  return isEnd && detail?.end !== undefined && isLost(detail.end) ? [{ kind: "run-lost", ...task, attempt }] : [];
}
