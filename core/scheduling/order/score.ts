import { unreachable } from "#core/unreachable.ts";
import type { Order } from "../policy.ts";

/** The part of a job's score that waiting does not change; the lowest score is first. `submitS` on the workload's clock. */
export function standingScore(
  order: Order,
  processors: number,
  predictedS: number,
  requestedS: number,
  submitS: number,
): number {
  switch (order.kind) {
    case "fcfs":
      return submitS;
    case "sjf":
      return requestedS;
    case "saf":
      return requestedS * processors;
    case "f1":
      return Math.log10(Math.max(1, requestedS)) * processors + 870 * Math.log10(Math.max(1, submitS));
    case "score":
      return (
        processors ** order.processorsPower * predictedS ** order.predictedPower * requestedS ** order.requestedPower
      );
    default:
      return unreachable(order);
  }
}

/** The score after so long a wait. */
export function agedScore(order: Order, standing: number, waitS: number): number {
  if (order.kind !== "score" || order.waitPower === 0) return standing;
  const age = 1 + waitS / order.waitScaleS;
  return standing / (order.waitPower === 1 ? age : age ** order.waitPower);
}
