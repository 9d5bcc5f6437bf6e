import { Unwritten } from "#agent/json-lines.ts";
import type { RunId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import { tagPrefix } from "./chunks.ts";
import { type ChunkRecord, type Engine, EngineSilent, type JobsAnswer, PolicyRefusal } from "./engine.ts";
import { endedStates, type JobWord } from "./job-word.ts";
import { judgeRuns } from "./judging.ts";
import type { KeptOutput } from "./kept-output.ts";
import type { Notebook, NotebookLine, NotedChunk } from "./notebook.ts";
import type { EndedRun } from "./past-runs.ts";
import { waitKind } from "./reasons.ts";
import type { WrapperRecord } from "./record.ts";
import { freshTrack, questionsOf, rowsByJob, type Track, wordsByTask } from "./track.ts";
import type { Whereabouts } from "./whereabouts.ts";

/**
 * Follows what is in the engine's hands, to its end. Three ways, the cheapest first: the wrapper's records, all in one
 * call a user and second (a prompt sign of a start or an end); one listing a user every 10 s (reasons, estimates, what
 * the site did); and questions about single jobs, where one of these gave cause (P6). The engine's word decides (R4).
 */
export type Following = {
  readonly take: (chunk: NotedChunk) => void;
  readonly track: (run: RunId) => Pick<Track, "phase" | "startedMs" | "facts"> | null;
  readonly all: () => Iterable<Pick<Track, "phase" | "facts" | "run">>;
  /** Something was done to it: the engine is asked at once. */
  readonly lookSoon: (run: RunId) => void;
  readonly close: () => void;
};

export type FollowSettings = {
  readonly engine: Engine;
  readonly notebook: Notebook;
  readonly tell: (observation: RunObservation) => void;
  readonly note: (words: string, facts: object) => void;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly recordsEveryMs: number;
  readonly listEveryMs: number;
  /** How long the engine must have known nothing of a job before it counts as gone. */
  readonly vanishedAfterMs: () => Promise<number>;
  readonly heldBeyondMs: number;
  /** What runs wrote that are about to be told as ended. */
  readonly keep: KeptOutput["keep"];
  readonly whereabouts: (started: NonNullable<WrapperRecord["started"]>) => Promise<Whereabouts>;
};

/** After a look that settled nothing: soon, then less often. */
const lookAgainMs = [100, 200, 400, 800, 1500, 3000, 5000] as const;
const mostIds = 100;
const mostChunks = 200;
const mostRuns = 1000;
/** A run that was just submitted may start at once; those that came together are looked at together. */
const firstLookMs = 400;
/** Of more than these few the next reading of all records tells soon enough. */
const mostFresh = 32;
/** A folder costs the helper so much; a user's thousands are read less often. */
const recordsMsEach = 1;
/**
 * For every user the helper is another one, which costs it 2.5 ms of CPU time for the records and 14 for a listing, Slurm's
 * commands apart. So of many users each is asked less often, and all together take no more than about a fifth of a core.
 */
const recordsMsEachUser = 20;
const listMsEachUser = 400;

export function follow(settings: FollowSettings): Following {
  const { engine, notebook, note, tell, nowMs, monotonicMs } = settings;
  const tracks = new Map<RunId, Track>();
  const fresh = new Set<Track>();
  let freshAtMs = Number.POSITIVE_INFINITY;
  let recordsAtMs = 0;
  let listAtMs = 0;
  let closed = false;
  let wake: () => void = () => {};
  let troubleNotedMs = Number.NEGATIVE_INFINITY;

  const judge = judgeRuns({ ...settings, heed, heedQueue });

  function soon(): void {
    wake();
  }

  function byUser(of: Iterable<Track>): Map<string, Track[]> {
    const users = new Map<string, Track[]>();
    for (const track of of) {
      const theirs = users.get(track.facts.user) ?? [];
      users.set(track.facts.user, theirs);
      theirs.push(track);
    }
    return users;
  }

  /** One user's trouble is nobody else's. */
  async function eachUser(of: Iterable<Track>, act: (user: string, tracks: readonly Track[]) => Promise<void>) {
    const acts = [...byUser(of)].map(([user, theirs]) =>
      act(user, theirs).catch((error: unknown) => {
        // What could not be written down is judged anew at the next look.
        const isTrouble = [EngineSilent, PolicyRefusal, Unwritten].some((kind) => error instanceof kind);
        if (!(error instanceof Error) || !isTrouble) throw error;
        if (monotonicMs() - troubleNotedMs < 10_000) return;
        troubleNotedMs = monotonicMs();
        note("runs cannot be followed; it is tried again", { user, error: error.message });
      }),
    );
    await Promise.all(acts);
  }

  async function readRecords(of: Iterable<Track>): Promise<void> {
    await eachUser(of, async (user, theirs) => {
      const chunks = [...new Set(theirs.map(({ facts }) => facts.chunk))];
      const only = theirs.length <= mostRuns ? theirs.map(({ run }) => run) : [];
      const records = new Map<string, ChunkRecord>();
      for (let at = 0; at < chunks.length; at += mostChunks)
        for (const one of await engine.records(user, chunks.slice(at, at + mostChunks), only, "started"))
          records.set(one.chunk, one);
      for (const track of theirs) heed(track, records.get(track.facts.chunk));
    });
  }

  function heed(track: Track, record: ChunkRecord | undefined): void {
    const starts = record?.runs.get(track.run);
    track.duplicates = record?.duplicates ?? [];
    const last = starts?.at(-1);
    if (!last?.started) return;
    track.first = starts?.[0] ?? null;
    track.record = last;
    if (track.phase === "waiting")
      begin(
        track,
        last.started.startedMs,
        last.started.nodes,
        `wrapper on ${last.started.node}, job ${track.engineId}`,
      );
    if (last.ended && track.lookAtMs === Number.POSITIVE_INFINITY) lookNow(track);
  }

  function begin(track: Track, atMs: number, nodes: string | null, evidence: string): void {
    track.phase = "running";
    track.startedMs = atMs;
    track.nodes = nodes;
    tell({ kind: "started", run: track.run, atMs, evidence, ...(nodes !== null && { nodes }) });
  }

  function lookNow(track: Track): void {
    track.looks = 0;
    track.lookAtMs = monotonicMs();
  }

  async function listAll(): Promise<void> {
    await eachUser(tracks.values(), async (user, theirs) => {
      const prefixes = new Set(theirs.map(({ facts }) => tagPrefix(facts.chunk)));
      const listings = await Promise.all([...prefixes].map((prefix) => engine.list(user, prefix, 300)));
      const queue = wordsByTask(listings.flatMap((listing) => listing.queue));
      for (const track of theirs) {
        const word = queue(track);
        if (word === null || endedStates.has(word.state)) {
          if (track.lookAtMs === Number.POSITIVE_INFINITY) lookNow(track);
        } else heedQueue(track, word);
      }
      await takeOutHeld(user, theirs, queue);
    });
  }

  function heedQueue(track: Track, word: JobWord): void {
    if (word.state === "PENDING") {
      if (track.phase === "running") lookNow(track);
      else wait(track, word);
      return;
    }
    if (word.startS === null || !["RUNNING", "SUSPENDED"].includes(word.state)) return;
    tellSuspended(track, word.state === "SUSPENDED");
    // The record of the wrapper comes first as a rule; a file system may be late, or broken.
    const isOld = nowMs() - word.startS * 1000 > 5_000;
    const isUntold = track.phase === "waiting" ? isOld : word.nodes !== null && word.nodes !== track.nodes;
    if (!isUntold) return;
    const atMs = track.phase === "waiting" ? word.startS * 1000 : track.startedMs;
    begin(track, atMs, word.nodes, `Slurm: ${word.state} on ${word.nodes}, job ${track.engineId}`);
  }

  /** What a site stops and lets go on loses nothing by it: neither its time limit nor its bill goes on meanwhile. */
  function tellSuspended(track: Track, isSuspended: boolean): void {
    if (isSuspended === track.isSuspended) return;
    track.isSuspended = isSuspended;
    const words = isSuspended
      ? "the centre has suspended it: it stands still, and that counts neither for its time limit nor for its bill"
      : "the centre lets it go on";
    tell({ kind: "remark", run: track.run, atMs: nowMs(), words });
  }

  /** Told when the reason changes, the first estimate at once, and others at most every 30 s. */
  function wait(track: Track, word: JobWord): void {
    const startsAtMs = word.startS === null ? null : word.startS * 1000;
    const { told } = track;
    const isFirst = told?.startsAtMs === null && startsAtMs !== null;
    const isMoved = Math.abs((startsAtMs ?? 0) - (told?.startsAtMs ?? 0)) >= 30_000;
    const isDue = isFirst || (isMoved && nowMs() - (told?.atMs ?? 0) >= 30_000);
    if (isDue || told === null || told.reason !== word.reason) tellWaiting(track, word.reason, startsAtMs);
  }

  function tellWaiting(track: Track, reason: string | null, startsAtMs: number | null): void {
    const atMs = nowMs();
    track.told = { reason, startsAtMs, atMs };
    const startsInMs = startsAtMs === null ? null : Math.max(0, startsAtMs - atMs);
    tell({
      kind: "waiting",
      run: track.run,
      atMs,
      engineId: track.engineId,
      reason: reason?.slice(0, 255) ?? null,
      reasonKind: reason === null ? null : waitKind(reason),
      startsInMs,
    });
  }

  /** Slurm lets a deadline pass over a job that the site holds; nothing that starts after its lease may wait on. */
  async function takeOutHeld(user: string, theirs: readonly Track[], queue: (track: Track) => JobWord | null) {
    const late = theirs.filter(
      (track) =>
        track.phase === "waiting" &&
        nowMs() > track.facts.startBeforeMs + settings.heldBeyondMs &&
        queue(track)?.state === "PENDING",
    );
    for (let at = 0; at < late.length; at += mostIds) {
      const some = late.slice(at, at + mostIds);
      for (const track of some) track.isFenced = true;
      await engine.cancel(
        user,
        some.map(({ engineId, facts }) => ({ id: engineId, tag: facts.chunk })),
        "waiting",
      );
    }
  }

  async function look(): Promise<void> {
    const due = [...tracks.values()].filter((track) => track.lookAtMs <= monotonicMs());
    await eachUser(due, async (user, theirs) => {
      for (const track of theirs) again(track);
      const questions = questionsOf(theirs);
      for (let at = 0; at < questions.length; at += mostIds) {
        const some = questions.slice(at, at + mostIds);
        const answer = await engine.jobs(
          user,
          some.map(({ id }) => id),
        );
        await settle(
          user,
          some.flatMap(({ tracks: of }) => of),
          answer,
        );
      }
    });
  }

  /** Whatever comes of this look, the next one is later than this one was. */
  function again(track: Track): void {
    const delay = lookAgainMs[Math.min(track.looks, lookAgainMs.length - 1)] ?? 5000;
    const isClosing = track.endedSinceMs !== null && track.cancelled === null;
    track.looks += 1;
    track.lookAtMs = monotonicMs() + (isClosing ? Math.min(500, delay) : delay);
  }

  async function settle(user: string, some: readonly Track[], answer: JobsAnswer): Promise<void> {
    const ends: { readonly track: Track; readonly observation: EndedRun }[] = [];
    const heard = {
      answer,
      controller: wordsByTask(answer.controller),
      accounting: rowsByJob(answer.accounting ?? []),
    };
    for (const track of some) {
      const observation = await judge(user, track, heard);
      if (observation) ends.push({ track, observation });
    }
    const lines = ends.map(
      ({ track, observation }): NotebookLine => ({ kind: "ended", chunk: track.facts.chunk, observation }),
    );
    const began = ends.filter(({ observation }) => observation.usage.startedMs !== null);
    const wrote = began.map(({ track: { facts, run, record } }) => {
      return { user, chunk: facts.chunk, run, empty: record?.ended?.empty ?? [] };
    });
    if (wrote.length > 0) await settings.keep(wrote);
    if (closed) return;
    notebook.append(lines, "synced");
    for (const { track, observation } of ends) {
      tracks.delete(track.run);
      tell(observation);
    }
  }

  async function go(): Promise<void> {
    while (!closed) {
      if (tracks.size === 0) await new Promise<void>((resolve) => (wake = resolve));
      if (closed) return;
      if (monotonicMs() >= recordsAtMs) {
        await readRecords(tracks.values());
        const forAll = recordsMsEach * tracks.size + recordsMsEachUser * byUser(tracks.values()).size;
        recordsAtMs = monotonicMs() + settings.recordsEveryMs + forAll;
      } else if (monotonicMs() >= freshAtMs) {
        const some = fresh.size > mostFresh ? [] : [...fresh].filter(({ run }) => tracks.has(run));
        fresh.clear();
        freshAtMs = Number.POSITIVE_INFINITY;
        await readRecords(some);
      }
      await look();
      if (monotonicMs() >= listAtMs) {
        await listAll();
        listAtMs = monotonicMs() + settings.listEveryMs + listMsEachUser * byUser(tracks.values()).size;
        await look();
      }
      let nextMs = Math.min(recordsAtMs, freshAtMs, listAtMs);
      for (const track of tracks.values()) nextMs = Math.min(nextMs, track.lookAtMs);
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, Math.max(20, nextMs - monotonicMs()));
      });
    }
  }
  const going = go();
  going.catch((error: unknown) => {
    // Our own mistake: the process ends rather than stand by with runs that nobody follows.
    queueMicrotask(() => {
      throw error;
    });
  });

  return {
    take({ facts, engineId, ended }) {
      if (engineId === null) return;
      for (const { index, run } of facts.runs) {
        if (ended.has(run) || tracks.has(run)) continue;
        const track = freshTrack(run, index, facts, engineId);
        tracks.set(run, track);
        fresh.add(track);
        if (!closed) tellWaiting(track, null, null);
      }
      freshAtMs = Math.min(freshAtMs, monotonicMs() + firstLookMs);
      soon();
    },
    track: (run) => tracks.get(run) ?? null,
    all: () => tracks.values(),
    lookSoon(run) {
      const track = tracks.get(run);
      if (track) lookNow(track);
      soon();
    },
    close() {
      closed = true;
      soon();
    },
  };
}
