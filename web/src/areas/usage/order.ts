import type { Answer } from "#api/client.ts";
import type { UsageBy } from "./search.ts";

type Row = Answer<"usage">["rows"][number];

/** Days in their order; everything else by card-hours, then core-hours, largest first, and what used the same by name. */
export function inOrder(by: UsageBy | "job", rows: readonly Row[]): Row[] {
  const byKey = (a: Row, b: Row) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
  if (by === "day") return [...rows].sort(byKey);
  const less = (a: string, b: string) => (BigInt(a) < BigInt(b) ? 1 : BigInt(a) > BigInt(b) ? -1 : 0);
  return [...rows].sort(
    (a, b) =>
      less(a.amounts.milliCardMs, b.amounts.milliCardMs) || less(a.amounts.coreMs, b.amounts.coreMs) || byKey(a, b),
  );
}
