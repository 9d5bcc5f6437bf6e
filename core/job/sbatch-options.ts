import type { Asked, AskedAccelerators, AskedDependency } from "#core/job/asked.ts";
import { parseCount, parseGres, parseMemoryMib, parseSignal, parseTimeS, splitList } from "#core/job/slurm-values.ts";
import type { Refusal } from "#core/refusal.ts";

/**
 * Every option of sbatch (22.05 to 24.11) and what Weir does with it: the only such table. docs/guides/sbatch.md is
 * printed from it. An option that is not here is refused as unknown; none is dropped without a word.
 */
export type SbatchOption = {
  readonly long: string;
  readonly short?: string;
  /** As getopt_long takes it: `optional` only glued with `=` (or, for a short option, directly behind it). */
  readonly value: "none" | "required" | "optional";
  readonly handling: Handling;
  /** Options that say the same thing in different ways: two of one group in one source contradict each other. */
  readonly group?: "memory";
};

export type Handling =
  /** Becomes part of the job. `shown` is the option as the user wrote it, with its line. */
  | { readonly kind: "mapped"; readonly read: (value: string, shown: string) => Reading; readonly to: string }
  /** Leaving it out changes nothing the work could notice; the answer says so in these words. */
  | { readonly kind: "harmless"; readonly words: string }
  /** Honoured by the command line `weir submit` alone. */
  | { readonly kind: "client"; readonly sets: keyof ClientWishes | null; readonly words: string }
  | { readonly kind: "refused"; readonly because: string; readonly becauseZh: string }
  /** Looked up in the alias tables that centres report; none does yet (W1, W2). */
  | { readonly kind: "not-offered"; readonly what: string };

export type ClientWishes = { readonly wait: boolean; readonly parsable: boolean; readonly quiet: boolean };

