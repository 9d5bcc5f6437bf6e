// What the two clusters are, and the texts that tell Slurm so. Pure: facts in, text out.

export type ClusterName = "jinan" | "qingdao";

/** Everything below is the same for all daemons of one cluster. */
export type Site = {
  readonly name: ClusterName;
  readonly folder: string;
  /** As gethostname(2) says it, without the domain: slurmctld starts nowhere else. */
  readonly host: string;
  readonly mungeSocket: string;
  readonly jwtKey: string;
  readonly controllerPort: number;
  readonly restPort: number;
  /** One a node. */
  readonly nodePorts: readonly number[];
  /** Null at a cluster without slurmdbd. */
  readonly accountingPort: number | null;
  readonly cpus: number;
  readonly memoryMib: number;
  readonly npus: number;
  readonly gpus: number;
  /** Into how many shards each GPU may be given out; 0: whole ones alone. */
  readonly shards: number;
  /** How long slurmctld remembers a job that has ended. */
  readonly minJobAgeS: number;
  /** How long a silent slurmd is believed in. */
  readonly nodeTimeoutS: number;
  /** More lines of slurm.conf; they come last, and of a name that is there twice the last counts. */
  readonly extra: readonly string[];
};

export const partitions = ["batch", "accel", "short"] as const;

/** Who may use what at jinan. Slurm accepts `closed`; that it is refused is for the site's own policy to say. */
export const associations = {
  "ai-lab": ["weirt-li", "weirt-wang"],
  hpc: ["weirt-li", "weirt-zhao"],
  closed: ["weirt-li", "weirt-wang", "weirt-zhao"],
} as const satisfies Record<string, readonly string[]>;

export const accounts: readonly string[] = Object.keys(associations);

/** Each user's account where a job names none. */
export const defaultAccounts = { "weirt-li": "ai-lab", "weirt-wang": "ai-lab", "weirt-zhao": "hpc" } as const;

/** jinan1, jinan2, … */
export function nodeNames(site: Pick<Site, "name" | "nodePorts">): readonly string[] {
  return site.nodePorts.map((_, index) => `${site.name}${index + 1}`);
}

export function slurmConf(site: Site): string {
  const { name, folder, host } = site;
  return lines([
    `ClusterName=${name}`,
    `SlurmctldHost=${host}(127.0.0.1)`,
    `SlurmctldPort=${site.controllerPort}`,
    "SlurmUser=slurm",
    "SlurmdUser=root",
    ...authentication(site),
    `StateSaveLocation=${folder}/state`,
    `SlurmdSpoolDir=${folder}/spool/%n`,
    `SlurmctldPidFile=${folder}/run/slurmctld.pid`,
    `SlurmdPidFile=${folder}/run/slurmd-%n.pid`,
    `SlurmctldLogFile=${folder}/log/slurmctld.log`,
    `SlurmdLogFile=${folder}/log/slurmd-%n.log`,
    "CredType=cred/munge",
    // Nothing listens off loopback. (slurmdbd knows no such setting and does; it takes nothing without the munge key.)
    "CommunicationParameters=NoCtldInAddrAny,NoInAddrAny",
    // Several nodes on one machine, without control groups, each with more than it has.
    "ProctrackType=proctrack/linuxproc",
    "TaskPlugin=task/none",
    "SlurmdParameters=config_overrides",
    "SwitchType=switch/none",
    "MpiDefault=none",
    // Each node has its own, as PMIx expects.
    `TmpFS=${folder}/tmp/%n`,
    "MailProg=/bin/true",
    "ReturnToService=2",
    // Looks at memory each second, so that a job over its limit is really killed for it.
    "JobAcctGatherType=jobacct_gather/linux",
    "JobAcctGatherFrequency=task=1",
    "JobAcctGatherParams=OverMemoryKill",
    "SelectType=select/cons_tres",
    "SelectTypeParameters=CR_Core_Memory",
    "SchedulerType=sched/backfill",
    "SchedulerParameters=batch_sched_delay=0,bf_interval=5",
    `GresTypes=npu,gpu${site.shards > 0 ? ",shard" : ""}`,
    "Licenses=abaqus:4",
    "MaxJobCount=50000",
    "MaxArraySize=20001",
    `MinJobAge=${site.minJobAgeS}`,
    "KillWait=2",
    `SlurmdTimeout=${site.nodeTimeoutS}`,
    // So long does every command wait for a controller that is dead.
    "MessageTimeout=10",
    ...(site.accountingPort === null ? withoutAccounting(site) : withAccounting(site, site.accountingPort)),
    ...nodeNames(site).map((node, index) => nodeLine(site, node, index)),
    "PartitionName=batch Nodes=ALL Default=YES DefaultTime=60 MaxTime=INFINITE DefMemPerCPU=256",
    "PartitionName=accel Nodes=ALL DefaultTime=60 MaxTime=7-0 DefMemPerCPU=256",
    "PartitionName=short Nodes=ALL DefaultTime=5 MaxTime=10 DefMemPerCPU=256",
    ...site.extra,
  ]);
}

