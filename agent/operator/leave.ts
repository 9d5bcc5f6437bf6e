import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { removeByHook } from "#agent/drivers/slurm/accounts.ts";
import { isNotLetIn } from "#agent/drivers/slurm/let-in.ts";
import { readMark } from "#agent/drivers/slurm/network-mark.ts";
import { notebookFiles, readNotebook } from "#agent/drivers/slurm/notebook.ts";
import { sweep } from "#agent/drivers/slurm/sweep.ts";
import { folderLock } from "#agent/folder-lock.ts";
import {
  agreedFile,
  forgetLeaving,
  goesMs,
  type Leaving,
  putLeaving,
  readAgreedDays,
  readLeaving,
} from "#agent/leaving.ts";
import { usualRetentionDays } from "#core/centre/terms.ts";
import { networkClock, networkOffset } from "#core/ledger/network-day.ts";
import { whoText } from "./accounts.ts";
import type { Given } from "./given.ts";
import { say } from "./say.ts";
import { becomeAgent, credentialIn } from "./settings.ts";
import { openSlurmSite, type SlurmSite } from "./slurm-site.ts";

/**
 * What of the network is still at this site, and when it goes. `--yes`: it is kept from now on for the agreed days, in which
 * users can fetch their output, unless `--stay` takes that back; `--finish`: once they are over, or `--early`, the folders of runs and what is Weir's own beside
 * them go (each as its user), then accounts, tokens and the agent's own records. All of it by this machine alone; what a crash
 * left undone the next `--finish` does. Programs and policy go with `uninstall`.
 */
export async function leave(given: Given): Promise<number> {
  if (given.has("finish") && given.has("yes")) throw new Error(say("yesOrFinish"));
  if (given.has("stay") && (given.has("yes") || given.has("finish"))) throw new Error(say("stayAlone"));
  for (const option of ["early", "without"])
    if (given.has(option) && !given.has("finish")) throw new Error(say("withFinish", { option }));
  const folder = becomeAgent(given.environment);
  const site = openSlurmSite(given.environment, folder, given.note);
  try {
    if (given.has("finish")) return await finish(given, folder, site);
    const here = whatIsHere(folder, site);
    if (given.has("yes")) {
      if (here.runsThatHaveNotEnded.length > 0)
        throw new Error(say("notEnded", { count: here.runsThatHaveNotEnded.length }));
      // Asked again, it goes when it was to go.
      if (readLeaving(folder) === null)
        putLeaving(folder, { sinceMs: Date.now(), days: here.retention.days, state: "kept" });
    }
    if (given.has("stay")) forgetLeaving(folder);
    return tell(given, given.has("yes") || given.has("stay") ? whatIsHere(folder, site) : here);
  } finally {
    site.engine.close();
  }
}

type Here = {
  readonly runsThatHaveNotEnded: readonly string[];
  readonly foldersOfRuns: readonly { readonly user: string; readonly chunk: string }[];
  /** In whose folder of runs the wrapper and such are looked for; null: each user's weir-delegate sees to theirs. */
  readonly ownInFoldersOf: readonly string[] | null;
  readonly accounts: readonly { readonly who: string; readonly user: string; readonly byHook: boolean }[];
  readonly tokens: boolean;
  readonly journals: boolean;
  readonly credential: boolean;
  readonly retention: {
    readonly days: number;
    /** By the centre's terms, as the network last told them. */
    readonly isAgreed: boolean;
    /** Absent: it was not said yet that it leaves. */
    readonly sinceMs?: number;
    readonly goesMs?: number;
  };
};

function whatIsHere(folder: string, site: SlurmSite): Here {
  const { going, past } = readNotebook(notebookIn(folder));
  const agreed = readAgreedDays(folder);
  const leaving = readLeaving(folder);
  return {
    runsThatHaveNotEnded: going.flatMap(({ runs }) => runs.map(({ run }) => run)),
    foldersOfRuns: [...going, ...past].map(({ user, chunk }) => ({ user, chunk })),
    ownInFoldersOf:
      site.site.delegated !== null ? null : leaving?.state === "folders-gone" ? [] : usersHere(folder, site),
    accounts: accountsOf(site).map((entry) => ({
      who: whoText(entry),
      user: entry.user,
      byHook: entry.by === "hook",
    })),
    tokens: site.site.delegated !== null && existsSync(site.site.delegated.tokens),
    journals: ownRecords(folder).some((path) => existsSync(path)),
    credential: existsSync(credentialIn(folder)),
    retention: {
      days: leaving?.days ?? agreed ?? usualRetentionDays,
      isAgreed: agreed !== null,
      ...(leaving && { sinceMs: leaving.sinceMs, goesMs: goesMs(leaving) }),
    },
  };
}

function tell(given: Given, here: Here): number {
  if (given.has("json")) {
    given.print(JSON.stringify(here, null, 2));
    return 0;
  }
  const list = (words: readonly string[]) => ({ list: words.join(" ") || say("none") });
  const isThere = (there: boolean) => ({ list: say(there ? "there" : "none") });
  given.print(say("listRuns", list(here.runsThatHaveNotEnded)));
  given.print(say("listFolders", list(here.foldersOfRuns.map(({ user, chunk }) => `${user}:${chunk}`))));
  if (here.ownInFoldersOf !== null) given.print(say("listOwn", list(here.ownInFoldersOf)));
  given.print(
    say("listAccounts", list(here.accounts.map(({ who, user, byHook }) => `${who}→${user}${byHook ? "*" : ""}`))),
  );
  if (here.accounts.some(({ byHook }) => byHook)) given.print(say("listByHook"));
  given.print(say("listTokens", isThere(here.tokens)));
  given.print(say("listJournals", isThere(here.journals)));
  given.print(say("listCredential", isThere(here.credential)));
  given.print(whenText(here.retention));
  return 0;
}

