import type { Home, Workload } from "#core/scheduling/replay/workload.ts";
import { unreachable } from "#core/unreachable.ts";
import type { SwfLog } from "#simulator/swf.ts";

export type WorkloadSettings = {
  /** `actual`: after the filter and the cut at the limit, the run time stands for what was asked for. */
  readonly estimates: "requested" | "actual";
  /** Jobs submitted so many days or more after the first of their log are left out. null: none. */
  readonly days: number | null;
  /** `count` jobs from the one at `from` (after the filter, from 0) on, of each log. null: all. */
  readonly sequence: { readonly from: number; readonly count: number } | null;
  /** Of each log, in place of what its header says. null: the header's. */
  readonly processors: readonly (number | null)[];
  /**
   * `batch`: processors asked for, else those got; a job ends at its limit. `sequence`: RLScheduler's (SC'20): the larger
   * of the two, and nothing is ended at its limit.
   */
  readonly rules: "batch" | "sequence";
};

export type WorkloadRefusal =
  | { readonly kind: "size-not-said"; readonly log: string }
  | { readonly kind: "nothing-left"; readonly log: string; readonly jobs: number; readonly dropped: number }
  | { readonly kind: "sequence-outside"; readonly log: string; readonly from: number; readonly jobs: number }
  | { readonly kind: "too-many-homes"; readonly homes: number; readonly limit: number }
  | { readonly kind: "too-many-processors"; readonly processors: number; readonly limit: number };

export type BuiltWorkload = {
  readonly kind: "workload";
  readonly workload: Workload;
  /** Of each of the workload's projects the number in its trace (column 13); -1: not said there. */
  readonly groups: readonly number[];
};

/** The logs as one workload, one home each, after the model's rules (docs/guides/simulate.md). */
export function buildWorkload(logs: readonly SwfLog[], settings: WorkloadSettings): BuiltWorkload | WorkloadRefusal {
  if (logs.length > mostHomes) return { kind: "too-many-homes", homes: logs.length, limit: mostHomes };
  const parts: Part[] = [];
  for (const [index, log] of logs.entries()) {
    const part = partOf(log, settings, settings.processors[index] ?? log.header.maxProcs ?? log.header.maxNodes);
    if ("kind" in part) return part;
    parts.push(part);
  }
  const processors = parts.reduce((sum, { home }) => sum + home.processors, 0);
  if (processors > mostProcessors) return { kind: "too-many-processors", processors, limit: mostProcessors };
  return { kind: "workload", ...merged(logs, parts, settings) };
}

/** File, what is wrong, and what to do about it. */
export function workloadRefusalWords(refusal: WorkloadRefusal, language: "en" | "zh"): string {
  const [en, zh] = words(refusal);
  return language === "zh" ? zh : en;
}

const mostHomes = 65_535;
/** Of all together, which are one machine under `merged`. */
const mostProcessors = 2_147_483_647;

/** What is left of one log: places in it, in the order of the queue. */
type Part = { readonly home: Home; readonly kept: Int32Array };

function partOf(log: SwfLog, settings: WorkloadSettings, processors: number | null): Part | WorkloadRefusal {
  if (processors === null) return { kind: "size-not-said", log: log.name };
  const all = new Int32Array(log.count);
  let count = 0;
  for (let i = 0; i < log.count; i += 1) {
    const isKept = (log.runS[i] ?? 0) > 0 && needOf(log, i, settings.rules) > 0 && (log.submitS[i] ?? 0) >= 0;
    if (isKept) all[count++] = i;
  }
  const dropped = log.count - count;
  if (count === 0) return { kind: "nothing-left", log: log.name, jobs: log.count, dropped };
  const { from, count: most } = settings.sequence ?? { from: 0, count };
  if (from >= count) return { kind: "sequence-outside", log: log.name, from, jobs: count };
  const first = log.header.clock === "shared" ? 0 : (log.submitS[all[from] ?? 0] ?? 0);
  let end = Math.min(count, from + most);
  const beforeS = first + (settings.days ?? Number.POSITIVE_INFINITY) * 86_400;
  while (end > from && (log.submitS[all[end - 1] ?? 0] ?? 0) >= beforeS) end -= 1;
  if (end === from) return { kind: "nothing-left", log: log.name, jobs: log.count, dropped };
  const kept = all.slice(from, end);
  let clipped = 0;
  let killed = 0;
  for (const i of kept) {
    if (needOf(log, i, settings.rules) > processors) clipped += 1;
    if (settings.rules === "batch" && (log.requestedS[i] ?? 0) > 0 && (log.runS[i] ?? 0) > (log.requestedS[i] ?? 0))
      killed += 1;
  }
  return { home: { name: log.name, processors, firstSubmitS: first, dropped, clipped, killed }, kept };
}

