import { join } from "node:path";
import { hostNames } from "#core/centre/host-list.ts";
import { commandsEngine } from "./commands.ts";
import { configurationOf, isTested, type SlurmConfiguration, testedVersions } from "./configuration.ts";
import { delegationFindings } from "./delegations.ts";
import { namedPoolFindings } from "./doctor-pools.ts";
import { nameOf, say } from "./doctor-words.ts";
import type { Engine, Hello } from "./engine.ts";
import type { Finding } from "./finding.ts";
import { localCommands } from "./local-commands.ts";
import { type MappingEntry, openMapping, sharedUsers } from "./mapping.ts";
import { runtimesAt } from "./offering.ts";
import { readSite, type Site } from "./site.ts";
import { present, wordsOf } from "./slurm-text.ts";
import { transportFindings } from "./transport.ts";
import { openWeirAs } from "./weir-as.ts";

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
    .map(({ name, verdict, words }) => say("finding", { verdict: say(verdict), name: nameOf(name), words }))
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
      ...(await partitionFindings(commands, site)),
      await containerFinding(site),
      ...(await namedPoolFindings(commands, site, {
        allows: "name" in hello ? null : hello.value.allows,
        hidden: "name" in config ? [] : config.value.privateData,
        mapped: "name" in mapped ? [] : mapped.value.entries().filter(isServing),
      })),
      ...("name" in hello
        ? [hello]
        : site.delegated === null
          ? [
              ...helperFindings(hello.value, "name" in config ? null : config.value),
              ...(hello.value.allowsLoad ? await loadFindings(engine) : []),
            ]
          : await delegationFindings(helper, site.delegated.folder, {
              isStopped: hello.value.isStopped,
              config: "name" in config ? null : config.value,
              users: "name" in mapped ? [] : usersOf(mapped.value.entries()),
              nowMs: Date.now(),
            })),
      "name" in clock ? clock : clockFinding(clock.value),
      "name" in mapped ? mapped : mappingFinding(mapped.value.entries().map(({ readiness }) => readiness.kind)),
      ...("name" in mapped ? [] : sharedFindings(mapped.value.entries())),
      ...("name" in mapped || "name" in hello ? [] : await userFindings(engine, mapped.value.entries())),
    ];
  } finally {
    engine.close();
  }
}

export function configurationFindings(config: SlurmConfiguration): readonly Finding[] {
  const { privateData } = config;
  const hidden = ["nodes", "partitions"].filter((what) => privateData.includes(what));
  const isRemembered = config.hasAccounting || config.minJobAgeS >= 60;
  return [
    {
      name: "version",
      verdict: isTested(config.version) ? "good" : "wrong",
      words: isTested(config.version)
        ? say("versionTested", { version: config.version, cluster: config.clusterName })
        : say("versionUntested", { version: config.version, tested: testedVersions.join(", ") }),
    },
    {
      name: "accounting",
      verdict: config.hasAccounting ? "good" : "note",
      words: config.hasAccounting ? say("accounting") : say("accountingNone", { s: config.minJobAgeS }),
    },
    {
      name: "PrivateData",
      verdict: hidden.length > 0 ? "wrong" : privateData.includes("jobs") ? "note" : "good",
      words:
        hidden.length > 0
          ? say("hiddenFromAgent", { what: hidden.join(", ") })
          : say(privateData.includes("jobs") ? "hiddenWork" : "hiddenNothing"),
    },
    {
      name: "MinJobAge",
      verdict: isRemembered ? "good" : "wrong",
      words: say(isRemembered ? "remembered" : "forgotten", { s: config.minJobAgeS }),
    },
    { name: "MessageTimeout", verdict: "good", words: say("doubt", { s: config.messageTimeoutS }) },
    {
      name: "MaxArraySize",
      verdict: config.maxArraySize >= 1001 ? "good" : "note",
      words: say("arraySize", { most: config.maxArraySize }),
    },
  ];
}

/** In a federation a job may start at another cluster, under a policy and in a file system that nobody here knows of. */
async function federationFindings(commands: ReturnType<typeof localCommands>): Promise<readonly Finding[]> {
  const shown = await tried("federation", () => commands("scontrol", ["show", "federation"]));
  if ("name" in shown) return [shown];
  const federation = federationOf(shown.value);
  if (federation === null) return [];
  return [{ name: "federation", verdict: "wrong", words: say("federation", { name: federation }) }];
}

/** Each partition is a pool; those that share nodes have these together. */
async function partitionFindings(
  commands: ReturnType<typeof localCommands>,
  { partitions }: Site,
): Promise<readonly Finding[]> {
  // A controller that does not answer is named already.
  const shown = await commands("scontrol", ["--oneliner", "show", "partition"]).catch(() => "");
  const list = sharingNodes(shown, partitions).join(", ");
  const sharing: readonly Finding[] =
    list === "" ? [] : [{ name: "partitions", verdict: "good", words: say("partitionsShare", { list }) }];
  return [...shutPartitions(shown, partitions), ...sharing];
}