function authentication(site: Pick<Site, "mungeSocket" | "jwtKey">): readonly string[] {
  return [
    "AuthType=auth/munge",
    `AuthInfo=socket=${site.mungeSocket}`,
    "AuthAltTypes=auth/jwt",
    `AuthAltParameters=jwt_key=${site.jwtKey}`,
  ];
}

function withAccounting(site: Site, port: number): readonly string[] {
  return [
    "AccountingStorageType=accounting_storage/slurmdbd",
    "AccountingStorageHost=127.0.0.1",
    `AccountingStoragePort=${port}`,
    // Without it sacctmgr and slurmctld go to the machine's own munged.
    `AccountingStoragePass=${site.mungeSocket}`,
    "AccountingStorageEnforce=associations,limits,qos,safe",
    "AccountingStorageTRES=gres/npu,gres/npu:ascend910b,gres/gpu",
    "DisableRootJobs=YES",
    "PrivateData=jobs,usage",
    "PriorityType=priority/multifactor",
    "PriorityWeightFairshare=1000",
    "PriorityWeightQOS=1000",
    "PriorityWeightAge=1000",
    "PreemptType=preempt/qos",
    "PreemptMode=REQUEUE",
    "JobCompType=jobcomp/none",
  ];
}

function withoutAccounting(site: Site): readonly string[] {
  return [
    "AccountingStorageType=accounting_storage/none",
    "JobSubmitPlugins=lua",
    "JobCompType=jobcomp/filetxt",
    `JobCompLoc=${jobCompletions(site)}`,
  ];
}

/** Where a cluster without slurmdbd writes one line for each job that has ended. */
export function jobCompletions(site: Pick<Site, "folder">): string {
  return `${site.folder}/log/jobcomp.log`;
}

function nodeLine(site: Site, node: string, index: number): string {
  return [
    `NodeName=${node} NodeHostname=${site.host} NodeAddr=127.0.0.1 Port=${site.nodePorts[index]}`,
    `CPUs=${site.cpus} Boards=1 SocketsPerBoard=1 CoresPerSocket=${site.cpus} ThreadsPerCore=1`,
    `RealMemory=${site.memoryMib} Gres=${gresOf(site)}`,
    `Feature=${index === 0 ? "kunpeng,ib" : "kunpeng"} State=UNKNOWN`,
  ].join(" ");
}

/** As slurm.conf has them of each node; of shards it wants all of a node. */
function gresOf({ npus, gpus, shards }: Pick<Site, "npus" | "gpus" | "shards">): string {
  return `npu:ascend910b:${npus},gpu:${gpus}${shards > 0 ? `,shard:${gpus * shards}` : ""}`;
}

/** Slurm counts NPUs of any number; of GPUs it wants the device files, for which empty ones do. */
export function gresConf(site: Pick<Site, "folder" | "npus" | "gpus" | "shards">): string {
  return lines([
    "AutoDetect=off",
    `Name=npu Type=ascend910b Count=${site.npus}`,
    `Name=gpu File=${site.folder}/devices/gpu[0-${site.gpus - 1}]`,
    ...(site.shards > 0 ? [`Name=shard Count=${site.gpus * site.shards}`] : []),
  ]);
}

/** What a site may do to a job on its way in: here every comment gets the site's own words before it. */
export const jobSubmitLua = `function slurm_job_submit(job, partitions, uid)
  job.comment = "site:" .. (job.comment or "")
  return slurm.SUCCESS
end

function slurm_job_modify(job, record, partitions, uid)
  return slurm.SUCCESS
end
`;

export type AccountingFacts = Pick<Site, "host" | "mungeSocket" | "jwtKey"> & {
  readonly folder: string;
  readonly port: number;
};

export function slurmdbdConf(facts: AccountingFacts): string {
  return lines([
    ...authentication(facts),
    `DbdHost=${facts.host}`,
    "DbdAddr=127.0.0.1",
    `DbdPort=${facts.port}`,
    "SlurmUser=slurm",
    "PrivateData=jobs,usage",
    `LogFile=${facts.folder}/slurmdbd.log`,
    `PidFile=${facts.folder}/slurmdbd.pid`,
    "StorageType=accounting_storage/mysql",
    "StorageHost=localhost",
    "StorageUser=slurm",
    "StorageLoc=slurm_acct_db",
  ]);
}

/**
 * What `sacctmgr load` reads, below a cluster that is there: its accounts and their users. One file takes a second; a
 * command each takes five, since every question of sacctmgr to slurmdbd costs 90 ms.
 */
export function accountingFile(cluster: string): string {
  return lines([
    `Cluster - '${cluster}':QOS='normal'`,
    "Parent - 'root'",
    "User - 'root':DefaultAccount='root':AdminLevel='Administrator'",
    ...accounts.map(
      (account) =>
        `Account - '${account}':Description='${account}':Organization='${cluster}':QOS='normal,preemptible':DefaultQOS='normal'`,
    ),
    ...Object.entries(associations).flatMap(([account, users]) => [
      `Parent - '${account}'`,
      ...users.map((user) => `User - '${user}':DefaultAccount='${defaultAccounts[user]}'`),
    ]),
  ]);
}

function lines(all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}
