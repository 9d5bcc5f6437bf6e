import { execFile } from "node:child_process";
import { type ContainerRuntime, containerRuntimes } from "#core/centre/containers.ts";
import { isOnPath } from "./modules.ts";

/** A runtime for containers on this machine; `version` as it tells it, pyxis has none to tell. */
export type FoundRuntime = { readonly name: ContainerRuntime; readonly version: string | null };

/** What is there, in the order of preference. `slurmConf`: for srun; null: where Slurm looks by itself. */
export async function findRuntimes(place: RuntimePlace): Promise<readonly FoundRuntime[]> {
  const found = await Promise.all(containerRuntimes.map((name) => lookFor(name, place)));
  return found.filter((one) => one !== null);
}

export type RuntimePlace = {
  readonly path: string | undefined;
  readonly slurmBin: string;
  readonly slurmConf: string | null;
};

async function lookFor(name: ContainerRuntime, place: RuntimePlace): Promise<FoundRuntime | null> {
  switch (name) {
    // The options of a plugin that plugstack.conf names are among srun's own.
    case "pyxis": {
      const help = await said(`${place.slurmBin}/srun`, ["--help"], place);
      return /^\s*--container-image\b/m.test(help ?? "") ? { name, version: null } : null;
    }
    // Only crun runs a container in the control groups of its job.
    case "podman":
      if (!isOnPath("crun", place.path)) return null;
      return versionOf(name, ["--version"], place);
    case "apptainer":
      return versionOf(name, ["--version"], place);
    case "enroot":
      return versionOf(name, ["version"], place);
  }
}

async function versionOf(
  name: ContainerRuntime,
  words: readonly string[],
  place: RuntimePlace,
): Promise<FoundRuntime | null> {
  const text = isOnPath(name, place.path) ? await said(name, words, place) : null;
  return text === null ? null : { name, version: /\d+(?:\.\d+)+[\w.+-]*/.exec(text)?.[0] ?? null };
}

/** What a program prints; null where it is not there, fails, or says nothing within ten seconds. */
function said(program: string, words: readonly string[], { path, slurmConf }: RuntimePlace): Promise<string | null> {
  const env = { PATH: path ?? "/usr/bin:/bin", ...(slurmConf === null ? {} : { SLURM_CONF: slurmConf }) };
  return new Promise((resolve) => {
    execFile(program, [...words], { env, timeout: 10_000 }, (error, text) => resolve(error ? null : text));
  });
}
