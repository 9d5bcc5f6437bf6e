import type { Amounts, Unit } from "#core/ledger/unit.ts";
import { holdOf } from "#core/ledger/usage.ts";
import type { Allocation } from "#core/run-order.ts";
import { unreachable } from "#core/unreachable.ts";

/** The versions of tariffs there are. Under `free` everything costs nothing, and no yuan transfers are made. */
export type TariffVersion = "free";

/** What a quote names and a placement pins today. */
export const tariffInForce: TariffVersion = "free";

/** The version a text names, or null. */
export function parseTariff(text: string): TariffVersion | null {
  return text === "free" ? text : null;
}

export type Cost = {
  readonly tariffVersion: TariffVersion;
  readonly currency: "CNY";
  readonly amountMicroYuan: bigint;
};

/** Whether nothing costs anything under it, so that nobody has to add up amounts to know. */
export function isFree(tariffVersion: TariffVersion): boolean {
  return tariffVersion === "free";
}

/** What the amounts cost under a version: the same function prices the quote and the usage. */
export function costOf(tariffVersion: TariffVersion, _amounts: Amounts): Cost {
  switch (tariffVersion) {
    case "free":
      return { tariffVersion, currency: "CNY", amountMicroYuan: 0n };
    default:
      return unreachable(tariffVersion);
  }
}

/** The most that `tasks` such runs can use, which is what their placements hold, and what that costs. */
export type Quote = {
  readonly tasks: number;
  readonly perTask: Amounts;
  readonly total: Amounts;
  readonly cost: Cost;
};

export function quoteOf(
  tariffVersion: TariffVersion,
  allocation: Allocation,
  timeLimitS: number,
  graceS: number,
  tasks: number,
): Quote {
  const perTask = holdOf(allocation, timeLimitS, graceS);
  const total = new Map<Unit, bigint>([...perTask].map(([unit, amount]) => [unit, amount * BigInt(tasks)]));
  return { tasks, perTask, total, cost: costOf(tariffVersion, total) };
}
