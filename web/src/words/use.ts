import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { withTimes } from "#core/job/history-words.ts";
import { durationWords } from "#core/measures.ts";
import { language, locale } from "../app/language.ts";
import { secondsText } from "./format.ts";

/** Formatting that needs the reader's language. */
export function useFormat() {
  const { t } = useTranslation("words");
  const dateTime = (atMs: number): string => new Intl.DateTimeFormat(locale(), dateTimeStyle).format(atMs);
  const duration = (ms: number): string => durationWords(ms, language());
  return {
    duration,
    /** The same in a column of them: no milliseconds among seconds. */
    ran: (ms: number): string => (ms < 10_000 ? t("seconds", { value: secondsText(ms) }) : duration(ms)),
    ago: (atMs: number, nowMs: number) =>
      nowMs - atMs < 1500 ? t("justNow") : t("ago", { time: duration(roughly(nowMs - atMs)) }),
    /** What the server says, its times as the reader writes them. */
    localTimes: (text: string) => withTimes(text, (time) => dateTime(Date.parse(time))),
    /** One after the other; Chinese ones need no blank between them. */
    sentences: (all: readonly string[]) => all.filter((one) => one !== "").join(language() === "zh" ? "" : " "),
    /** `in 5 h 58 min`; of what is due, `any moment`. */
    until: (atMs: number, nowMs: number) =>
      atMs - nowMs < 1500 ? t("anyMoment") : t("in", { time: duration(roughly(atMs - nowMs)) }),
    dateTime,
    clock: (atMs: number) => new Intl.DateTimeFormat(locale(), clockStyle).format(atMs),
    day: (atMs: number) => new Intl.DateTimeFormat(locale(), dayStyle).format(atMs),
  };
}

const dateTimeStyle: Intl.DateTimeFormatOptions = {
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
};
const clockStyle: Intl.DateTimeFormatOptions = {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
};
const dayStyle: Intl.DateTimeFormatOptions = { year: "numeric", month: "2-digit", day: "2-digit" };

/** After some minutes nobody counts the seconds, after a day the minutes. */
function roughly(ms: number): number {
  if (ms > 86_400_000) return ms - (ms % 3_600_000);
  if (ms > 300_000) return ms - (ms % 60_000);
  return ms;
}

/** The time now, renewed every `stepMs`; the clock that live durations on a page share. */
export function useNow(stepMs = 1000, active = true): number {
  const [nowMs, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => setNow(Date.now()), stepMs);
    return () => clearInterval(timer);
  }, [stepMs, active]);
  return nowMs;
}