export type Reading =
  | { readonly kind: "asked"; readonly asked: Asked; readonly warning?: string }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export const sbatchOptions: readonly SbatchOption[] = [
  mapped("job-name", "J", "name", (value) => asked({ name: value })),
  mapped("account", "A", "project", (value) => asked({ project: value })),
  mapped("array", "a", "array", (value) => asked({ array: value })),
  mapped("chdir", "D", "workingDirectory", (value) => asked({ workingDirectory: value })),
  mapped("workdir", null, "workingDirectory", (value) => asked({ workingDirectory: value })),
  mapped("output", "o", "stdout", (value) => asked({ stdout: value })),
  mapped("error", "e", "stderr", (value) => asked({ stderr: value })),
  mapped("input", "i", "nothing, where it is /dev/null", readInput),
  mapped("export", null, "environment", readExport),
  mapped("dependency", "d", "dependencies", readDependency),
  mapped("clusters", "M", "centres.only", readClusters),
  mapped("cluster", null, "centres.only", readClusters),
  mapped("comment", null, "labels.comment", (value) => asked({ comment: value })),
  mapped("wrap", null, "script", (value) => asked({ wrap: value })),

  mapped("nodes", "N", "nodes", readNodes),
  mapped(
    "ntasks",
    "n",
    "tasks",
    counted("a number of tasks from 1", (tasks) => ({ tasks })),
  ),
  mapped(
    "ntasks-per-node",
    null,
    "tasks",
    counted("a number of tasks from 1", (tasksPerNode) => ({ tasksPerNode })),
  ),
  mapped(
    "tasks-per-node",
    null,
    "tasks",
    counted("a number of tasks from 1", (tasksPerNode) => ({ tasksPerNode })),
  ),
  mapped(
    "ntasks-per-gpu",
    null,
    "tasks",
    counted("a number of tasks from 1", (tasksPerAccelerator) => ({ tasksPerAccelerator })),
  ),
  mapped(
    "cpus-per-task",
    "c",
    "coresPerTask",
    counted("a number of cores from 1", (n) => ({ coresPerTask: n })),
  ),
  mapped(
    "cpus-per-gpu",
    null,
    "coresPerTask",
    counted("a number of cores from 1", (coresPerAccelerator) => ({ coresPerAccelerator })),
  ),
  memory("mem", "memoryMibPerNode", "per-node"),
  memory("mem-per-cpu", "memoryMibPerCore", "per-core"),
  memory("mem-per-gpu", "memoryMibPerNode", "per-accelerator"),
  mapped("gres", null, "accelerators", readGres),
  mapped("gpus", "G", "accelerators", readGpus("acceleratorsInAll")),
  mapped("gpus-per-node", null, "accelerators", readGpus("acceleratorsPerNode")),
  mapped("gpus-per-task", null, "accelerators", readGpus("acceleratorsPerTask")),
  mapped("time", "t", "timeLimitS", readTime),
  mapped("signal", null, "graceS", readSignal),
  mapped("licenses", "L", "licences", readLicences),
  mapped("begin", "b", "nothing, where it is now", readBegin),
  mapped("requeue", null, "nothing", () =>
    asked({}, "a run that the centre itself requeues goes on; for further attempts after a failure say --retries N"),
  ),
  mapped("no-requeue", null, "nothing: Weir owns retries, and makes none unless asked", () => asked({})),
  ...["contiguous", "use-min-nodes"].map((long) => oneNode(long, null, "none")),
  oneNode("distribution", "m", "required"),
  oneNode("switches", null, "required"),
  oneNode("spread-job", null, "none"),

  harmless(
    "exclusive",
    null,
    "optional",
    "the job has its cores and memory to itself, and shares the rest of the node",
  ),
  harmless("oversubscribe", "s", "none", "cores are never shared between jobs"),
  harmless("share", null, "none", "cores are never shared between jobs"),
  harmless("mail-type", null, "required", "Weir sends no mail; weir submit --wait waits for the end"),
  harmless("mail-user", null, "required", "Weir sends no mail; weir submit --wait waits for the end"),
  harmless("open-mode", null, "required", "each attempt begins its own log, a file named by --output is appended to"),
  harmless("nice", null, "optional", "order within the queue is the network's; see --priority-class"),
  harmless("priority", null, "required", "order within the queue is the network's; see --priority-class"),
  harmless("time-min", null, "required", "the time limit stays as asked and is never shortened"),
  harmless(
    "get-user-env",
    null,
    "optional",
    "the environment is that of the local user at the centre, with the job's own",
  ),
  harmless("kill-on-invalid-dep", null, "required", "a job whose dependency can never be met always ends cancelled"),
  harmless("threads-per-core", null, "required", "Weir counts cores and leaves hardware threads to the centre"),
  harmless("hint", null, "required", "Weir counts cores and leaves hardware threads to the centre"),
  harmless("ntasks-per-core", null, "required", "Weir gives each task its own cores"),
  harmless("cpu-freq", null, "required", "the frequency of the cores is the centre's"),
  harmless("cpu-bind", null, "required", "binding to cores is left to the centre"),
  harmless("mem-bind", null, "required", "binding to memory is left to the centre"),
  harmless("gpu-bind", null, "required", "binding to accelerators is left to the centre"),
  harmless("gpu-freq", null, "required", "the frequency of the accelerators is the centre's"),
  harmless("gres-flags", null, "required", "binding to accelerators is left to the centre"),
  harmless("tres-bind", null, "required", "binding is left to the centre"),
  harmless("acctg-freq", null, "required", "Weir measures every run in its own way"),
  harmless("profile", null, "required", "Weir keeps no profile beyond CPU time and peak memory"),
  harmless("propagate", null, "optional", "limits are the centre's, not those of the submitting shell"),
  harmless("wckey", null, "required", "usage is booked to the project"),
  harmless("extra", null, "required", "the text is not kept"),
  harmless("no-kill", "k", "optional", "a run that loses a node ends"),
  harmless("wait-all-nodes", null, "required", "a run starts when all its nodes are ready"),
  harmless("delay-boot", null, "required", "Weir powers no nodes up or down"),
  harmless("power", null, "required", "power management is the centre's"),
  harmless("prefer", null, "required", "features of nodes are not known yet, and this was only a wish"),
  harmless("ignore-pbs", null, "none", "lines of other systems are never obeyed"),
  harmless("bell", null, "none", "it only rings"),
  harmless("no-bell", null, "none", "it only rings"),

  client("wait", "W", "wait", "weir submit waits; other ways of submitting answer at once"),
  client("parsable", null, "parsable", "weir submit prints the id alone"),
  client("quiet", "Q", "quiet", "weir submit prints less"),
  client("verbose", "v", null, "weir submit prints the warnings in any case"),

  refused(
    "hold",
    "H",
    "none",
    "a job cannot be held back; submit it when it may start",
    "作业不能挂起等待；请在可以开始时再提交",
  ),
  refused("test-only", null, "none", "use weir submit --dry-run", "请用 weir submit --dry-run"),
  refused(
    "deadline",
    null,
    "required",
    "a job cannot be dropped at a time of day; cancel it, or set a dependency",
    "不能在某一时刻放弃作业；请取消作业或使用依赖",
  ),
  refused(
    "overcommit",
    "O",
    "none",
    "every task has its own cores; ask for fewer tasks",
    "每个任务独占核心；请减少任务数",
  ),
  refused("reboot", null, "none", "Weir boots no nodes", "Weir 不重启节点"),
  refused("uid", null, "required", "work runs as the person who submits it", "作业以提交者身份运行"),
  refused("gid", null, "required", "work runs as the person who submits it", "作业以提交者身份运行"),
  refused("jobid", null, "required", "Weir gives the ids", "作业编号由 Weir 分配"),
  refused(
    "export-file",
    null,
    "required",
    "the file is on your side; name the variables with --export=NAME=value",
    "该文件在您本地；请用 --export=NAME=value 写明变量",
  ),
  refused(
    "tmp",
    null,
    "required",
    "centres do not report the space of their temporary folders yet; check it in the script",
    "中心尚未上报临时目录空间；请在脚本中自行检查",
  ),
  refused(
    "tres-per-task",
    null,
    "required",
    "write it as --cpus-per-task and --gpus-per-task",
    "请改写为 --cpus-per-task 与 --gpus-per-task",
  ),
  refused("mincpus", null, "required", "write it as --cpus-per-task", "请改写为 --cpus-per-task"),
  refused("core-spec", "S", "required", "cores for the system are the centre's", "系统预留核心由中心决定"),
  refused("thread-spec", null, "required", "cores for the system are the centre's", "系统预留核心由中心决定"),
  ...["cores-per-socket", "sockets-per-node", "ntasks-per-socket", "gpus-per-socket"].map((long) =>
    sockets(long, null),
  ),
  sockets("extra-node-info", "B"),
  refused("network", null, "required", "links inside a centre are not described yet", "中心内部网络尚未登记"),
  refused("resv-ports", null, "optional", "ports are not reserved", "不提供端口预留"),
  refused("mcs-label", null, "required", "security labels are not described yet", "安全标签尚未登记"),
  refused("segment", null, "required", "the layout of nodes is not described yet", "节点布局尚未登记"),
  ...["help", "usage", "version"].map((long) =>
    refused(
      long,
      long === "help" ? "h" : long === "version" ? "V" : null,
      "none",
      "see weir submit --help",
      "见 weir submit --help",
    ),
  ),

  notOffered("partition", "p", "partition"),
  notOffered("qos", "q", "quality of service"),
  notOffered("constraint", "C", "feature of nodes"),
  notOffered("batch", null, "feature of nodes"),
  notOffered("cluster-constraint", null, "feature of a cluster"),
  notOffered("reservation", null, "reservation"),
  notOffered("nodelist", "w", "node"),
  notOffered("nodefile", "F", "node list"),
  notOffered("exclude", "x", "node"),
  notOffered("container", null, "container"),
  notOffered("container-id", null, "container"),
  notOffered("bb", null, "burst buffer"),
  notOffered("bbf", null, "burst buffer"),
];

