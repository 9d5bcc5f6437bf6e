import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";

/**
 * Who a person or project of the network is at this centre (P2): kept here, by the site, and never told to the server,
 * which names people and projects by their ids alone. A mapping serves only while it is `ready`, which it becomes when a
 * test submission as that user has succeeded.
 */
const readiness = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("requested"), sinceMs: z.int() }),
  /** The account is there, or so the site says; it has not been tried. `words`: why the last try failed. */
  z.strictObject({ kind: z.literal("created"), sinceMs: z.int(), words: z.string().nullable() }),
  z.strictObject({ kind: z.literal("ready"), sinceMs: z.int() }),
  /** Where users lend their own credential: none is in force, or it is near its end. `words` with the remedy. */
  z.strictObject({ kind: z.literal("needs-credential"), sinceMs: z.int(), words: z.string() }),
  z.strictObject({ kind: z.literal("removed"), sinceMs: z.int() }),
]);

const entry = z.strictObject({
  /** Ids of the network; null: whichever. One of them at least is named. */
  person: z.int().positive().nullable(),
  project: z.int().positive().nullable(),
  user: z.string().regex(/^[A-Za-z_][\w.@-]{0,63}$/),
  account: z.string().max(128).nullable(),
  qos: z.string().max(128).nullable().default(null),
  /** The site's hook made it, and its hook `remove` takes it away when the centre leaves; absent: by hand. */
  by: z.literal("hook").optional(),
  readiness,
});

export type MappingEntry = z.infer<typeof entry>;
export type Readiness = MappingEntry["readiness"];

export type Resolved =
  | { readonly kind: "ready"; readonly entry: MappingEntry }
  | { readonly kind: "not-ready"; readonly words: string }
  /** Not until the user has lent a credential again. */
  | { readonly kind: "needs-credential"; readonly words: string };

/** The most exact entry decides: of this person in this project, of this person, of this project. */
export function entryFor(entries: readonly MappingEntry[], person: number, project: number): MappingEntry | null {
  return (
    entries.find((one) => one.person === person && one.project === project) ??
    entries.find((one) => one.person === person && one.project === null) ??
    entries.find((one) => one.person === null && one.project === project) ??
    null
  );
}

/** Others of the network that are the same local user here: of one person in several projects nobody is another (P3). */
export function sharersOf(
  entries: readonly MappingEntry[],
  { person, project, user }: Pick<MappingEntry, "person" | "project" | "user">,
): readonly MappingEntry[] {
  return entries.filter(
    (one) =>
      one.user === user &&
      one.readiness.kind !== "removed" &&
      (one.person === null || one.person !== person) &&
      !(one.person === person && one.project === project),
  );
}

/** As the network is told: which local user it is stays at the centre (P2). */
export function withoutName(words: string, user: string): string {
  const name = user.replaceAll(/[.+]/g, "\\$&");
  return words.replaceAll(new RegExp(`(?<![\\w.@+-])${name}(?![\\w@+-])`, "g"), "…");
}

/** Those who are several people's of the network. */
export function sharedUsers(entries: readonly MappingEntry[]): readonly string[] {
  const shared = entries.filter((one) => one.readiness.kind !== "removed" && sharersOf(entries, one).length > 0);
  return [...new Set(shared.map(({ user }) => user))].sort();
}

/** Who runs as whom, or why nobody does. */
export function resolveMapping(
  entries: readonly MappingEntry[],
  person: { readonly id: number; readonly name: string },
  project: { readonly id: number; readonly name: string },
): Resolved {
  const who = `person ${person.id} (${person.name}) in project ${project.id} (${project.name})`;
  const found = entryFor(entries, person.id, project.id);
  if (!found)
    return {
      kind: "not-ready",
      words: `this centre has no local account for ${who}; its operator adds one to the mapping`,
    };
  switch (found.readiness.kind) {
    case "ready":
      return { kind: "ready", entry: found };
    case "requested":
      return { kind: "not-ready", words: `the local account for ${who} has been requested and is not there yet` };
    case "created": {
      const why = found.readiness.words === null ? "" : `: ${withoutName(found.readiness.words, found.user)}`;
      return { kind: "not-ready", words: `the local account for ${who} has not passed its test submission${why}` };
    }
    case "needs-credential":
      return {
        kind: "needs-credential",
        words: `the local account for ${who} waits for its user's own credential: ${found.readiness.words}`,
      };
    case "removed":
      return { kind: "not-ready", words: `the local account for ${who} has been removed by the centre` };
  }
}

