import type { Say } from "#cli/words.ts";

/** Why a file could not be read, or is no JSON, in words; the system's own code where there are none. */
export function fileTroubleWords(error: unknown, say: Say): string {
  if (error instanceof SyntaxError) return jsonTroubleWords(error.message, say);
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return say("fileNotThere");
    case "EACCES":
    case "EPERM":
      return say("fileNotAllowed");
    case "EISDIR":
      return say("fileIsFolder");
    default:
      return code;
  }
}

/** Where a text is no JSON, as far as the engine tells. */
function jsonTroubleWords(words: string, say: Say): string {
  const [, line, column] = /\(line (\d+) column (\d+)\)$/.exec(words) ?? [];
  if (line !== undefined && column !== undefined) return say("jsonWrongAt", { line, column });
  const [, found] = /^Unexpected token '(.+?)', /su.exec(words) ?? [];
  return found === undefined ? say("jsonEndsEarly") : say("jsonUnexpected", { found });
}
