import { type CancelWait, cancelWords } from "#core/centre/waiting.ts";
import type { RunId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import type { Engine } from "./engine.ts";
import type { NotedChunk } from "./notebook.ts";

/**
 * Ends runs at the engine on the network's word, or takes them out of its queue. What cannot be done now is done later,
 * told to the network meanwhile, and begun again after a restart: the notebook has what was asked for.
 */
export type TakingOut = {
  /** `waiting`: only if it has not started. Of a chunk that has its engine's id. */
  readonly takeOut: (chunk: NotedChunk, run: RunId, which: "all" | "waiting") => Promise<void>;
  /** What an agent before this one was asked for. Where the engine is silent the network asks again. */
  readonly goOn: (chunks: Iterable<NotedChunk>) => Promise<void>;
  /** One of a user's that was put off is done now. */
  readonly done: (user: string, engineId: string) => void;
};

export type TakingOutSettings = {
  readonly engine: Pick<Engine, "cancel">;
  readonly lookSoon: (run: RunId) => void;
  readonly tell: (observation: RunObservation) => void;
  readonly note: (words: string, facts: object) => void;
  readonly nowMs: () => number;
};

/** Of one run of a chunk that has its engine's id: `12`, or `12_3`. */
export function engineIdIn({ facts, engineId }: NotedChunk, run: RunId): string {
  const index = facts.runs.find((one) => one.run === run)?.index ?? 0;
  return facts.isArray ? `${engineId}_${index}` : `${engineId}`;
}

export function openTakingOut({ engine, lookSoon, tell, note, nowMs }: TakingOutSettings): TakingOut {
  /** By user and engine's id; each is told of once. */
  const putOff = new Map<string, RunId>();

  function remark(run: RunId, words: string, cancelWaits: CancelWait | null): void {
    tell({ kind: "remark", run, atMs: nowMs(), words, cancelWaits });
  }

  async function takeOut(chunk: NotedChunk, run: RunId, which: "all" | "waiting"): Promise<void> {
    const { facts } = chunk;
    const id = engineIdIn(chunk, run);
    const { waitsFor } = await engine.cancel(facts.user, [id], which);
    const key = `${facts.user} ${id}`;
    if (waitsFor !== undefined && !putOff.has(key)) {
      putOff.set(key, run);
      remark(run, cancelWords(waitsFor, "en", which === "all" ? "end" : "back"), waitsFor);
    }
    lookSoon(run);
  }

  return {
    takeOut,
    async goOn(chunks) {
      for (const chunk of [...chunks]) {
        if (chunk.engineId === null) continue;
        for (const run of new Set([...chunk.asked, ...chunk.takenBack])) {
          if (chunk.ended.has(run)) continue;
          await takeOut(chunk, run, chunk.asked.has(run) ? "all" : "waiting").catch((error: unknown) =>
            note("a cancel from before the restart is not done; the network asks again", { run, error: String(error) }),
          );
        }
      }
    },
    done(user, engineId) {
      const key = `${user} ${engineId}`;
      const run = putOff.get(key);
      if (run === undefined) return;
      putOff.delete(key);
      remark(run, "its user has lent a credential again, and the engine was asked to end it", null);
      lookSoon(run);
    },
  };
}