export type Mapping = {
  readonly entries: () => readonly MappingEntry[];
  readonly resolve: (person: Named, project: Named) => Resolved;
  /**
   * Adds, or replaces the one for the same person and project. On disk when it returns. `judged`: the entry as it was when
   * what changes was found out; where somebody has changed it since, theirs stands.
   */
  readonly put: (changed: MappingEntry, judged?: MappingEntry) => void;
  /** Takes out the one for the same person and project: what may have run as that user is looked for no more. */
  readonly forget: (entry: Pick<MappingEntry, "person" | "project">) => void;
};

type Named = { readonly id: number; readonly name: string };

/**
 * The file is read again when it has changed: the operator may edit it while the agent runs. No file is no mapping; one
 * that cannot be read is an error with its place, and what was read before stays in force.
 */
export function openMapping(path: string, note: (words: string, facts: object) => void): Mapping {
  let text: string | null = null;
  let entries: readonly MappingEntry[] = [];

  function refresh(): readonly MappingEntry[] {
    const now = readOrNull(path) ?? "[]";
    if (now === text) return entries;
    try {
      entries = parseMapping(now);
    } catch (error) {
      if (text === null)
        throw new Error(`${path}: ${error instanceof Error ? error.message : error}`, { cause: error });
      note("the mapping cannot be read; the one before stays in force", { path, error: String(error) });
    }
    text = now;
    return entries;
  }

  type Who = Pick<MappingEntry, "person" | "project">;
  function replace(who: Who, by: readonly MappingEntry[], judged?: MappingEntry): void {
    locked(path, () => {
      const isSame = (one: MappingEntry) => one.person === who.person && one.project === who.project;
      const now = refresh();
      if (judged && !isDeepStrictEqual(now.find(isSame), judged)) return;
      const next = `${JSON.stringify([...now.filter((one) => !isSame(one)), ...by], null, 2)}\n`;
      writeFileSync(`${path}.new`, next, { mode: 0o600, flush: true });
      renameSync(`${path}.new`, path);
      refresh();
    });
  }

  refresh();
  return {
    entries: refresh,
    resolve: (person, project) => resolveMapping(refresh(), person, project),
    put: (changed, judged) => replace(changed, [changed], judged),
    forget: (entry) => replace(entry, []),
  };
}

const lockPatienceMs = 5_000;
/** Nobody holds it for longer than a write takes: who did is gone. */
const lockLastsMs = 3_000;

/** Agent and operator change the same file: one after the other. */
function locked(path: string, act: () => void): void {
  const lock = `${path}.lock`;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (const untilMs = performance.now() + lockPatienceMs; ; Atomics.wait(sleeper, 0, 0, 10)) {
    try {
      closeSync(openSync(lock, "wx", 0o600));
      break;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
      const sinceMs = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
      if (Date.now() - sinceMs > lockLastsMs) rmSync(lock, { force: true });
      else if (performance.now() > untilMs) throw new Error(`${lock}: somebody else is writing the mapping`);
    }
  }
  try {
    act();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Throws with words for the operator. */
export function parseMapping(text: string): readonly MappingEntry[] {
  const parsed = z.array(entry).safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  const nobody = parsed.data.find((one) => one.person === null && one.project === null);
  if (nobody) throw new Error(`the entry of user ${nobody.user} names neither a person nor a project`);
  return parsed.data;
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
