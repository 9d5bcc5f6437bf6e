/** Days of usage begin at midnight in this zone (M5), which is eight hours ahead of UTC all year. */
export const networkZone = "Asia/Shanghai";
export const networkZoneMs = 8 * 3_600_000;
const dayMs = 24 * 3_600_000;

/** `2026-11-22` as the moments [from, to) of that day of the network; null where it is no day. */
export function networkDay(text: string): { readonly fromMs: number; readonly toMs: number } | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const midnightMs = Date.parse(`${text}T00:00:00Z`);
  // Date.parse takes 2026-02-30 for 2 March.
  if (Number.isNaN(midnightMs) || new Date(midnightMs).toISOString().slice(0, 10) !== text) return null;
  const fromMs = Math.max(0, midnightMs - networkZoneMs);
  return midnightMs < 0 ? null : { fromMs, toMs: midnightMs - networkZoneMs + dayMs };
}
