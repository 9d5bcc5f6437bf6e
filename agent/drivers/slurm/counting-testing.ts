import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** For tests: a folder of Slurm's commands that are run as ever, and each call written down before. */
export type CountedCommands = {
  /** For the policy's `slurm-bin` and the site's `slurmBin`. */
  readonly bin: string;
  /** In their order, by their users' own clock, which is this machine's. */
  readonly calls: () => readonly Call[];
  /** So many calls of `sbatch` as that user have no answer from now on: whether they arrived nobody knows. */
  readonly loseSubmissions: (user: string, count: number) => void;
  readonly remove: () => void;
};

export type Call = { readonly atMs: number; readonly user: string; readonly program: string; readonly words: string };

const programs = ["sbatch", "squeue", "sacct", "scontrol", "scancel", "sacctmgr", "sshare", "sinfo"] as const;

export function countCommands(): CountedCommands {
  const folder = mkdtempSync("/var/tmp/weir-counted-");
  const [bin, calls, lost] = [join(folder, "bin"), join(folder, "calls"), join(folder, "lost")];
  chmodSync(folder, 0o755);
  mkdirSync(bin);
  mkdirSync(lost);
  chmodSync(lost, 0o777);
  writeFileSync(calls, "");
  chmodSync(calls, 0o666);
  for (const program of programs) {
    const path = join(bin, program);
    const loses = `for one in ${lost}/$user.*; do rm "$one" 2>/dev/null && { echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2; exit 1; }; done\n`;
    writeFileSync(
      path,
      `#!/bin/sh\nuser=$(/usr/bin/id -un)\nprintf '%s\\t%s\\t${program}\\t%s\\n' "$(/usr/bin/date +%s%3N)" "$user" "$(printf '%s ' "$@" | /usr/bin/tr '\\n\\t' '  ')" >>${calls}\n${program === "sbatch" ? loses : ""}exec /usr/bin/${program} "$@"\n`,
      { mode: 0o755 },
    );
    chmodSync(path, 0o755);
  }
  return {
    bin,
    calls: () =>
      readFileSync(calls, "utf8")
        .split("\n")
        .flatMap((line) => {
          const [at, user, program, words] = line.split("\t");
          return user === undefined || program === undefined || words === undefined
            ? []
            : [{ atMs: Number(at), user, program, words }];
        }),
    loseSubmissions(user, count) {
      for (let n = 0; n < count; n += 1) writeFileSync(join(lost, `${user}.${n}`), "");
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
