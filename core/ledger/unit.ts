/**
 * What an amount counts. A transfer never crosses units. Accelerators have one unit for each device class, because an
 * hour of one model is not an hour of another. Memory is counted in seconds, because the MiB-milliseconds of a large
 * centre pass 2^63 within weeks (docs/decisions/0011-memory-in-mib-seconds.md).
 */
export type Unit = "core-ms" | "mib-s" | "wall-ms" | `milli-card-ms:${string}` | "micro-yuan";

/** Amounts by unit; a unit with nothing in it is left out. */
export type Amounts = ReadonlyMap<Unit, bigint>;

/** PostgreSQL's bigint: what an account's total may not pass. */
export const largestAmount = 2n ** 63n - 1n;

/** `milli-card-ms:huawei/ascend-910`. */
export function cardUnit(vendor: string | null, model: string | null): Unit {
  return `milli-card-ms:${deviceClass(vendor, model)}`;
}

/** `huawei/ascend-910`. A card whose vendor or model nobody named is of the class `any/any`. */
export function deviceClass(vendor: string | null, model: string | null): string {
  return `${vendor ?? "any"}/${model ?? "any"}`;
}

/** The unit a text names, or null. */
export function parseUnit(text: string): Unit | null {
  if (text === "core-ms" || text === "mib-s" || text === "wall-ms" || text === "micro-yuan") return text;
  const prefix = "milli-card-ms:";
  return text.startsWith(prefix) && text.length > prefix.length ? `${prefix}${text.slice(prefix.length)}` : null;
}
