import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { say } from "./doctor-words.ts";
import { type Engine, EngineSilent, PolicyRefusal, type Submission } from "./engine.ts";
import { endedStates } from "./job-word.ts";
import type { MappingEntry } from "./mapping.ts";

export type AccountTest =
  | { readonly kind: "passed"; readonly engineId: string; readonly tookMs: number }
  /** `rule`: of the site's policy, which let nothing be submitted; null: it was tried. */
  | { readonly kind: "failed"; readonly words: string; readonly rule: string | null }
  /** It waits in the queue, or the engine does not answer: nothing is known of the account. It was taken back. */
  | { readonly kind: "unknown"; readonly words: string };

/**
 * One small job as the local user of a mapping (P2): submitted, run and ended well, and then nothing is left of it. It
 * belongs to no job of the network and is billed to nobody.
 */
export async function testAccount(
  engine: Engine,
  entry: Pick<MappingEntry, "user" | "account" | "qos">,
  partition: string,
  patience: { readonly mostMs: number; readonly everyMs: number; readonly signal?: AbortSignal },
): Promise<AccountTest> {
  const beganMs = performance.now();
  const chunk = `account-test-${randomBytes(6).toString("hex")}`;
  const { user } = entry;
  try {
    const answer = await engine.submit(probe(entry, partition, chunk, Math.ceil(patience.mostMs / 1000)));
    if (answer.kind === "refused") return { kind: "failed", words: answer.words, rule: answer.rule ?? null };
    if (answer.kind !== "submitted") return { kind: "unknown", words: answer.words };
    const { engineId } = answer;
    let over: string | null = null;
    let overSinceMs: number | null = null;
    while (performance.now() - beganMs < patience.mostMs) {
      const [found] = await orSilent(engine.records(user, [chunk], []), []);
      const ended = [...(found?.runs.values() ?? [])].flat().find((record) => record.ended !== null)?.ended;
      if (ended?.cause === "exited" && ended.exitCode === 0)
        return { kind: "passed", engineId, tookMs: Math.round(performance.now() - beganMs) };
      if (ended)
        return {
          kind: "failed",
          words: say("testEnded", { job: engineId, user, words: ended.words ?? ended.cause }),
          rule: null,
        };
      if (overSinceMs !== null && performance.now() - overSinceMs > recordWithinMs)
        return { kind: "failed", words: say("testNoRecord", { job: engineId, user, state: over ?? "" }), rule: null };
      if (overSinceMs === null) {
        over = await endOf(engine, user, engineId);
        overSinceMs = over === null ? null : performance.now();
      }
      await delay(patience.everyMs, undefined, { signal: patience.signal });
    }
    await engine.cancel(user, [{ id: engineId, tag: chunk }], "all");
    return { kind: "unknown", words: say("testLate", { job: engineId, user, s: patience.mostMs / 1000 }) };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return error instanceof PolicyRefusal ? { kind: "failed", words, rule: error.rule } : { kind: "unknown", words };
  } finally {
    await engine.remove(user, chunk).catch(() => {});
  }
}

/** A node's folder may be seen here some seconds later (NFS). */
const recordWithinMs = 10_000;

/** What does not answer now is asked again. */
function orSilent<Value>(answer: Promise<Value>, silent: Value): Promise<Value> {
  return answer.catch((error: unknown) => {
    if (error instanceof EngineSilent) return silent;
    throw error;
  });
}

/** The state of a job that Slurm says has ended; null while it waits, runs or is not known any more. */
async function endOf(engine: Engine, user: string, engineId: string): Promise<string | null> {
  const answer = await orSilent(engine.jobs(user, [engineId]), null);
  const state = answer?.controller[0]?.state;
  return state !== undefined && endedStates.has(state) ? state : null;
}

function probe(
  { user, account, qos }: Pick<MappingEntry, "user" | "account" | "qos">,
  partition: string,
  chunk: string,
  startWithinS: number,
): Submission {
  return {
    user,
    account,
    partition,
    qos,
    chunk,
    name: "account-test",
    nodes: 1,
    tasks: 1,
    cpusPerTask: 1,
    tasksPerNode: null,
    memMibPerNode: 64,
    gres: null,
    timeLimitMin: 1,
    timeLimitMs: 30_000,
    graceMs: 1_000,
    startWithinS,
    array: null,
    wholeArray: null,
    // Within the numbers of trial runs, which no job of the network ever has.
    runs: [{ index: 0, run: "9007199254740991.0.1" }],
    script: "#!/bin/sh\nexit 0\n",
    arguments: [],
    environment: {},
    files: [],
    workingDirectory: null,
    stdout: null,
    stderr: null,
    isAgain: false,
  };
}
