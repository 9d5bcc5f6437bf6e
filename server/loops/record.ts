import { openSync, writeSync } from "node:fs";

/**
 * Where a recording of the scheduler goes (core/scheduling/recording.ts), line by line, readable by the server's user alone.
 * A file that is there is not written over: each start of the server has its own, `FILE`, `FILE.2`, `FILE.3`, …
 */
export function openRecording(path: string): (line: string) => void {
  const file = openNew(path, 1);
  return (line) => void writeSync(file, `${line}\n`);
}

function openNew(path: string, attempt: number): number {
  try {
    return openSync(attempt === 1 ? path : `${path}.${attempt}`, "wx", 0o600);
  } catch (error) {
    const isThere = error instanceof Error && "code" in error && error.code === "EEXIST";
    if (isThere && attempt < 10_000) return openNew(path, attempt + 1);
    throw new Error(`WEIR_RECORD=${path}: the recording cannot be written there`, { cause: error });
  }
}
