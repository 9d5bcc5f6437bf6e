import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { withTimes } from "#core/job/history-words.ts";
import { networkClock, networkOffset } from "#core/ledger/network-day.ts";
import { durationWords } from "#core/measures.ts";
import { language } from "../app/language.ts";
import { secondsText } from "./format.ts";

/** Formatting that needs the reader's language. Moments are by the clock of the network (docs/decisions/0053-one-clock.md). */
export function useFormat() {
  const { t } = useTranslation("words");
  const duration = (ms: number, most?: number): string => durationWords(ms, language(), most);
  const dateTime = (atMs: number): string => `${networkClock(atMs)} ${networkOffset}`;
  return {
    duration,
    /** From start to end, in a list: what a run took by its own measure stands with the run. */
    lasted: (ms: number): string => (ms < 1000 ? t("underSecond") : duration(ms)),
    /** What was measured: no milliseconds among seconds. */
    ran: (ms: number): string => (ms < 10_000 ? t("seconds", { value: secondsText(ms) }) : duration(ms)),
    ago: (atMs: number, nowMs: number) =>
      nowMs - atMs < 1500 ? t("justNow") : t("ago", { time: duration(roughly(nowMs - atMs)) }),
    /** What the server says, its times as all others of the page. */
    clockTimes: (text: string) => withTimes(text, (time) => dateTime(Date.parse(time))),
    /** One after the other; Chinese ones need no blank between them. */
    sentences: (all: readonly string[]) => all.filter((one) => one !== "").join(language() === "zh" ? "" : " "),
    /** `in 5 h 58 min`; of what is due, `any moment`. */
    until: (atMs: number, nowMs: number) =>
      atMs - nowMs < 1500 ? t("anyMoment") : t("in", { time: duration(roughly(atMs - nowMs)) }),
    /** `2026-11-23 18:00:00 +08:00`, as the command line says it. */
    dateTime,
    /** Without the offset: under a title that is `timed`, or before a moment that has it. */
    dateTimeOnly: networkClock,
    /** The title of a field or column of moments: its offset, once. */
    timed: (title: string) => t("timed", { title, offset: networkOffset }),
    /** To the millisecond. */
    clock: (atMs: number) => `${networkClock(atMs).slice(11)}.${`${atMs % 1000}`.padStart(3, "0")}`,
    day: (atMs: number) => networkClock(atMs).slice(0, 10),
  };
}

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
