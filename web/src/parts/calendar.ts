import { networkZoneMs } from "#core/ledger/network-day.ts";

/**
 * What a picker of dates asks of a calendar: weeks from Monday, the clock of the network, whatever zone the browser is in.
 * A `Date` here says by its UTC parts what that clock shows: `shown` makes it of a moment, `momentOf` a moment of it.
 */
export const calendar = {
  getWeekDay: (at: Date) => at.getUTCDay(),
  getMillisecond: (at: Date) => at.getUTCMilliseconds(),
  getSecond: (at: Date) => at.getUTCSeconds(),
  getMinute: (at: Date) => at.getUTCMinutes(),
  getHour: (at: Date) => at.getUTCHours(),
  getDate: (at: Date) => at.getUTCDate(),
  getMonth: (at: Date) => at.getUTCMonth(),
  getYear: (at: Date) => at.getUTCFullYear(),
  getNow: () => shown(Date.now()),
  getFixedDate: (text: string) => new Date(text),
  getEndDate: (at: Date) => date(at.getUTCFullYear(), at.getUTCMonth() + 1, 0),
  addYear: (at: Date, count: number) => inMonth(at, at.getUTCFullYear() + count, at.getUTCMonth()),
  addMonth: (at: Date, count: number) => inMonth(at, at.getUTCFullYear(), at.getUTCMonth() + count),
  addDate: (at: Date, count: number) => changed(at, (date) => date.setUTCDate(date.getUTCDate() + count)),
  setYear: (at: Date, year: number) => inMonth(at, year, at.getUTCMonth()),
  setMonth: (at: Date, month: number) => inMonth(at, at.getUTCFullYear(), month),
  setDate: (at: Date, day: number) => changed(at, (date) => date.setUTCDate(day)),
  setHour: (at: Date, hour: number) => changed(at, (date) => date.setUTCHours(hour)),
  setMinute: (at: Date, minute: number) => changed(at, (date) => date.setUTCMinutes(minute)),
  setSecond: (at: Date, second: number) => changed(at, (date) => date.setUTCSeconds(second)),
  setMillisecond: (at: Date, ms: number) => changed(at, (date) => date.setUTCMilliseconds(ms)),
  isAfter: (one: Date, other: Date) => one.getTime() > other.getTime(),
  isValidate: (at: Date) => !Number.isNaN(at.getTime()),
  locale: {
    getWeekFirstDay: () => 1,
    getWeekFirstDate: (_: string, at: Date) =>
      changed(at, (date) => date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7))),
    getWeek: (_: string, at: Date) => weekOf(at),
    format: (_: string, at: Date, format: string) => formatted(at, format),
    parse: (_: string, text: string, formats: readonly string[]) =>
      formats.some((format) => format.includes("HH")) ? minuteOf(text) : dayOf(text),
    getShortWeekDays: (locale: string) =>
      [4, 5, 6, 7, 8, 9, 10].map((day) => named(locale, date(1970, 0, day), { weekday: "narrow" })),
    getShortMonths: (locale: string) =>
      Array.from({ length: 12 }, (_, month) => named(locale, date(1970, month, 1), { month: "short" })),
  },
};

export function shown(atMs: number): Date {
  return new Date(atMs + networkZoneMs);
}

export function momentOf(at: Date): number {
  return at.getTime() - networkZoneMs;
}

/** The first moment of a day YYYY-MM-DD; null: there is no such day. */
export function dayOf(text: string | undefined): Date | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text?.trim() ?? "");
  if (!match) return null;
  const [year, month, day] = match.slice(1).map(Number);
  const at = date(year ?? 0, (month ?? 0) - 1, day ?? 0);
  return dayText(at) === text?.trim() ? at : null;
}

/** A moment YYYY-MM-DD HH:MM; null: there is none. */
export function minuteOf(text: string): Date | null {
  const match = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}):(\d{2})$/.exec(text.trim());
  const day = dayOf(match?.[1]);
  if (!match || !day) return null;
  const [hour, minute] = [Number(match[2]), Number(match[3])];
  return hour > 23 || minute > 59 ? null : changed(day, (date) => date.setUTCHours(hour, minute));
}

export function dayText(at: Date): string {
  return formatted(at, "YYYY-MM-DD");
}

export function minuteText(at: Date): string {
  return formatted(at, "YYYY-MM-DD HH:mm");
}

/** The marks that a picker uses: YYYY, MM, DD, HH, mm, ss, and M, D, MMM for its own heads. */
function formatted(at: Date, format: string): string {
  const two = (count: number) => `${count}`.padStart(2, "0");
  const marks: Readonly<Record<string, string>> = {
    YYYY: `${at.getUTCFullYear()}`.padStart(4, "0"),
    MM: two(at.getUTCMonth() + 1),
    M: `${at.getUTCMonth() + 1}`,
    DD: two(at.getUTCDate()),
    D: `${at.getUTCDate()}`,
    HH: two(at.getUTCHours()),
    mm: two(at.getUTCMinutes()),
    ss: two(at.getUTCSeconds()),
  };
  return format.replace(/YYYY|MM|M|DD|D|HH|mm|ss/g, (mark) => marks[mark] ?? mark);
}

function date(year: number, month: number, day: number): Date {
  return new Date(Date.UTC(year, month, day));
}

function changed(at: Date, change: (date: Date) => void): Date {
  const date = new Date(at);
  change(date);
  return date;
}

/** The same day of another month, or its last where it is shorter. */
function inMonth(at: Date, year: number, month: number): Date {
  const last = date(year, month + 1, 0).getUTCDate();
  return changed(at, (date) => date.setUTCFullYear(year, month, Math.min(at.getUTCDate(), last)));
}

/** ISO 8601: the week of its Thursday. */
function weekOf(at: Date): number {
  const thursday = date(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() + 3 - ((at.getUTCDay() + 6) % 7));
  const first = date(thursday.getUTCFullYear(), 0, 4);
  return 1 + Math.round((thursday.getTime() - first.getTime()) / 604_800_000);
}

function named(locale: string, at: Date, style: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale.replace("_", "-"), { ...style, timeZone: "UTC" }).format(at);
}
