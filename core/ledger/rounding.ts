/** To the nearest, half a unit up; what is an upper bound goes up, what is left goes down. */
export type Rounding = "half" | "up" | "down";

/** An amount, not below 0, in whole units: how command line, console and sentences alike round what they show. */
export function roundedQuotient(amount: bigint, unit: bigint, rounding: Rounding): bigint {
  if (rounding === "down") return amount / unit;
  return rounding === "up" ? (amount + unit - 1n) / unit : (amount * 2n + unit) / (unit * 2n);
}

/** `1.250`: to the thousandth; `perHour`: the amount that is one hour of it. */
export function hoursText(amount: bigint, perHour: bigint, rounding: Rounding): string {
  const thousandths = roundedQuotient(amount * 1000n, perHour, rounding);
  return `${thousandths / 1000n}.${`${thousandths % 1000n}`.padStart(3, "0")}`;
}
