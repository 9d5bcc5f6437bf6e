import { hostNames } from "#core/centre/host-list.ts";
import type { Asked, AskedAccelerators, AskedDependency } from "#core/job/asked.ts";
import { type OptionPlace, type Phrase, type PhraseKind, phrase } from "#core/job/phrase.ts";
import { parseCount, parseGres, parseMemoryMib, parseSignal, parseTimeS, splitList } from "#core/job/slurm-values.ts";
import { warningSignals } from "#core/job/spec.ts";
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
  /** Becomes part of the job. */
  | { readonly kind: "mapped"; readonly read: (value: string, place: OptionPlace) => Reading; readonly to: string }
  /** Leaving it out changes nothing the work could notice; the answer says why. */
  | { readonly kind: "harmless"; readonly because: PhraseKind }
  /** Honoured by the command line `weir submit` alone. */
  | { readonly kind: "client"; readonly sets: keyof ClientWishes | null; readonly how: PhraseKind }
  | { readonly kind: "refused"; readonly because: PhraseKind }
  /** Would have to be looked up at a centre, and none reports such (W1, W2). */
  | { readonly kind: "not-offered"; readonly what: string };

export type ClientWishes = { readonly wait: boolean; readonly parsable: boolean; readonly quiet: boolean };

export type Reading =
  | { readonly kind: "asked"; readonly asked: Asked; readonly warning?: Phrase }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** A word with it says who may be beside: the owner's own jobs, which are not told apart at a centre. */
