import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Clusters } from "../tools/slurm/clusters.ts";

/**
 * A site's login node, for a test: a copy of this whole machine, laid over it for its own processes alone, in which one
 * cluster is Slurm. What is installed there (users, sudo's rule, /etc, /usr/local) is gone with it. Needs root.
 */
export type SiteMachine = {
  /** Runs lines as root there, by `sh -e`; what they print, both streams together. */
  readonly sh: (lines: string) => Promise<{ readonly status: number | null; readonly said: string }>;
  /** Puts a file of this machine there. */
  readonly copy: (from: string, to: string) => void;
  readonly path: (inside: string) => string;
  readonly remove: () => Promise<void>;
};

export async function startSiteMachine(clusters: Clusters, slurmConf: string): Promise<SiteMachine> {
  const folder = mkdtempSync("/var/lib/weir-site-");
  chmodSync(folder, 0o755);
  const shared = [clusters.top, dirname(clusters.users[0]?.home ?? "/var/lib/weir-slurm-users/x")];
  const script = [
    "mount -t tmpfs none $0",
    "mkdir $0/up $0/work $0/machine",
    "mount -t overlay overlay -o lowerdir=/,upperdir=$0/up,workdir=$0/work $0/machine",
    // Rules of sudo that other tests make come and go.
    "rm -rf $0/machine/etc/sudoers.d && mkdir -m 0750 $0/machine/etc/sudoers.d",
    "for part in /proc /dev /sys; do mount --rbind $part $0/machine$part; done",
    ...shared.map((path) => `mount --bind ${path} $0/machine${path}`),
    "echo ready",
    "exec sleep infinity",
  ];
  const holder = spawn("unshare", ["--mount", "sh", "-ec", script.join("\n"), folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await Promise.race([
    once(holder.stdout, "data"),
    once(holder, "exit").then(() =>
      Promise.reject(new Error("overlay mounts of the whole machine are not possible here")),
    ),
  ]);
  if (`${said}`.trim() !== "ready") throw new Error(`the copy of the machine says ${said}`);
  const path = (inside: string) => join(`/proc/${holder.pid}/root`, folder, "machine", inside);
  mkdirSync(path("/etc/slurm"), { recursive: true });
  rmSync(path("/etc/slurm/slurm.conf"), { force: true });
  symlinkSync(slurmConf, path("/etc/slurm/slurm.conf"));
  writeFileSync(path("/usr/local/bin/systemctl"), systemctl, { mode: 0o755 });
  const enter = ["--target", `${holder.pid}`, "--mount", "chroot", join(folder, "machine")];
  const env = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", LANG: "C.UTF-8" };
  const inside = (lines: string) =>
    spawn("nsenter", [...enter, "sh", "-ec", lines], { env, stdio: ["ignore", "pipe", "pipe"] });
  return {
    path,
    async sh(lines) {
      const child = inside(lines);
      const late = setTimeout(() => child.kill("SIGKILL"), 400_000);
      let text = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (text += piece));
      const [status] = await once(child, "close");
      clearTimeout(late);
      return { status, said: text };
    },
    copy: (from, to) => cpSync(from, path(to)),
    async remove() {
      spawnSync("nsenter", [...enter, "systemctl", "disable", "--now", "weir-agent"], { env });
      holder.kill("SIGKILL");
      await once(holder, "exit").catch(() => {});
      for (let tries = 0; tries < 50; tries += 1) {
        try {
          rmSync(folder, { recursive: true, force: true });
          return;
        } catch {
          await delay(100);
        }
      }
      execFileSync("rmdir", [folder]);
    },
  };
}

/** In the place of systemd, which does not run here: starts and ends a unit's program as its user, with its settings. */
const systemctl = `#!/bin/sh -e
unit=/etc/systemd/system/$3.service
pid=/run/$3.pid
of() { sed -n "s/^$1=-\\\\{0,1\\\\}//p" $unit; }
case "$1 $2" in
"enable --now")
  user=$(of User)
  install -d -o $user -g $user -m 0700 /var/lib/$(of StateDirectory)
  settings=$(cat $(of EnvironmentFile) | grep -v '^#' || true)
  env -i PATH=/usr/local/bin:/usr/bin:/bin $(of Environment) $settings setsid setpriv --reuid $user --regid $user --clear-groups \\
    $(of ExecStart) > /var/log/$3.log 2>&1 < /dev/null &
  echo $! > $pid
  ;;
"disable --now")
  [ -s $pid ] || exit 0
  kill $(cat $pid)
  while kill -0 $(cat $pid) 2> /dev/null; do sleep 0.05; done
  rm $pid
  ;;
"restart weir-agent")
  $0 disable --now $2
  $0 enable --now $2
  ;;
*) echo "systemctl $*: not in this stand-in" >&2; exit 1 ;;
esac
`;
