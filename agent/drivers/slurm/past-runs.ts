import { closeSync, existsSync, fdatasyncSync, ftruncateSync, openSync, readSync } from "node:fs";
import { appendLines, jsonLine, rewriteLines, Unwritten, unwritten } from "#agent/json-lines.ts";
import type { RunId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";

/**
 * Chunks of which every run has ended, for as long as their output is kept: one JSON object a line in a file of their
 * own, since a centre has many of them and seldom asks for one. In memory is only where each run's line lies.
 */
export type PastRuns = {
  readonly has: (run: RunId) => boolean;
  /** With those of its runs that were not removed. */
  readonly of: (run: RunId) => PastChunk | null;
  readonly all: () => Iterable<PastChunk>;
  /** Runs whose whole chunk had ended by then. */
  readonly endedBefore: (atMs: number) => readonly RunId[];
  /** On disk after the next `sync`; until then the one who adds it keeps it too. */
  readonly add: (chunk: PastChunk) => void;
  readonly remove: (run: RunId) => void;
  readonly sync: () => void;
  readonly close: () => void;
};

export type PastFolder = { readonly user: string; readonly chunk: string };

export type PastChunk = PastFolder & { readonly ends: readonly EndedRun[] };

export type EndedRun = Extract<RunObservation, { readonly kind: "ended" }>;

type Line = ({ readonly kind: "past" } & PastChunk) | { readonly kind: "removed"; readonly run: RunId };

/** Where a chunk's line is, shared by its runs; small whole numbers, which V8 keeps in the object itself. */
type Place = { offset: number; bytes: number; runs: number; readonly endedS: number };

const leastRewrittenBytes = 2 ** 20;
const readAtOnceBytes = 2 ** 20;

export function openPastRuns(path: string): PastRuns {
  const places = new Map<RunId, Place>();
  let file = openSync(path, "a+", 0o600);
  let size = 0;
  let deadBytes = 0;
  /** Runs of one array are asked for one after the other. */
  let last: { readonly place: Place; readonly chunk: PastChunk } | null = null;

  for (const { line, bytes } of linesOf(path, file)) {
    if (line.kind === "past") note(line, bytes);
    else forget(line.run, bytes);
    size += bytes;
  }
  // A last line cut short by a power loss was never relied on, and nothing may be written behind it.
  ftruncateSync(file, size);

  function note({ ends }: PastChunk, bytes: number): void {
    const endedS = Math.ceil(Math.max(...ends.map(({ atMs }) => atMs)) / 1000);
    const place = { offset: size, bytes, runs: ends.length, endedS };
    for (const { run } of ends) places.set(run, place);
  }

  function forget(run: RunId, bytes: number): void {
    deadBytes += bytes;
    const place = places.get(run);
    if (place === undefined) return;
    places.delete(run);
    place.runs -= 1;
    if (place.runs === 0) deadBytes += place.bytes;
    last = null;
  }

  function read(place: Place): PastChunk {
    if (last?.place === place) return last.chunk;
    const bytes = Buffer.alloc(place.bytes);
    if (readSync(file, bytes, 0, place.bytes, place.offset) !== place.bytes)
      throw new Error(`${path} was cut short by somebody else`);
    // Only this program writes the file.
    const { chunk, user, ends } = JSON.parse(bytes.toString("utf8")) as PastChunk;
    const chunkNow = { chunk, user, ends: ends.filter(({ run }) => places.get(run) === place) };
    last = { place, chunk: chunkNow };
    return chunkNow;
  }

  /** Without what was removed, once that is the greater part. */
  function rewrite(): void {
    const lengths = new Map<Place, number>();
    function* lines(): Generator<Line> {
      for (const place of new Set(places.values())) {
        const line: Line = { kind: "past", ...read(place) };
        lengths.set(place, Buffer.byteLength(jsonLine(line)));
        yield line;
      }
    }
    closeSync(rewriteLines(path, lines()));
    closeSync(file);
    file = openSync(path, "a+", 0o600);
    let at = 0;
    for (const [place, bytes] of lengths) {
      place.offset = at;
      place.bytes = bytes;
      at += bytes;
    }
    [size, deadBytes, last] = [at, 0, null];
  }

  return {
    has: (run) => places.has(run),
    of(run) {
      const place = places.get(run);
      return place === undefined ? null : read(place);
    },
    *all() {
      for (const place of new Set(places.values())) yield read(place);
    },
    endedBefore: (atMs) => [...places].flatMap(([run, { endedS }]) => (endedS * 1000 <= atMs ? [run] : [])),
    add(chunk) {
      const bytes = appendLines(file, [{ kind: "past", ...chunk }], "unsynced");
      note(chunk, bytes);
      size += bytes;
    },
    remove(run) {
      const bytes = appendLines(file, [{ kind: "removed", run }], "unsynced");
      forget(run, bytes);
      size += bytes;
      if (deadBytes <= leastRewrittenBytes || deadBytes <= size / 2) return;
      try {
        rewrite();
      } catch (error) {
        // With the next one, then.
        if (!(error instanceof Unwritten)) throw error;
      }
    },
    sync() {
      try {
        fdatasyncSync(file);
      } catch (error) {
        throw unwritten(error);
      }
    },
    close: () => closeSync(file),
  };
}

/** Only to look, beside the agent that writes it. */
export function readPastRuns(path: string): Map<RunId, PastFolder> {
  const folders = new Map<RunId, PastFolder>();
  if (!existsSync(path)) return folders;
  const file = openSync(path, "r");
  try {
    for (const { line } of linesOf(path, file))
      if (line.kind === "removed") folders.delete(line.run);
      else for (const { run } of line.ends) folders.set(run, { user: line.user, chunk: line.chunk });
  } finally {
    closeSync(file);
  }
  return folders;
}

/** Piece by piece: there may be very much of it. Each with its length in bytes, its end included. */
function* linesOf(path: string, file: number): Generator<{ readonly line: Line; readonly bytes: number }> {
  const piece = Buffer.alloc(readAtOnceBytes);
  let rest: Buffer = Buffer.alloc(0);
  let number = 0;
  for (let at = 0; ; ) {
    const count = readSync(file, piece, 0, piece.length, at);
    if (count === 0) return;
    at += count;
    const bytes = Buffer.concat([rest, piece.subarray(0, count)]);
    let from = 0;
    for (let end = bytes.indexOf(10, from); end >= 0; end = bytes.indexOf(10, from)) {
      number += 1;
      yield { line: lineIn(bytes.toString("utf8", from, end), `${path}, line ${number}`), bytes: end + 1 - from };
      from = end + 1;
    }
    rest = Buffer.from(bytes.subarray(from));
  }
}

function lineIn(text: string, where: string): Line {
  try {
    // Only this program writes the file.
    return JSON.parse(text) as Line;
  } catch (cause) {
    throw new Error(`${where}: not a line of the Slurm driver's ended runs.`, { cause });
  }
}
