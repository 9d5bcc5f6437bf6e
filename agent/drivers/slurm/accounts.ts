import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import type { AskedAccount, LocalAccounts } from "#agent/driver.ts";
import { type Frame, text } from "#agent/drivers/process/frame.ts";
import type { Engine } from "./engine.ts";
import { isNotLetIn } from "./let-in.ts";
import { entryFor, type Mapping, type MappingEntry } from "./mapping.ts";
import type { WeirAs } from "./weir-as.ts";

/**
 * Accounts that the network asks this centre for (P2, P5), reconciled for ever: a pair without an entry in the mapping is
 * given one by the site's hooks `create-account` and `add-association`, where the policy names them, else by hand; what
 * is created is tried (proving.ts); whom the site's policy does not let in gets no work until it does, and is tried again
 * then. `removed` is the operator's word alone: a user directory that finds nobody for a moment takes nothing away.
 */
export type AccountSettings = {
  /** The file with what was asked for, beside the mapping: for the operator's list, and for the time after a restart. */
  readonly path: string;
  readonly mapping: Mapping;
  /** What the network hears of a local user (account-keys.ts). */
  readonly keyOfUser: (user: string) => string;
  readonly engine: Engine;
  readonly helper: WeirAs;
  readonly note: (words: string, facts: object) => void;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly everyMs: number;
  /** Then nobody new is made an account. */
  readonly isLeaving: () => boolean;
  /** How often those that are ready, or were, are looked at. */
  readonly lookEveryMs?: number;
};

/** An entry's words while the site's policy does not let its user in; the rule follows. */
const notLetIn = "the site's policy does not let this user in";

/** Nothing is to be tried as this user now: a refusal is an alert at the site, and whether it is one still is looked at here. */
export function isKeptOut({ readiness }: MappingEntry): boolean {
  return readiness.kind === "created" && readiness.words?.startsWith(notLetIn) === true;
}

/** After a hook that failed. */
const againAfterMs = 600_000;
const usualLookEveryMs = 300_000;
/** Of one who has not been let in for long; each refusal is an alert at the site. */
const longestLookMs = 3_600_000;

export function keepAccounts(settings: AccountSettings): LocalAccounts {
  const { path, mapping, signal, note, nowMs, everyMs, lookEveryMs = usualLookEveryMs } = settings;
  let wanted = readAsked(path);
  const heldUntilMs = new Map<string, number>();
  const askedAgainMs = new Map<string, number>();
  let lookedMs = Number.NEGATIVE_INFINITY;

  async function round(): Promise<void> {
    const entries = mapping.entries();
    const missing = wanted.filter((pair) => entryFor(entries, pair.person.id, pair.project.id) === null);
    const hooks = missing.length === 0 || settings.isLeaving() ? [] : await hooksOf(settings.helper);
    for (const pair of missing) {
      const key = keyOf(pair);
      if (!hooks.includes("create-account") || nowMs() < (heldUntilMs.get(key) ?? 0)) continue;
      heldUntilMs.set(key, nowMs() + againAfterMs);
      const made = await create(pair, hooks, settings.helper);
      if (made.kind === "made") mapping.put(entryOf(pair, made, nowMs()));
      note("an account was asked for", {
        person: pair.person.id,
        project: pair.project.id,
        words: made.kind === "made" ? "created" : made.words,
      });
    }
    if (nowMs() - lookedMs < lookEveryMs) return;
    lookedMs = nowMs();
    for (const entry of mapping.entries())
      if (entry.readiness.kind === "ready" || (isKeptOut(entry) && isDue(entry))) await lookAt(entry);
  }

  function isDue({ user, readiness }: MappingEntry): boolean {
    const keptOutMs = nowMs() - readiness.sinceMs;
    if (nowMs() < (askedAgainMs.get(user) ?? 0)) return false;
    askedAgainMs.set(user, nowMs() + Math.min(longestLookMs, keptOutMs / 4));
    return true;
  }

  /** Asked with what changes nothing: does the policy still let that user in? */
  async function lookAt(entry: MappingEntry): Promise<void> {
    const created = (words: string | null) =>
      mapping.put({ ...entry, readiness: { kind: "created", sinceMs: nowMs(), words } }, entry);
    try {
      await settings.engine.records(entry.user, [], []);
      if (!isKeptOut(entry)) return;
      created(null);
      note("the site lets a user in again; the account is tried anew", { user: entry.user });
    } catch (error) {
      if (!isNotLetIn(error) || isKeptOut(entry)) return;
      created(`${notLetIn} (${error.rule}: ${error.message})`);
      note("the site does not let a user in; nothing is sent as them until it does", { rule: error.rule });
    }
  }

  async function forEver(): Promise<void> {
    while (!signal.aborted) {
      await round().catch((error: unknown) => note("accounts are looked at again", { error: String(error) }));
      await delay(everyMs, undefined, { signal }).catch(() => {});
    }
  }
  void forEver();

  return {
    want(pairs) {
      if (JSON.stringify(pairs) === JSON.stringify(wanted)) return;
      wanted = pairs;
      writeFileSync(`${path}.new`, `${JSON.stringify(pairs)}\n`, { mode: 0o600, flush: true });
      renameSync(`${path}.new`, path);
    },
    readiness() {
      const entries = mapping.entries();
      return wanted.map(({ person, project }) => {
        const pair = { person: person.id, project: project.id };
        const entry = entryFor(entries, person.id, project.id);
        if (!entry) return { ...pair, readiness: "requested" as const };
        // Also of one that was removed: its runs may be in the queue still.
        return { ...pair, readiness: entry.readiness.kind, localAccount: settings.keyOfUser(entry.user) };
      });
    },
  };
}

