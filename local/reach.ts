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
import { dirname, join } from "node:path";
import { parentAndCommand } from "./process.ts";

/**
 * A folder in which all `users` can read and execute `parts` (paths inside `from`): `from` itself if the kernel lets
 * them, else a copy of these parts in `into`/`name`-HASH, owned by root, made once. A clone under /root is the usual
 * case. Call it as root.
 */
export function reachableFor(
  users: readonly Credentials[],
  from: string,
  parts: readonly string[],
  copy: CopySettings,
): string {
  const closedIn = (folder: string) => {
    const paths = parts.map((part) => join(folder, part));
    return users.map((user) => firstUnreachable(paths, user)).find((found) => found !== null) ?? null;
  };
  if (closedIn(from) === null) return from;
  const target = join(copy.into, `${copy.name}-${fingerprint(from, parts)}`);
  if (existsSync(target)) {
    // Says that it is still used: see `pruneCopies`.
    utimesSync(target, new Date(), new Date());
    return target;
  }
  copy.onCopy(target);
  mkdirSync(copy.into, { recursive: true, mode: 0o755 });
  const half = join(copy.into, `.new-${process.pid}-${randomBytes(4).toString("hex")}`);
  for (const part of parts) {
    mkdirSync(dirname(join(half, part)), { recursive: true });
    cpSync(join(from, part), join(half, part), { recursive: true, verbatimSymlinks: true });
  }
  // Whole on the disk before it gets its name: after a power cut a name means a copy one can run.
  const harden = 'chown -R 0:0 "$1" && chmod -R u+rwX,go+rX,go-w "$1" && find "$1" -type f -exec sync {} +';
  run("sh", ["-c", harden, "sh", half]);
  try {
    renameSync(half, target);
  } catch (error) {
    rmSync(half, { recursive: true, force: true });
    // Another start was quicker.
    if (!existsSync(target)) throw error;
  }
  const closed = closedIn(target);
  if (closed !== null)
    throw new Error(`${closed.at} is closed to the system user ${closed.user}. Cure: chmod o+rx ${closed.at}`);
  return target;
}

export type Credentials = { readonly name: string; readonly uid: number; readonly gid: number };

export type CopySettings = {
  /** Absolute; made if missing. All its parents must be open to everyone. */
  readonly into: string;
  readonly name: string;
  readonly onCopy: (folder: string) => void;
};

/**
 * Removes copies of that name that no start has asked for since `beforeMs` and from which no process was started, and
 * halves left by a killed start.
 */
export function pruneCopies(into: string, name: string, keep: string, beforeMs: number): void {
  const entries = existsSync(into) ? readdirSync(into) : [];
  const old = entries.filter((entry) => {
    const copy = entry.startsWith(`${name}-`) && /^[0-9a-f]{16}$/.test(entry.slice(name.length + 1));
    return (
      (copy || entry.startsWith(".new-")) &&
      join(into, entry) !== keep &&
      lstatSync(join(into, entry)).mtimeMs < beforeMs
    );
  });
  if (old.length === 0) return;
  const commands = readdirSync("/proc").flatMap((pid) =>
    /^\d+$/.test(pid) ? [parentAndCommand(Number(pid))?.command.join(" ") ?? ""] : [],
  );
  for (const path of old.map((entry) => join(into, entry))) {
    if (!commands.some((command) => command.includes(path))) rmSync(path, { recursive: true, force: true });
  }
}

/**
 * The first part of these absolute paths, each from the top, that the user may not pass through (folders) or read (the
 * end); null when all can be reached. The kernel is asked, as that user, so access lists and mount options count too. A
 * part that does not exist yet is not judged.
 */
export function firstUnreachable(paths: readonly string[], user: Credentials): Unreachable | null {
  const prefixes = paths.flatMap((path) => {
    const parts = path.split("/").filter((part) => part !== "");
    return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
  });
  const script = `
    for path do
      if [ -d "$path" ]; then [ -x "$path" ] || { printf '%s' "$path"; exit; }
      elif [ -e "$path" ]; then [ -r "$path" ] || { printf '%s' "$path"; exit; }
      fi
    done`;
  const at = run("sh", ["-c", script, "sh", ...new Set(prefixes)], user);
  return at === "" ? null : { at, user: user.name };
}

export type Unreachable = { readonly at: string; readonly user: string };

/** Changes whenever a file in it is added, removed, replaced or written; reads no contents. */
function fingerprint(folder: string, parts: readonly string[]): string {
  const hash = createHash("sha256");
  const add = (path: string) => {
    const { size, mtimeMs, ctimeMs, mode } = lstatSync(join(folder, path));
    hash.update(`${path}\0${size} ${mtimeMs} ${ctimeMs} ${mode}\n`);
  };
  for (const part of parts) {
    add(part);
    if (!statSync(join(folder, part)).isDirectory()) continue;
    for (const entry of readdirSync(join(folder, part), { recursive: true, encoding: "utf8" }).sort())
      add(join(part, entry));
  }
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
