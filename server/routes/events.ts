import type { Event } from "#api/job.ts";
import { type Handlers, refused } from "#server/http/handler.ts";
import { maySee, type Person } from "#server/identity/caller.ts";
import type { Database } from "#server/store/database.ts";
import { type FeedEvent, isAfter, parsePosition, positionText } from "#server/store/event.ts";
import type { Feed } from "#server/store/feed.ts";
import { visibleJob } from "./visible.ts";

/**
 * Job changes as they happen, of what the caller may see. A stream that is resumed first gets what it missed from the
 * store, then goes over to the feed: nothing is missed or sent twice between the two.
 */
export function eventHandlers(context: EventContext): Pick<Handlers, "events"> {
  const { db, feed } = context;
  return {
    async events({ caller, query, lastEventId }) {
      const text = lastEventId ?? query.after;
      const after = text === undefined ? null : parsePosition(text);
      if (after === null && text !== undefined) return refused({ kind: "bad-cursor" });
      if (query.job !== undefined) {
        const found = await visibleJob(db, caller, query.job);
        if (found.kind === "refused") return found;
      }
      return {
        kind: "stream",
        async run(sink) {
          const send = (event: FeedEvent) => {
            if (isFor(event, caller, query.job) && event.job !== null)
              sink.send(positionText(event), eventView(event, event.job));
          };
          let live = after === null;
          const unsubscribe = feed.subscribe((events) => {
            if (live) for (const event of events) send(event);
          });
          try {
            let last = after;
            while (last !== null && !live && !sink.closed.aborted) {
              const upTo = feed.position();
              const missed: readonly FeedEvent[] = await feed.read(last, batch);
              for (const event of missed) send(event);
              last = missed.at(-1) ?? upTo;
              await sink.drained();
              // The feed moves and calls its listeners in one go, so nothing comes between this look and the next event.
              if (!isAfter(feed.position(), last)) live = true;
            }
            await closed(sink.closed);
          } finally {
            unsubscribe();
          }
        },
      };
    },
  };
}

export type EventContext = { readonly db: Database; readonly feed: Pick<Feed, "subscribe" | "position" | "read"> };

const batch = 1000;

function isFor(event: FeedEvent, caller: Person, job: number | undefined): boolean {
  if (event.job === null || event.project === null) return false;
  return (job === undefined || event.job === job) && maySee(caller, event.project);
}

function eventView(event: FeedEvent, job: number): Event {
  return {
    id: positionText(event),
    atMs: event.atMs,
    job,
    index: event.index,
    attempt: event.attempt,
    kind: event.kind,
    state: event.state,
    centre: event.centre,
    cause: event.cause,
  };
}

function closed(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
