import type { Amounts } from "#core/ledger/unit.ts";
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
