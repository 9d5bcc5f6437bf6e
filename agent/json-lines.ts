import { readFileSync } from "node:fs";

/** A file of one JSON object a line, as the agent's journals are; what the lines are, their writer knows. */
export function jsonLine(line: object): string {
  return `${JSON.stringify(line)}\n`;
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
