import type { Event } from "#api/job.ts";
import { type Handlers, refused } from "#server/http/handler.ts";
import { maySee, type Person } from "#server/identity/caller.ts";
import type { Database } from "#server/store/database.ts";
import { type FeedEvent, isAfter, parsePosition, positionText } from "#server/store/event.ts";
import type { Feed } from "#server/store/feed.ts";
import type { Names } from "#server/store/read/names.ts";
import { visibleJob } from "./visible.ts";

/**
 * Job changes as they happen, of what the caller may see. A stream that is resumed first gets what it missed from the
 * store, then goes over to the feed: nothing is missed or sent twice between the two.
 */
export function eventHandlers(context: EventContext): Pick<Handlers, "events"> {
  const { db, feed, names } = context;
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
          /** One after another, also where a name has to be looked up first. */
          let sent: Promise<void> = Promise.resolve();
          const send = (events: readonly FeedEvent[]) => {
            const wanted = events.filter((event): event is JobEvent => isFor(event, caller, query.job));
            if (wanted.length === 0) return;
            sent = sent.then(async () => {
              const causes = wanted.map((event) => event.cause);
              // Without a store the id stands for the name.
              if (!causes.every(names.knows)) await names.learn(causes).catch(() => undefined);
              for (const event of wanted) sink.send(positionText(event), eventView(event, names));
            });
          };
          let live = after === null;
          const unsubscribe = feed.subscribe((events) => {
            if (live) send(events);
          });
          try {
            let last = after;
            while (last !== null && !live && !sink.closed.aborted) {
              const upTo = feed.position();
              const missed: readonly FeedEvent[] = await feed.read(last, batch);
              send(missed);
              last = missed.at(-1) ?? upTo;
              await sent;
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

export type EventContext = {
  readonly db: Database;
  readonly feed: Pick<Feed, "subscribe" | "position" | "read">;
  readonly names: Names;
};

/** An event about a job; the others concern centres. */
type JobEvent = FeedEvent & { readonly job: number; readonly project: number };

const batch = 1000;

function isFor(event: FeedEvent, caller: Person, job: number | undefined): event is JobEvent {
  if (event.job === null || event.project === null) return false;
  return (job === undefined || event.job === job) && maySee(caller, event.project);
}

function eventView(event: JobEvent, names: Names): Event {
  return {
    id: positionText(event),
    atMs: event.atMs,
    job: event.job,
    index: event.index,
    attempt: event.attempt,
    kind: event.kind,
    state: event.state,
    centre: event.centre,
    cause: names.words(event.cause),
  };
}

function closed(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
