import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";

/**
 * The same files where `user` can read and execute them: `from` itself if the kernel lets that user, else a copy in
 * `into`/`name`-HASH, owned by root, made once. A clone under /root is the usual case. `needed` are paths inside
 * `from`, or "" for `from` itself. Call it as root. `onCopy` is told the folder before the copying starts.
 */
export function reachableFor(user: Credentials, from: string, needed: readonly string[], copy: CopySettings): string {
  if (needed.every((path) => firstUnreachable(join(from, path), user) === null)) return from;
  const target = join(copy.into, `${copy.name}-${fingerprint(from)}`);
  if (existsSync(target)) {
    // Says that it is still used: see `pruneCopies`.
    utimesSync(target, new Date(), new Date());
    return target;
  }
  copy.onCopy(target);
  mkdirSync(copy.into, { recursive: true, mode: 0o755 });
  const half = join(copy.into, `.new-${process.pid}-${randomBytes(4).toString("hex")}`);
  cpSync(from, half, { recursive: true, verbatimSymlinks: true });
  // Whole on the disk before it gets its name: after a power cut a name means a copy one can run.
  run("sh", [
    "-c",
    'chown -R 0:0 "$1" && chmod -R u+rwX,go+rX,go-w "$1" && find "$1" -type f -exec sync {} +',
    "sh",
    half,
  ]);
  try {
    renameSync(half, target);
  } catch (error) {
    rmSync(half, { recursive: true, force: true });
    // Another start was quicker.
    if (!existsSync(target)) throw error;
  }
  const closed = needed.map((path) => firstUnreachable(join(target, path), user)).find((found) => found !== null);
  if (closed)
    throw new Error(
      `${closed.at} is closed to user ${user.name}, who must read ${target}. Cure: chmod o+rx ${closed.at}`,
    );
  return target;
}

export type Credentials = { readonly name: string; readonly uid: number; readonly gid: number };

export type CopySettings = {
  /** Absolute; made if missing. All its parents must be open to everyone. */
  readonly into: string;
  readonly name: string;
  readonly onCopy: (folder: string) => void;
};

/** Removes copies of that name that no start has asked for since `beforeMs`, and halves left by a killed start. */
export function pruneCopies(into: string, name: string, keep: string, beforeMs: number): void {
  for (const entry of existsSync(into) ? readdirSync(into) : []) {
    const path = join(into, entry);
    const ours =
      (entry.startsWith(`${name}-`) && /^[0-9a-f]{16}$/.test(entry.slice(name.length + 1))) ||
      entry.startsWith(".new-");
    if (ours && path !== keep && lstatSync(path).mtimeMs < beforeMs) rmSync(path, { recursive: true, force: true });
  }
}

/**
 * The first part of an absolute path, from the top, that the user may not pass through (folders) or read (the end);
 * null when it can be reached. The kernel is asked, as that user, so access lists and mount options count too. A part
 * that does not exist yet is not judged.
 */
export function firstUnreachable(
  path: string,
  user: Credentials,
): { readonly at: string; readonly needs: "pass" | "read" } | null {
  const parts = path.split("/").filter((part) => part !== "");
  const prefixes = parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
  const script = `
    for path do
      if [ -d "$path" ]; then [ -x "$path" ] || { printf 'pass %s' "$path"; exit; }
      elif [ -e "$path" ]; then [ -r "$path" ] || { printf 'read %s' "$path"; exit; }
      else exit; fi
    done`;
  const answer = run("sh", ["-c", script, "sh", ...prefixes], user);
  if (answer === "") return null;
  return { at: answer.slice(5), needs: answer.startsWith("pass") ? "pass" : "read" };
}

/** Changes whenever a file in it is added, removed, replaced or written; reads no contents. */
function fingerprint(folder: string): string {
  const hash = createHash("sha256");
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
    const { size, mtimeMs, ctimeMs, mode } = lstatSync(join(folder, entry));
    hash.update(`${entry}\0${size} ${mtimeMs} ${ctimeMs} ${mode}\n`);
  }
  if (statSync(folder).isFile()) throw new Error(`${folder} is a file, not a folder.`);
  return hash.digest("hex").slice(0, 16);
}

function run(program: string, args: readonly string[], user?: Credentials): string {
  const done = spawnSync(program, args, {
    cwd: "/",
    encoding: "utf8",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
  if (done.status !== 0) throw new Error(`${program} failed: ${done.error?.message ?? done.stderr.trim()}`);
  return done.stdout;
}
