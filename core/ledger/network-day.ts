/** Days of usage begin at midnight in this zone (M5), which is eight hours ahead of UTC all year. */
export const networkZone = "Asia/Shanghai";
export const networkZoneMs = 8 * 3_600_000;
export const networkOffset = "+08:00";
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

/** The moment on the network's own calendar and clock. */
export type NetworkTime = {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
};

export function networkTimeAt(atMs: number): NetworkTime {
  const localMs = atMs + networkZoneMs;
  const days = Math.floor(localMs / dayMs);
  const ofDayS = Math.floor((localMs - days * dayMs) / 1000);
  // Years from below: 366 days are at least one.
  let year = 1970 + Math.floor(days / 366);
  while (daysSince1970(year + 1, 1, 1) <= days) year += 1;
  let month = 1;
  while (month < 12 && daysSince1970(year, month + 1, 1) <= days) month += 1;
  return {
    year,
    month,
    day: days - daysSince1970(year, month, 1) + 1,
    hour: Math.floor(ofDayS / 3600),
    minute: Math.floor((ofDayS % 3600) / 60),
    second: ofDayS % 60,
  };
}

/** null where the calendar has no such day, or the clock no such time. */
export function msOfNetworkTime({ year, month, day, hour, minute, second }: NetworkTime): number | null {
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  const ofDayS = hour * 3600 + minute * 60 + second;
  return daysSince1970(year, month, day) * dayMs - networkZoneMs + ofDayS * 1000;
}

/** `2026-11-23T18:00:00+08:00`: as it stands in what the server says, which whoever shows it writes as its readers read it. */
export function networkTimeText(atMs: number): string {
  return `${networkClock(atMs).replace(" ", "T")}${networkOffset}`;
}

/** `2026-11-23 18:00:00`; who reads it is told the offset beside it. */
export function networkClock(atMs: number): string {
  const { year, month, day, hour, minute, second } = networkTimeAt(atMs);
  const two = (part: number) => `${part}`.padStart(2, "0");
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`;
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
