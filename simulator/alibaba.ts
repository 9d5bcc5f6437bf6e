import type { DeviceNeed, NodeLeft } from "#core/scheduling/packing/node-left.ts";
import { type TraceRefusal, TraceRefused } from "./trace-refusal.ts";

/** What pods ask for, in the order of the file. */
export type PodList = {
  readonly name: string;
  readonly pods: readonly DeviceNeed[];
  /** Left out: an amount is missing or negative, or a share of a device is not of 1 to 1000 thousandths. */
  readonly dropped: number;
};

/** What nodes have when they are empty, in the order of the file. */
export type NodeList = {
  readonly name: string;
  readonly nodes: readonly NodeLeft[];
  /** Left out: an amount is missing or negative. */
  readonly dropped: number;
};

/**
 * Reads the pods of Alibaba's `cluster-trace-gpu-v2023`. What is not exactly such a list is covered by one of these rules
 * or refused (`TraceRefused`, with file, line and remedy):
 * - The first line names the columns, in any order; those not named here are not read, and `gpu_spec` may be absent.
 * - Every other line has as many fields; empty lines are passed over. Nothing is quoted.
 * - Amounts are whole numbers up to 2 147 483 647. An empty field or a negative number is missing, and the pod left out.
 * - A pod with `num_gpu` 0 asks for no device, whatever `gpu_milli` says; else that is of 1 to 1000, or the pod is left out.
 * - `gpu_spec` names the models it may have between `|`; empty is any. A model that no node has is no error: such a pod
 *   fits nowhere.
 * - Times and phases are not read: the pods are a population to sample from.
 */
export function readPods(bytes: Uint8Array, name: string): PodList {
  const pods: DeviceNeed[] = [];
  const dropped = eachRow(bytes, name, podColumns, "no-jobs", (row) => {
    const coresMilli = row.amount("cpu_milli");
    const memoryMib = row.amount("memory_mib");
    const devices = row.amount("num_gpu");
    const shareMilli = devices === 0 ? 0 : row.amount("gpu_milli");
    if (coresMilli === null || memoryMib === null || devices === null || shareMilli === null) return false;
    if (devices > 0 && (shareMilli < 1 || shareMilli > 1000)) return false;
    const models = row
      .text("gpu_spec")
      .split("|")
      .filter((model) => model !== "");
    pods.push({ coresMilli, memoryMib, devices, shareMilli, models: devices === 0 ? [] : models });
    return true;
  });
  return { name, pods, dropped };
}

/** Reads its nodes, by the same rules; a node has devices of one model. */
export function readNodes(bytes: Uint8Array, name: string): NodeList {
  const nodes: NodeLeft[] = [];
  const dropped = eachRow(bytes, name, nodeColumns, "no-nodes", (row) => {
    const coresMilli = row.amount("cpu_milli");
    const memoryMib = row.amount("memory_mib");
    const devices = row.amount("gpu", mostDevices);
    if (coresMilli === null || memoryMib === null || devices === null) return false;
    const leftMilli = new Array<number>(devices).fill(1000);
    nodes.push({ coresMilli, memoryMib, kinds: devices === 0 ? [] : [{ model: row.text("model"), leftMilli }] });
    return true;
  });
  return { name, nodes, dropped };
}

const podColumns = ["cpu_milli", "memory_mib", "num_gpu", "gpu_milli"];
const nodeColumns = ["cpu_milli", "memory_mib", "gpu", "model"];
const mostAmount = 2_147_483_647;
/** Of one node: far above any machine, and a list of them is kept for each. */
const mostDevices = 1024;
const decoder = new TextDecoder();

type Row = {
  /** null: missing. */
  amount(column: string, most?: number): number | null;
  /** Empty where the column is absent. */
  text(column: string): string;
};

/** Shows each row, and answers how many were not taken; a list without a row is refused as `empty`. */
function eachRow(
  bytes: Uint8Array,
  file: string,
  needed: readonly string[],
  empty: "no-jobs" | "no-nodes",
  take: (row: Row) => boolean,
): number {
  const refuse = (refusal: TraceRefusal) => new TraceRefused(file, refusal);
  const [head = "", ...lines] = decoder.decode(bytes).split("\n");
  const names = head.split(",").map((name) => name.trim());
  const places = new Map(names.map((name, place) => [name, place]));
  const absent = needed.find((column) => !places.has(column));
  if (absent !== undefined) throw refuse({ kind: "no-column", line: 1, absent, needed });
  let dropped = 0;
  let rows = 0;
  for (const [at, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const fields = line.split(",").map((field) => field.trim());
    if (fields.length !== names.length)
      throw refuse({ kind: "columns", line: at + 2, found: fields.length, expected: names.length });
    rows += 1;
    const text = (column: string) => fields[places.get(column) ?? -1] ?? "";
    const amount = (meaning: string, limit = mostAmount) => {
      const value = text(meaning);
      if (value === "" || /^-\d+$/.test(value)) return null;
      const at1 = { line: at + 2, column: (places.get(meaning) ?? 0) + 1, meaning, text: value };
      if (!/^\d+$/.test(value)) throw refuse({ kind: "not-a-number", ...at1 });
      if (Number(value) > limit) throw refuse({ kind: "too-large", ...at1, limit });
      return Number(value);
    };
    if (!take({ amount, text })) dropped += 1;
  }
  if (rows === 0) throw refuse({ kind: empty });
  return dropped;
}
