import { appendFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { jsonLine, readJsonLines } from "#agent/json-lines.ts";
import type { RunId } from "#core/ids.ts";
import type { SimulatedRun } from "./cluster.ts";

/**
 * The engine's memory on disk: one JSON object a line, the last line on a run counting, so that a simulated centre is
 * the same after its agent has been killed. It is not synced: a machine that loses power loses simulated work only.
 */
export type EngineRecord = {
  /** The wall time at which the centre's time was 0. */
  readonly epochMs: number;
  readonly runs: readonly SimulatedRun[];
  readonly keep: (run: SimulatedRun) => void;
  readonly drop: (run: RunId) => void;
};

type Line =
  | { readonly kind: "epoch"; readonly atMs: number }
  | { readonly kind: "run"; readonly run: SimulatedRun }
  | { readonly kind: "gone"; readonly run: RunId };

const compactAfterLines = 20_000;

export function openRecord(path: string, nowMs: number): EngineRecord {
  const runs = new Map<RunId, SimulatedRun>();
  let epochMs = nowMs;
  for (const line of readJsonLines<Line>(path, notOurs) ?? []) {
    if (line.kind === "epoch") epochMs = line.atMs;
    if (line.kind === "run") runs.set(line.run.run, line.run);
    if (line.kind === "gone") runs.delete(line.run);
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let written = 0;
  compact();

  function compact(): void {
    const lines: Line[] = [{ kind: "epoch", atMs: epochMs }];
    for (const run of runs.values()) lines.push({ kind: "run", run });
    writeFileSync(`${path}.new`, lines.map(jsonLine).join(""), { mode: 0o600 });
    renameSync(`${path}.new`, path);
    written = 0;
  }

  function append(line: Line): void {
    appendFileSync(path, jsonLine(line));
    written += 1;
    if (written > compactAfterLines + runs.size) compact();
  }

  return {
    epochMs,
    runs: [...runs.values()],
    keep(run) {
      runs.set(run.run, run);
      append({ kind: "run", run });
    },
    drop(run) {
      runs.delete(run);
      append({ kind: "gone", run });
    },
  };
}

const notOurs = "not a line of a simulated centre. Move the file away to begin anew.";
