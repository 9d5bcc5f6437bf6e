import { closeSync } from "node:fs";
import { appendLines, readJsonLines, rewriteLines, Unwritten } from "#agent/json-lines.ts";
import type { RunId } from "#core/ids.ts";

/**
 * What this agent has taken on, on its disk before it acts (R3): one JSON object a line, appended and synced.
 *
 * - `intent`: the run may be started from now on. The folder of a run is made only after its intent.
 * - `withdrawn`: the run was never started and never will be; written before the server is told, because the server
 *   then places the task elsewhere. Kept for a day, so that an order that arrives late finds it.
 * - `forget`: the server has committed the end.
 *
 * The order itself is not kept: a restarted agent is told the whole list again.
 */
export type Journal = {
  /** Runs with an intent and no `forget`. */
  readonly open: () => ReadonlySet<RunId>;
  readonly isWithdrawn: (run: RunId) => boolean;
  /**
   * One sync for all; `unsynced` where the driver's own record of them is on disk before they are started. Throws `Unwritten`,
   * as `withdraw` does.
   */
  readonly intend: (runs: readonly RunId[], nowMs: number, durable?: "synced" | "unsynced") => void;
  readonly withdraw: (run: RunId, nowMs: number) => void;
  /** Not synced, and on a full disk not even written: what is found again after a restart is forgotten again. */
  readonly forget: (runs: readonly RunId[], nowMs: number) => void;
  /** False where there was no journal: then every run that the engine still knows is reported again. */
  readonly existed: boolean;
  readonly close: () => void;
};

type Line = { readonly kind: "intent" | "withdrawn" | "forget"; readonly run: RunId; readonly atMs: number };

const withdrawnKeptMs = 86_400_000;
const compactAfterLines = 50_000;

export function openJournal(path: string, nowMs: number): Journal {
  const open = new Set<RunId>();
  const withdrawn = new Map<RunId, number>();
  const lines = readJsonLines<Line>(path, "not a journal line. Move the file away to start without it.");
  for (const line of lines ?? []) replay(line, open, withdrawn);
  let written = 0;
  let file = compact(nowMs);

  function compact(atMs: number): number {
    for (const [run, sinceMs] of withdrawn) if (atMs - sinceMs > withdrawnKeptMs) withdrawn.delete(run);
    const kept: Line[] = [...[...open].map((run) => ({ kind: "intent", run, atMs }) as const)];
    for (const [run, sinceMs] of withdrawn) kept.push({ kind: "withdrawn", run, atMs: sinceMs });
    const fresh = rewriteLines(path, kept);
    written = 0;
    return fresh;
  }

  function append(added: readonly Line[], durable: "synced" | "unsynced"): void {
    appendLines(file, added, durable);
    for (const line of added) replay(line, open, withdrawn);
    written += added.length;
    if (written < compactAfterLines) return;
    const old = file;
    try {
      file = compact(added[0]?.atMs ?? nowMs);
      closeSync(old);
    } catch (error) {
      // With the next lines, then.
      if (!(error instanceof Unwritten)) throw error;
    }
  }

  function forget(runs: readonly RunId[], atMs: number): void {
    const lines = runs.map((run): Line => ({ kind: "forget", run, atMs }));
    try {
      append(lines, "unsynced");
    } catch (error) {
      if (!(error instanceof Unwritten)) throw error;
      for (const line of lines) replay(line, open, withdrawn);
    }
  }

  return {
    open: () => open,
    isWithdrawn: (run) => withdrawn.has(run),
    intend: (runs, atMs, durable = "synced") =>
      append(
        runs.map((run) => ({ kind: "intent", run, atMs })),
        durable,
      ),
    withdraw: (run, atMs) => append([{ kind: "withdrawn", run, atMs }], "synced"),
    forget,
    existed: lines !== null,
    close: () => closeSync(file),
  };
}

function replay(line: Line, open: Set<RunId>, withdrawn: Map<RunId, number>): void {
  if (line.kind === "intent") open.add(line.run);
  if (line.kind === "forget") open.delete(line.run);
  if (line.kind === "withdrawn") withdrawn.set(line.run, line.atMs);
}
