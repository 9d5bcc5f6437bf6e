import { lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { limits } from "#api/limits.ts";
import type { Call } from "#cli/call.ts";
import { fileTroubleWords } from "#cli/file-trouble.ts";
import { exitCodes, Stop } from "#cli/stop.ts";

export type SentFile = { readonly path: string; readonly contentBase64: string; readonly executable: boolean };

/**
 * What `--file` names: `PATH` lands under its own name, `PATH=NAME` under another; of a folder all files below it.
 * Stops before more is read than a request may carry.
 */
export function readInputFiles(call: Call, texts: readonly string[]): SentFile[] {
  const files: SentFile[] = [];
  let left = limitBytes;
  const add = (from: string, path: string): void => {
    const stat = statSync(from);
    if (stat.isDirectory()) {
      for (const name of readdirSync(from).sort()) {
        // A link may lead out of the folder, or round in a circle: only what it names itself is sent.
        if (!lstatSync(join(from, name)).isSymbolicLink()) add(join(from, name), `${path}/${name}`);
      }
      return;
    }
    left -= stat.size;
    if (left < 0) throw new Stop(exitCodes.refused, call.say("filesTooLarge", { limit: limitBytes / 1024 / 1024 }));
    files.push({ path, contentBase64: readFileSync(from).toString("base64"), executable: (stat.mode & 0o111) !== 0 });
  };
  for (const text of texts) {
    const at = text.indexOf("=");
    const from = at < 0 ? text : text.slice(0, at);
    try {
      add(resolve(call.terminal.folder, from), at < 0 ? basename(from) : text.slice(at + 1));
    } catch (error) {
      if (error instanceof Stop) throw error;
      const words = fileTroubleWords(error, call.say);
      throw new Stop(exitCodes.usage, call.say("cannotRead", { path: JSON.stringify(from), words }));
    }
  }
  return files;
}

/** The server's limit is what counts; this one only keeps a large file from being read in vain. */
const limitBytes = limits.inputFilesBytes;