function mapped(
  long: string,
  short: string | null,
  to: string,
  read: (value: string, shown: string) => Reading,
): SbatchOption {
  const value = long === "requeue" || long === "no-requeue" ? "none" : "required";
  return { long, ...(short && { short }), value, handling: { kind: "mapped", read, to } };
}

function memory(long: string, to: string, kind: "per-node" | "per-core" | "per-accelerator"): SbatchOption {
  const read = (value: string, shown: string): Reading => {
    const mib = parseMemoryMib(value);
    if (mib === null) return badValue(shown, value, "a size such as 4G, 4096M or 4096 (MiB)");
    if (mib > 0) return asked({ memory: { kind, mib } });
    return badValue(shown, value, "a size from 1M; the whole memory of a node cannot be asked for without naming it");
  };
  return { ...mapped(long, null, to, read), group: "memory" };
}

function oneNode(long: string, short: string | null, value: "none" | "required"): SbatchOption {
  const read = (_: string, shown: string) => asked({ onlyOnOneNode: shown });
  const handling = { kind: "mapped", read, to: "nothing on one node, refused on several" } as const;
  return { long, ...(short && { short }), value, handling };
}

function harmless(long: string, short: string | null, value: SbatchOption["value"], words: string): SbatchOption {
  return { long, ...(short && { short }), value, handling: { kind: "harmless", words } };
}

function client(long: string, short: string | null, sets: keyof ClientWishes | null, words: string): SbatchOption {
  return { long, ...(short && { short }), value: "none", handling: { kind: "client", sets, words } };
}

