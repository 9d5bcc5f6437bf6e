/** The texts that an installation writes for sudo, systemd and the site's own policy. Pure: facts in, text out. */

export const paths = {
  programs: "/usr/local/lib/weir",
  helper: "/usr/local/lib/weir/weir-as",
  agent: "/usr/local/lib/weir/agent.mjs",
  policy: "/etc/weir/policy",
  settings: "/etc/weir/agent.env",
  stop: "/etc/weir/stop",
  audit: "/var/log/weir/weir-as.log",
  state: "/var/lib/weir-agent",
  sudoers: "/etc/sudoers.d/weir-agent",
  unit: "/etc/systemd/system/weir-agent.service",
} as const;

export const agentUser = "weir-agent";
export const userGroup = "weir-users";

/** The one rule: this user may start this program as root with this one word, and gives it no environment. */
export function sudoersText(rule: { readonly user: string; readonly helper: string }): string {
  return `# Weir: the agent acts for users only through weir-as, which obeys a policy that the agent cannot write.
Defaults!${rule.helper} env_reset, !setenv, !requiretty, !use_pty, !log_input, !log_output
${rule.user} ALL=(root) NOPASSWD: ${rule.helper} serve
`;
}

/** KillMode=process: a restart of the agent ends nothing but the agent. */
export function unitText(unit: { readonly user: string; readonly node: string; readonly agent: string }): string {
  return `[Unit]
Description=Weir agent of this centre
After=network-online.target
Wants=network-online.target

[Service]
User=${unit.user}
Group=${unit.user}
Environment=WEIR_HOME=${paths.state}
EnvironmentFile=-${paths.settings}
ExecStart=${unit.node} ${unit.agent}
StateDirectory=${paths.state.replace("/var/lib/", "")}
StateDirectoryMode=0700
Restart=always
RestartSec=5
KillMode=process
# NoNewPrivileges, and every setting that brings it along (PrivateDevices, SystemCallFilter, ProtectKernelTunables, …), would
# keep sudo from starting weir-as; PrivateTmp, ProtectHome and ProtectSystem would hide from it what the users see.

[Install]
WantedBy=multi-user.target
`;
}

export type PolicyFacts = {
  readonly slurmConf: string | null;
  readonly slurmBin: string;
  /** Where each user's runs lie, on a file system that the nodes share: %u is the user, %h their home. */
  readonly runs: string;
  readonly accounts: readonly string[];
  readonly partitions: readonly string[];
  readonly qos: readonly string[];
  readonly lines?: readonly string[];
};

/** What a site begins with and edits; docs/guides/least-privilege.md explains every line. */
export function samplePolicy(facts: PolicyFacts): string {
  return `# What Weir's agent may do here as a user, through weir-as. Only root may write this file and the folders above it.
# Whatever is not named is not allowed. * and ? match as in file names; a single - stands for "none was named".

# who
min-uid 1000
group ${userGroup}
# forbidden-group NAME…      besides the administrative groups that weir-as knows
# forbidden-user NAME…       Slurm's administrators, for example

# what for
account ${facts.accounts.join(" ")}
partition ${facts.partitions.join(" ")}
qos ${facts.qos.join(" ")}
# reservation NAME…
# licence NAME…

# where: folders that all nodes share
runs ${facts.runs}
# output-root /home/%u /scratch/%u

# how much, for one submission
max-nodes 1000
max-cores 100000
max-time-min 43200
max-array 1000
max-files-mib 16

# Slurm
slurm-bin ${facts.slurmBin}
${facts.slurmConf === null ? "# slurm-conf /etc/slurm/slurm.conf" : `slurm-conf ${facts.slurmConf}`}
# requeue yes
# load yes
# token-lifespan-max 3600

# the site's own programs, as root: before-submit create-account add-association remove quota
# hook before-submit /etc/weir/hooks/before-submit

# where the kill switch and the audit lie
stop ${paths.stop}
audit ${paths.audit}
${(facts.lines ?? []).map((line) => `${line}\n`).join("")}`;
}
