import type { Order, Policy } from "../policy.ts";
import type { Columns } from "./columns.ts";
import { PlannedMachine } from "./planned-machine.ts";
import { QueuedMachine } from "./queued-machine.ts";

/**
 * One queue over one or several centres whose processors are all alike, driven from outside. At one instant: all ends, then
 * all submissions, then one pass. `advance`, `submit` and `pass` are called with times that never go back.
 */
export type Machine = {
  /** When the next running job ends; Infinity where none runs. */
  readonly nextEndS: number;
  /** How many wait. */
  readonly waiting: number;
  /** Σ processors × time asked for, of all that waits or runs. */
  readonly requestedWork: number;
  /** All that happens before `nowS`, and of that instant the ends alone. */
  advance(nowS: number): void;
  /** Puts a job in the queue; it starts with the next `pass` at the earliest. */
  submit(job: number): void;
  /** Starts what may start now: writes start and centre to the columns. */
  pass(nowS: number): void;
  /** When the job, were it submitted now, would start if whoever is ahead of it got a reservation, one after the other. */
  estimateStart(job: number, nowS: number): number;
};

/** The centres of a machine: their processors, and the number of the first in the workload. */
export type Centres = { readonly processors: readonly number[]; readonly first: number };

/** What a machine by itself knows; for the rest of what a policy may ask see `replay`. */
export type QueuePolicy =
  | {
      readonly order: Extract<Order, { readonly kind: "fcfs" | "sjf" | "saf" | "f1" }>;
      readonly backfill: "none" | "easy" | "easy-sjbf";
    }
  /** The plan is one of first come, first served. */
  | { readonly order: Extract<Order, { readonly kind: "fcfs" }>; readonly backfill: "conservative" };

export function createMachine(columns: Columns, policy: QueuePolicy, centres: Centres): Machine {
  return policy.backfill === "conservative"
    ? new PlannedMachine(columns, centres)
    : new QueuedMachine(columns, policy.order, policy.backfill, centres);
}

/** The policy as one of a plain queue, or null where it asks for more than that. */
export function queuePolicy(policy: Policy): QueuePolicy | null {
  const { order, backfill, head } = policy;
  if (order.kind === "score" || backfill === "window" || head === "kept") return null;
  const { maxWaitS, fairness, homePriority, prediction, lookahead } = policy;
  if ([maxWaitS, fairness, homePriority, prediction, lookahead].some((one) => one !== null)) return null;
  if (backfill !== "conservative") return { order, backfill };
  return order.kind === "fcfs" ? { order, backfill } : null;
}
