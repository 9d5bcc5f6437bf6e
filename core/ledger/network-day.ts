/** Days of usage begin at midnight in this zone (M5), which is eight hours ahead of UTC all year. */
export const networkZone = "Asia/Shanghai";
export const networkZoneMs = 8 * 3_600_000;
const dayMs = 24 * 3_600_000;

/** `2026-11-22` as the moments [from, to) of that day of the network; null where it is no day. */
export function networkDay(text: string): { readonly fromMs: number; readonly toMs: number } | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) return null;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return null;
  const midnightMs = daysSince1970(year, month, day) * dayMs;
  return { fromMs: Math.max(0, midnightMs - networkZoneMs), toMs: midnightMs - networkZoneMs + dayMs };
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Of the Gregorian calendar: whole years and their leap days before it, then the months and days of its own. */
function daysSince1970(year: number, month: number, day: number): number {
  const leapDaysBefore = (until: number) => Math.floor(until / 4) - Math.floor(until / 100) + Math.floor(until / 400);
  let days = (year - 1970) * 365 + leapDaysBefore(year - 1) - leapDaysBefore(1969);
  for (let before = 1; before < month; before += 1) days += daysOfMonth(year, before);
  return days + day - 1;
}
