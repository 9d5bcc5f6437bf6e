import { join } from "node:path";
import { commandsEngine } from "#agent/drivers/slurm/commands.ts";
import type { Engine } from "#agent/drivers/slurm/engine.ts";
import { type LocalCommands, localCommands } from "#agent/drivers/slurm/local-commands.ts";
import { type Mapping, openMapping } from "#agent/drivers/slurm/mapping.ts";
import { partitionsUsed, readSite, type Site } from "#agent/drivers/slurm/site.ts";
import { wordsOf } from "#agent/drivers/slurm/slurm-text.ts";
import { openEngine } from "#agent/drivers/slurm/transport.ts";
import { openWeirAs, type WeirAs } from "#agent/drivers/slurm/weir-as.ts";
import { say } from "./say.ts";
import type { Environment } from "./settings.ts";

/** The site's Slurm as the agent reaches it, for a word of the operator; closed when the word is done. */
export type SlurmSite = {
  readonly site: Site;
  readonly helper: WeirAs;
  readonly engine: Engine;
  readonly commands: LocalCommands;
  readonly mapping: Mapping;
};

export function openSlurmSite(environment: Environment, folder: string, note: (words: string) => void): SlurmSite {
  const site = readSite(environment.WEIR_SLURM_CONFIG ?? join(folder, "slurm.json"));
  const tell = (words: string, facts: object) => note(`${words} ${JSON.stringify(facts)}`);
  const helper = openWeirAs({ command: site.helper, identity: null }, tell, () => {});
  return {
    site,
    helper,
    engine: site.delegated === null ? commandsEngine(helper) : openEngine(site, helper, tell),
    commands: localCommands({ ...site, identity: null }),
    mapping: openMapping(site.mapping ?? join(folder, "mapping.json"), tell),
  };
}

/** Where an account is tried: the site's first pool that is up and is Slurm's default, else the first that is up. */
export async function trialPartition(site: Site, commands: LocalCommands): Promise<string> {
  const text = await commands("scontrol", ["--oneliner", "show", "partition"]);
  const up = text.split("\n").flatMap((line) => {
    const words = wordsOf(line);
    const name = words.get("PartitionName");
    const isOurs = name !== undefined && (partitionsUsed(site)?.includes(name) ?? true);
    return isOurs && words.get("State") === "UP" ? [{ name, isDefault: words.get("Default") === "YES" }] : [];
  });
  const found = up.find(({ isDefault }) => isDefault) ?? up[0];
  if (found === undefined) throw new Error(say("noPartitionUp"));
  return found.name;
}
