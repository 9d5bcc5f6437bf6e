import type { RunObservation } from "#core/run-order.ts";
import { endOf } from "./ends.ts";
import type { ChunkRecord, Engine, JobsAnswer } from "./engine.ts";
import { accountingWord, endedStates, type JobWord } from "./job-word.ts";
import type { Notebook } from "./notebook.ts";
import type { EndedRun } from "./past-runs.ts";
import type { WrapperRecord } from "./record.ts";
import type { Words } from "./slurm-text.ts";
import { rowsOfTag, type Track } from "./track.ts";
import { usageByRecord, usageOf, withinSecond } from "./usage.ts";
import { endOfVanished } from "./vanished.ts";
import type { Whereabouts } from "./whereabouts.ts";

/** What the engine said of the runs that it was asked about. */
export type Heard = {
  readonly answer: JobsAnswer;
  readonly controller: (track: Track) => JobWord | null;
  readonly accounting: ReadonlyMap<string, readonly Words[]>;
};

export type JudgeSettings = {
  readonly engine: Engine;
  readonly notebook: Notebook;
  readonly note: (words: string, facts: object) => void;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly vanishedAfterMs: () => Promise<number>;
  /** Of a run that the engine has forgotten while its wrapper had not ended. */
  readonly whereabouts: (started: NonNullable<WrapperRecord["started"]>) => Promise<Whereabouts>;
  readonly tell: (observation: RunObservation) => void;
  /** What the wrapper wrote of it. */
  readonly heed: (track: Track, record: ChunkRecord | undefined) => void;
  /** What the engine says of a run that goes on. */
  readonly heedQueue: (track: Track, word: JobWord) => void;
};

/** Accounting follows the controller within moments; where it does not, what the controller and the wrapper say must do. */
const accountingPatienceMs = 5_000;

/**
 * Of a cancel accounting alone says by whom, and so who bears it: slurmctld sends slurmdbd what it had to keep while that was
 * away only moments after the two are together again. For so long the end is told late rather than of nobody (M7).
 */
export const cancellerPatienceMs = 600_000;

