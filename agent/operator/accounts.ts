import { join } from "node:path";
import type { AskedAccount } from "#agent/driver.ts";
import { testAccount } from "#agent/drivers/slurm/account-test.ts";
import { readAsked } from "#agent/drivers/slurm/accounts.ts";
import { entryFor, type MappingEntry, sharersOf } from "#agent/drivers/slurm/mapping.ts";
import type { Given } from "./given.ts";
import { say } from "./say.ts";
import { becomeAgent } from "./settings.ts";
import { openSlurmSite, type SlurmSite, trialPartition } from "./slurm-site.ts";

/** `accounts`, `accounts add WHO USER [ACCOUNT]`, `accounts test WHO`, `accounts remove WHO`. */
export async function accounts(given: Given): Promise<number> {
  const [word = "list", who = "", user = "", account = null] = given.operands;
  const folder = becomeAgent(given.environment);
  const site = openSlurmSite(given.environment, folder, given.note);
  try {
    if (word === "list") return list(given, site, readAsked(join(folder, "accounts-asked.json")));
    const named = whoOf(who);
    switch (word) {
      case "add":
        if (user === "") throw new Error(say("accountNoUser"));
        return await add(given, site, { ...named, user, account: account === "-" ? null : account });
      case "test": {
        const entry = found(site, named, who);
        return await tried(given, site, { ...entry, readiness: created(null) });
      }
      case "remove": {
        const entry = found(site, named, who);
        if (given.has("forget")) {
          site.mapping.forget(entry);
          given.print(say("accountForgotten", { who: whoText(entry), user: entry.user }));
          return 0;
        }
        site.mapping.put({ ...entry, readiness: { kind: "removed", sinceMs: Date.now() } });
        given.print(say("accountRemoved", { who: whoText(entry), user: entry.user }));
        return 0;
      }
      default:
        throw new Error(say("accountWords", { word }));
    }
  } finally {
    site.engine.close();
  }
}

function list(given: Given, { mapping }: SlurmSite, asked: readonly AskedAccount[]): number {
  const entries = mapping.entries();
  const open = asked.filter(({ person, project }) => entryFor(entries, person.id, project.id) === null);
  if (given.has("json")) given.print(JSON.stringify({ accounts: entries, askedFor: open }, null, 2));
  else {
    for (const entry of entries) {
      const place = `${whoText(entry).padEnd(24)} ${entry.user.padEnd(16)} ${(entry.account ?? "-").padEnd(16)}`;
      const [other] = entry.readiness.kind === "removed" ? [] : sharersOf(entries, entry);
      const shared = other ? `; ${say("accountIsShared", { other: whoText(other) })}` : "";
      given.print(`${place} ${readinessText(entry.readiness)}${shared}`);
    }
    for (const { person, project } of open) {
      const who = whoText({ person: person.id, project: project.id });
      given.print(`${who.padEnd(24)} ${say("accountAskedFor", { person: person.name, project: project.name })}`);
    }
    if (entries.length + open.length === 0) given.print(say("accountsNone"));
  }
  return 0;
}

function readinessText(readiness: MappingEntry["readiness"]): string {
  const words = "words" in readiness ? readiness.words : null;
  const kind = say(`readiness_${readiness.kind}`);
  return words ? say("beside", { words: kind, more: words }) : kind;
}

type Who = Pick<MappingEntry, "person" | "project">;

async function add(
  given: Given,
  site: SlurmSite,
  wanted: Who & Pick<MappingEntry, "user" | "account">,
): Promise<number> {
  const [other] = sharersOf(site.mapping.entries(), wanted);
  if (other && !given.has("shared"))
    throw new Error(say("accountShared", { who: whoText(wanted), user: wanted.user, other: whoText(other) }));
  const entry = { ...wanted, qos: given.one("qos"), readiness: created(null) } as const;
  if (!given.has("no-test")) return tried(given, site, entry);
  site.mapping.put(entry);
  given.print(say("accountUntried", { who: whoText(entry), user: entry.user }));
  return 0;
}

/** Only a test submission makes it ready (P2). It is kept once it was tried, so that the agent does not try it meanwhile. */
async function tried(given: Given, site: SlurmSite, entry: MappingEntry): Promise<number> {
  const partition = given.one("partition") ?? (await trialPartition(site.site, site.commands));
  given.note(say("accountTrying", { user: entry.user, partition }));
  const facts = { who: whoText(entry), user: entry.user };
  const result = await testAccount(site.engine, entry, partition, { mostMs: patienceMs, everyMs: 250 });
  if (result.kind === "passed") {
    site.mapping.put({ ...entry, readiness: { kind: "ready", sinceMs: Date.now() } });
    given.print(say("accountReady", { ...facts, job: result.engineId, ms: result.tookMs }));
    return 0;
  }
  if (result.kind === "failed" && noAccount.has(result.rule ?? "")) {
    given.print(say("accountNotAdded", { ...facts, words: result.words }));
    return 1;
  }
  site.mapping.put({ ...entry, readiness: created(result.words) });
  given.print(say("accountNotReady", { ...facts, words: result.words }));
  return 1;
}

/** Rules of the policy by which nothing ever ran as that user, nor will: a slip, which the mapping is better without. */
const noAccount: ReadonlySet<string> = new Set(["root", "user"]);

const patienceMs = 120_000;

function created(words: string | null): MappingEntry["readiness"] {
  return { kind: "created", sinceMs: Date.now(), words };
}

function found({ mapping }: SlurmSite, { person, project }: Who, who: string): MappingEntry {
  const entry = mapping.entries().find((one) => one.person === person && one.project === project);
  if (entry) return entry;
  throw new Error(say("accountUnknown", { who }));
}

/** `person:12`, `project:7`, or both: `person:12,project:7`. */
export function whoOf(text: string): Who {
  const match = /^(?:person:(\d{1,15})(?:,project:(\d{1,15}))?|project:(\d{1,15}))$/.exec(text);
  const [, person, withPerson, alone] = match ?? [];
  const project = withPerson ?? alone;
  if (person === undefined && project === undefined) throw new Error(say("whoForm", { text: text || "WHO" }));
  return { person: person ? Number(person) : null, project: project ? Number(project) : null };
}

export function whoText({ person, project }: Who): string {
  const words = [...(person === null ? [] : [`person:${person}`]), ...(project === null ? [] : [`project:${project}`])];
  return words.join(",");
}
