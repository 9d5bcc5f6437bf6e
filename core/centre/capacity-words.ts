import { type Capacity, flopsWords } from "#core/centre/capacity.ts";
import type { LifeCycle } from "#core/centre/life-cycle.ts";
import { gigaflopsOf, type StatedCapacity } from "#core/centre/stated-capacity.ts";
import { phrase, phraseWords } from "#core/job/phrase.ts";
import type { Language } from "#core/language.ts";
import { countText } from "#core/measures.ts";

/** `300 PFLOPS FP16 dense, nominal`, `300 PFLOPS FP16 稠密，标称`. */
export function capacityWords({ gigaflops, precision, sparsity, basis }: Capacity, language: Language): string {
  const figure = `${flopsWords(gigaflops)} ${precision.toUpperCase()}`;
  return language === "zh"
    ? `${figure} ${inChinese[sparsity]}，${inChinese[basis]}`
    : `${figure} ${sparsity}, ${basis}`;
}

/** Of one line: of all its devices. */
export function lineWords(line: StatedCapacity, language: Language): string {
  return capacityWords({ ...line, gigaflops: gigaflopsOf(line) }, language);
}

/** Of what a line is: `site east, phase 2, pool ai, 64 × huawei ascend910b of 256 TFLOPS each`. */
export function partWords(line: StatedCapacity, language: Language): string {
  const { site, phase, pool, device, gigaflops } = line;
  const isChinese = language === "zh";
  const named = [
    ...(site === null ? [] : [isChinese ? `站点 ${site}` : `site ${site}`]),
    ...(phase === null ? [] : [isChinese ? `期 ${phase}` : `phase ${phase}`]),
    ...(pool === null ? [] : [isChinese ? `资源池 ${pool}` : `pool ${pool}`]),
    ...(device === null ? [] : [deviceWords(device, flopsWords(gigaflops), isChinese)]),
  ];
  if (named.length === 0) return isChinese ? "整个中心" : "the whole centre";
  return named.join(isChinese ? "，" : ", ");
}

function deviceWords(
  { vendor, model, count }: NonNullable<StatedCapacity["device"]>,
  each: string,
  isChinese: boolean,
) {
  const devices = `${countText(count)} × ${vendor} ${model}`;
  return isChinese ? `${devices}（每张 ${each}）` : `${devices} of ${each} each`;
}

export function stageWords(stage: LifeCycle, language: Language): string {
  return phraseWords(phrase(`stage-${stage}`), language);
}

const inChinese = { dense: "稠密", sparse: "稀疏", nominal: "标称", measured: "实测" } as const;
