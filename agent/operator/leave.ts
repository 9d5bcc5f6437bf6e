import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { removeByHook } from "#agent/drivers/slurm/accounts.ts";
import { notebookFiles, readNotebook } from "#agent/drivers/slurm/notebook.ts";
import { whoText } from "./accounts.ts";
import type { Given } from "./given.ts";
import { say } from "./say.ts";
import { becomeAgent, credentialIn } from "./settings.ts";
import { openSlurmSite } from "./slurm-site.ts";

/**
 * What of the network is still at this site; with `--yes`, and once nothing of it runs, the accounts end, the folders of
 * runs go (each as its user) and so does the credential. Programs, policy and journal go with `uninstall`.
 */
export async function leave(given: Given): Promise<number> {
  const folder = becomeAgent(given.environment);
  const site = openSlurmSite(given.environment, folder, given.note);
  try {
    const notebook = join(folder, "slurm-runs");
    const { going, past } = readNotebook(notebook);
    const chunks = [...going, ...past];
    const accounts = site.mapping.entries().filter(({ readiness }) => readiness.kind !== "removed");
    const credential = credentialIn(folder);
    const left = {
      runsThatHaveNotEnded: going.flatMap(({ runs }) => runs.map(({ run }) => run)),
      foldersOfRuns: chunks.map(({ user, chunk }) => ({ user, chunk })),
      accounts: accounts.map((entry) => ({ who: whoText(entry), user: entry.user })),
      credential: existsSync(credential),
    };
    if (!given.has("yes")) return tell(given, left);
    if (going.length > 0) throw new Error(say("notEnded", { count: left.runsThatHaveNotEnded.length }));
    for (const { user, chunk } of chunks)
      if ((await site.engine.remove(user, chunk)) === "busy") throw new Error(say("folderBusy", { chunk, user }));
    for (const entry of accounts) {
      const trouble = entry.by === "hook" ? await removeByHook(site.helper, entry) : null;
      if (trouble !== null) throw new Error(say("accountStays", { user: entry.user, words: trouble }));
    }
    const nowMs = Date.now();
    for (const entry of accounts) site.mapping.put({ ...entry, readiness: { kind: "removed", sinceMs: nowMs } });
    for (const name of ["credential", "journal", "slurm-output"])
      rmSync(join(folder, name), { force: true, recursive: true });
    for (const path of notebookFiles(notebook)) rmSync(path, { force: true, recursive: true });
    if (site.site.delegated !== null) rmSync(site.site.delegated.tokens, { force: true, recursive: true });
    given.print(say("gone", { folders: chunks.length, accounts: accounts.length }));
    return 0;
  } finally {
    site.engine.close();
  }
}

type Left = {
  readonly runsThatHaveNotEnded: readonly string[];
  readonly foldersOfRuns: readonly { readonly user: string; readonly chunk: string }[];
  readonly accounts: readonly { readonly who: string; readonly user: string }[];
  readonly credential: boolean;
};

function tell(given: Given, left: Left): number {
  if (given.has("json")) given.print(JSON.stringify(left, null, 2));
  else {
    given.print(say("listRuns", { list: left.runsThatHaveNotEnded.join(" ") || say("none") }));
    const folders = left.foldersOfRuns.map(({ user, chunk }) => `${user}:${chunk}`).join(" ");
    given.print(say("listFolders", { list: folders || say("none") }));
    const accounts = left.accounts.map(({ who, user }) => `${who}→${user}`).join(" ");
    given.print(say("listAccounts", { list: accounts || say("none") }));
    given.print(say("listCredential", { list: say(left.credential ? "there" : "none") }));
  }
  return 0;
}
