import type { Say } from "#cli/words.ts";

/** Why a file could not be read, in words; the system's own code where there are none. */
export function fileTroubleWords(error: unknown, say: Say): string {
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
