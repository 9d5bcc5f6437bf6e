import { unreachable } from "#core/unreachable.ts";
import type { QueuePolicy } from "./queue-policy.ts";

/** What a queue is sorted by, smallest first; ties go by the job's place in the workload. It never changes for a job. */
export function orderKey(
  order: QueuePolicy["order"],
  job: number,
  submitS: number,
  processors: number,
  estimateS: number,
): number {
  switch (order.kind) {
    case "fcfs":
      return job;
    case "sjf":
      return estimateS;
    case "saf":
      return estimateS * processors;
    case "f1":
      return Math.log10(estimateS) * processors + 870 * Math.log10(Math.max(submitS, 1));
    default:
      return unreachable(order);
  }
}
