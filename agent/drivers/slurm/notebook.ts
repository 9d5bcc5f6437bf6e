import { closeSync, fdatasync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { appendLines, readJsonLines, rewriteLines, Unwritten, unwritten } from "#agent/json-lines.ts";
import type { RunId } from "#core/ids.ts";
import type { Warning } from "#core/job/spec.ts";
import {
  type EndedRun,
  openPastRuns,
  type PastChunk,
  type PastFolder,
  type PastRuns,
  readPastRuns,
} from "./past-runs.ts";

/**
 * What this driver has submitted: one JSON object a line, on disk before sbatch is run (R3). Its name of a chunk is the
 * tag by which a job is found again. A chunk whose last run has ended goes over to the past runs, and out of memory.
 *
 * - `chunk`: these runs are about to be submitted together, as this user.
 * - `engine`: the engine's id of the chunk.
 * - `void`: it was never submitted, which the engine itself or a look-up has proved; its runs are free.
 * - `cancel`: this agent asked the engine to cancel the run.
 * - `withdraw`: it asked the engine to take the run out of its queue, should it still wait there.
 * - `ended`: how a run ended; on disk before it is told, since the engine forgets it after MinJobAge.
 * - `removed`: the run's output may go; with its last run the chunk's folder goes.
 */
export type Notebook = {
  /** Those with a run that has not ended. */
  readonly chunks: ReadonlyMap<string, NotedChunk>;
  /** The chunk of a run, as long as it is among them. */
  readonly chunkOf: (run: RunId) => NotedChunk | null;
  readonly past: Pick<PastRuns, "has" | "of" | "all" | "endedBefore">;
  /** Throws `Unwritten`; what was asked for is then not noted, or not all of it, and may be asked for again as it is. */
  readonly append: (lines: readonly NotebookLine[], durable: "synced" | "unsynced") => void;
  /** Resolves when all that was appended before is on disk: one sync for what came while another was under way or just over. */
  readonly synced: () => Promise<void>;
  readonly close: () => void;
};

export type NotedChunk = {
  readonly facts: ChunkFacts;
  readonly engineId: string | null;
  readonly asked: ReadonlySet<RunId>;
  readonly takenBack: ReadonlySet<RunId>;
  readonly ended: ReadonlyMap<RunId, EndedRun>;
  readonly removed: ReadonlySet<RunId>;
};

export type ChunkFacts = {
  readonly chunk: string;
  readonly user: string;
  readonly account: string | null;
  readonly pool: string;
  readonly isArray: boolean;
  readonly submittedMs: number;
  /** The lease's end by this centre's clock: Slurm ends it then, but where the site holds it. */
  readonly startBeforeMs: number;
  readonly timeLimitS: number;
  /** Absent: its jobs asked for none. */
  readonly warning?: Warning;
  readonly cores: number;
  readonly memoryMib: number;
  readonly memoryMibPerNode: number;
  readonly accelerators: number;
  readonly acceleratorVendor: string | null;
  readonly acceleratorModel: string | null;
  readonly runs: readonly { readonly index: number; readonly run: RunId }[];
};

export type NotebookLine =
  | { readonly kind: "chunk"; readonly facts: ChunkFacts }
  | { readonly kind: "engine"; readonly chunk: string; readonly engineId: string }
  | { readonly kind: "void"; readonly chunk: string }
  | { readonly kind: "cancel"; readonly chunk: string; readonly run: RunId }
  | { readonly kind: "withdraw"; readonly chunk: string; readonly run: RunId }
  | { readonly kind: "ended"; readonly chunk: string; readonly observation: EndedRun }
  | { readonly kind: "removed"; readonly chunk: string; readonly run: RunId };

type Kept = {
  facts: ChunkFacts;
  engineId: string | null;
  readonly asked: Set<RunId>;
  readonly takenBack: Set<RunId>;
  readonly ended: Map<RunId, EndedRun>;
  readonly removed: Set<RunId>;
};

const compactAfterLines = 20_000;
/** From one sync to the next: of a stream of ids each need not cost one, as who writes beside it waits for each. */
const betweenSyncsMs = 20;

export function openNotebook(path: string): Notebook {
  const book = { chunks: new Map<string, Kept>(), chunkOf: new Map<RunId, Kept>(), past: openPastRuns(pastOf(path)) };
  for (const line of readJsonLines<NotebookLine>(path, notOurs) ?? []) replay(line, book);
  let written = 0;
  let file = compact();
  let syncing: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let begunMs = Number.NEGATIVE_INFINITY;
  let isClosed = false;

  function compact(): number {
    // What is left out here is there.
    book.past.sync();
    const fresh = rewriteLines(
      path,
      [...book.chunks.values()].flatMap((kept) => linesOf(kept)),
    );
    written = 0;
    return fresh;
  }

  function close(): void {
    closeSync(file);
    book.past.close();
  }

  return {
    chunks: book.chunks,
    chunkOf: (run) => book.chunkOf.get(run) ?? null,
    past: book.past,
    append(lines, durable) {
      if (lines.length === 0) return;
      appendLines(file, lines, durable);
      for (const line of lines) replay(line, book);
      written += lines.length;
      if (written < compactAfterLines || syncing !== null) return;
      const old = file;
      try {
        file = compact();
        closeSync(old);
      } catch (error) {
        // With the next lines, then.
        if (!(error instanceof Unwritten)) throw error;
      }
    },
    synced() {
      next ??= (syncing ?? Promise.resolve())
        .catch(() => {})
        .then(pause)
        .then(begin);
      return next;
    },
    close() {
      isClosed = true;
      if (syncing === null) close();
    },
  };

  function pause(): Promise<void> {
    const leftMs = begunMs + betweenSyncsMs - performance.now();
    return leftMs <= 0 || isClosed ? Promise.resolve() : delay(leftMs);
  }

  function begin(): Promise<void> {
    next = null;
    begunMs = performance.now();
    if (isClosed) return Promise.reject(new Error(`${path} is closed`));
    syncing = new Promise<void>((resolve, reject) => {
      fdatasync(file, (error) => {
        syncing = null;
        if (isClosed) close();
        if (error) reject(unwritten(error));
        else resolve();
      });
    });
    return syncing;
  }
}

/** Only to look, beside the agent that writes it: chunks that go on, and folders of those that have ended. */
export function readNotebook(path: string): {
  readonly going: readonly ChunkFacts[];
  readonly past: readonly PastFolder[];
} {
  const lines = readJsonLines<NotebookLine>(path, notOurs) ?? [];
  const folders = readPastRuns(pastOf(path));
  const past = {
    has: (run: RunId) => folders.has(run),
    add({ user, chunk, ends }: PastChunk) {
      for (const { run } of ends) folders.set(run, { user, chunk });
    },
    remove: (run: RunId) => void folders.delete(run),
  };
  const book: Book = { chunks: new Map(), chunkOf: new Map(), past };
  for (const line of lines) replay(line, book);
  const byChunk = new Map([...folders.values()].map((folder) => [folder.chunk, folder]));
  return { going: [...book.chunks.values()].map(({ facts }) => facts), past: [...byChunk.values()] };
}

/** The files of a notebook at this path. */
export function notebookFiles(path: string): readonly string[] {
  return [path, pastOf(path)];
}

const notOurs = "not a line of the Slurm driver's notebook.";

function pastOf(path: string): string {
  return `${path}-ended`;
}

type Book = {
  readonly chunks: Map<string, Kept>;
  readonly chunkOf: Map<RunId, Kept>;
  readonly past: Pick<PastRuns, "has" | "add" | "remove">;
};

function replay(line: NotebookLine, book: Book): void {
  if (line.kind === "chunk") {
    const none = { asked: new Set<RunId>(), takenBack: new Set<RunId>(), removed: new Set<RunId>() };
    const kept = { facts: line.facts, engineId: null, ended: new Map<RunId, EndedRun>(), ...none };
    book.chunks.set(line.facts.chunk, kept);
    for (const { run } of line.facts.runs) book.chunkOf.set(run, kept);
    return;
  }
  const kept = book.chunks.get(line.chunk);
  if (!kept) {
    if (line.kind === "removed" && book.past.has(line.run)) book.past.remove(line.run);
    return;
  }
  switch (line.kind) {
    case "engine":
      kept.engineId = line.engineId;
      return;
    case "void":
      drop(kept, book);
      return;
    case "cancel":
      kept.asked.add(line.run);
      return;
    case "withdraw":
      kept.takenBack.add(line.run);
      return;
    case "ended":
      kept.ended.set(line.observation.run, line.observation);
      if (kept.facts.runs.every(({ run }) => kept.ended.has(run))) pass(kept, book);
      return;
    case "removed":
      kept.removed.add(line.run);
      if (kept.facts.runs.every(({ run }) => kept.removed.has(run))) drop(kept, book);
  }
}

/** Its last run has ended. After a restart it may be among the past ones already. */
function pass(kept: Kept, book: Book): void {
  const { chunk, user } = kept.facts;
  const ends = [...kept.ended.values()].filter(({ run }) => !kept.removed.has(run) && !book.past.has(run));
  if (ends.length > 0) book.past.add({ chunk, user, ends });
  drop(kept, book);
}

function drop(kept: Kept, book: Book): void {
  book.chunks.delete(kept.facts.chunk);
  // Two agents of one centre may have put a run into two chunks.
  for (const { run } of kept.facts.runs) if (book.chunkOf.get(run) === kept) book.chunkOf.delete(run);
}

function linesOf(kept: Kept): NotebookLine[] {
  const { chunk } = kept.facts;
  const lines: NotebookLine[] = [{ kind: "chunk", facts: kept.facts }];
  if (kept.engineId !== null) lines.push({ kind: "engine", chunk, engineId: kept.engineId });
  for (const run of kept.asked) lines.push({ kind: "cancel", chunk, run });
  for (const run of kept.takenBack) lines.push({ kind: "withdraw", chunk, run });
  for (const observation of kept.ended.values()) lines.push({ kind: "ended", chunk, observation });
  for (const run of kept.removed) lines.push({ kind: "removed", chunk, run });
  return lines;
}
