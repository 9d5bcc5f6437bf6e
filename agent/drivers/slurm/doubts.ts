import { setTimeout as delay } from "node:timers/promises";
import { tagPrefix } from "./chunks.ts";
import { type Engine, EngineSilent, type Listing, PolicyRefusal } from "./engine.ts";
import { carriesTag } from "./job-word.ts";
import type { ChunkFacts } from "./notebook.ts";

/**
 * What to do when it is not certain whether a submission arrived (R3), and how soon to come again when the engine asks
 * for patience (P6).
 */
export type Doubts = {
  /**
   * The engine's id of the chunk, or null once it is proved not to be there: the engine has answered, later than its own
   * message time-out after the doubt began, and neither queue nor accounting has the tag. Throws only when closed.
   */
  readonly lookUp: (facts: ChunkFacts) => Promise<string | null>;
  /** Waits: 2 s, then twice as long, at most a minute, until `eased`. */
  readonly pause: (user: string, why: string) => Promise<void>;
  readonly eased: (user: string) => void;
};

export type DoubtSettings = {
  readonly engine: Engine;
  readonly note: (words: string, facts: object) => void;
  readonly messageTimeoutMs: () => Promise<number>;
  /** A user is listed for what is in doubt at most so often (P6). */
  readonly listEveryMs: number;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly signal: AbortSignal;
};

const lookEveryMs = 1000;
const notedEveryMs = 10_000;
const firstPauseMs = 2000;
const longestPauseMs = 60_000;

export function doubts(settings: DoubtSettings): Doubts {
  const { engine, monotonicMs, note, signal } = settings;
  const pauses = new Map<string, number>();
  let notedMs = Number.NEGATIVE_INFINITY;
  /** One listing a user for all that is in doubt; it counts only for those who were in doubt before it began. */
  const listings = new Map<string, { readonly begunMs: number; readonly listing: Promise<Listing> }>();

  function listing(
    user: string,
    tag: string,
    sinceS: number,
  ): { readonly begunMs: number; readonly listing: Promise<Listing> } {
    const key = `${user} ${tag}`;
    const under = listings.get(key);
    if (under && monotonicMs() - under.begunMs < settings.listEveryMs) return under;
    const fresh = { begunMs: monotonicMs(), listing: engine.list(user, tag, sinceS) };
    fresh.listing.catch(() => {});
    listings.set(key, fresh);
    return fresh;
  }

  return {
    async lookUp({ user, chunk, submittedMs }) {
      const doubtSinceMs = monotonicMs();
      for (;;) {
        signal.throwIfAborted();
        try {
          const sinceS = Math.ceil(Math.max(0, settings.nowMs() - submittedMs) / 1000) + 3600;
          const believedAfterMs = doubtSinceMs + (await settings.messageTimeoutMs());
          const { begunMs, listing: asked } = listing(user, tagPrefix(chunk), sinceS);
          const { queue, accounting, isPartial } = await asked;
          const copies = [...queue, ...(accounting ?? [])].filter((word) => carriesTag(word, chunk));
          const ids = [...new Set(copies.map((word) => word.arrayJob ?? word.jobId))].sort((a, b) => a - b);
          if (ids.length > 1) note("a submission came twice; the copies run nothing", { chunk, ids });
          if (ids[0] !== undefined) return String(ids[0]);
          if (isPartial) throw new EngineSilent(`${user} lends no credential now: what is not seen may be there`);
          if (begunMs > believedAfterMs) return null;
        } catch (error) {
          if (!(error instanceof EngineSilent) && !(error instanceof PolicyRefusal)) throw error;
          if (monotonicMs() - notedMs > notedEveryMs) {
            notedMs = monotonicMs();
            note("the look-up has no answer; it is tried again", { chunk, error: error.message });
          }
        }
        await delay(lookEveryMs, undefined, { signal });
      }
    },
    async pause(user, why) {
      const pauseMs = pauses.get(user) ?? firstPauseMs;
      pauses.set(user, Math.min(longestPauseMs, pauseMs * 2));
      note("the engine takes no work now; it is asked again", { user, inMs: pauseMs, why });
      await delay(pauseMs, undefined, { signal });
    },
    eased: (user) => void pauses.delete(user),
  };
}
