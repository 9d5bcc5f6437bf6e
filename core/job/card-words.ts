import type { Language } from "#core/language.ts";

/** A kind of accelerator as it is said: `huawei/ascend910b`, `ascend910b` of whatever vendor, `huawei, any model`. */
export function cardKindWords(vendor: string | null, model: string | null, language: Language): string {
  if (vendor !== null && model !== null) return `${vendor}/${model}`;
  if (model !== null) return model;
  const any = language === "zh" ? "任意型号" : "any model";
  return vendor === null ? any : language === "zh" ? `${vendor}，${any}` : `${vendor}, ${any}`;
}

/** The same of the text that facts have for it: `huawei/any`, `any`; what is no such text stays as it is. */
export function cardKeyWords(key: string, language: Language): string {
  if (key === "any") return cardKindWords(null, null, language);
  if (key === "none") return language === "zh" ? "无" : "none";
  const [vendor = "", model] = key.split("/", 2);
  if (model === undefined) return key;
  const named = (part: string) => (part === "any" ? null : part);
  return cardKindWords(named(vendor), named(model), language);
}