const exclusive: SbatchOption = {
  long: "exclusive",
  value: "optional",
  handling: {
    kind: "mapped",
    read: (value) => (value === "" ? asked({ wholeNodes: true }) : asked({}, phrase("shares-the-node"))),
    to: "wholeNodes; with a word (user, mcs) nothing",
  },
};

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
    counted("tasks-from-1", (tasks) => ({ tasks })),
  ),
  mapped(
    "ntasks-per-node",
    null,
    "tasks",
    counted("tasks-from-1", (tasksPerNode) => ({ tasksPerNode })),
  ),
  mapped(
    "tasks-per-node",
    null,
    "tasks",
    counted("tasks-from-1", (tasksPerNode) => ({ tasksPerNode })),
  ),
  mapped(
    "ntasks-per-gpu",
    null,
    "tasks",
    counted("tasks-from-1", (tasksPerAccelerator) => ({ tasksPerAccelerator })),
  ),
  mapped(
    "cpus-per-task",
    "c",
    "coresPerTask",
    counted("cores-from-1", (n) => ({ coresPerTask: n })),
  ),
  mapped(
    "cpus-per-gpu",
    null,
    "coresPerTask",
    counted("cores-from-1", (coresPerAccelerator) => ({ coresPerAccelerator })),
  ),
  memory("mem", "memoryMibPerNode", "per-node"),
  memory("mem-per-cpu", "memoryMibPerCore", "per-core"),
  memory("mem-per-gpu", "memoryMibPerNode", "per-accelerator"),
  mapped("gres", null, "accelerators, and siteWords.gres for what is none", readGres),
  mapped("gpus", "G", "accelerators", readGpus("acceleratorsInAll")),
  mapped("gpus-per-node", null, "accelerators", readGpus("acceleratorsPerNode")),
  mapped("gpus-per-task", null, "accelerators", readGpus("acceleratorsPerTask")),
  mapped("time", "t", "timeLimitS", readTime),
  mapped("signal", null, "graceS", readSignal),
  mapped("deadline", null, "deadlineMs", (text, place) => asked({ deadline: { ...place, text } })),
  mapped("licenses", "L", "licences", readLicences),
  mapped("partition", "p", "siteWords.partition: any of these", readWords("partition", /,/)),
  mapped("qos", "q", "siteWords.qos", readWords("qos", null)),
  mapped("constraint", "C", "siteWords.constraint: all of these", readConstraint),
  mapped("reservation", null, "siteWords.reservation: any of these", readWords("reservation", /,/)),
  mapped("nodelist", "w", "siteWords.nodelist", readNodelist),
  mapped("begin", "b", "nothing, where it is now", readBegin),
  mapped("requeue", null, "requeue", () => asked({ requeue: true })),
  mapped("no-requeue", null, "requeue: no, as where nothing is said", () => asked({ requeue: false })),
  oneNode("use-min-nodes", null, "none"),
  oneNode("distribution", "m", "required"),
  mapped("switches", null, "nodeGroups", readSwitches),
  mapped("contiguous", null, "contiguous", () => asked({ contiguous: true })),
  oneNode("spread-job", null, "none"),

  exclusive,
  harmless("oversubscribe", "s", "none", "cores-not-shared"),
  harmless("share", null, "none", "cores-not-shared"),
  harmless("mail-type", null, "required", "no-mail"),
  harmless("mail-user", null, "required", "no-mail"),
  harmless("open-mode", null, "required", "log-of-each-attempt"),
  harmless("nice", null, "optional", "order-is-the-networks"),
  harmless("priority", null, "required", "order-is-the-networks"),
  harmless("time-min", null, "required", "limit-stays"),
  harmless("get-user-env", null, "optional", "environment-of-the-centre"),
  harmless("kill-on-invalid-dep", null, "required", "never-met-is-cancelled"),
  harmless("threads-per-core", null, "required", "threads-are-the-centres"),
  harmless("hint", null, "required", "threads-are-the-centres"),
  harmless("ntasks-per-core", null, "required", "own-cores"),
  harmless("cpu-freq", null, "required", "frequency-is-the-centres"),
  harmless("cpu-bind", null, "required", "core-binding-is-the-centres"),
  harmless("mem-bind", null, "required", "memory-binding-is-the-centres"),
  harmless("gpu-bind", null, "required", "card-binding-is-the-centres"),
  harmless("gpu-freq", null, "required", "card-frequency-is-the-centres"),
  harmless("gres-flags", null, "required", "card-binding-is-the-centres"),
  harmless("tres-bind", null, "required", "binding-is-the-centres"),
  harmless("acctg-freq", null, "required", "measured-anyway"),
  harmless("profile", null, "required", "no-profile"),
  harmless("propagate", null, "optional", "limits-are-the-centres"),
  harmless("wckey", null, "required", "booked-to-the-project"),
  harmless("extra", null, "required", "text-not-kept"),
  harmless("no-kill", "k", "optional", "lost-node-ends"),
  harmless("wait-all-nodes", null, "required", "all-nodes-ready"),
  harmless("delay-boot", null, "required", "no-powering"),
  harmless("power", null, "required", "power-is-the-centres"),
  harmless("prefer", null, "required", "only-a-wish"),
  harmless("ignore-pbs", null, "none", "other-systems-not-obeyed"),
  harmless("bell", null, "none", "only-rings"),
  harmless("no-bell", null, "none", "only-rings"),

  client("wait", "W", "wait", "client-waits"),
  client("parsable", null, "parsable", "client-prints-id"),
  client("quiet", "Q", "quiet", "client-prints-less"),
  client("verbose", "v", null, "client-always-warns"),

  refused("hold", "H", "none", "no-hold"),
  refused("test-only", null, "none", "use-dry-run"),
  refused("overcommit", "O", "none", "no-overcommit"),
  refused("reboot", null, "none", "no-boot"),
  refused("uid", null, "required", "runs-as-submitter"),
  refused("gid", null, "required", "runs-as-submitter"),
  refused("jobid", null, "required", "ids-are-weirs"),
  refused("export-file", null, "required", "file-on-your-side"),
  refused("tmp", null, "required", "no-temporary-space"),
  refused("tres-per-task", null, "required", "write-per-task"),
  refused("mincpus", null, "required", "write-cores-per-task"),
  refused("core-spec", "S", "required", "system-cores-are-the-centres"),
  refused("thread-spec", null, "required", "system-cores-are-the-centres"),
  ...["cores-per-socket", "sockets-per-node", "ntasks-per-socket", "gpus-per-socket"].map((long) =>
    sockets(long, null),
  ),
  sockets("extra-node-info", "B"),
  refused("network", null, "required", "no-links"),
  refused("resv-ports", null, "optional", "no-ports"),
  refused("mcs-label", null, "required", "no-labels"),
  refused("segment", null, "required", "no-layout"),
  refused("exclude", "x", "required", "no-excluded-nodes"),
  ...["help", "usage", "version"].map((long) =>
    refused(long, long === "help" ? "h" : long === "version" ? "V" : null, "none", "see-help"),
  ),

  notOffered("batch", null, "feature of nodes"),
  notOffered("cluster-constraint", null, "feature of a cluster"),
  notOffered("nodefile", "F", "node list"),
  notOffered("container", null, "container"),
  notOffered("container-id", null, "container"),
  notOffered("bb", null, "burst buffer"),
  notOffered("bbf", null, "burst buffer"),
];

function mapped(
  long: string,
  short: string | null,
  to: string,
  read: (value: string, place: OptionPlace) => Reading,
): SbatchOption {
  const value = long === "requeue" || long === "no-requeue" || long === "contiguous" ? "none" : "required";
  return { long, ...(short && { short }), value, handling: { kind: "mapped", read, to } };
}

