import { type Language, speaker } from "#core/language.ts";

/** What it means from now on that something was set of a tenant or project: one set of sentences, for whoever shows them. */
const settings = {
  home: [
    "Its home centre is {centre}: its work there is no worse off than it would be there alone.",
    "所属中心为 {centre}：其作业在该中心的等待不逊于独用该中心。",
  ],
  noHome: ["It has no home centre.", "不再有所属中心。"],
  cores: [
    "All its runs together hold at most {cores} cores; what would go beyond waits.",
    "其全部运行合计至多占用 {cores} 核，超出者等待。",
  ],
  anyCores: ["Its runs may hold any number of cores.", "其运行占用核数不限。"],
  hours: [
    "Granted: {hours} {unit}, less what its runs hold by then. What goes beyond waits.",
    "获批 {hours} {unit}，届时运行已冻结的部分计入其中；超出者等待。",
  ],
  hoursAnew: [
    "Granted: {hours} {unit}, counted anew, in place of the {left} that are left. What goes beyond waits.",
    "获批 {hours} {unit}，重新起计，取代尚余的 {left}；超出者等待。",
  ],
  noCoreHours: [
    "Granted: no core-hours. None of its work starts any more, since all work takes cores; what is at a centre goes on to its end, what waits goes on waiting.",
    "获批核时为零：作业都要占用核，因此一律不再启动；已在中心的运行至结束，等待中的继续等待。",
  ],
  noCardHours: [
    "Granted: no card-hours. None of its work on accelerators starts any more; what is at a centre goes on to its end, what waits for accelerators goes on waiting.",
    "获批卡时为零：使用加速卡的作业不再启动；已在中心的运行至结束，等待加速卡的继续等待。",
  ],
  anyHours: [
    "It may use any number of {unit}; what waited for more may start.",
    "可用{unit}不限；因额度等待者可以启动。",
  ],
  region: ["It is in {region}: agreements between regions go by that.", "位于 {region}，区域间协议以此为准。"],
  noRegion: [
    "Nothing says where it is: no agreement between regions names its work.",
    "所在区域未说明：任何区域间协议都不涉及其作业。",
  ],
  residency: [
    "Its data stay in {regions}: no run is placed elsewhere. What was placed before stays.",
    "数据仅存放于 {regions}：运行不再派往别处，此前已派发的不变。",
  ],
  anywhere: ["Its data may be anywhere, as far as nothing else binds them.", "数据存放区域不限，另有约束者除外。"],
  domestic: [
    "Its work gets domestic equipment only. What was placed before stays.",
    "其作业仅用国产设备，此前已派发的不变。",
  ],
  anyEquipment: ["Its work may get any equipment.", "其作业可用任何设备。"],
} as const satisfies Record<string, readonly [en: string, zh: string]>;

export type SettingKind = keyof typeof settings;

export function settingWords(
  kind: SettingKind,
  language: Language,
  facts: Readonly<Record<string, string | number>> = {},
): string {
  const words = oneHour(speaker(settings, language)(kind, facts));
  // Chinese templates have a blank beside what may be a code; between Chinese words there is none.
  return words.replaceAll(/(?<=\p{Script=Han}) (?=\p{Script=Han})/gu, "");
}

/** English sentences say units in the plural: of one it is one. */
export function oneHour(words: string): string {
  return words.replace(/(?<![\d.\u202f])1 (core|card)-hours\b/, "1 $1-hour");
}

export const grantedUnits = {
  core: { en: "core-hours", zh: "核时" },
  card: { en: "card-hours", zh: "卡时" },
} as const satisfies Record<string, Record<Language, string>>;