function refused(
  long: string,
  short: string | null,
  value: SbatchOption["value"],
  because: string,
  becauseZh: string,
): SbatchOption {
  return { long, ...(short && { short }), value, handling: { kind: "refused", because, becauseZh } };
}

function sockets(long: string, short: string | null): SbatchOption {
  return refused(
    long,
    short,
    "required",
    "centres do not report sockets yet; say --ntasks and --cpus-per-task",
    "中心尚未上报插槽；请用 --ntasks 与 --cpus-per-task",
  );
}

function notOffered(long: string, short: string | null, what: string): SbatchOption {
  return { long, ...(short && { short }), value: "required", handling: { kind: "not-offered", what } };
}

function asked(fields: Asked, warning?: string): Reading {
  return { kind: "asked", asked: fields, ...(warning !== undefined && { warning }) };
}

function badValue(option: string, value: string, expected: string): Reading {
  return { kind: "refused", refusal: { kind: "bad-option-value", option, value, expected } };
}

function refusedAs(option: string, because: string, becauseZh: string): Reading {
  return { kind: "refused", refusal: { kind: "option-refused", option, because, becauseZh } };
}

function counted(expected: string, fields: (count: number) => Asked): (value: string, shown: string) => Reading {
  return (value, shown) => {
    const count = parseCount(value);
    return count === null || count < 1 ? badValue(shown, value, expected) : asked(fields(count));
  };
}

function readNodes(value: string, shown: string): Reading {
  const [min, max, more] = value.split("-").map((part) => parseCount(part));
  if (more !== undefined || !min || (max !== undefined && (max === null || max < min))) {
    return badValue(shown, value, "a number of nodes from 1, or a range such as 2-4");
  }
  if (max === undefined || max === min) return asked({ nodes: min });
  return asked({ nodes: min }, `of ${min} to ${max} nodes, the job takes ${min}`);
}

function readTime(value: string, shown: string): Reading {
  const seconds = parseTimeS(value);
  if (seconds !== null && seconds > 0) return asked({ timeLimitS: seconds });
  const expected = "minutes, minutes:seconds, hours:minutes:seconds, days-hours or days-hours:minutes:seconds, above 0";
  return badValue(shown, value, expected);
}

function readInput(value: string, shown: string): Reading {
  if (value === "/dev/null") return asked({});
  return refusedAs(
    shown,
    "work reads nothing from outside; redirect in the script: COMMAND < FILE",
    "作业没有标准输入；请在脚本中重定向：命令 < 文件",
  );
}

function readBegin(value: string, shown: string): Reading {
  if (value.toLowerCase() === "now") return asked({});
  return refusedAs(shown, "a job cannot be given a time to begin; submit it then", "不能指定开始时间；请届时再提交");
}

function readExport(value: string, shown: string): Reading {
  const variables: [name: string, value: string][] = [];
  const exportedNames: string[] = [];
  let all = false;
  for (const word of splitList(value)) {
    if (/^(ALL|NONE|NIL)$/i.test(word)) {
      all ||= word.toUpperCase() === "ALL";
      continue;
    }
    const at = word.indexOf("=");
    const name = at < 0 ? word : word.slice(0, at);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      return badValue(shown, value, "ALL, NONE, NAME or NAME=value, with commas between");
    if (at < 0) exportedNames.push(name);
    else variables.push([name, word.slice(at + 1)]);
  }
  const warning = "the environment of the submitting shell is not sent; name what is needed: --export=NAME=value";
  return asked({ environment: Object.fromEntries(variables), exportedNames }, all ? warning : undefined);
}

function readDependency(value: string, shown: string): Reading {
  const expected =
    "singleton, or afterok, afterany, afternotok or aftercorr with job ids, as in afterok:12:13,afterany:14_3";
  const words = value.split(/[,?]/);
  if (value.includes("?") && words.length > 1) {
    return refusedAs(
      shown,
      "dependencies joined by ? (any one of them is enough) are not offered; join by , what must all hold",
      "不提供用 ? 连接（满足其一）的依赖；请用 , 连接须全部满足的依赖",
    );
  }
  const dependencies: AskedDependency[] = [];
  for (const word of words) {
    const [kind = "", ...jobs] = word.split(":");
    if (kind === "singleton" && jobs.length === 0) {
      dependencies.push({ kind });
      continue;
    }
    if (kind === "after" || kind === "expand" || kind === "afterburstbuffer") {
      return refusedAs(
        shown,
        `${kind} is not offered; use afterok, afterany, afternotok, aftercorr or singleton`,
        `不提供 ${kind}；可用 afterok、afterany、afternotok、aftercorr、singleton`,
      );
    }
    if (jobs.length === 0) return badValue(shown, value, expected);
    for (const job of jobs) {
      const dependency = readOneDependency(kind, job);
      if (!dependency) return badValue(shown, value, expected);
      dependencies.push(dependency);
    }
  }
  return asked({ dependencies });
}

