import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * `name/version` of every module that `module avail` lists on this machine, sorted; empty where it has no modules, and where
 * they do not answer within a minute. `inits`: the files that may define `module`, the first that is there counts.
 */
export function readModules(inits: readonly string[]): Promise<readonly string[]> {
  const init = inits.find((path) => existsSync(path));
  if (init === undefined) return Promise.resolve([]);
  const words = [...plainBash.slice(1), '. "$1" && module --terse avail 2>&1', "weir", init];
  const options = { timeout: 60_000, maxBuffer: 32 * 2 ** 20, env: { PATH: process.env.PATH ?? "/usr/bin:/bin" } };
  return new Promise((resolve) => {
    execFile(plainBash[0], words, options, (error, text) => resolve(error ? [] : modulesIn(text)));
  });
}

/**
 * From the terse list: a line a module, headings of folders end in a colon. Lmod ends a folder of versions in a slash, and
 * marks a default with (default), Environment Modules with (default) or <…> behind the name.
 */
export function modulesIn(text: string): readonly string[] {
  const names = text.split("\n").flatMap((line) => {
    const name = line.trim().replace(/\s*(?:\([^)]*\)|<[^>]*>)+$/, "");
    return /^[A-Za-z0-9][\w.+-]*(?:\/[\w.+-]+)*$/.test(name) ? [name] : [];
  });
  return [...new Set(names)].sort();
}

/** Where sites have it that say nothing of it: Lmod and Environment Modules, from Debian, EPEL and by hand. */
export const usualModuleInits = [
  "/etc/profile.d/lmod.sh",
  "/etc/profile.d/modules.sh",
  "/etc/profile.d/z00_lmod.sh",
  "/usr/share/lmod/lmod/init/bash",
  "/usr/share/modules/init/bash",
  "/usr/share/Modules/init/bash",
];

/** bash without anybody's start files. */
export const plainBash = ["/bin/bash", "--noprofile", "--norc", "-c"] as const;

/** Keeps what was found for ten minutes: module lists are long, and asked for with each report. */
export function kept<Found>(find: () => Promise<Found>, monotonicMs: () => number): () => Promise<Found> {
  let last: { readonly found: Promise<Found>; readonly atMs: number } | null = null;
  return () => {
    if (last === null || monotonicMs() - last.atMs > keptMs) last = { found: find(), atMs: monotonicMs() };
    return last.found;
  };
}

const keptMs = 600_000;

/** Whether a program is on this machine's PATH. */
export function isOnPath(program: string, path: string | undefined): boolean {
  return (path ?? "").split(delimiter).some((folder) => folder !== "" && existsSync(join(folder, program)));
}
