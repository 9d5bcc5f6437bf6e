import type { Language } from "#core/language.ts";
import { nearestName } from "#core/nearest-name.ts";

/**
 * Where data may lie and whose work a tenant's is, to the province: codes of ISO 3166-2 in small letters, as `cn-gz`
 * (Guizhou). A whole country is its code of ISO 3166-1, as `cn`, wherever several regions may be named.
 */
export type Region = string;

/** ISO 3166-2:CN (since 2017), with the first two digits of GB/T 2260, by which places are coded otherwise. */
const provinces: readonly (readonly [code: string, digits: string, en: string, zh: string])[] = [
  ["ah", "34", "Anhui", "安徽"],
  ["bj", "11", "Beijing", "北京"],
  ["cq", "50", "Chongqing", "重庆"],
  ["fj", "35", "Fujian", "福建"],
  ["gd", "44", "Guangdong", "广东"],
  ["gs", "62", "Gansu", "甘肃"],
  ["gx", "45", "Guangxi", "广西"],
  ["gz", "52", "Guizhou", "贵州"],
  ["ha", "41", "Henan", "河南"],
  ["hb", "42", "Hubei", "湖北"],
  ["he", "13", "Hebei", "河北"],
  ["hi", "46", "Hainan", "海南"],
  ["hk", "81", "Hong Kong", "香港"],
  ["hl", "23", "Heilongjiang", "黑龙江"],
  ["hn", "43", "Hunan", "湖南"],
  ["jl", "22", "Jilin", "吉林"],
  ["js", "32", "Jiangsu", "江苏"],
  ["jx", "36", "Jiangxi", "江西"],
  ["ln", "21", "Liaoning", "辽宁"],
  ["mo", "82", "Macao", "澳门"],
  ["nm", "15", "Inner Mongolia", "内蒙古"],
  ["nx", "64", "Ningxia", "宁夏"],
  ["qh", "63", "Qinghai", "青海"],
  ["sc", "51", "Sichuan", "四川"],
  ["sd", "37", "Shandong", "山东"],
  ["sh", "31", "Shanghai", "上海"],
  ["sn", "61", "Shaanxi", "陕西"],
  ["sx", "14", "Shanxi", "山西"],
  ["tj", "12", "Tianjin", "天津"],
  ["tw", "71", "Taiwan", "台湾"],
  ["xj", "65", "Xinjiang", "新疆"],
  ["xz", "54", "Xizang", "西藏"],
  ["yn", "53", "Yunnan", "云南"],
  ["zj", "33", "Zhejiang", "浙江"],
];

/** Every province of China by its code, for who offers a choice. */
export const regions: readonly Region[] = provinces.map(([code]) => `cn-${code}`);

/** ISO 3166-1 alpha-2, as officially assigned. */
const countries = new Set(
  `ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt bv bw by bz
  ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et fi fj fk fm fo fr
  ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp
  ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt
  mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw
  sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz
  ua ug um us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw`.split(/\s+/),
);
/** They have codes of both parts of the standard: a centre there says the one of a region. */
const alsoRegions = ["hk", "mo", "tw"];

export type ParsedRegion =
  | { readonly kind: "region"; readonly region: Region }
  /** `nearest`: what was meant, perhaps; null: nothing is near. */
  | { readonly kind: "unknown"; readonly said: string; readonly nearest: Region | null };

/** One region: `cn-gz`, `CN-GZ`, or six digits of GB/T 2260 of a place in it. Of other countries the country and the form are looked at. */
export function parseRegion(said: string): ParsedRegion {
  const region = regionOfPlace(said);
  if (region !== null) return { kind: "region", region };
  const nearest = nearestName(said.toLowerCase(), regions);
  return { kind: "unknown", said, nearest };
}

/** The same where a whole country may be meant: `cn`. */
function parseRegionOrCountry(said: string): ParsedRegion {
  const country = said.toLowerCase();
  if (alsoRegions.includes(country)) return { kind: "region", region: `cn-${country}` };
  return countries.has(country) ? { kind: "region", region: country } : parseRegion(said);
}

/** Several of these, each once; the first that is none. */
export function parseRegions(
  said: readonly string[],
):
  | { readonly kind: "regions"; readonly regions: readonly Region[] }
  | Extract<ParsedRegion, { readonly kind: "unknown" }> {
  const regions = new Set<Region>();
  for (const one of said) {
    const parsed = parseRegionOrCountry(one);
    if (parsed.kind === "unknown") return parsed;
    regions.add(parsed.region);
  }
  return { kind: "regions", regions: [...regions] };
}

/** By its code of ISO 3166-1: `cn`. */
export function isCountry(said: string): boolean {
  return countries.has(said.toLowerCase());
}

/** The region that a code of a place lies in; null: it says none. */
export function regionOfPlace(code: string | null): Region | null {
  if (code === null) return null;
  const [, digits] = /^(\d\d)(?:\d{4})?$/.exec(code) ?? [];
  if (digits !== undefined) {
    const found = provinces.find((province) => province[1] === digits);
    return found ? `cn-${found[0]}` : null;
  }
  const region = code.toLowerCase();
  if (!/^[a-z]{2}-[a-z0-9]{1,3}$/.test(region) || !countries.has(region.slice(0, 2))) return null;
  return region.startsWith("cn-") && !regions.includes(region) ? null : region;
}

/** Whether the region is one of these, or lies in a country that is. */
export function isWithin(region: Region, among: readonly Region[]): boolean {
  return among.includes(region) || among.includes(region.slice(0, 2));
}

/** `Guizhou (cn-gz)`, `贵州（cn-gz）`; a code that has no name here stays as it is. */
export function regionWords(region: Region, language: Language): string {
  const found = provinces.find(([code]) => region === `cn-${code}`);
  const country = countries.has(region)
    ? new Intl.DisplayNames(language, { type: "region" }).of(region.toUpperCase())
    : null;
  const name = found ? found[language === "zh" ? 3 : 2] : country;
  if (!name) return region;
  return language === "zh" ? `${name}（${region}）` : `${name} (${region})`;
}
