import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { PolicyFacts } from "#agent/install/texts.ts";
import { say } from "./say.ts";
import type { Environment } from "./settings.ts";

/**
 * What a site's policy may begin with, from Slurm itself: every partition and account by its name. Throws with words where
 * Slurm is not here or does not answer.
 */
export function lookAtSlurm(environment: Environment): Omit<PolicyFacts, "runs" | "lines" | "qos"> {
  const slurmBin = (environment.PATH ?? "/usr/bin").split(delimiter).find((at) => existsSync(join(at, "sbatch")));
  if (slurmBin === undefined) throw new Error(say("slurmNotHere"));
  const env = { PATH: environment.PATH, LANG: "C.UTF-8", ...slurmConfOf(environment) };
  const ask = (program: string, ...words: readonly string[]): string => {
    return execFileSync(join(slurmBin, program), words, { env, encoding: "utf8", timeout: 60_000, stdio: "pipe" });
  };
  const partitions = [...ask("scontrol", "--oneliner", "show", "partition").matchAll(/^PartitionName=(\S+)/gm)];
  const hasAccounting = /^AccountingStorageType\s*=\s*\S*slurmdbd/m.test(ask("scontrol", "show", "config"));
  return {
    slurmConf: environment.SLURM_CONF ?? null,
    slurmBin: dirname(join(slurmBin, "sbatch")),
    partitions: partitions.flatMap((match) => match[1] ?? []),
    accounts: hasAccounting ? ["-", ...accountsOf(ask)] : ["-"],
  };
}

function accountsOf(ask: (program: string, ...words: readonly string[]) => string): readonly string[] {
  const text = ask("sacctmgr", "--noheader", "--parsable2", "show", "account", "format=account");
  return text.split("\n").filter((name) => name !== "" && name !== "root");
}

function slurmConfOf({ SLURM_CONF }: Environment): { readonly SLURM_CONF?: string } {
  return SLURM_CONF ? { SLURM_CONF } : {};
}
