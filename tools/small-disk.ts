import { execFileSync } from "node:child_process";
import { closeSync, openSync, statSync, writeSync } from "node:fs";

/**
 * For tests of full disks: a file system of its own over the folder (`size` as of mount: `2m`), with the folder's owner
 * and mode; what was in the folder is hidden meanwhile. As root; throws where nothing can be mounted. Answers what takes
 * it away again, in use or not.
 */
export function mountSmall(folder: string, size: string): () => void {
  const { uid, gid, mode } = statSync(folder);
  const owner = `uid=${uid},gid=${gid},mode=${(mode & 0o7777).toString(8)}`;
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},${owner}`, "tmpfs", folder]);
  return () => execFileSync("umount", ["-l", folder]);
}

/** A file that takes all the room there is. */
export function fillDisk(path: string): void {
  const file = openSync(path, "w");
  const piece = Buffer.alloc(4096);
  try {
    for (;;) writeSync(file, piece);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  } finally {
    closeSync(file);
  }
}