function needOf(log: SwfLog, i: number, rules: WorkloadSettings["rules"]): number {
  const requested = log.requested[i] ?? 0;
  const allocated = log.allocated[i] ?? 0;
  if (rules === "sequence") return Math.max(requested, allocated);
  return requested > 0 ? requested : allocated;
}

function merged(
  logs: readonly SwfLog[],
  parts: readonly Part[],
  settings: WorkloadSettings,
): Omit<BuiltWorkload, "kind"> {
  const count = parts.reduce((sum, { kept }) => sum + kept.length, 0);
  const column = () => new Int32Array(count);
  const made = {
    ...{ submitS: column(), runS: column(), estimateS: column(), processors: column() },
    ...{ person: column(), project: column(), place: column(), number: column() },
    home: new Uint16Array(count),
  };
  const persons = new Map<number, number>();
  const projects = new Map<number, number>();
  const orders = parts.map(({ kept }, index) => queueOrder(logs[index], kept, logs.length > 1));
  const next = new Int32Array(parts.length);
  const places = parts.map(({ kept }, index) => placesInFile(logs[index], kept));
  const homes = homeOrder(logs, parts, orders);
  for (let i = 0; i < count; i += 1) {
    const home = homes[i] ?? 0;
    const [log, part] = [logs[home], parts[home]];
    if (!log || !part) throw new Error("no such home");
    const at = orders[home]?.[next[home] ?? 0] ?? 0;
    next[home] = (next[home] ?? 0) + 1;
    const from = part.kept[at] ?? 0;
    const runS = log.runS[from] ?? 0;
    const requestedS = log.requestedS[from] ?? 0;
    const limitS = requestedS > 0 ? requestedS : runS;
    made.submitS[i] = (log.submitS[from] ?? 0) - part.home.firstSubmitS;
    made.runS[i] = settings.rules === "batch" ? Math.min(runS, limitS) : runS;
    made.estimateS[i] = settings.estimates === "actual" ? (made.runS[i] ?? 0) : limitS;
    made.processors[i] = Math.min(needOf(log, from, settings.rules), part.home.processors);
    made.home[i] = home;
    made.person[i] = dense(persons, home, log.user[from] ?? -1);
    made.project[i] = dense(projects, home, log.group[from] ?? -1);
    made.place[i] = places[home]?.[at] ?? 0;
    made.number[i] = log.number[from] ?? 0;
  }
  const groups = [...projects.keys()].map((key) => key - Math.round(key / homeStep) * homeStep);
  return { workload: { homes: parts.map(({ home }) => home), count, ...made }, groups };
}

/** The home of each job in the order of the queue: by submission, then home. */
function homeOrder(logs: readonly SwfLog[], parts: readonly Part[], orders: readonly Int32Array[]): Uint16Array {
  const homes = new Uint16Array(parts.reduce((sum, { kept }) => sum + kept.length, 0));
  if (parts.length === 1) return homes;
  // Exact: a submission is below 2^31 and a home below 2^16. Typed arrays are sorted as numbers.
  const keys = new Float64Array(homes.length);
  let i = 0;
  for (const [home, { kept, home: its }] of parts.entries()) {
    const submitS = logs[home]?.submitS;
    for (const at of orders[home] ?? [])
      keys[i++] = ((submitS?.[kept[at] ?? 0] ?? 0) - its.firstSubmitS) * homesInKey + home;
  }
  keys.sort();
  for (const [place, key] of keys.entries()) homes[place] = key % homesInKey;
  return homes;
}

