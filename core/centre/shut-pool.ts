import type { ShutPool } from "#core/centre/engine.ts";
import type { Language } from "#core/language.ts";

/** Why there is nothing of a pool, for who looks at its centre. */
export function shutPoolText(shut: ShutPool, language: Language): string {
  return words[shut][language];
}

const words = {
  "no-reservation": {
    en: "its reservation is not there: it has ended, or the centre has to make it again",
    zh: "其预留不存在：已结束，或须由中心重新建立",
  },
  "parts-of-nodes": {
    en: "its reservation does not hold whole nodes",
    zh: "其预留不是整节点的",
  },
  "no-partition": { en: "its partition is not there", zh: "其分区不存在" },
  "not-allowed": { en: "the centre's own policy does not allow it", zh: "该中心的策略不允许" },
} as const satisfies Record<ShutPool, Readonly<Record<Language, string>>>;
