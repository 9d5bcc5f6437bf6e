import type { RunId } from "#core/ids.ts";

/**
 * Runs that are to end and whose programs were told so: each has the time that its job asked for before it is ended. An agent
 * that is restarted meanwhile is asked for the end again by the server, and tells the program again.
 */
export type Warnings = {
  /** Tells it and sees to its end; nothing where that is under way. Rejects where it could not be told. */
  readonly warn: (run: RunId, beforeS: number, tell: () => Promise<void>, end: () => Promise<unknown>) => Promise<void>;
  /** It is ended now, or has ended by itself. */
  readonly forget: (run: RunId) => void;
  readonly close: () => void;
};

export function openWarnings(note: (words: string, facts: object) => void, retryMs: number): Warnings {
  const timers = new Map<RunId, NodeJS.Timeout | null>();

  function endLater(run: RunId, afterMs: number, end: () => Promise<unknown>): void {
    const timer = setTimeout(() => {
      end().catch((error: unknown) => {
        note("a run that was told to end is ended later", { run, error: String(error) });
        if (timers.has(run)) endLater(run, retryMs, end);
      });
    }, afterMs);
    timers.set(run, timer);
  }

  return {
    async warn(run, beforeS, tell, end) {
      if (timers.has(run)) return;
      timers.set(run, null);
      try {
        await tell();
      } catch (error) {
        timers.delete(run);
        throw error;
      }
      if (timers.has(run)) endLater(run, 1000 * beforeS, end);
    },
    forget(run) {
      clearTimeout(timers.get(run) ?? undefined);
      timers.delete(run);
    },
    close() {
      for (const timer of timers.values()) clearTimeout(timer ?? undefined);
      timers.clear();
    },
  };
}
