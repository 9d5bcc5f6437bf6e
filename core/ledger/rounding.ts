/** To the nearest, half a unit up; what is an upper bound goes up. */
export type Rounding = "half" | "up";

/** An amount, not below 0, in whole units: how command line and console alike round what they show. */
export function roundedQuotient(amount: bigint, unit: bigint, rounding: Rounding): bigint {
  return rounding === "up" ? (amount + unit - 1n) / unit : (amount * 2n + unit) / (unit * 2n);
}
