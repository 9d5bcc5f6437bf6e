import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { limits } from "#api/limits.ts";
import { badValue, type Call } from "#cli/call.ts";
import { fileTroubleWords } from "#cli/file-trouble.ts";
import { exitCodes, Stop } from "#cli/stop.ts";

export type SentFile = { readonly path: string; readonly contentBase64: string; readonly executable: boolean };

/**
 * What `--file` names: `PATH` lands under its own name, `PATH=NAME` under another; of a folder all files below it. A
 * symbolic link is sent as what it leads to: one that is named itself wherever that is, one within a folder that is named
 * only where it leads into that folder. What cannot be sent is refused by name, and an empty folder, of which there is
 * nothing to send, is told. Stops before more is read than a request may carry.
 */
export function readInputFiles(call: Call, texts: readonly string[]): SentFile[] {
  const files: SentFile[] = [];
  let left = limitBytes;
  const add = (from: string, path: string): void => {
    const stat = statSync(from);
    left -= stat.size;
    if (left < 0) throw new Stop(exitCodes.refused, call.say("filesTooLarge", { limit: limitBytes / 1024 / 1024 }));
    files.push({ path, contentBase64: readFileSync(from).toString("base64"), executable: (stat.mode & 0o111) !== 0 });
  };
  /** `above`: the real paths of the folders it is in, the one that was named first. */
  const addFolder = (from: string, path: string, above: readonly string[]): void => {
    const real = realpathSync(from);
    const names = readdirSync(from).sort();
    if (names.length === 0) call.note(call.say("warning", { words: call.say("emptyFolder", { path: shown(from) }) }));
    const root = above[0] ?? real;
    for (const name of names) {
      const inner = join(from, name);
      const isLink = lstatSync(inner).isSymbolicLink();
      if (isLink) refuseLink(call, inner, root, [...above, real]);
      const stat = statSync(inner);
      if (stat.isDirectory()) addFolder(inner, `${path}/${name}`, [...above, real]);
      else if (stat.isFile()) add(inner, `${path}/${name}`);
      else throw new Stop(exitCodes.usage, call.say("notAFile", { path: shown(inner) }));
    }
  };
  for (const text of texts) {
    const at = text.indexOf("=");
    const from = at < 0 ? text : text.slice(0, at);
    if (from === "") throw badValue(call.say, "--file", text, call.say("expectedFile"));
    const whole = resolve(call.terminal.folder, from);
    const path = at < 0 ? basename(whole) : text.slice(at + 1);
    try {
      if (statSync(whole).isDirectory()) addFolder(whole, path, []);
      else add(whole, path);
    } catch (error) {
      if (error instanceof Stop) throw error;
      const named = error instanceof Error && "path" in error && typeof error.path === "string" ? error.path : whole;
      const words = fileTroubleWords(error, call.say);
      throw new Stop(
        exitCodes.usage,
        call.say("cannotRead", { path: named === whole ? JSON.stringify(from) : shown(named), words }),
      );
    }
  }
  return files;
}

/** A link within a folder that leads out of it, nowhere, or to a folder it is in, where nothing would end. */
function refuseLink(call: Call, link: string, root: string, above: readonly string[]): void {
  let real: string;
  try {
    real = realpathSync(link);
  } catch {
    throw new Stop(exitCodes.usage, call.say("linkNowhere", { path: shown(link) }));
  }
  if (above.includes(real)) throw new Stop(exitCodes.usage, call.say("linkRound", { path: shown(link) }));
  const way = relative(root, real);
  if (way === ".." || way.startsWith("../"))
    throw new Stop(exitCodes.usage, call.say("linkOut", { path: shown(link), target: shown(real) }));
}

function shown(path: string): string {
  return JSON.stringify(path);
}

/** The server's limit is what counts; this one only keeps a large file from being read in vain. */
const limitBytes = limits.inputFilesBytes;
