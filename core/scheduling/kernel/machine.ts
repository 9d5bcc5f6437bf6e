import type { Order, Policy } from "../policy.ts";
import type { Workload } from "../replay/workload.ts";
import { PlannedMachine } from "./planned-machine.ts";
import { QueuedMachine } from "./queued-machine.ts";

/**
 * One machine of processors that are all alike, under one policy, driven from outside. At one instant: all ends, then all
 * submissions, then one pass. `advance`, `submit` and `pass` are called with times that never go back.
 */
export type Machine = {
  readonly processors: number;
  /** When the next running job ends; Infinity where none runs. */
  readonly nextEndS: number;
  /** How many wait. */
  readonly waiting: number;
  /** All that happens before `nowS`, and of that instant the ends alone. */
  advance(nowS: number): void;
  /** Puts a job in the queue; it starts at the earliest with the next `pass`. */
  submit(job: number, nowS: number): void;
  /** Starts what may start now. Their start is written to the columns' `startS`. */
  pass(nowS: number): void;
  /** Makes this the state of another of its kind and policy in which every job runs as long as it asked for. */
  copyExpected(other: Machine): void;
};

/** The columns a machine reads by job, and the one it writes: -1 until the job has started. */
export type Columns = Pick<Workload, "submitS" | "runS" | "estimateS" | "processors"> & {
  readonly startS: Int32Array;
};

/** What a machine by itself knows; for the rest of what a policy may ask see `replay`. */
export type QueuePolicy =
  | {
      readonly order: Extract<Order, { readonly kind: "fcfs" | "sjf" | "saf" | "f1" }>;
      readonly backfill: "none" | "easy" | "easy-sjbf";
    }
  /** The plan is one of first come, first served. */
  | { readonly order: Extract<Order, { readonly kind: "fcfs" }>; readonly backfill: "conservative" };

export function createMachine(columns: Columns, policy: QueuePolicy, processors: number): Machine {
  return policy.backfill === "conservative"
    ? new PlannedMachine(columns, processors)
    : new QueuedMachine(columns, policy.order, policy.backfill, processors);
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