function memory(long: string, to: string, kind: "per-node" | "per-core" | "per-accelerator"): SbatchOption {
  const read = (value: string, place: OptionPlace): Reading => {
    const mib = parseMemoryMib(value);
    if (mib === null) return badValue(place, value, "a-size");
    if (mib > 0) return asked({ memory: { kind, mib } });
    return badValue(place, value, "a-size-from-1");
  };
  return { ...mapped(long, null, to, read), group: "memory" };
}

function readSwitches(value: string, place: OptionPlace): Reading {
  const [, count = "", , time] = /^(\d{1,6})(@(.+))?$/.exec(value) ?? [];
  const nodeGroups = parseCount(count);
  if (!nodeGroups || (time !== undefined && parseTimeS(time) === null))
    return badValue(place, value, "switches-from-1");
  return asked({ nodeGroups }, time === undefined ? undefined : phrase("groups-however-long"));
}

function oneNode(long: string, short: string | null, value: "none" | "required"): SbatchOption {
  const read = (_: string, place: OptionPlace) => asked({ onlyOnOneNode: place });
  const handling = { kind: "mapped", read, to: "nothing on one node, refused on several" } as const;
  return { long, ...(short && { short }), value, handling };
}

function harmless(long: string, short: string | null, value: SbatchOption["value"], because: PhraseKind): SbatchOption {
  return { long, ...(short && { short }), value, handling: { kind: "harmless", because } };
}

function client(long: string, short: string | null, sets: keyof ClientWishes | null, how: PhraseKind): SbatchOption {
  return { long, ...(short && { short }), value: "none", handling: { kind: "client", sets, how } };
}

function refused(long: string, short: string | null, value: SbatchOption["value"], because: PhraseKind): SbatchOption {
  return { long, ...(short && { short }), value, handling: { kind: "refused", because } };
}

function sockets(long: string, short: string | null): SbatchOption {
  return refused(long, short, "required", "no-sockets");
}

function notOffered(long: string, short: string | null, what: string): SbatchOption {
  return { long, ...(short && { short }), value: "required", handling: { kind: "not-offered", what } };
}

function asked(fields: Asked, warning?: Phrase): Reading {
  return { kind: "asked", asked: fields, ...(warning && { warning }) };
}

function badValue(place: OptionPlace, value: string, expected: PhraseKind): Reading {
  return { kind: "refused", refusal: { kind: "bad-option-value", ...place, value, expected: phrase(expected) } };
}

function refusedAs(place: OptionPlace, because: PhraseKind, facts: Phrase["facts"] = {}): Reading {
  return { kind: "refused", refusal: { kind: "option-refused", ...place, because: phrase(because, facts) } };
}

function counted(
  expected: PhraseKind,
  fields: (count: number) => Asked,
): (value: string, place: OptionPlace) => Reading {
  return (value, place) => {
    const count = parseCount(value);
    return count === null || count < 1 ? badValue(place, value, expected) : asked(fields(count));
  };
}

function readNodes(value: string, place: OptionPlace): Reading {
  const [min, max, more] = value.split("-").map((part) => parseCount(part));
  if (more !== undefined || !min || (max !== undefined && (max === null || max < min))) {
    return badValue(place, value, "nodes-from-1");
  }
  if (max === undefined || max === min) return asked({ nodes: min });
  return asked({ nodes: min }, phrase("fewest-nodes", { min, max }));
}

function readTime(value: string, place: OptionPlace): Reading {
  const seconds = parseTimeS(value);
  if (seconds !== null && seconds > 0) return asked({ timeLimitS: seconds });
  return badValue(place, value, "a-time");
}

function readInput(value: string, place: OptionPlace): Reading {
  if (value === "/dev/null") return asked({});
  return refusedAs(place, "no-input");
}

function readBegin(value: string, place: OptionPlace): Reading {
  if (value.toLowerCase() === "now") return asked({});
  return refusedAs(place, "no-begin");
}

function readExport(value: string, place: OptionPlace): Reading {
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
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return badValue(place, value, "export-list");
    if (at < 0) exportedNames.push(name);
    else variables.push([name, word.slice(at + 1)]);
  }
  const warning = phrase("shell-not-sent");
  return asked({ environment: Object.fromEntries(variables), exportedNames }, all ? warning : undefined);
}