/** Whether a run has ended and how, by the engine's word first (R4); null where it goes on, or more has to come. */
export function judgeRuns(settings: JudgeSettings) {
  const { engine, notebook, note, nowMs, monotonicMs, heed, heedQueue } = settings;

  async function judge(user: string, track: Track, heard: Heard): Promise<EndedRun | null> {
    const { answer } = heard;
    const controller = heard.controller(track);
    const rows = rowsOfTag(heard.accounting.get(track.engineId) ?? [], track.facts.chunk);
    const accounting = rows.flatMap((row) => accountingWord(row) ?? []).at(-1) ?? null;
    if (controller !== null && !endedStates.has(controller.state)) return goesOn(user, track, controller);
    const hasEnded = accounting !== null && endedStates.has(accounting.state);
    // What slurmdbd hears late it shows first as CANCELLED alone, without an end, and moments later by whom.
    const isClosed = hasEnded && (accounting.state !== "CANCELLED" || accounting.endS !== null);
    // While accounting is waited for, the controller may forget it.
    const word = controller ?? (hasEnded ? accounting : track.cancelled);
    // Accounting may hold a job open for ever that the controller has forgotten.
    if (word === null) return answer.isComplete ? vanished(track) : null;
    track.absentSinceMs = null;
    track.endedSinceMs ??= monotonicMs();
    const waitedMs = monotonicMs() - track.endedSinceMs;
    const mayWait = waitedMs < accountingPatienceMs;
    if (answer.accounting !== null && !isClosed) {
      if (mayWait) return null;
      if (waitedMs < cancellerPatienceMs && isByWhom(track, word)) return awaitCanceller(track, word);
    }
    // The wrapper's end may be on its way over a shared file system; one that was killed wrote none.
    if (word.nodes !== null && track.record?.ended == null) {
      await refreshRecord(user, track);
      const mayCome = track.record !== null ? word.signal !== 9 && track.looks < 4 : mayWait;
      if (track.record?.ended == null && mayCome) return null;
    }
    if (track.duplicates.includes(word.jobId) && goesOnElsewhere(track, word.jobId)) return null;
    if (track.isRequeued || word.restarts > 0) return requeued(track, word, rows.length > 0 ? rows : null);
    return finish(user, track, word, accounting, rows, answer.uid);
  }

  /** Whether its end turns on who cancelled it. */
  function isByWhom(track: Track, word: JobWord): boolean {
    const chunk = notebook.chunks.get(track.facts.chunk);
    if (word.state !== "CANCELLED" || track.isRequeued || word.restarts > 0 || chunk?.asked.has(track.run))
      return false;
    return word.nodes !== null || !(track.isFenced || chunk?.takenBack.has(track.run));
  }

  function awaitCanceller(track: Track, word: JobWord): null {
    track.cancelled = word;
    const minutes = cancellerPatienceMs / 60_000;
    doubt(
      track,
      `job ${track.engineId} was cancelled at the centre; its accounting does not say yet by whom, and is asked for up to ${minutes} min`,
    );
    return null;
  }

  async function refreshRecord(user: string, track: Track): Promise<void> {
    const [record] = await engine.records(user, [track.facts.chunk], [track.run]);
    heed(track, record);
  }

  /** A submission in doubt may have come twice: the copy that has the run's folder is the one that counts. */
  function goesOnElsewhere(track: Track, jobId: number): boolean {
    const other = track.record?.started?.engine ?? 0;
    if (other === 0 || other === jobId) return false;
    note("a second copy of a run ran nothing; the first one is followed", {
      run: track.run,
      copy: jobId,
      first: other,
    });
    track.engineId = String(other);
    track.endedSinceMs = null;
    track.cancelled = null;
    return true;
  }

  /** It waits, runs or is being cleared away. A restart was not the network's doing: it owns retries (R5). */
  async function goesOn(user: string, track: Track, word: JobWord): Promise<null> {
    track.absentSinceMs = null;
    track.endedSinceMs = null;
    track.cancelled = null;
    if (word.restarts > 0 && !track.isRequeued) {
      track.isRequeued = true;
      note("the centre requeued a run; it is taken out, and the network starts it again", { run: track.run });
      await engine.cancel(user, [{ id: track.engineId, tag: track.facts.chunk }], "all");
    } else if (word.state !== "COMPLETING" && !track.isRequeued && track.record?.ended == null) {
      track.lookAtMs = Number.POSITIVE_INFINITY;
      heedQueue(track, word);
    }
    return null;
  }

  async function vanished(track: Track): Promise<EndedRun | null> {
    track.absentSinceMs ??= monotonicMs();
    const waitedOut = monotonicMs() - track.absentSinceMs >= (await settings.vanishedAfterMs());
    const started = waitedOut && track.record?.ended === null ? track.record.started : null;
    const where = started && (await settings.whereabouts(started));
    if (where?.kind === "maybe") doubt(track, `the engine knows no job ${track.engineId} any more; ${where.words}`);
    const { chunk, user } = track.facts;
    const fence = waitedOut && track.record === null ? await engine.fence(user, chunk, track.run) : null;
    const found = endOfVanished(track.engineId, track.record, waitedOut, where, fence);
    if (found === null) return null;
    const usage = usageByRecord(track.record ?? { restart: 0, started: null, ended: null });
    const atMs = track.record?.ended?.endedMs ?? nowMs();
    return { kind: "ended", run: track.run, atMs, end: found.end, usage, words: found.words };
  }

  /** Said once for each reason, not at every look. */
  function doubt(track: Track, words: string): void {
    if (track.doubt === words) return;
    track.doubt = words;
    settings.tell({ kind: "remark", run: track.run, atMs: nowMs(), words });
  }

  function requeued(track: Track, word: JobWord, rows: JobsAnswer["accounting"]): EndedRun {
    const first = rows?.flatMap((row) => accountingWord(row) ?? [])[0] ?? null;
    const usage =
      first !== null && first.nodes !== null
        ? usageOf(first, [], track.first)
        : usageByRecord(track.first ?? { restart: 0, started: null, ended: null });
    const atMs = word.endS === null ? nowMs() : word.endS * 1000;
    const end = { kind: "requeued", by: "the centre" } as const;
    return { kind: "ended", run: track.run, atMs, end, usage, words: "the centre requeued it" };
  }

  async function finish(
    user: string,
    track: Track,
    word: JobWord,
    accounting: JobWord | null,
    rows: readonly Words[],
    uid: number | null,
  ): Promise<EndedRun | null> {
    const usage = usageOf(word, rows, track.record);
    const verdict = endOf({
      word,
      accounting,
      record: track.record,
      isDuplicate: track.duplicates.includes(word.jobId),
      askedToCancel: notebook.chunks.get(track.facts.chunk)?.asked.has(track.run) ?? false,
      isTakenBack: notebook.chunks.get(track.facts.chunk)?.takenBack.has(track.run) ?? false,
      isFenced: track.isFenced,
      user: { name: user, uid },
      timeLimitS: track.facts.timeLimitS,
      isOverMemory: await wasOverMemory(user, track, word, usage.memoryWay === "engine" ? usage.peakMemoryMib : 0),
    });
    if (verdict.kind === "elsewhere") {
      note(verdict.words, { run: track.run });
      return track.record?.ended ? vanished(track) : null;
    }
    // slurmdbd calls cancelled what a slurmctld without its state did not name; that may come back, and the task is placed anew.
    if (verdict.end.kind === "withdrawn" && word.source === "accounting") {
      const { chunk } = track.facts;
      if ((await engine.fence(user, chunk, track.run)) === "began") return null;
    }
    const by = accounting?.cancelledBy ?? word.cancelledBy;
    if (verdict.end.kind === "cancelled" && verdict.end.by === "centre")
      note("a run was cancelled at the centre", { run: track.run, by });
    if (verdict.difference !== null) note("engine and wrapper differ", { run: track.run, what: verdict.difference });
    const endedMs = track.record?.ended?.endedMs ?? null;
    const { isByRecord = false } = verdict;
    const engineMs = word.endS === null ? nowMs() : withinSecond(word.endS * 1000, endedMs);
    const words = [verdict.words, verdict.difference].filter((one) => one !== null).join("; ") || null;
    const nodes = word.nodes !== null && word.nodes !== track.nodes ? { nodes: word.nodes } : {};
    return {
      kind: "ended",
      run: track.run,
      atMs: isByRecord ? (endedMs ?? engineMs) : engineMs,
      end: verdict.end,
      usage: isByRecord && track.record !== null ? usageByRecord(track.record) : usage,
      words,
      ...nodes,
    };
  }

  /** OverMemoryKill says it nowhere but in slurmstepd's own line, and in what accounting measured. */
  async function wasOverMemory(user: string, track: Track, word: JobWord, peakMib: number): Promise<boolean> {
    if (word.state !== "FAILED" || word.signal !== 9 || track.record?.ended) return false;
    if (peakMib > track.facts.memoryMibPerNode) return true;
    const { chunk } = track.facts;
    const tail = await engine.read({
      user,
      chunk,
      run: track.run,
      stream: "wrapper",
      offset: -16_384,
      maxBytes: 16_384,
    });
    if (tail.kind === "none") return false;
    const step = new RegExp(`StepId=(?:${track.engineId}|${word.jobId})\\.\\w+ exceeded memory limit`);
    return step.test(Buffer.from(tail.bytes).toString("utf8"));
  }

  return judge;
}
