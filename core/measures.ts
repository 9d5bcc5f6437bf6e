import type { Language } from "#core/language.ts";

/** Spans of time and sizes of memory as people read them, in every answer, page and command. */

export type DurationPart = { readonly unit: "d" | "h" | "min" | "s" | "ms"; readonly n: number };

/** `1 d 2 h`, 「1 天 2 小时」: its largest parts, at most `most` of them. What is below the last of them is left out. */
export function durationWords(ms: number, language: Language, most = 2): string {
  return durationParts(ms, most)
    .map(({ unit, n }) => `${n} ${units[unit][language]}`)
    .join(" ");
}

/** Below one second, milliseconds. */
export function durationParts(ms: number, most = 2): readonly DurationPart[] {
  if (ms < 1000) return [ms <= 0 ? { unit: "s", n: 0 } : { unit: "ms", n: Math.round(ms) }];
  const totalS = Math.round(ms / 1000);
  const parts: readonly DurationPart[] = [
    { unit: "d", n: Math.floor(totalS / 86_400) },
    { unit: "h", n: Math.floor((totalS % 86_400) / 3600) },
    { unit: "min", n: Math.floor((totalS % 3600) / 60) },
    { unit: "s", n: totalS % 60 },
  ];
  const first = parts.findIndex((part) => part.n > 0);
  return parts.slice(first, first + most).filter((part) => part.n > 0);
}

/** Binary sizes: 1536 MiB → 1.5 GiB. */
export function mibText(mib: number): string {
  // As the command line has it.
  if (mib === 0) return "0 MiB";
  return bytesText(mib * 1024 * 1024);
}

/** To the last MiB, as limits and requests are said: 9999 GiB, 21091 MiB. */
export function exactMibText(mib: number): string {
  return mib >= 1024 && mib % 1024 === 0 ? `${mib / 1024} GiB` : `${mib} MiB`;
}

export function bytesText(bytes: number): string {
  let size = 0;
  let value = bytes;
  while (value >= 1024 && size < sizes.length - 1) {
    value /= 1024;
    size++;
  }
  const shown =
    value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
  return `${shown.includes(".") ? shown.replace(/\.?0+$/, "") : shown} ${sizes[size]}`;
}

/** 4 500 000 J → 1.25 kWh, to three digits; what is less than a thousandth of it in joules. */
export function energyText(joules: number): string {
  return joules < 3_600 ? `${joules} J` : `${Number((joules / 3_600_000).toPrecision(3))} kWh`;
}

/** 12345 → 12 345 with thin spaces, in either language. */
export function countText(count: number): string {
  return Math.abs(count) < 10_000 ? String(count) : String(count).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

const units = {
  d: { en: "d", zh: "天" },
  h: { en: "h", zh: "小时" },
  min: { en: "min", zh: "分钟" },
  s: { en: "s", zh: "秒" },
  ms: { en: "ms", zh: "毫秒" },
} as const satisfies Record<DurationPart["unit"], Record<Language, string>>;

const sizes = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;
