import { badValue, type Call } from "#cli/call.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { msOfNetworkTime, networkDay, networkOffset, networkTimeAt } from "#core/ledger/network-day.ts";

/** From when to when, by the options `since` and `until`; either null: it was not given. */
export function periodAsked(
  call: Call,
  nowMs: number,
): { readonly fromMs: number | null; readonly toMs: number | null } {
  const [fromMs, toMs] = [timeOption(call, "since", nowMs), timeOption(call, "until", nowMs)];
  if (fromMs !== null && toMs !== null && fromMs > toMs)
    throw new Stop(exitCodes.usage, call.say("fromAfterTo", { from: "since", to: "until" }));
  return { fromMs, toMs };
}

/** The moment that an option says; null: it was not given. */
function timeOption(call: Call, option: string, nowMs: number): number | null {
  const text = call.one(option);
  if (text === null) return null;
  const atMs = parseTimeMs(text, nowMs);
  if (atMs === null) throw badValue(call.say, `--${option}`, text, call.say("expectedTime"));
  return atMs;
}

/**
 * A date or a date with a time, by the clock of the network unless it names an offset; a time of day, the last there was;
 * `now`, `today`, `yesterday`; a span back from now, as `2h` or, as in sacct, `now-2hours`. null: none of these.
 */
export function parseTimeMs(text: string, nowMs: number): number | null {
  const day = dayOf(text, nowMs);
  if (day !== null) return day.fromMs;
  if (text.toLowerCase() === "now") return nowMs;
  return spanBack(text, nowMs) ?? timeOfDay(text, nowMs) ?? dated(text);
}

/** `2026-11-22`, `today` or `yesterday` as the moments [from, to) of that day of the network; null where it is no day. */
export function dayOf(text: string, nowMs: number): { readonly fromMs: number; readonly toMs: number } | null {
  const back = { today: 0, yesterday: 1 }[text.toLowerCase()];
  if (back === undefined) return networkDay(text);
  const { year, month, day } = networkTimeAt(nowMs - back * 86_400_000);
  return networkDay(`${year}-${`${month}`.padStart(2, "0")}-${`${day}`.padStart(2, "0")}`);
}

const unitsMs: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 };

/** Slurm counts in seconds where no unit is named. */
function spanBack(text: string, nowMs: number): number | null {
  const short = /^(\d{1,6})([smhdw])$/.exec(text);
  const long = /^now-(\d{1,9})(s|m|h|d|w|seconds?|minutes?|hours?|days?|weeks?)?$/i.exec(text);
  const [, count, unit = "s"] = short ?? long ?? [];
  if (count === undefined) return null;
  const atMs = nowMs - Number(count) * (unitsMs[unit[0]?.toLowerCase() ?? ""] ?? 0);
  return atMs < 0 ? null : atMs;
}

function timeOfDay(text: string, nowMs: number): number | null {
  const parts = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (!parts) return null;
  const [hour, minute, second] = [Number(parts[1]), Number(parts[2]), Number(parts[3] ?? 0)];
  const atMs = msOfNetworkTime({ ...networkTimeAt(nowMs), hour, minute, second });
  return atMs === null || atMs <= nowMs ? atMs : atMs - 86_400_000;
}

function dated(text: string): number | null {
  const parts = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s?(Z|[+-]\d{2}:?\d{2})?)?$/.exec(text);
  if (!parts || networkDay(parts[1] ?? "") === null) return null;
  const [, day, clock = "00:00", offset = networkOffset] = parts;
  const atMs = Date.parse(`${day}T${clock}${offset}`);
  return Number.isNaN(atMs) || atMs < 0 ? null : atMs;
}
