import { join } from "node:path";
import { commandsEngine } from "./commands.ts";
import { configurationOf, type SlurmConfiguration } from "./configuration.ts";
import { delegationFindings } from "./delegations.ts";
import type { Engine, Hello } from "./engine.ts";
import { localCommands } from "./local-commands.ts";
import { openMapping } from "./mapping.ts";
import { readSite, type Site } from "./site.ts";
import { transportFindings } from "./transport.ts";
import { openWeirAs } from "./weir-as.ts";

/** What is right, noteworthy or wrong at this centre before a run is sent there; the words say what to do. */
export type Finding = { readonly name: string; readonly verdict: "good" | "note" | "wrong"; readonly words: string };

/** The versions on which this driver is tested live; beyond them it refuses to guess. */
export const testedVersions = ["22.05"] as const;

/** Looks at a centre as the agent will: its own commands, and weir-as. Nothing is changed. */
export async function examineSlurm(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
  identity: { readonly uid: number; readonly gid: number } | null = null,
): Promise<readonly Finding[]> {
  const path = environment.WEIR_SLURM_CONFIG ?? join(folder, "slurm.json");
  const site = await tried("the site's file", () => readSite(path));
  if ("name" in site) return [site];
  return examineSite(site.value, folder, identity);
}

/** One line a finding; what is wrong comes first. */
export function findingsText(findings: readonly Finding[]): string {
  const order = { wrong: 0, note: 1, good: 2 } as const;
  return [...findings]
    .sort((a, b) => order[a.verdict] - order[b.verdict])
    .map(({ name, verdict, words }) => `${verdict.padEnd(5)}  ${name}: ${words}\n`)
    .join("");
}

export async function examineSite(
  site: Site,
  folder: string,
  identity: { readonly uid: number; readonly gid: number } | null,
): Promise<readonly Finding[]> {
  const helper = openWeirAs({ command: site.helper, identity }, () => {});
  const engine = commandsEngine(helper);
  try {
    const commands = localCommands({ ...site, identity });
    const config = await tried("slurmctld", async () =>
      configurationOf(await commands("scontrol", ["show", "config"])),
    );
    const hello = await tried(site.delegated === null ? "weir-as" : "weir-by-token", () => engine.hello());
    const clock = await tried("clock", async () => clockSkewS(await commands("sdiag", [])));
    const mapped = await tried("mapping", () => openMapping(site.mapping ?? join(folder, "mapping.json"), () => {}));
    return [
      ...(await transportFindings(site, helper, {
        tokenLifeS: "name" in hello ? 0 : hello.value.tokenLifeS,
        user: "name" in mapped ? null : (mapped.value.entries().find(isServing)?.user ?? null),
      })),
      ...("name" in config ? [config] : configurationFindings(config.value)),
      ...(await federationFindings(commands)),
      ...("name" in hello
        ? [hello]
        : site.delegated === null
          ? helperFindings(hello.value, "name" in config ? null : config.value)
          : await delegationFindings(helper, site.delegated.folder, {
              isStopped: hello.value.isStopped,
              config: "name" in config ? null : config.value,
              users: "name" in mapped ? [] : usersOf(mapped.value.entries()),
              nowMs: Date.now(),
            })),
      "name" in clock ? clock : clockFinding(clock.value),
      "name" in mapped ? mapped : mappingFinding(mapped.value.entries().map(({ readiness }) => readiness.kind)),
      ...("name" in mapped || "name" in hello ? [] : await userFindings(engine, mapped.value.entries())),
    ];
  } finally {
    engine.close();
  }
}

export function configurationFindings(config: SlurmConfiguration): readonly Finding[] {
  const [major = "", minor = ""] = config.version.split(".");
  const isTested = testedVersions.some((version) => version === `${major}.${minor}`);
  const { privateData } = config;
  const hidden = ["nodes", "partitions"].filter((what) => privateData.includes(what));
  return [
    {
      name: "version",
      verdict: isTested ? "good" : "wrong",
      words: isTested
        ? `Slurm ${config.version}, cluster ${config.clusterName}`
        : `Slurm ${config.version} is not among the tested versions (${testedVersions.join(", ")}): its texts may read otherwise, and nothing is guessed. Run the connection test before any work is sent here.`,
    },
    {
      name: "accounting",
      verdict: config.hasAccounting ? "good" : "note",
      words: config.hasAccounting
        ? "slurmdbd: CPU, memory and who cancelled come from it"
        : `none: times come from scontrol within MinJobAge (${config.minJobAgeS} s), CPU and memory from the wrapper; an agent that is away for longer has the wrapper's word alone`,
    },
    {
      name: "PrivateData",
      verdict: hidden.length > 0 ? "wrong" : privateData.includes("jobs") ? "note" : "good",
      words:
        hidden.length > 0
          ? `${hidden.join(" and ")} are hidden from the agent: it can report no pools. Take them out of PrivateData, or make the agent's user an operator of Slurm's.`
          : privateData.includes("jobs")
            ? "the work of others is hidden: load is what nodes report as allocated, unless the policy of weir-as says `load yes`"
            : "nothing that the agent needs is hidden",
    },
    {
      name: "MinJobAge",
      verdict: config.hasAccounting || config.minJobAgeS >= 60 ? "good" : "wrong",
      words:
        config.hasAccounting || config.minJobAgeS >= 60
          ? `an ended job is remembered for ${config.minJobAgeS} s`
          : `an ended job is forgotten after ${config.minJobAgeS} s, and there is no accounting: set MinJobAge to 300`,
    },
    {
      name: "MessageTimeout",
      verdict: "good",
      words: `${config.messageTimeoutS} s: how long a submission in doubt is looked for`,
    },
    {
      name: "MaxArraySize",
      verdict: config.maxArraySize >= 1001 ? "good" : "note",
      words: `${config.maxArraySize}: tasks with a greater index travel alone`,
    },
  ];
}

