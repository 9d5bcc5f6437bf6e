import { setTimeout as delay } from "node:timers/promises";
import type { z } from "zod";
import type { logQuery } from "#api/job.ts";
import { jobId, type RunRef } from "#core/ids.ts";
import type { Refusal } from "#core/refusal.ts";
import type { Desk } from "#server/centres/desk.ts";
import { answer, type Handlers, refused } from "#server/http/handler.ts";
import type { Database } from "#server/store/database.ts";
import { readTask } from "#server/store/read/tasks.ts";
import { noSuchTask, visibleJob } from "./visible.ts";

/** Logs stay at the centre that ran the work; each piece is asked of its agent through the desk. */
export function logHandlers(context: LogContext): Pick<Handlers, "log" | "followLog"> {
  const { db, desk } = context;

  async function readPiece(run: RunRef, stream: "stdout" | "stderr", offset: number, maxBytes: number) {
    return desk.requestRead(run, stream, offset, maxBytes, readTimeoutMs);
  }

  return {
    async log({ caller, params, query }) {
      const found = await visibleJob(db, caller, params.job);
      if (found.kind === "refused") return found;
      const run = await runOf(db, params.job, query);
      if (run.kind === "refused") return run;
      const piece = await readPiece(run.run, query.stream, query.offset, query.maxBytes);
      return piece.kind === "refused" ? piece : answer(piece.chunk);
    },

    async followLog({ caller, params, query, lastEventId }) {
      const found = await visibleJob(db, caller, params.job);
      if (found.kind === "refused") return found;
      // The id of an event is the offset after it: that is where a resumed stream goes on.
      const resumed = lastEventId !== null && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : null;
      const task = await readTask(db.pool, params.job, query.index);
      if (task === null) return noSuchTask(params.job, query.index);
      return {
        kind: "stream",
        async run(sink) {
          let offset = resumed ?? query.offset;
          let pauseMs = shortestPauseMs;
          while (!sink.closed.aborted) {
            const run = await runOf(db, params.job, query);
            const piece = run.kind === "refused" ? run : await readPiece(run.run, query.stream, offset, query.maxBytes);
            if (piece.kind === "refused" && !mayComeYet(piece.refusal, run)) return sink.problem(piece.refusal);
            if (piece.kind === "chunk") {
              const { chunk } = piece;
              const grew = chunk.nextOffset > chunk.offset;
              if ((grew || chunk.final) && !sink.send(String(chunk.nextOffset), chunk)) return;
              if (chunk.final) return;
              offset = chunk.nextOffset;
              pauseMs = grew ? shortestPauseMs : Math.min(pauseMs * 2, longestPauseMs);
              await sink.drained();
              if (grew && chunk.nextOffset < chunk.sizeBytes) continue;
            } else {
              pauseMs = Math.min(pauseMs * 2, longestPauseMs);
            }
            await delay(pauseMs, undefined, { signal: sink.closed }).catch(() => undefined);
          }
        },
      };
    },
  };
}

export type LogContext = { readonly db: Database; readonly desk: Pick<Desk, "requestRead"> };

const readTimeoutMs = 10_000;
/** Between two looks at a log that has not grown. */
const shortestPauseMs = 100;
const longestPauseMs = 1000;

type RunFound =
  | { readonly kind: "run"; readonly run: RunRef; readonly taskEnded: boolean }
  | { readonly kind: "refused"; readonly refusal: Refusal };

async function runOf(db: Database, job: number, query: z.output<typeof logQuery>): Promise<RunFound> {
  const task = await readTask(db.pool, job, query.index);
  if (task === null) return noSuchTask(job, query.index);
  const attempt = query.attempt ?? task.attempts;
  if (attempt > task.attempts && attempt > 1)
    return refused({ kind: "not-found", what: "run", id: `${job}.${query.index}.${attempt}` });
  const taskEnded = task.state === "ended";
  if (task.attempts === 0)
    return taskEnded
      ? refused({ kind: "no-log", because: "ended-without-start" })
      : refused({ kind: "log-unavailable", because: "not-placed-yet", centre: null });
  return { kind: "run", run: { job: jobId(job), index: query.index, attempt }, taskEnded };
}

/** A stream waits for a run that has not begun and for a centre that may come back. */
function mayComeYet(refusal: Refusal, run: RunFound): boolean {
  if (refusal.kind === "no-log") return run.kind === "run" && !run.taskEnded;
  return refusal.kind === "log-unavailable" || refusal.kind === "store-unavailable";
}
