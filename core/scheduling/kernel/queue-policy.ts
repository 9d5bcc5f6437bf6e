import type { Order, Policy } from "../policy.ts";

/** What a machine by itself knows; for the rest of what a policy may ask see `replay`. */
export type QueuePolicy =
  | {
      readonly order: Extract<Order, { readonly kind: "fcfs" | "sjf" | "saf" | "f1" }>;
      readonly backfill: "none" | "easy" | "easy-sjbf";
    }
  /** The plan is one of first come, first served. */
  | { readonly order: Extract<Order, { readonly kind: "fcfs" }>; readonly backfill: "conservative" };

/** The policy as one of a plain queue, or null where it asks for more than that. */
export function queuePolicy(policy: Policy): QueuePolicy | null {
  const { order, backfill, head } = policy;
  if (order.kind === "score" || backfill === "window" || head === "kept") return null;
  const { maxWaitS, fairness, homePriority, prediction, lookahead } = policy;
  if ([maxWaitS, fairness, homePriority, prediction, lookahead].some((one) => one !== null)) return null;
  if (backfill !== "conservative") return { order, backfill };
  return order.kind === "fcfs" ? { order, backfill } : null;
}
