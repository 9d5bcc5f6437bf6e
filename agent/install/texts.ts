/** The texts that an installation writes for sudo, systemd and the site's own policy. Pure: facts in, text out. */

export const paths = {
  programs: "/usr/local/lib/weir",
  helper: "/usr/local/lib/weir/weir-as",
  agent: "/usr/local/lib/weir/agent.mjs",
  node: "/usr/local/lib/weir/node",
  program: "/usr/local/bin/weir-agent",
  policy: "/etc/weir/policy",
  settings: "/etc/weir/agent.env",
  slurm: "/etc/weir/slurm.json",
  stop: "/etc/weir/stop",
  audit: "/var/log/weir/weir-as.log",
  state: "/var/lib/weir-agent",
  /** Where users lend their own tokens: beside the agent's folder, and no part of it. */
  tokens: "/var/lib/weir-agent/tokens",
  byToken: "/usr/local/lib/weir/weir-by-token",
  delegate: "/usr/local/bin/weir-delegate",
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

/** `weir-agent` on the operator's PATH. */
export function programText(program: { readonly node: string; readonly agent: string }): string {
  return `#!/bin/sh
exec ${program.node} ${program.agent} "$@"
`;
}

/** The agent's settings, for systemd and for `weir-agent` alike; a line each, no quotes. */
export function settingsText(serverUrl: string | null): string {
  return `# The settings of Weir's agent. \`weir-agent enrol URL\` writes the first line.
${serverUrl === null ? "" : `WEIR_SERVER_URL=${serverUrl}\n`}WEIR_DRIVER=slurm
WEIR_SLURM_CONFIG=${paths.slurm}
# HTTPS_PROXY=http://proxy.example:3128
# WEIR_CA_FILE=/etc/ssl/certs/our-own-ca.pem
`;
}

/** What the site says of its Slurm to the agent; agent/drivers/slurm/site.ts names every field. */
export function slurmText(facts: PolicyFacts): string {
  const site = { helper: ["sudo", "-n", paths.helper, "serve"], slurmConf: facts.slurmConf, slurmBin: facts.slurmBin };
  return `${JSON.stringify({ ...site, partitions: facts.partitions.some(isPattern) ? null : facts.partitions }, null, 2)}\n`;
}

/** The same for a site where users lend their own tokens. */
export function delegatedText(
  facts: PolicyFacts,
  { folder, rest }: { readonly folder: string; readonly rest: RestPlace },
): string {
  const { slurmConf, slurmBin, partitions } = facts;
  const only = partitions.some(isPattern) ? null : partitions;
  const site = { transport: "rest", rest, delegated: { folder }, slurmConf, slurmBin, partitions: only };
  return `${JSON.stringify(site, null, 2)}\n`;
}

/** Where slurmrestd listens. */
export type RestPlace = { readonly socket: string } | { readonly url: string };

function isPattern(word: string): boolean {
  return /[*?]/.test(word);
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
ExecStart=${unit.node} ${unit.agent} run
StateDirectory=${paths.state.replace("/var/lib/", "")}
StateDirectoryMode=0700
Restart=always
RestartSec=5
# Fenced by a newer agent of this centre: two that come back again and again would fence each other for ever.
RestartPreventExitStatus=3
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

# the site's own programs, as root: before-submit create-account add-association quota remove
# hook before-submit /etc/weir/hooks/before-submit

# where the kill switch and the audit lie
stop ${paths.stop}
audit ${paths.audit}
${(facts.lines ?? []).map((line) => `${line}\n`).join("")}`;
}
