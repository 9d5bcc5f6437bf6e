import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";

/** A file of one JSON object a line, as the agent's journals are; what the lines are, their writer knows. */
export function jsonLine(line: object): string {
  return `${JSON.stringify(line)}\n`;
}

/** The disk took nothing of it, as where it is full; whoever wanted it written tries again. */
export class Unwritten extends Error {
  override readonly name = "Unwritten";
}

/**
 * All of them or none: of what a full disk takes half of, the half goes again, lest the next line be written behind it. The
 * file is one that is appended to (O_APPEND). Throws `Unwritten`.
 */
export function appendLines(file: number, lines: readonly object[], durable: "synced" | "unsynced"): number {
  const bytes = Buffer.from(lines.map(jsonLine).join(""));
  const before = fstatSync(file).size;
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    if (durable === "synced") fdatasyncSync(file);
  } catch (cause) {
    ftruncateSync(file, before);
    throw unwritten(cause);
  }
  return bytes.length;
}

const linesAtOnce = 1000;

/** The file anew with these lines alone, on disk; answers it open to be appended to. Throws `Unwritten`: it is as it was. */
export function rewriteLines(path: string, lines: Iterable<object>): number {
  const fresh = `${path}.new`;
  const file = openSync(fresh, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_APPEND, 0o600);
  try {
    let some: object[] = [];
    for (const line of lines) {
      if (some.push(line) < linesAtOnce) continue;
      appendLines(file, some, "unsynced");
      some = [];
    }
    appendLines(file, some, "synced");
    renameSync(fresh, path);
    return file;
  } catch (cause) {
    closeSync(file);
    rmSync(fresh, { force: true });
    throw unwritten(cause);
  }
}

/** Of what went wrong at a disk. */
export function unwritten(cause: unknown): Unwritten {
  if (cause instanceof Unwritten) return cause;
  return new Unwritten(cause instanceof Error ? cause.message : String(cause), { cause });
}

/**
 * null: there is no such file. A last line cut short by a power loss was never acted on, and is left out; any other
 * broken line throws with its number and `words`, which say what it is not and what to do.
 */
export function readJsonLines<Line>(path: string, words: string): Line[] | null {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  const whole = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  return whole.flatMap((line, at) => {
    if (line === "") return [];
    try {
      // Only this program writes the file.
      return [JSON.parse(line) as Line];
    } catch (cause) {
      throw new Error(`${path}, line ${at + 1}: ${words}`, { cause });
    }
  });
}