const homesInKey = 65_536;

/** One log keeps (submit, position); of several each comes as (submit, job number). */
function queueOrder(log: SwfLog | undefined, kept: Int32Array, byNumber: boolean): Int32Array {
  const order = Int32Array.from(kept, (_, at) => at);
  if (!log || !byNumber) return order;
  const key = (at: number) => log.submitS[kept[at] ?? 0] ?? 0;
  const number = (at: number) => log.number[kept[at] ?? 0] ?? 0;
  let isSorted = true;
  for (let at = 1; at < order.length && isSorted; at += 1)
    isSorted = key(at - 1) < key(at) || (key(at - 1) === key(at) && number(at - 1) <= number(at));
  return isSorted ? order : order.sort((a, b) => key(a) - key(b) || number(a) - number(b) || a - b);
}

/** The place of each job among those kept, in the order of the file. */
function placesInFile(log: SwfLog | undefined, kept: Int32Array): Int32Array {
  const places = Int32Array.from(kept, (_, at) => at);
  const position = (at: number) => log?.position[kept[at] ?? 0] ?? 0;
  if (places.every((at) => at === 0 || position(at - 1) < position(at))) return places;
  const inFile = places.slice().sort((a, b) => position(a) - position(b));
  for (const [place, at] of inFile.entries()) places[at] = place;
  return places;
}

/** What a home adds to a number of its trace, -2^31 to 2^31 - 1, so that those of two homes differ. */
const homeStep = 4_294_967_296;

function dense(numbers: Map<number, number>, home: number, value: number): number {
  const key = home * homeStep + value;
  const known = numbers.get(key);
  if (known !== undefined) return known;
  numbers.set(key, numbers.size);
  return numbers.size - 1;
}

function words(refusal: WorkloadRefusal): readonly [en: string, zh: string] {
  switch (refusal.kind) {
    case "size-not-said":
      return [
        `${refusal.log}: its header has neither MaxProcs nor MaxNodes. Say how many processors it has: --processors N.`,
        `${refusal.log}：文件头既无 MaxProcs 也无 MaxNodes。请用 --processors N 说明处理器数。`,
      ];
    case "nothing-left":
      return [
        `${refusal.log}: ${refusal.jobs === 1 ? "its one job is not" : `none of its ${refusal.jobs} jobs is`} left (${refusal.dropped} ${refusal.dropped === 1 ? "has" : "have"} no run time, no processors or a submission before 0). Give a log with complete jobs, or more --days.`,
        `${refusal.log}：${refusal.jobs} 个作业中没有剩下任何一个（${refusal.dropped} 个缺少运行时间、处理器数，或提交早于 0）。请给出完整的日志，或增大 --days。`,
      ];
    case "sequence-outside":
      return [
        `${refusal.log}: --from ${refusal.from} is behind its last job; it has ${refusal.jobs}, counted from 0.`,
        `${refusal.log}：--from ${refusal.from} 超出末尾；共有 ${refusal.jobs} 个作业，从 0 计。`,
      ];
    case "too-many-homes":
      return [
        `${refusal.homes} traces; at most ${refusal.limit} are replayed together.`,
        `共 ${refusal.homes} 个 trace；一次最多 ${refusal.limit} 个。`,
      ];
    case "too-many-processors":
      return [
        `The traces have ${refusal.processors} processors together; at most ${refusal.limit} are replayed. Say fewer with --processors, or take fewer traces.`,
        `各 trace 共有 ${refusal.processors} 个处理器；最多可回放 ${refusal.limit} 个。请用 --processors 减少，或减少 trace。`,
      ];
    default:
      return unreachable(refusal);
  }
}