/** Of the site's partitions (null: all), those that start nothing now, and those that it names and Slurm does not show. */
export function shutPartitions(text: string, partitions: readonly string[] | null): readonly Finding[] {
  const lines = text.split("\n").map(wordsOf);
  const shown = new Map(lines.map((words) => [words.get("PartitionName") ?? "", words.get("State") ?? "UP"]));
  if (text.trim() === "") return [];
  return (partitions ?? [...shown.keys()].filter((name) => name !== "")).flatMap((partition): readonly Finding[] => {
    const state = shown.get(partition);
    if (state === undefined)
      return [{ name: "partitions", verdict: "wrong", words: say("partitionAbsent", { partition }) }];
    if (state === "UP") return [];
    return [{ name: "partitions", verdict: "note", words: say("partitionShut", { partition, state }) }];
  });
}

/** Runtimes that the site names may be on its nodes alone; without a word of the site's those here are told. */
export async function containerFinding(site: Site): Promise<Finding> {
  const name = "containers";
  const here = (await runtimesAt(site)).map((one) => [one.name, one.version].filter((word) => word !== null).join(" "));
  const found = here.length > 0 ? here.join(", ") : null;
  if (site.containers === null)
    return found === null
      ? { name, verdict: "note", words: say("containersNone") }
      : { name, verdict: "good", words: say("containersFound", { found }) };
  if (site.containers.length === 0) return { name, verdict: "good", words: say("containersOff") };
  const words = say("containersSaid", { said: site.containers.join(", "), found: found ?? say("nothing") });
  return { name, verdict: "good", words };
}

/** Of the site's partitions (null: all), those with a node that another of them has too. */
export function sharingNodes(text: string, partitions: readonly string[] | null): readonly string[] {
  const ours = text.split("\n").flatMap((line) => {
    const words = wordsOf(line);
    const name = words.get("PartitionName") ?? "";
    const nodes = hostNames(present(words.get("Nodes")) ?? "") ?? [];
    return name !== "" && (partitions?.includes(name) ?? true) ? [{ name, nodes }] : [];
  });
  const holders = new Map<string, string[]>();
  for (const { name, nodes } of ours) for (const node of nodes) holders.set(node, [...(holders.get(node) ?? []), name]);
  const sharing = new Set([...holders.values()].filter((names) => names.length > 1).flat());
  return ours.flatMap(({ name }) => (sharing.has(name) ? [name] : []));
}

/** `Federation: NAME`; nothing is printed where the cluster is in none. */
export function federationOf(text: string): string | null {
  return /^Federation:\s*(\S+)/m.exec(text)?.[1] ?? null;
}

export function helperFindings(hello: Hello, config: SlurmConfiguration | null): readonly Finding[] {
  const { group, minUid, policyMark: policy, tokenLifeS } = hello;
  const load = say(hello.allowsLoad ? "loadAllowed" : "loadDenied");
  const tokens = tokenLifeS === 0 ? say("mintsNone") : say("mints", { s: tokenLifeS });
  const findings: Finding[] = [
    { name: "weir-as", verdict: "good", words: say("helper", { group, minUid, load, tokens, policy }) },
  ];
  if (hello.isStopped) findings.push({ name: "kill switch", verdict: "wrong", words: say("stopped") });
  if (config?.privateData.includes("jobs") && !hello.allowsLoad)
    findings.push({ name: "load", verdict: "note", words: say("loadUnknown") });
  return findings;
}

/** A policy may allow it while others could change what would be run as root. */
export async function loadFindings(engine: Pick<Engine, "load">): Promise<readonly Finding[]> {
  const listed = await tried("load", () => engine.load());
  return "name" in listed ? [listed] : [];
}

export function clockFinding(skewS: number): Finding {
  const isNear = Math.abs(skewS) <= 5;
  return {
    name: "clock",
    verdict: isNear ? "good" : "wrong",
    words: isNear ? say("clockGood", { s: Math.max(1, Math.abs(skewS)) }) : say("clockOff", { s: skewS }),
  };
}

export function mappingFinding(all: readonly string[]): Finding {
  const kinds = all.filter((kind) => kind !== "removed");
  if (kinds.length === 0) return { name: "mapping", verdict: "note", words: say("mappingNone") };
  const ready = kinds.filter((kind) => kind === "ready").length;
  return {
    name: "mapping",
    verdict: ready > 0 ? "good" : "note",
    words: say("mapping", { count: kinds.length, ready }),
  };
}

/** Meant (`accounts add --shared`), and to be known. */
export function sharedFindings(entries: readonly MappingEntry[]): readonly Finding[] {
  const list = sharedUsers(entries).join(", ");
  return list === "" ? [] : [{ name: "shared users", verdict: "note", words: say("sharedUsers", { list }) }];
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