function readOneDependency(kind: string, text: string): AskedDependency | null {
  const match = /^([1-9]\d{0,15})(?:_(\d{1,9}|\*))?$/.exec(text);
  const job = Number(match?.[1]);
  if (!match || !Number.isSafeInteger(job)) return null;
  const index = match[2] === undefined || match[2] === "*" ? null : Number(match[2]);
  switch (kind) {
    case "afterok":
    case "afterany":
    case "afternotok":
      return { kind, job, index };
    case "aftercorr":
      return index === null ? { kind, job } : null;
    default:
      return null;
  }
}

function readClusters(value: string, shown: string): Reading {
  const names = value.split(",");
  if (value === "all") return asked({ onlyCentres: [] });
  const good = names.every((name) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name));
  return good
    ? asked({ onlyCentres: names })
    : badValue(shown, value, "ids of centres as in weir centres, with commas");
}

/** Classes of accelerators that clusters name in --gres, with the one vendor whose devices are meant, if it is one. */
const acceleratorClasses: ReadonlyMap<string, string | null> = new Map([
  ["gpu", null],
  ["npu", "huawei"],
  ["dcu", "hygon"],
  ["mlu", "cambricon"],
]);

function readGres(value: string, shown: string): Reading {
  if (value.toLowerCase() === "none") return asked({ acceleratorsPerNode: { vendor: null, model: null, count: 0 } });
  const words = value.split(",");
  const word = parseGres(words[0] ?? "");
  if (!word) return badValue(shown, value, "NAME[:MODEL][:COUNT], as in gpu:2 or npu:ascend910b:8");
  if (words.length > 1) {
    return refusedAs(
      shown,
      "a job has one kind of accelerator; submit one job for each",
      "一个作业只能申请一种加速卡；请分开提交",
    );
  }
  const vendor = acceleratorClasses.get(word.name);
  if (vendor === undefined) {
    const known = [...acceleratorClasses.keys()];
    return { kind: "refused", refusal: { kind: "not-offered", what: "generic resource", value: word.name, known } };
  }
  return asked({
    acceleratorsPerNode: { vendor: word.type === null ? vendor : null, model: word.type, count: word.count },
  });
}

function readGpus(key: "acceleratorsPerNode" | "acceleratorsInAll" | "acceleratorsPerTask") {
  return (value: string, shown: string): Reading => {
    const word = parseGres(`gpu:${value}`);
    if (!word || value.includes(",")) return badValue(shown, value, "a number, or MODEL:number as in a100:2");
    const accelerators: AskedAccelerators = { vendor: null, model: word.type, count: word.count };
    return asked({ [key]: accelerators });
  };
}

function readSignal(value: string, shown: string): Reading {
  const signal = parseSignal(value);
  if (!signal) return badValue(shown, value, "a signal and how long before the end, as in TERM@120");
  if (!signal.isTerm) {
    return refusedAs(
      shown,
      "before the end Weir sends SIGTERM and no other signal; write --signal=B:TERM@SECONDS and trap TERM",
      "结束前 Weir 只发送 SIGTERM；请写 --signal=B:TERM@秒数 并捕获 TERM",
    );
  }
  if (signal.beforeS > 3600) return badValue(shown, value, "at most 3600 seconds before the end");
  return asked(
    { termBeforeEndS: signal.beforeS },
    `SIGTERM reaches the whole job ${signal.beforeS} s before the end of its time limit, which is shown as a limit shorter by that and a grace as long`,
  );
}

function readLicences(value: string, shown: string): Reading {
  const licences: { name: string; count: number }[] = [];
  for (const word of value.split(/[,;|]/)) {
    const match = /^([\w@.-]{1,200})(?:[:*](\d{1,6}))?$/.exec(word);
    if (!match || match[2] === "0") return badValue(shown, value, "names with counts, as in matlab:2,ansys@server:1");
    licences.push({ name: match[1] ?? "", count: Number(match[2] ?? 1) });
  }
  return asked({ licences });
}
