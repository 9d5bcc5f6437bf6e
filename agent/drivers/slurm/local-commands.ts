import { execFile } from "node:child_process";
import { EngineSilent } from "./engine.ts";

/** Slurm's commands that need no user: nodes, partitions, licences, the configuration, as the agent itself. */
export type LocalCommands = (program: string, words: readonly string[]) => Promise<string>;

export type CommandSettings = {
  readonly slurmBin: string;
  readonly slurmConf: string | null;
  readonly identity: { readonly uid: number; readonly gid: number } | null;
};

const patienceMs = 60_000;

/** Resolves with its output; throws `EngineSilent` with the command and its own words. */
export function localCommands(settings: CommandSettings): LocalCommands {
  const env = {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    LANG: "C.UTF-8",
    SLURM_TIME_FORMAT: "%s",
    // Lists of array indices are otherwise cut at 64 characters.
    SLURM_BITSTR_LEN: "0",
    ...(settings.slurmConf === null ? {} : { SLURM_CONF: settings.slurmConf }),
  };
  const options = { env, cwd: "/", timeout: patienceMs, maxBuffer: 256 * 2 ** 20, ...(settings.identity ?? {}) };
  return (program, words) =>
    new Promise((resolve, reject) => {
      execFile(`${settings.slurmBin}/${program}`, [...words], options, (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        const said = stderr.trim() || error.message;
        reject(new EngineSilent(`${program} ${words.join(" ")}: ${said}`, { cause: error }));
      });
    });
}
