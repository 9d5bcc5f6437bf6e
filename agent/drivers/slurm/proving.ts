import { setTimeout as delay } from "node:timers/promises";
import { testAccount } from "./account-test.ts";
import { isKeptOut } from "./accounts.ts";
import type { Engine } from "./engine.ts";
import type { Mapping, MappingEntry } from "./mapping.ts";

/**
 * Tries accounts that the site says are there (P2): a job of one second as that user. It becomes `ready` when that has
 * succeeded, else it stays `created` with the reason, and is tried again in an hour, or when the site changes the entry.
 */
export type ProvingSettings = {
  readonly engine: Engine;
  readonly mapping: Mapping;
  /** Where the test submission goes. */
  readonly partition: () => Promise<string>;
  readonly note: (words: string, facts: object) => void;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly everyMs: number;
};

const againAfterMs = 3_600_000;
const patienceMs = 3_600_000;

/** Until the signal; trouble with one entry keeps no other waiting. */
export async function keepProving(settings: ProvingSettings): Promise<void> {
  const { mapping, signal, note, nowMs } = settings;
  const under = new Map<string, Promise<void>>();
  while (!signal.aborted) {
    for (const entry of mapping.entries()) {
      const key = `${entry.person} ${entry.project} ${entry.user} ${entry.account}`;
      const { readiness } = entry;
      if (readiness.kind !== "created" || isKeptOut(entry) || under.has(key)) continue;
      if (readiness.words !== null && nowMs() - readiness.sinceMs < againAfterMs) continue;
      const trial = prove(entry, settings).then((words) => {
        const sinceMs = nowMs();
        const readiness =
          words === null ? ({ kind: "ready", sinceMs } as const) : ({ kind: "created", sinceMs, words } as const);
        mapping.put({ ...entry, readiness }, entry);
        note("a local account was tried", { person: entry.person, project: entry.project, words: words ?? "ready" });
      });
      under.set(
        key,
        trial
          .catch((error: unknown) => {
            if (!signal.aborted) note("a local account could not be tried", { user: entry.user, error: String(error) });
          })
          .finally(() => under.delete(key)),
      );
    }
    await delay(settings.everyMs, undefined, { signal }).catch(() => {});
  }
}

/** null: it succeeded; else why not, for the operator. */
async function prove(entry: MappingEntry, { engine, partition, signal }: ProvingSettings): Promise<string | null> {
  const tried = await testAccount(engine, entry, await partition(), { mostMs: patienceMs, everyMs: 1_000, signal });
  return tried.kind === "passed" ? null : `the test submission: ${tried.words}`;
}
