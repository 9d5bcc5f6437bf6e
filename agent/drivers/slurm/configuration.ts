import { durationS } from "./slurm-text.ts";

/** The versions on which this driver is tested live; beyond them it refuses to guess. */
export const testedVersions = ["22.05"] as const;

export function isTested(version: string): boolean {
  const [major = "", minor = ""] = version.split(".");
  return testedVersions.some((tested) => tested === `${major}.${minor}`);
}

/** What of `scontrol show config` the driver and the doctor go by. */
export type SlurmConfiguration = {
  readonly version: string;
  readonly clusterName: string;
  readonly maxArraySize: number;
  readonly messageTimeoutS: number;
  readonly minJobAgeS: number;
  readonly killWaitS: number;
  readonly hasAccounting: boolean;
  /** What is hidden from others: jobs, usage, nodes, partitions, … */
  readonly privateData: readonly string[];
  /** By name, as Slurm prints it. */
  readonly all: ReadonlyMap<string, string>;
};

export function configurationOf(text: string): SlurmConfiguration {
  const all = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^(\w+)\s*=\s*(.*?)\s*$/.exec(line);
    if (match?.[1] !== undefined) all.set(match[1], match[2] ?? "");
  }
  const seconds = (name: string, otherwise: number): number => {
    const value = all.get(name) ?? "";
    return /^\d+ sec$/.test(value) ? Number.parseInt(value, 10) : (durationS(value) ?? otherwise);
  };
  const hidden = all.get("PrivateData") ?? "none";
  return {
    version: all.get("SLURM_VERSION") ?? "unknown",
    clusterName: all.get("ClusterName") ?? "",
    maxArraySize: Number(all.get("MaxArraySize") ?? 1001) || 1001,
    messageTimeoutS: seconds("MessageTimeout", 10),
    minJobAgeS: seconds("MinJobAge", 300),
    killWaitS: seconds("KillWait", 30),
    hasAccounting: (all.get("AccountingStorageType") ?? "").endsWith("slurmdbd"),
    privateData: hidden === "none" || hidden === "(null)" ? [] : hidden.split(","),
    all,
  };
}

/** For the centre's page, also where Slurm was upgraded since its connection test. */
export function engineText({ version, clusterName }: Pick<SlurmConfiguration, "version" | "clusterName">): string {
  const untested = isTested(version) ? "" : `, not among the tested versions (${testedVersions.join(", ")})`;
  return `Slurm ${version}, cluster ${clusterName}${untested}`;
}

/** Who sees to it that a run keeps to what it asked for. */
export function enforcement({ all }: Pick<SlurmConfiguration, "all">): Record<string, string> {
  const sampled = /OverMemoryKill/i.exec(all.get("JobAcctGatherParams") ?? "")?.[0];
  const isByKernel = all.get("ConstrainRAMSpace") === "yes" && /cgroup/.test(all.get("TaskPlugin") ?? "");
  const processes = all.get("ProctrackType") ?? "";
  return {
    timeLimit: "to the second by the wrapper, and after it by Slurm",
    memory: isByKernel
      ? `by the kernel, through Slurm (${all.get("TaskPlugin")})`
      : sampled
        ? `sampled by Slurm, and ended when above (${sampled})`
        : "not enforced: a run may use more memory than it asked for",
    ...(processes !== "" && { ending: `by Slurm (${processes})` }),
  };
}
