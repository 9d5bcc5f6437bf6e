/** What a picker of dates asks of a calendar, by the browser's own dates: local time, weeks from Monday. */
export const calendar = {
  getWeekDay: (at: Date) => at.getDay(),
  getMillisecond: (at: Date) => at.getMilliseconds(),
  getSecond: (at: Date) => at.getSeconds(),
  getMinute: (at: Date) => at.getMinutes(),
  getHour: (at: Date) => at.getHours(),
  getDate: (at: Date) => at.getDate(),
  getMonth: (at: Date) => at.getMonth(),
  getYear: (at: Date) => at.getFullYear(),
  getNow: () => new Date(),
  getFixedDate: (text: string) => new Date(text),
  getEndDate: (at: Date) => new Date(at.getFullYear(), at.getMonth() + 1, 0),
  addYear: (at: Date, count: number) => inMonth(at, at.getFullYear() + count, at.getMonth()),
  addMonth: (at: Date, count: number) => inMonth(at, at.getFullYear(), at.getMonth() + count),
  addDate: (at: Date, count: number) => changed(at, (date) => date.setDate(date.getDate() + count)),
  setYear: (at: Date, year: number) => inMonth(at, year, at.getMonth()),
  setMonth: (at: Date, month: number) => inMonth(at, at.getFullYear(), month),
  setDate: (at: Date, day: number) => changed(at, (date) => date.setDate(day)),
  setHour: (at: Date, hour: number) => changed(at, (date) => date.setHours(hour)),
  setMinute: (at: Date, minute: number) => changed(at, (date) => date.setMinutes(minute)),
  setSecond: (at: Date, second: number) => changed(at, (date) => date.setSeconds(second)),
  setMillisecond: (at: Date, ms: number) => changed(at, (date) => date.setMilliseconds(ms)),
  isAfter: (one: Date, other: Date) => one.getTime() > other.getTime(),
  isValidate: (at: Date) => !Number.isNaN(at.getTime()),
  locale: {
    getWeekFirstDay: () => 1,
    getWeekFirstDate: (_: string, at: Date) =>
      changed(at, (date) => date.setDate(date.getDate() - ((date.getDay() + 6) % 7))),
    getWeek: (_: string, at: Date) => weekOf(at),
    format: (_: string, at: Date, format: string) => formatted(at, format),
    parse: (_: string, text: string, formats: readonly string[]) =>
      formats.some((format) => format.includes("HH")) ? minuteOf(text) : dayOf(text),
    getShortWeekDays: (locale: string) =>
      [4, 5, 6, 7, 8, 9, 10].map((day) => named(locale, new Date(1970, 0, day), { weekday: "narrow" })),
    getShortMonths: (locale: string) =>
      Array.from({ length: 12 }, (_, month) => named(locale, new Date(1970, month, 1), { month: "short" })),
  },
};

/** The first moment of a day YYYY-MM-DD; null: there is no such day. */
export function dayOf(text: string | undefined): Date | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text?.trim() ?? "");
  if (!match) return null;
  const [year, month, day] = match.slice(1).map(Number);
  const at = new Date(year ?? 0, (month ?? 0) - 1, day);
  return dayText(at) === text?.trim() ? at : null;
}

/** A moment YYYY-MM-DD HH:MM of local time; null: there is none. */
export function minuteOf(text: string): Date | null {
  const match = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}):(\d{2})$/.exec(text.trim());
  const day = dayOf(match?.[1]);
  if (!match || !day) return null;
  const [hour, minute] = [Number(match[2]), Number(match[3])];
  return hour > 23 || minute > 59 ? null : new Date(day.getFullYear(), day.getMonth(), day.getDate(), hour, minute);
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
    YYYY: `${at.getFullYear()}`.padStart(4, "0"),
    MM: two(at.getMonth() + 1),
    M: `${at.getMonth() + 1}`,
    DD: two(at.getDate()),
    D: `${at.getDate()}`,
    HH: two(at.getHours()),
    mm: two(at.getMinutes()),
    ss: two(at.getSeconds()),
  };
  return format.replace(/YYYY|MM|M|DD|D|HH|mm|ss/g, (mark) => marks[mark] ?? mark);
}

function changed(at: Date, change: (date: Date) => void): Date {
  const date = new Date(at);
  change(date);
  return date;
}

/** The same day of another month, or its last where it is shorter. */
function inMonth(at: Date, year: number, month: number): Date {
  const last = new Date(year, month + 1, 0).getDate();
  return changed(at, (date) => date.setFullYear(year, month, Math.min(at.getDate(), last)));
}

/** ISO 8601: the week of its Thursday. */
function weekOf(at: Date): number {
  const thursday = new Date(at.getFullYear(), at.getMonth(), at.getDate() + 3 - ((at.getDay() + 6) % 7));
  const first = new Date(thursday.getFullYear(), 0, 4);
  return 1 + Math.round((thursday.getTime() - first.getTime()) / 604_800_000);
}

function named(locale: string, at: Date, style: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale.replace("_", "-"), style).format(at);
}
