import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";

/**
 * One agent at a time has a centre's folder: two that kept one journal and one notebook could each start what the other
 * has just begun, and the newer's word that something never started would be worth nothing. The kernel keeps the lock
 * (flock on the folder, opened by no child), so after a SIGKILL it is free at once.
 */
export type FolderLock = {
  /** Whether it is this process's now. */
  readonly take: () => boolean;
  readonly release: () => void;
};

export function folderLock(folder: string): FolderLock {
  const open = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  return {
    take() {
      // The lock belongs to the open folder, which flock(1) shares with us, and so outlives flock(1).
      const done = spawnSync("flock", ["-n", "3"], { stdio: ["ignore", "ignore", "inherit", open] });
      if (done.error !== undefined)
        throw new Error("flock is missing: install the package util-linux.", { cause: done.error });
      return done.status === 0;
    },
    release: () => closeSync(open),
  };
}
