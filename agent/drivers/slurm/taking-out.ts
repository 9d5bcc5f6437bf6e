import { type CancelWait, cancelWords } from "#core/centre/waiting.ts";
import type { RunId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import type { Engine, TaggedJob } from "./engine.ts";
import { isNotLetIn } from "./let-in.ts";
import type { NotedChunk } from "./notebook.ts";

/**
 * Ends runs at the engine on the network's word, or takes them out of its queue. What cannot be done now is done later,
 * told to the network meanwhile, and begun again after a restart: the notebook has what was asked for.
 */
export type TakingOut = {
  /** `waiting`: only if it has not started. Of a chunk that has its engine's id. */
  readonly takeOut: (chunk: NotedChunk, run: RunId, which: "all" | "waiting") => Promise<void>;
  /** What was asked for before this agent started, or while a user was not let in. */
  readonly goOn: (chunks: Iterable<NotedChunk>) => Promise<void>;
  /** One of a user's that was put off is done now. */
  readonly done: (user: string, job: TaggedJob) => void;
};

export type TakingOutSettings = {
  readonly engine: Pick<Engine, "cancel">;
  readonly lookSoon: (run: RunId) => void;
  readonly tell: (observation: RunObservation) => void;
  readonly note: (words: string, facts: object) => void;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
};

/** What was put off is nobody else's to ask again. */
const againAfterMs = 5_000;

/** Of one run of a chunk that has its engine's id. */
export function jobOf({ facts, engineId }: NotedChunk, run: RunId): TaggedJob {
  const index = facts.runs.find((one) => one.run === run)?.index ?? 0;
  return { id: facts.isArray ? `${engineId}_${index}` : `${engineId}`, tag: facts.chunk };
}

function keyOf(user: string, { id, tag }: TaggedJob): string {
  return `${user} ${tag} ${id}`;
}

export function openTakingOut({ engine, lookSoon, tell, note, nowMs, signal }: TakingOutSettings): TakingOut {
  /** By user and job; each is told of once. */
  const putOff = new Map<string, RunId>();
  /** Asked for again soon: the engine gave no answer. */
  const goingOn = new Set<RunId>();

  function remark(run: RunId, words: string, cancelWaits: CancelWait | null): void {
    tell({ kind: "remark", run, atMs: nowMs(), words, cancelWaits });
  }

  async function takeOut(chunk: NotedChunk, run: RunId, which: "all" | "waiting"): Promise<void> {
    const { facts } = chunk;
    const job = jobOf(chunk, run);
    const { waitsFor } = await engine.cancel(facts.user, [job], which).catch((error: unknown) => {
      if (!isNotLetIn(error)) throw error;
      return { waitsFor: "let-in" as const };
    });
    const key = keyOf(facts.user, job);
    if (waitsFor !== undefined && !putOff.has(key)) {
      putOff.set(key, run);
      remark(run, cancelWords(waitsFor, "en", which === "all" ? "end" : "back"), waitsFor);
    }
    if (waitsFor === undefined && putOff.delete(key)) remark(run, "the engine was asked to end it", null);
    lookSoon(run);
  }

  async function goOnWith(chunk: NotedChunk, run: RunId): Promise<void> {
    if (chunk.ended.has(run) || signal.aborted) return;
    await takeOut(chunk, run, chunk.asked.has(run) ? "all" : "waiting").catch((error: unknown) => {
      if (goingOn.has(run)) return;
      note("what was to be ended before is asked for again", { run, error: String(error) });
      goingOn.add(run);
      setTimeout(() => {
        goingOn.delete(run);
        void goOnWith(chunk, run);
      }, againAfterMs).unref();
    });
  }

  return {
    takeOut,
    async goOn(chunks) {
      for (const chunk of [...chunks]) {
        if (chunk.engineId === null) continue;
        for (const run of new Set([...chunk.asked, ...chunk.takenBack])) await goOnWith(chunk, run);
      }
    },
    done(user, job) {
      const key = keyOf(user, job);
      const run = putOff.get(key);
      if (run === undefined) return;
      putOff.delete(key);
      remark(run, "its user has lent a credential again, and the engine was asked to end it", null);
      lookSoon(run);
    },
  };
}
