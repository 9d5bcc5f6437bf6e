import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";

/**
 * What this network's runs are known by at this engine: the first letters of every chunk's name, and so of the tags in
 * Slurm. The server gives it with each session, the same to every agent of the centre, so that an agent with an empty
 * folder finds what the one before it queued (R3). Told apart from every other network, and every earlier database, whose
 * runs have the same numbers: without it an old folder in a user's home would pass for a run of today.
 */
export type NetworkMark = {
  readonly mark: () => string;
  /** A session begins. */
  readonly begin: (session: { readonly session: number; readonly mark: string }) => void;
  /** Whether another agent may have submitted runs of which this folder does not know, and nobody has looked yet. */
  readonly isBehind: () => boolean;
  /** All that others submitted before this session is known. */
  readonly caughtUp: () => void;
};

/** `session`: the last one up to which this folder knows all that was submitted; null: of none. */
type Kept = { readonly mark: string; readonly session: number | null };

export function openNetworkMark(path: string): NetworkMark {
  let kept: Kept = readKept(path) ?? keep({ mark: ownMark(), session: null });
  let current: number | null = null;
  let isBehind = false;

  function keep(next: Kept): Kept {
    writeFileSync(`${path}.new`, `${JSON.stringify(next)}\n`, { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
    return next;
  }

  return {
    mark: () => kept.mark,
    begin({ session, mark }) {
      // Sessions are numbered through: between this one and the one before there was no other agent's.
      if (session !== (kept.session ?? 0) + 1) isBehind = true;
      current = session;
      kept = keep({ mark, session: isBehind ? kept.session : session });
    },
    isBehind: () => isBehind,
    caughtUp() {
      isBehind = false;
      kept = keep({ ...kept, session: current });
    },
  };
}

/** Until a server has given one. */
function ownMark(): string {
  return Array.from(randomBytes(8), (byte) => "abcdefghijkmnpqrstuvwxyz23456789"[byte % 32]).join("");
}

/** null: nothing was ever submitted here. */
export function readMark(path: string): string | null {
  return readKept(path)?.mark ?? null;
}

function readKept(path: string): Kept | null {
  try {
    const kept: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof kept !== "object" || kept === null || !("mark" in kept) || !("session" in kept)) return null;
    const { mark, session } = kept;
    if (typeof mark !== "string" || !/^[a-z0-9]{8}$/.test(mark)) return null;
    return { mark, session: typeof session === "number" ? session : null };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
