import { closeSync, fdatasync, fdatasyncSync, openSync, renameSync, writeSync } from "node:fs";
import { jsonLine, readJsonLines } from "#agent/json-lines.ts";
import type { RunId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";

/**
 * What this driver has submitted: one JSON object a line, on disk before sbatch is run (R3). Its name of a chunk is the
 * tag by which a job is found again.
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
  readonly chunks: ReadonlyMap<string, NotedChunk>;
  readonly append: (lines: readonly NotebookLine[], durable: "synced" | "unsynced") => void;
  /** Resolves when all that was appended before is on disk: one sync for whatever came while another was under way. */
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

export type EndedRun = Extract<RunObservation, { readonly kind: "ended" }>;

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

export function openNotebook(path: string): Notebook {
  const chunks = new Map<string, Kept>();
  for (const line of readJsonLines<NotebookLine>(path, notOurs) ?? []) replay(line, chunks);
  let written = 0;
  let file = compact();
  let syncing: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let isClosed = false;

  function compact(): number {
    const fresh = openSync(`${path}.new`, "w", 0o600);
    for (const kept of chunks.values()) writeSync(fresh, linesOf(kept).map(jsonLine).join(""));
    fdatasyncSync(fresh);
    renameSync(`${path}.new`, path);
    written = 0;
    return fresh;
  }

  return {
    chunks,
    append(lines, durable) {
      if (lines.length === 0) return;
      writeSync(file, lines.map(jsonLine).join(""));
      if (durable === "synced") fdatasyncSync(file);
      for (const line of lines) replay(line, chunks);
      written += lines.length;
      if (written < compactAfterLines || syncing !== null) return;
      closeSync(file);
      file = compact();
    },
    synced() {
      next ??= (syncing ?? Promise.resolve()).catch(() => {}).then(begin);
      return next;
    },
    close() {
      isClosed = true;
      if (syncing === null) closeSync(file);
    },
  };

  function begin(): Promise<void> {
    next = null;
    if (isClosed) return Promise.reject(new Error(`${path} is closed`));
    syncing = new Promise<void>((resolve, reject) => {
      fdatasync(file, (error) => {
        syncing = null;
        if (isClosed) closeSync(file);
        if (error) reject(error);
        else resolve();
      });
    });
    return syncing;
  }
}

/** Only to look, beside the agent that writes it. */
export function readNotebook(path: string): Notebook["chunks"] {
  const chunks = new Map<string, Kept>();
  for (const line of readJsonLines<NotebookLine>(path, notOurs) ?? []) replay(line, chunks);
  return chunks;
}

const notOurs = "not a line of the Slurm driver's notebook.";

function replay(line: NotebookLine, chunks: Map<string, Kept>): void {
  if (line.kind === "chunk") {
    const none = { asked: new Set<RunId>(), takenBack: new Set<RunId>(), removed: new Set<RunId>() };
    chunks.set(line.facts.chunk, { facts: line.facts, engineId: null, ended: new Map<RunId, EndedRun>(), ...none });
    return;
  }
  const kept = chunks.get(line.chunk);
  if (!kept) return;
  switch (line.kind) {
    case "engine":
      kept.engineId = line.engineId;
      return;
    case "void":
      chunks.delete(line.chunk);
      return;
    case "cancel":
      kept.asked.add(line.run);
      return;
    case "withdraw":
      kept.takenBack.add(line.run);
      return;
    case "ended":
      kept.ended.set(line.observation.run, line.observation);
      return;
    case "removed":
      kept.removed.add(line.run);
      if (kept.facts.runs.every(({ run }) => kept.removed.has(run))) chunks.delete(line.chunk);
  }
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