/** When it goes, or would. */
export function whenText({ days, isAgreed, goesMs: atMs }: Here["retention"]): string {
  if (atMs === undefined) return say(isAgreed ? "wouldGoAgreed" : "wouldGoUsual", { days });
  return say(atMs > Date.now() ? "goesOn" : "mayGo", { days, time: timeText(atMs) });
}

function timeText(atMs: number): string {
  return `${networkClock(atMs)} ${networkOffset}`;
}

async function finish(given: Given, folder: string, site: SlurmSite): Promise<number> {
  if (!folderLock(folder).take()) throw new Error(say("agentRuns"));
  const { going } = readNotebook(notebookIn(folder));
  if (going.length > 0) throw new Error(say("notEnded", { count: going.flatMap(({ runs }) => runs).length }));
  const leaving = dueNow(given, folder);
  if (leaving.state === "kept") {
    const folders = await clearFolders(given, folder, site);
    // A hook may take users out of the site's group, and nobody could look at their folders then.
    putLeaving(folder, { ...leaving, state: "folders-gone" });
    given.print(say("foldersGone", { folders }));
  }
  const accounts = accountsOf(site);
  for (const entry of accounts) {
    const trouble = entry.by === "hook" ? await removeByHook(site.helper, entry) : null;
    if (trouble !== null) throw new Error(say("accountStays", { user: entry.user, words: trouble }));
    site.mapping.put({ ...entry, readiness: { kind: "removed", sinceMs: Date.now() } });
  }
  if (site.site.delegated !== null) rmSync(site.site.delegated.tokens, { force: true, recursive: true });
  for (const path of ownRecords(folder)) rmSync(path, { force: true, recursive: true });
  rmSync(credentialIn(folder), { force: true });
  forgetLeaving(folder);
  given.print(say("gone", { accounts: accounts.length }));
  return 0;
}

/** What is kept may go now: its time is over, its end has begun, or it was said that it is not to be waited for. */
function dueNow(given: Given, folder: string): Leaving {
  const leaving = readLeaving(folder);
  if (leaving === null && !given.has("early")) throw new Error(say("notBegun"));
  const begun = leaving ?? { sinceMs: Date.now(), days: readAgreedDays(folder) ?? usualRetentionDays, state: "kept" };
  if (begun.state === "kept" && goesMs(begun) > Date.now() && !given.has("early"))
    throw new Error(say("notYet", { time: timeText(goesMs(begun)) }));
  return begun;
}

/** Each as its user; those whom the site does not let in stop it, but for those named. Resolves to how many folders went. */
async function clearFolders(given: Given, folder: string, site: SlurmSite): Promise<number> {
  const { past } = readNotebook(notebookIn(folder));
  const without = given.all("without");
  const refused: string[] = [];
  let folders = 0;
  for (const user of usersHere(folder, site)) {
    if (without.includes(user)) {
      given.print(say("folderStays", { user }));
      continue;
    }
    try {
      const noted = past.filter((one) => one.user === user).map(({ chunk }) => chunk);
      const chunks = new Set([...noted, ...(await unnoted(folder, site, user))]);
      for (const chunk of chunks)
        if ((await site.engine.remove(user, chunk)) === "busy") throw new Error(say("folderBusy", { chunk, user }));
      folders += chunks.size;
      if (site.site.delegated !== null) continue;
      const { stays } = await sweep(site.helper, user);
      if (stays > 0) given.print(say("staysThere", { user, count: stays }));
    } catch (error) {
      if (!isNotLetIn(error)) throw error;
      refused.push(`${user} (${error.rule})`);
    }
  }
  if (refused.length > 0) throw new Error(say("foldersStay", { users: refused.join(", ") }));
  return folders;
}

/** This network's folders and those of account tests that an agent which was killed or replaced did not write down. */
async function unnoted(folder: string, { engine, site }: SlurmSite, user: string): Promise<readonly string[]> {
  // Root takes the whole folder away in which they lie, and not every user has one there.
  if (site.delegated !== null) return [];
  const mark = readMark(join(folder, "slurm-network"));
  const tags = ["account-test-", ...(mark === null ? [] : [`${mark}-`])];
  const found = await Promise.all(tags.map((tag) => engine.chunks(user, tag)));
  return found.flat().map(({ chunk }) => chunk);
}

function accountsOf({ mapping }: SlurmSite) {
  return mapping.entries().filter(({ readiness }) => readiness.kind !== "removed");
}

/** Accounts that were removed before may have folders still. */
function usersHere(folder: string, { mapping }: SlurmSite): readonly string[] {
  const { going, past } = readNotebook(notebookIn(folder));
  return [...new Set([...mapping.entries(), ...going, ...past].map(({ user }) => user))].sort();
}

function ownRecords(folder: string): readonly string[] {
  const names = ["journal", "slurm-output", "account-secret", "accounts-asked.json", "accounts-quota.json", agreedFile];
  return [...names.map((name) => join(folder, name)), ...notebookFiles(notebookIn(folder))];
}

function notebookIn(folder: string): string {
  return join(folder, "slurm-runs");
}