function readDependency(value: string, place: OptionPlace): Reading {
  const expected = "dependency-list";
  const words = value.split(/[,?]/);
  if (value.includes("?") && words.length > 1) {
    return refusedAs(place, "no-any-of");
  }
  const dependencies: AskedDependency[] = [];
  for (const word of words) {
    const [kind = "", ...jobs] = word.split(":");
    if (kind === "singleton" && jobs.length === 0) {
      dependencies.push({ kind });
      continue;
    }
    if (kind === "after" || kind === "expand" || kind === "afterburstbuffer") {
      return refusedAs(place, "no-such-dependency", { kind });
    }
    if (jobs.length === 0) return badValue(place, value, expected);
    for (const job of jobs) {
      const dependency = readOneDependency(kind, job);
      if (!dependency) return badValue(place, value, expected);
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

function readClusters(value: string, place: OptionPlace): Reading {
  const names = value.split(",");
  if (value === "all") return asked({ onlyCentres: [] });
  const good = names.every((name) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name));
  return good ? asked({ onlyCentres: names }) : badValue(place, value, "centre-ids");
}

/** Classes of accelerators that clusters name in --gres, with the one vendor whose devices are meant, if it is one. */
const acceleratorClasses: ReadonlyMap<string, string | null> = new Map([
  ["gpu", null],
  ["npu", "huawei"],
  ["dcu", "hygon"],
  ["mlu", "cambricon"],
]);

/** Cards become accelerators; other words are looked up at the centres. */
function readGres(value: string, place: OptionPlace): Reading {
  if (value.toLowerCase() === "none") return asked({ acceleratorsPerNode: { vendor: null, model: null, count: 0 } });
  const gres: string[] = [];
  let cards: AskedAccelerators | null = null;
  for (const text of value.split(",")) {
    const word = parseGres(text);
    if (!word) return badValue(place, value, "gres-word");
    const vendor = acceleratorClasses.get(word.name);
    if (vendor === undefined) {
      gres.push(`${word.name}${word.type === null ? "" : `:${word.type}`}:${word.count}`);
      continue;
    }
    if (cards) return refusedAs(place, "one-kind-of-card");
    cards = { vendor: word.type === null ? vendor : null, model: word.type, count: word.count };
  }
  return asked({ ...(gres.length > 0 && { gres }), ...(cards && { acceleratorsPerNode: cards }) });
}

function readGpus(key: "acceleratorsPerNode" | "acceleratorsInAll" | "acceleratorsPerTask") {
  return (value: string, place: OptionPlace): Reading => {
    const word = parseGres(`gpu:${value}`);
    if (!word || value.includes(",")) return badValue(place, value, "gpus-word");
    const accelerators: AskedAccelerators = { vendor: null, model: word.type, count: word.count };
    return asked({ [key]: accelerators });
  };
}

function readSignal(value: string, place: OptionPlace): Reading {
  const signal = parseSignal(value);
  if (!signal) return badValue(place, value, "a-signal");
  const { beforeS } = signal;
  if (beforeS > 3600) return badValue(place, value, "signal-within-an-hour");
  if (signal.name !== "TERM") {
    const name = signal.toScript ? warningSignals.find((one) => one === signal.name) : undefined;
    return name === undefined ? refusedAs(place, "signal-to-program") : asked({ warning: { signal: name, beforeS } });
  }
  return asked({ termBeforeEndS: beforeS }, phrase("term-reaches-all", { beforeS }));
}

/** Words for a centre's own table; the separator parts those of which any will do. */
function readWords(key: "partition" | "qos" | "reservation", separator: RegExp | null) {
  return (value: string, place: OptionPlace): Reading => {
    const words = separator ? value.split(separator) : [value];
    return words.every(isSiteWord) ? asked({ [key]: words }) : badValue(place, value, "site-words");
  };
}

/** `ib&bigmem` asks for both; what Slurm writes with |, brackets or counts is one word, to be found whole in a table. */
function readConstraint(value: string, place: OptionPlace): Reading {
  const words = /^[^|*[\]()]*$/.test(value) ? value.split(/[&,]/) : [value];
  return words.every(isSiteWord) ? asked({ constraint: words }) : badValue(place, value, "site-words");
}

function readNodelist(value: string, place: OptionPlace): Reading {
  const nodelist = hostNames(value, mostNamedNodes);
  if (nodelist === null) return badValue(place, value, "node-list");
  return asked({ nodelist: [...new Set(nodelist)] });
}

/** So that a list in a spec stays small. */
export const mostNamedNodes = 1000;

/** What a table of a centre may have as a key: printed, without a comma, not an option. */
export function isSiteWord(text: string): boolean {
  return /^[^\s,\p{Cc}-][^\s,\p{Cc}]{0,199}$/u.test(text);
}

function readLicences(value: string, place: OptionPlace): Reading {
  const licences: { name: string; count: number }[] = [];
  for (const word of value.split(/[,;|]/)) {
    const match = /^([\w@.-]{1,200})(?:[:*](\d{1,6}))?$/.exec(word);
    if (!match || match[2] === "0") return badValue(place, value, "licence-list");
    licences.push({ name: match[1] ?? "", count: Number(match[2] ?? 1) });
  }
  return asked({ licences });
}
