import { nearestName } from "#core/nearest-name.ts";
import type { MoveLimits, Network, NetworkCentre } from "#core/scheduling/kernel/network.ts";

/** What is wrong at one place of a network file, with what would be right; `path` as in `moves.most`, empty: the file. */
export type NetworkIssue = { readonly path: string; readonly en: string; readonly zh: string };

export type ParsedNetwork =
  | { readonly kind: "network"; readonly network: Network }
  | { readonly kind: "refused"; readonly issues: readonly NetworkIssue[] };

/**
 * What lies between the network and these homes (the names of the traces, in their order), from the JSON of a network
 * file (docs/guides/simulate.md). What the file says at the top counts for every centre that says nothing else. All that is
 * wrong is told at once.
 */
export function parseNetwork(value: unknown, homes: readonly string[]): ParsedNetwork {
  const issues: NetworkIssue[] = [];
  const file = fieldsOf(value, "", ["latencyS", "leaseS", "lookS", "moves", "centres"], issues);
  const all = centreOf(file, "", { latencyS: 0, leaseS: null }, issues);
  const named = fieldsOf(file.get("centres") ?? {}, "centres", homes, issues);
  const centres = homes.map((home): NetworkCentre => {
    const said = named.get(home);
    const path = `centres.${home}`;
    return said === undefined ? all : centreOf(fieldsOf(said, path, ["latencyS", "leaseS"], issues), path, all, issues);
  });
  const lookS = wholeOf(file, "", "lookS", { least: 1, most: mostS, otherwise: 600 }, issues);
  const moves = movesOf(file.get("moves") ?? null, issues);
  return issues.length === 0 ? { kind: "network", network: { centres, lookS, moves } } : { kind: "refused", issues };
}

/** One line for each. */
export function networkIssueWords(issues: readonly NetworkIssue[], language: "en" | "zh"): string {
  const colon = language === "zh" ? "：" : ": ";
  return issues.map((one) => `${one.path}${one.path === "" ? "" : colon}${one[language]}`).join("\n");
}

const mostS = 31_536_000;

type Fields = ReadonlyMap<string, unknown>;

function centreOf(fields: Fields, path: string, otherwise: NetworkCentre, issues: NetworkIssue[]): NetworkCentre {
  const bounds = { least: 0, most: 86_400, otherwise: otherwise.latencyS };
  const latencyS = wholeOf(fields, path, "latencyS", bounds, issues);
  const said = fields.get("leaseS");
  const lease = { least: 1, most: mostS, otherwise: otherwise.leaseS ?? 1 };
  const leaseS =
    said === null || (said === undefined && otherwise.leaseS === null)
      ? null
      : wholeOf(fields, path, "leaseS", lease, issues);
  // What a centre takes from the top is refused there.
  const isOwn = fields.has("latencyS") || fields.has("leaseS");
  if (isOwn && leaseS !== null && leaseS <= latencyS)
    issues.push({
      path: at(path, "leaseS"),
      en: `${leaseS} s is over before an order is there (${latencyS} s): nothing would ever start. Make it longer than latencyS, or null.`,
      zh: `租约 ${leaseS} 秒在指令到达（${latencyS} 秒）之前就已到期，任何作业都无法开始。请大于 latencyS，或写 null。`,
    });
  return { latencyS, leaseS };
}

function movesOf(value: unknown, issues: NetworkIssue[]): MoveLimits | null {
  if (value === null) return null;
  const fields = fieldsOf(value, "moves", ["leastGainS", "leastGainShare", "most"], issues);
  const share = fields.get("leastGainShare") ?? 0.2;
  if (typeof share !== "number" || !(share >= 0 && share <= 1))
    issues.push({
      path: "moves.leastGainShare",
      en: `${shown(share)} is not a number from 0 to 1.`,
      zh: `${shown(share)} 不是 0 到 1 之间的数。`,
    });
  return {
    leastGainS: wholeOf(fields, "moves", "leastGainS", { least: 0, most: mostS, otherwise: 300 }, issues),
    leastGainShare: typeof share === "number" ? share : 0,
    most: wholeOf(fields, "moves", "most", { least: 0, most: 1000, otherwise: 3 }, issues),
  };
}

/** The fields of an object; those that are not among `known` are refused. */
function fieldsOf(value: unknown, path: string, known: readonly string[], issues: NetworkIssue[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    issues.push({
      path,
      en: `${shown(value)} is not an object of fields. Write one in braces, as in docs/guides/simulate.md.`,
      zh: `${shown(value)} 不是由字段组成的对象。请用花括号书写，见 docs/guides/simulate.md。`,
    });
    return new Map();
  }
  const fields = new Map<string, unknown>(Object.entries(value));
  for (const field of fields.keys()) {
    if (known.includes(field)) continue;
    const near = nearestName(field, known);
    const [en, zh] = path === "centres" ? ["trace", "trace"] : ["field", "字段"];
    issues.push({
      path: at(path, field),
      en: `there is no such ${en}. ${near === null ? `Known: ${known.join(", ")}.` : `Did you mean ${near}?`}`,
      zh: `没有这个${zh}。${near === null ? `可用：${known.join("、")}。` : `是否想写 ${near}？`}`,
    });
  }
  return fields;
}

type Bounds = { readonly least: number; readonly most: number; readonly otherwise: number };

function wholeOf(fields: Fields, path: string, field: string, bounds: Bounds, issues: NetworkIssue[]): number {
  const { least, most, otherwise } = bounds;
  const value = fields.get(field);
  if (value === undefined) return otherwise;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  issues.push({
    path: at(path, field),
    en: `${shown(value)} is not a whole number from ${least} to ${most}.`,
    zh: `${shown(value)} 不是 ${least} 到 ${most} 的整数。`,
  });
  return otherwise;
}

function at(path: string, field: string): string {
  return path === "" ? field : `${path}.${field}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
