import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import type { AskedAccount, LocalAccounts } from "#agent/driver.ts";
import type { Engine } from "./engine.ts";
import { hooksOf, type Made, runHook } from "./hooks.ts";
import { isNotLetIn } from "./let-in.ts";
import { entryFor, type Mapping, type MappingEntry } from "./mapping.ts";
import { keepQuotas } from "./quotas.ts";
import type { WeirAs } from "./weir-as.ts";

/**
 * Accounts that the network asks this centre for (P2, P5), reconciled for ever: a pair without an entry in the mapping is
 * given one by the site's hooks `create-account` and `add-association`, where the policy names them, else by hand; what
 * is created is tried (proving.ts), and what its project may use goes to the hook `quota` (quotas.ts); whom the site's policy does not let in gets no work until it does, and is tried again
 * then. `removed` is the operator's word alone: a user directory that finds nobody for a moment takes nothing away.
 */
export type AccountSettings = {
  /** The file with what was asked for, beside the mapping: for the operator's list, and for the time after a restart. */
  readonly path: string;
  /** What the site's hook `quota` took last. */
  readonly quotaPath: string;
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
  const quotas = keepQuotas({ ...settings, path: settings.quotaPath, againAfterMs });
  let quotasLookedMs = Number.NEGATIVE_INFINITY;
  const askedAgainMs = new Map<string, number>();
  let lookedMs = Number.NEGATIVE_INFINITY;

  async function round(): Promise<void> {
    const entries = mapping.entries();
    const missing = wanted.filter((pair) => entryFor(entries, pair.person.id, pair.project.id) === null);
    const isQuotaDue = nowMs() - quotasLookedMs >= lookEveryMs && quotas.isAnyDue(wanted, entries);
    const isAsked = (missing.length > 0 || isQuotaDue) && !settings.isLeaving();
    const hooks = isAsked ? await hooksOf(settings.helper) : [];
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
    if (hooks.includes("quota")) await quotas.tell(wanted, mapping.entries());
    // Most sites have no such hook.
    else if (isQuotaDue) quotasLookedMs = nowMs();
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
      quotasLookedMs = Number.NEGATIVE_INFINITY;
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
const count = z.int().nullable();
const limits = z.object({ coreHours: count, cardHours: count, cores: count });
const quota = z.object({ project: limits, tenant: limits });
const askedAccounts = z.array(z.object({ person: named, project: named, quota: quota.optional() }));

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
  const done = await runHook(helper, "remove", JSON.stringify({ person, project, user, account }), {
    user,
    account,
    qos: null,
  });
  return done.kind === "made" ? null : done.words;
}

async function create({ person, project }: AskedAccount, hooks: readonly string[], helper: WeirAs): Promise<Made> {
  const created = await runHook(helper, "create-account", JSON.stringify({ person, project }));
  if (created.kind === "not-made" || !hooks.includes("add-association")) return created;
  const { user, account, qos } = created;
  return runHook(helper, "add-association", JSON.stringify({ person, project, user, account, qos }), created);
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
