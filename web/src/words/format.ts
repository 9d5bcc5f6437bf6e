import { type Rounding, roundedQuotient } from "#core/ledger/rounding.ts";

/**
 * Amounts as people read them; spans and sizes are in core/measures.ts. Usage and money stay `bigint` until the very last
 * step (M1); nothing here rounds what is later added up.
 */

/**
 * A quotient of integers as a decimal with at most `digits` places, no trailing zeros; "< 0.001" where a positive amount
 * would round to nothing: something was used, and the page must not say that nothing was.
 */
export function quotientText(amount: bigint, unit: bigint, digits: number, rounding: Rounding = "half"): string {
  if (amount < 0n) return `−${quotientText(-amount, unit, digits)}`;
  const scale = 10n ** BigInt(digits);
  const scaled = roundedQuotient(amount * scale, unit, rounding);
  if (scaled === 0n && amount > 0n) return `< 0.${"0".repeat(digits - 1)}1`;
  const whole = (scaled / scale).toString().replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const fraction = (scaled % scale).toString().padStart(digits, "0").replace(/0+$/, "");
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

export const coreHoursText = (coreMs: string): string => quotientText(BigInt(coreMs), 3_600_000n, 3);
export const cardHoursText = (milliCardMs: string): string => quotientText(BigInt(milliCardMs), 3_600_000_000n, 3);
export const gibHoursText = (mibS: string): string => quotientText(BigInt(mibS), 1024n * 3_600n, 3);
/** The same three of what a job may use at most. */
export const mostHoursText = {
  core: (coreMs: string): string => quotientText(BigInt(coreMs), 3_600_000n, 3, "up"),
  card: (milliCardMs: string): string => quotientText(BigInt(milliCardMs), 3_600_000_000n, 3, "up"),
  gib: (mibS: string): string => quotientText(BigInt(mibS), 1024n * 3_600n, 3, "up"),
};
export const hoursText = (ms: string): string => quotientText(BigInt(ms), 3_600_000n, 3);
export const yuanText = (microYuan: string): string => {
  const text = quotientText(BigInt(microYuan), 1_000_000n, 6);
  const [whole = "", fraction = ""] = text.split(".");
  return `${whole}.${fraction.padEnd(2, "0")}`;
};

/** Texts of one column with as many decimals as the longest has, so that they stand point below point. */
export function aligned(texts: readonly string[]): readonly string[] {
  const decimals = (text: string) => (text.includes(".") ? text.length - text.lastIndexOf(".") - 1 : 0);
  const most = Math.max(0, ...texts.map(decimals));
  return texts.map((text) => {
    const missing = most - decimals(text);
    return missing === 0 ? text : `${text}${decimals(text) === 0 ? "." : ""}${"0".repeat(missing)}`;
  });
}

export { countText } from "#core/measures.ts";

/** Seconds to the hundredth: what lasted less than ten of them, in a column where the unit must not change from row to row. */
export function secondsText(ms: number): string {
  return ms > 0 && ms < 5 ? "< 0.01" : (ms / 1000).toFixed(2);
}

/** D-HH:MM:SS as sbatch writes a time limit. */
export function sbatchTime(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const two = (n: number) => String(n).padStart(2, "0");
  const clock = `${two(Math.floor((seconds % 86_400) / 3600))}:${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
  return days > 0 ? `${days}-${clock}` : clock;
}
