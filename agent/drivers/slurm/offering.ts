import { readdir } from "node:fs/promises";
import { containerRuntimes } from "#core/centre/containers.ts";
import type { EngineOffers, EnginePool } from "#core/centre/engine.ts";
import { kept, readModules, usualModuleInits } from "../modules.ts";
import type { Means } from "../prologue.ts";
import { type FoundRuntime, findRuntimes } from "../runtimes.ts";
import type { SlurmConfiguration } from "./configuration.ts";
import type { Site } from "./site.ts";
import { present } from "./slurm-text.ts";
import type { Look } from "./surroundings.ts";
import { type WordTable, wordsOffered, wordTable } from "./words.ts";

/** What a site offers beside its pools: what its file says, and else what is where the agent runs. */
export function offering(site: Site, monotonicMs: () => number): Offering {
  const inits = site.moduleInit === null ? usualModuleInits : [site.moduleInit];
  const modules = kept(() => readModules(inits), monotonicMs);
  const runtimes = kept(() => runtimesAt(site), monotonicMs);
  return {
    means: {
      moduleInits: inits,
      container: { runtimes: site.containers ?? containerRuntimes, fileSystems: site.fileSystems },
    },
    async offers(look, pools, configuration) {
      return {
        ...wordsOffered(tableOf(look, pools, site), look.licences, site.pools),
        software: site.software ?? (await modules()),
        containers: site.containers ?? (await runtimes()).map(({ name }) => name),
        mpi: site.mpi ?? (await mpiTypes(configuration)),
        fileSystems: site.fileSystems,
      };
    },
  };
}

export type Offering = {
  /** For what comes before a user's program. */
  readonly means: Means;
  readonly offers: (
    look: Look,
    pools: readonly EnginePool[],
    configuration: SlurmConfiguration,
  ) => Promise<EngineOffers>;
};

/** The runtimes for containers where the agent runs. */
export function runtimesAt({ slurmBin, slurmConf }: Site): Promise<readonly FoundRuntime[]> {
  return findRuntimes({ path: process.env.PATH, slurmBin, slurmConf });
}

/** By what was seen last: pools as they are reported, and names that Slurm shows. */
export function tableOf(look: Look, pools: readonly EnginePool[], site: Site): WordTable {
  const gres = new Set<string>();
  for (const node of look.nodes)
    for (const word of (present(node.get("Gres")) ?? "").replace(/\([^)]*\)/g, "").split(","))
      if (word !== "") gres.add(word.replace(/:\d+$/, ""));
  const own = {
    pools: pools.map(({ name }) => name),
    features: [...new Set(pools.flatMap((pool) => pool.nodes.flatMap(({ features }) => features)))],
    gres: [...gres],
    licences: look.licences.map(({ name }) => name),
    reservations: [...look.reservations.keys()],
  };
  return wordTable(own, site);
}

/** The plugins that `srun --mpi=list` would print, which writes them where errors go. */
async function mpiTypes({ all }: SlurmConfiguration): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of (all.get("PluginDir") ?? "").split(":")) {
    const names = folder === "" ? [] : await readdir(folder).catch(() => []);
    found.push(...names.flatMap((name) => /^mpi_(\w+)\.so$/.exec(name)?.[1] ?? []));
  }
  return [...new Set(found)].filter((name) => name !== "none").sort();
}
