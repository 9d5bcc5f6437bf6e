import generatePicker from "antd/es/date-picker/generatePicker/index.js";
import { language } from "../app/language.ts";
import { calendar, dayOf, dayText, minuteOf, minuteText, momentOf, shown } from "./calendar.ts";
import { defaultOf } from "./default-of.ts";

/**
 * Dates as YYYY-MM-DD and moments as YYYY-MM-DD HH:MM, in either language: the browser's own fields follow the browser's
 * language and habits, not the page's. They can be typed or chosen.
 */
const Picker = defaultOf(generatePicker)<Date>(calendar);

/** `value` and what is chosen: YYYY-MM-DD; undefined: none. */
export function DayField({ id, label, value, least, most, onValue }: DayContent) {
  const [first, last] = [dayOf(least), dayOf(most)];
  return (
    <Picker
      id={id}
      aria-label={label}
      placeholder={language() === "zh" ? "年-月-日" : "YYYY-MM-DD"}
      format="YYYY-MM-DD"
      value={dayOf(value)}
      {...(first && { minDate: first })}
      {...(last && { maxDate: last })}
      onChange={(date: Date | null) => onValue(date === null ? undefined : dayText(date))}
    />
  );
}

type DayContent = {
  readonly id: string;
  readonly label: string;
  readonly value: string | undefined;
  readonly least?: string | undefined;
  readonly most?: string | undefined;
  readonly onValue: (value: string | undefined) => void;
};

/** To the minute, by the clock of the network; the label says its offset (`format.timed`). */
export function MinuteField({ id, label, valueMs, onValue }: MinuteContent) {
  return (
    <Picker
      id={id}
      aria-label={label}
      placeholder={language() === "zh" ? "年-月-日 时:分" : "YYYY-MM-DD HH:MM"}
      format="YYYY-MM-DD HH:mm"
      showTime={{ format: "HH:mm" }}
      value={valueMs === undefined ? null : shown(valueMs)}
      onChange={(date: Date | null) =>
        onValue(date === null ? undefined : momentOf(minuteOf(minuteText(date)) ?? date))
      }
    />
  );
}

type MinuteContent = {
  readonly id: string;
  readonly label: string;
  readonly valueMs: number | undefined;
  readonly onValue: (valueMs: number | undefined) => void;
};
