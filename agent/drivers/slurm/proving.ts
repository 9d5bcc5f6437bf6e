import { setTimeout as delay } from "node:timers/promises";
import { type Engine, EngineSilent, PolicyRefusal, type Submission } from "./engine.ts";
import { accountingWord, endedStates } from "./job-word.ts";
import type { Mapping, MappingEntry } from "./mapping.ts";

/**
 * Tries accounts that the site says are there (P2): a job of one second as that user. It becomes `ready` when that has
 * succeeded, else it stays `created` with the reason, and is tried again in an hour, or when the site changes the entry.
 */
export type ProvingSettings = {
  readonly engine: Engine;
  readonly mapping: Mapping;
  readonly network: string;
  /** Where the test submission goes. */
  readonly partition: () => Promise<string>;
  readonly note: (words: string, facts: object) => void;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly everyMs: number;
};

const againAfterMs = 3_600_000;
const patienceS = 3_600;

/** Until the signal; trouble with one entry keeps no other waiting. */
export async function keepProving(settings: ProvingSettings): Promise<void> {
  const { mapping, signal, note, nowMs } = settings;
  const under = new Map<string, Promise<void>>();
  while (!signal.aborted) {
    for (const entry of mapping.entries()) {
      const key = `${entry.person} ${entry.project} ${entry.user} ${entry.account}`;
      const { readiness } = entry;
      if (readiness.kind !== "created" || under.has(key)) continue;
      if (readiness.words !== null && nowMs() - readiness.sinceMs < againAfterMs) continue;
      const trial = prove(entry, settings).then((words) => {
        const sinceMs = nowMs();
        mapping.put({
          ...entry,
          readiness: words === null ? { kind: "ready", sinceMs } : { kind: "created", sinceMs, words },
        });
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
async function prove(entry: MappingEntry, settings: ProvingSettings): Promise<string | null> {
  const { engine, signal } = settings;
  const chunk = `${settings.network}-probe-${entry.person ?? 0}-${entry.project ?? 0}-${Math.floor(settings.nowMs() / 1000)}`;
  const answer = await engine.submit(probe(entry, chunk, await settings.partition()));
  try {
    if (answer.kind !== "submitted") return `the test submission: ${answer.words}`;
    for (const untilMs = settings.nowMs() + 2 * patienceS * 1000; settings.nowMs() < untilMs; ) {
      await delay(1_000, undefined, { signal });
      const state = await stateOf(engine, entry.user, answer.engineId);
      if (state === "COMPLETED") return null;
      if (state !== null && endedStates.has(state)) return `the test job ${answer.engineId} ended in state ${state}`;
    }
    return `the test job ${answer.engineId} has not ended in time`;
  } finally {
    await engine.remove(entry.user, chunk).catch(() => {});
  }
}

async function stateOf(engine: Engine, user: string, engineId: string): Promise<string | null> {
  try {
    const { controller, accounting } = await engine.jobs(user, [engineId]);
    const closed = (accounting ?? []).flatMap((row) => accountingWord(row) ?? [])[0];
    return controller[0]?.state ?? closed?.state ?? null;
  } catch (error) {
    if (error instanceof EngineSilent || error instanceof PolicyRefusal) return null;
    throw error;
  }
}

function probe(entry: MappingEntry, chunk: string, partition: string): Submission {
  return {
    user: entry.user,
    account: entry.account,
    partition,
    qos: entry.qos,
    chunk,
    name: "weir-account-test",
    nodes: 1,
    tasks: 1,
    cpusPerTask: 1,
    tasksPerNode: null,
    memMibPerNode: 16,
    gres: null,
    timeLimitMin: 1,
    timeLimitMs: 60_000,
    graceMs: 1_000,
    startWithinS: patienceS,
    array: null,
    wholeArray: null,
    runs: [{ index: 0, run: "1.0.1" }],
    script: null,
    arguments: ["/bin/true"],
    environment: {},
    files: [],
    workingDirectory: null,
    stdout: null,
    stderr: null,
    isAgain: false,
  };
}
