import { chmodSync, chownSync, existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { WeirHome } from "./home.ts";
import { type Credentials, firstUnreachable } from "./reach.ts";

/**
 * The home itself: 0755 root's, or 0700 the user's. Throws, before anything is made, where it belongs to somebody else
 * and, as root, where it lies in a folder that others cannot pass: the system users have to reach their parts of it.
 */
export function makeHome(home: WeirHome, anyone: Credentials | null): void {
  const uid = process.getuid?.() ?? -1;
  const closed = anyone === null ? null : firstUnreachable([dirname(home.folder)], anyone);
  if (closed !== null) {
    const which = `WEIR_HOME=${home.folder} cannot be reached by Weir's system users, because ${closed.at} is closed to them.`;
    throw new Error(`${which}\nCure: chmod o+x ${closed.at}, or another place, such as WEIR_HOME=/var/lib/weir.`);
  }
  if (existsSync(home.folder) && statSync(home.folder).uid !== uid) {
    const owner = statSync(home.folder).uid;
    const words = `WEIR_HOME=${home.folder} belongs to uid ${owner}, and you are uid ${uid}.`;
    throw new Error(`${words}\nCure: start Weir as its owner, or choose another folder with WEIR_HOME.`);
  }
  const mode = anyone === null ? 0o700 : 0o755;
  makeWay(home.folder, mode);
  chmodSync(home.folder, mode);
}

/** One folder after another: a recursive mkdir of Node never returns in a file system that makes none, such as /proc. */
function makeWay(folder: string, mode: number): void {
  if (existsSync(folder)) return;
  makeWay(dirname(folder), mode);
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    const words = `WEIR_HOME cannot be made: ${error instanceof Error ? error.message : String(error)}.`;
    throw new Error(`${words}\nCure: choose a folder that you may write with WEIR_HOME.`, { cause: error });
  }
}

export type FolderOwners = { readonly server: Credentials; readonly agent: Credentials };

/** What is inside, each closed to whom it does not concern; PostgreSQL and the launcher make their own. */
export function makeFolders(home: WeirHome, owners: FolderOwners | null): void {
  own(home.log.folder, 0o750, 0, 0);
  own(home.server.folder, 0o700, owners?.server.uid, owners?.server.gid);
  own(home.agent.folder, 0o700, owners?.agent.uid, owners?.agent.gid);
  own(home.launcher.folder, 0o750, 0, owners?.agent.gid);
  own(home.runs, 0o711, 0, 0);

  function own(folder: string, mode: number, ownerUid: number | undefined, ownerGid: number | undefined): void {
    if (!existsSync(folder)) mkdirSync(folder, { mode });
    chmodSync(folder, mode);
    if (owners !== null && ownerUid !== undefined && ownerGid !== undefined) chownSync(folder, ownerUid, ownerGid);
  }
}

/** A log of 10 MiB or more becomes the one old log; called before a start, when nobody writes. */
export function rotateLogs(home: WeirHome, atBytes: number = 10 * 1024 * 1024): void {
  for (const name of ["server", "agent", "postgres", "launcher"]) {
    const path = join(home.log.folder, `${name}.log`);
    if (existsSync(path) && statSync(path).size >= atBytes) renameSync(path, `${path}.1`);
  }
}
