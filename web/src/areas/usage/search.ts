import { networkDay } from "#core/ledger/network-day.ts";

/** How usage is summed up and over which days; in the address like the filters of jobs. */
export type UsageSearch = {
  readonly by?: UsageBy;
  readonly project?: string;
  /** Days as YYYY-MM-DD in the network's time zone, as in the table; both count whole. */
  readonly from?: string;
  readonly to?: string;
};
export const usageBys = ["project", "person", "centre", "day"] as const;
export type UsageBy = (typeof usageBys)[number];

export function readUsageSearch(search: Record<string, unknown>): UsageSearch {
  const by = usageBys.find((one) => one === search.by);
  const project =
    typeof search.project === "string" || typeof search.project === "number" ? String(search.project) : "";
  return {
    ...(by && { by }),
    ...(project !== "" && { project }),
    ...(isDay(search.from) && { from: search.from }),
    ...(isDay(search.to) && { to: search.to }),
  };
}

/** The moments between which usage counts: from the first moment of `from` up to the first moment after `to`. */
export function rangeOf({ from, to }: UsageSearch): { readonly fromMs?: number; readonly toMs?: number } {
  const [first, last] = [networkDay(from ?? ""), networkDay(to ?? "")];
  return { ...(first && { fromMs: first.fromMs }), ...(last && { toMs: last.toMs }) };
}

function isDay(value: unknown): value is string {
  return typeof value === "string" && networkDay(value) !== null;
}