/** In a federation a job may start at another cluster, under a policy and in a file system that nobody here knows of. */
async function federationFindings(commands: ReturnType<typeof localCommands>): Promise<readonly Finding[]> {
  const shown = await tried("federation", () => commands("scontrol", ["show", "federation"]));
  if ("name" in shown) return [shown];
  const federation = federationOf(shown.value);
  if (federation === null) return [];
  const words = `this cluster is in the federation ${federation}: Slurm may start jobs at its other clusters, and there they are not followed. Take it out, or join the clusters one by one.`;
  return [{ name: "federation", verdict: "wrong", words }];
}

/** `Federation: NAME`; nothing is printed where the cluster is in none. */
export function federationOf(text: string): string | null {
  return /^Federation:\s*(\S+)/m.exec(text)?.[1] ?? null;
}

export function helperFindings(hello: Hello, config: SlurmConfiguration | null): readonly Finding[] {
  const load = hello.allowsLoad ? "may list the load without names" : "may not list the load";
  const tokens = hello.tokenLifeS === 0 ? "mints no tokens" : `mints tokens of at most ${hello.tokenLifeS} s`;
  const findings: Finding[] = [
    {
      name: "weir-as",
      verdict: "good",
      words: `acts for members of ${hello.group} with a uid of at least ${hello.minUid}; ${load}; ${tokens}; policy ${hello.policyMark}`,
    },
  ];
  if (hello.isStopped)
    findings.push({
      name: "kill switch",
      verdict: "wrong",
      words: "the site's stop file is there: no new work is taken",
    });
  if (config?.privateData.includes("jobs") && !hello.allowsLoad)
    findings.push({ name: "load", verdict: "note", words: "estimates know nothing of the work of others" });
  return findings;
}

export function clockFinding(skewS: number): Finding {
  const isNear = Math.abs(skewS) <= 5;
  return {
    name: "clock",
    verdict: isNear ? "good" : "wrong",
    words: isNear
      ? `within ${Math.abs(skewS)} s of slurmctld's`
      : `${skewS} s off from slurmctld's: deadlines and times would be wrong by that much. Set up NTP on both.`,
  };
}

function mappingFinding(kinds: readonly string[]): Finding {
  const ready = kinds.filter((kind) => kind === "ready").length;
  const words = `${kinds.length} entries, ${ready} ready`;
  if (kinds.length > 0) return { name: "mapping", verdict: ready > 0 ? "good" : "note", words };
  return { name: "mapping", verdict: "note", words: "nobody is mapped to a local user: every run will be refused" };
}

function isServing({ readiness }: { readonly readiness: { readonly kind: string } }): boolean {
  return readiness.kind === "ready";
}

/** Whether the policy lets each mapped user in, asked with what changes nothing. */
async function userFindings(
  engine: Engine,
  entries: readonly { readonly user: string; readonly readiness: { readonly kind: string } }[],
): Promise<Finding[]> {
  const users = usersOf(entries);
  const findings = await Promise.all(
    users.map(async (user) => {
      const asked = await tried(`user ${user}`, () => engine.records(user, [], []));
      return "name" in asked ? [asked] : [];
    }),
  );
  return findings.flat();
}

function usersOf(
  entries: readonly { readonly user: string; readonly readiness: { readonly kind: string } }[],
): readonly string[] {
  return [...new Set(entries.filter(({ readiness }) => readiness.kind !== "removed").map(({ user }) => user))];
}

/** `sdiag output at … (1795367624)`: slurmctld's own clock, less this machine's. */
function clockSkewS(text: string): number {
  const theirs = Number(/^sdiag output at .*\((\d+)\)/m.exec(text)?.[1] ?? Number.NaN);
  if (!Number.isFinite(theirs)) throw new Error("sdiag does not say slurmctld's time");
  return theirs - Math.round(Date.now() / 1000);
}

async function tried<Value>(
  name: string,
  act: () => Value | Promise<Value>,
): Promise<{ readonly value: Value } | Finding> {
  try {
    return { value: await act() };
  } catch (error) {
    return { name, verdict: "wrong", words: error instanceof Error ? error.message : String(error) };
  }
}
