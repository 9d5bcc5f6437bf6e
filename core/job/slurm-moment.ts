import { msOfNetworkTime, type NetworkTime, networkTimeAt, networkZoneMs } from "#core/ledger/network-day.ts";

/**
 * A moment as Slurm's options write it (sbatch(1), `--deadline`; what its parse_time accepts): HH:MM[:SS] [AM|PM],
 * MMDD[YY], MM/DD[/YY] or MM.DD[.YY], MM/DD[/YY]-HH:MM[:SS], YYYY-MM-DD[THH:MM[:SS]], now[+count[unit]], the words today,
 * tomorrow, midnight, noon, elevenses, fika and teatime, and uts with seconds since 1970. By the network's own clock: a
 * time alone is the next such time, a day without a year the next such day, a day alone its first moment. null: it is
 * none, or a day that the calendar does not have. Beside Slurm's: YYYY-MM-DDTHH:MM[:SS] with Z or an offset, as Weir itself
 * says moments, so that one can be handed back.
 */
export function readMoment(text: string, nowMs: number): number | null {
  const seconds = /^uts(\d{7,12})$/i.exec(text);
  if (seconds) return Number(seconds[1]) * 1000;
  const later = /^now\s*(?:\+\s*(\d{1,9})\s*(?:(second|minute|hour|day|week)s?)?)?\s*$/i.exec(text);
  if (later) {
    const atMs = wholeS(nowMs) + Number(later[1] ?? 0) * unitMs(later[2]);
    return atMs <= lastMs ? atMs : null;
  }
  const own = /^(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?) ?(?:Z|([+-])(\d{2}):(\d{2}))$/i.exec(text);
  if (own) {
    const [, moment = "", sign, hours = "0", minutes = "0"] = own;
    const offsetMs = (sign === "-" ? -1 : 1) * (Number(hours) * 3_600_000 + Number(minutes) * 60_000);
    const atMs = readMoment(moment, nowMs);
    return atMs === null ? null : atMs + networkZoneMs - offsetMs;
  }
  return momentOf(text, networkTimeAt(nowMs), networkTimeAt(nowMs + dayMs));
}

function momentOf(text: string, today: NetworkTime, tomorrow: NetworkTime): number | null {
  const said = partsOf(text, today, tomorrow);
  if (said === null || (said.day === null && said.time === null)) return null;
  const time = said.time ?? { hour: 0, minute: 0, second: 0 };
  const day = said.day ?? (isAfter({ ...today, ...time }, today) ? today : tomorrow);
  if (day.year !== null) return msOfNetworkTime({ ...day, year: day.year, ...time });
  const thisYear = { ...day, year: today.year, ...time };
  return msOfNetworkTime(isAfter(thisYear, today) ? thisYear : { ...thisYear, year: today.year + 1 });
}

type Day = { readonly year: number | null; readonly month: number; readonly day: number };
type Time = Pick<NetworkTime, "hour" | "minute" | "second">;

/** As Slurm reads them: in any order, and of two that say the same thing the later counts. */
function partsOf(
  text: string,
  today: Day,
  tomorrow: Day,
): { readonly day: Day | null; readonly time: Time | null } | null {
  let day: Day | null = null;
  let time: Time | null = null;
  for (let left = text; left !== ""; ) {
    const between = /^(?:[\s-]+|T(?=\d))/.exec(left);
    const word = /^(?:today|tomorrow|midnight|noon|elevenses|fika|teatime)/i.exec(left);
    const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*(am|pm))?/i.exec(left);
    const date = /^(\d{4})-(\d{2})-(\d{1,2})/.exec(left) ?? shortDate.exec(left);
    if (word) {
      const hour = hours.get(word[0].toLowerCase());
      if (hour !== undefined) time = { hour, minute: 0, second: 0 };
      else day = /^today$/i.test(word[0]) ? today : tomorrow;
    } else if (clock) {
      time = timeOf(clock);
      if (time === null) return null;
    } else if (date) day = dayOf(date);
    const found = between ?? word ?? clock ?? date;
    if (!found) return null;
    left = left.slice(found[0].length);
  }
  return { day, time };
}

/** MMDD[YY], MM/DD[/YY], MM.DD[.YY]; a month is of two digits where two follow each other. */
const shortDate = /^()(\d\d|\d(?!\d))[./]?(\d{1,2})(?:[./]?(\d\d))?/;

function dayOf([, year, month, day, shortYear = "00"]: RegExpExecArray): Day {
  const inCentury = Number(shortYear) === 0 ? null : 2000 + Number(shortYear);
  return { year: year ? Number(year) : inCentury, month: Number(month), day: Number(day) };
}

const hours: ReadonlyMap<string, number> = new Map([
  ["midnight", 0],
  ["elevenses", 11],
  ["noon", 12],
  ["fika", 15],
  ["teatime", 16],
]);

function timeOf([, hours = "", minutes = "", seconds = "0", half]: RegExpExecArray): Time | null {
  const [hour, minute, second] = [Number(hours), Number(minutes), Number(seconds)];
  if (hour > 23 || minute > 59 || second > 59) return null;
  if (half === undefined) return { hour, minute, second };
  if (hour > 12) return null;
  return { hour: (hour % 12) + (half.toLowerCase() === "pm" ? 12 : 0), minute, second };
}

/** By the minute, as Slurm compares. */
function isAfter(one: NetworkTime, other: NetworkTime): boolean {
  const parts = ["year", "month", "day", "hour", "minute"] as const;
  const differs = parts.find((part) => one[part] !== other[part]);
  return differs !== undefined && one[differs] > other[differs];
}

const dayMs = 86_400_000;
/** No calendar here goes further (ECMA-262, time values). */
const lastMs = 8_640_000_000_000_000;

function unitMs(unit = "second"): number {
  const units = { second: 1000, minute: 60_000, hour: 3_600_000, day: dayMs, week: 7 * dayMs };
  return Object.entries(units).find(([name]) => name === unit.toLowerCase())?.[1] ?? 1000;
}

function wholeS(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
