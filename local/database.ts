import { setTimeout as delay } from "node:timers/promises";
import { type Embedded, type EmbeddedSettings, startEmbedded } from "#server/postgres/embedded.ts";
import { tell } from "./words.ts";

/**
 * Starts PostgreSQL and keeps it: when it ends unasked it is started again, at once, then after 0.2 s doubling up to
 * 10 s. Its address stays the same. Resolves when it is ready for the first time; throws where that fails.
 */
export async function keepDatabase(settings: EmbeddedSettings, say: (words: string) => void): Promise<KeptDatabase> {
  const stopping = new AbortController();
  let running: Embedded = await startEmbedded(settings);

  const keep = async () => {
    while (!stopping.signal.aborted) {
      const readyMs = performance.now();
      await running.exited;
      if (stopping.signal.aborted) return;
      say(tell("databaseEnded"));
      // One that keeps ending right after its start must not be started in a busy loop.
      let delayMs = performance.now() - readyMs > 10_000 ? 0 : 200;
      for (;;) {
        await delay(delayMs);
        if (stopping.signal.aborted) return;
        try {
          running = await startEmbedded(settings);
          break;
        } catch (error) {
          delayMs = Math.min(10_000, Math.max(200, delayMs * 2));
          say(
            tell("tryingAgain", {
              words: error instanceof Error ? error.message : String(error),
              seconds: delayMs / 1000,
            }),
          );
        }
      }
      say(tell("databaseAgain"));
    }
    // Asked to stop while it was being started.
    await running.stop();
  };
  const kept = keep();
  return {
    url: running.url,
    stop: async (how) => {
      stopping.abort();
      await running.stop(how);
      await kept;
    },
  };
}

export type KeptDatabase = {
  readonly url: string;
  /** Resolves when it has ended. */
  readonly stop: (how: "cleanly" | "now") => Promise<void>;
};