const named = z.object({ id: z.int(), name: z.string() });
const askedAccounts = z.array(z.object({ person: named, project: named }));

/** What the network asked for by its last word; nothing where it never did. */
export function readAsked(path: string): readonly AskedAccount[] {
  try {
    return askedAccounts.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw new Error(`${path} cannot be read; it may be removed, and the network asks again`, { cause: error });
  }
}

/** Has the site take away what its hook made; null: done, else its words. */
export async function removeByHook(helper: WeirAs, entry: MappingEntry): Promise<string | null> {
  const { person, project, user, account } = entry;
  const done = await runHook(
    helper,
    "remove",
    { person, project, user, account },
    { kind: "made", user, account, qos: null },
  );
  return done.kind === "made" ? null : done.words;
}

type Made =
  | { readonly kind: "made"; readonly user: string; readonly account: string | null; readonly qos: string | null }
  | { readonly kind: "not-made"; readonly words: string };

/** Of what a hook prints: the local user, and what its runs are submitted with. */
const hookOutput = z.object({
  user: z.string().optional(),
  account: z.string().nullish(),
  qos: z.string().nullish(),
  words: z.string().optional(),
});

async function create(pair: AskedAccount, hooks: readonly string[], helper: WeirAs): Promise<Made> {
  const created = await runHook(helper, "create-account", pair);
  if (created.kind === "not-made" || !hooks.includes("add-association")) return created;
  const { user, account, qos } = created;
  return runHook(helper, "add-association", { ...pair, user, account, qos }, created);
}

/** By hook, or a refusal with the hook's own words. What a later hook leaves out stands as it was. */
async function runHook(
  helper: WeirAs,
  name: string,
  input: object,
  before?: Extract<Made, { kind: "made" }>,
): Promise<Made> {
  const frame = await helper.ask("hook", [
    ["name", name],
    ["input", JSON.stringify(input)],
  ]);
  const not = (words: string): Made => ({ kind: "not-made", words: `${name}: ${words}` });
  if (text(frame, "ok") !== "1") return not(text(frame, "words") ?? "refused");
  const output = outputOf(frame);
  const exit = Number(text(frame, "exit") ?? 1);
  if (exit !== 0) return not(output?.words ?? `it ended with status ${exit}`);
  const user = output?.user ?? before?.user;
  if (!user) return not("it named no user");
  const account = output?.account ?? before?.account ?? null;
  return { kind: "made", user, account, qos: output?.qos ?? before?.qos ?? null };
}

function outputOf(frame: Frame): z.infer<typeof hookOutput> | null {
  try {
    return hookOutput.parse(JSON.parse(text(frame, "output") || "{}"));
  } catch {
    return null;
  }
}

async function hooksOf(helper: WeirAs): Promise<readonly string[]> {
  const frame = await helper.ask("hello", []);
  return (frame.get("hook") ?? []).map(String);
}

function entryOf(
  { person, project }: AskedAccount,
  made: Extract<Made, { kind: "made" }>,
  nowMs: number,
): MappingEntry {
  const { user, account, qos } = made;
  const readiness = { kind: "created", sinceMs: nowMs, words: null } as const;
  return { person: person.id, project: project.id, user, account, qos, by: "hook", readiness };
}

function keyOf({ person, project }: AskedAccount): string {
  return `${person.id}.${project.id}`;
}
