import type { Language } from "#core/language.ts";
import { durationWords } from "#core/measures.ts";
import type { AwaitedPool } from "#core/scheduling/explanation.ts";

/** Of a job that could start now, and waits for a faster pool. */
export function awaitsWords(awaited: AwaitedPool, language: Language): string {
  const { centre, pool, startsInS, gainS, insteadOf, forData } = awaited;
  const [starts, gain] = [startsInS, gainS].map((seconds) => durationWords(seconds * 1000, language));
  if (language === "zh")
    return `等待更快的资源池：${centre} 的 ${pool} 预计 ${starts}后${forData ? "数据就绪" : "可启动"}，比现在就在 ${insteadOf.centre} 的 ${insteadOf.pool} 启动早约 ${gain}完成`;
  return `waits for a faster pool: ${pool} at ${centre} ${forData ? "has its data" : "should have room"} in ${starts}, and it is expected to be done there ${gain} earlier than by starting now in ${insteadOf.pool} at ${insteadOf.centre}`;
}
