import type { Language } from "#core/language.ts";
import type { WhyNobodyEnds } from "#core/scheduling/preemption/victims.ts";

/** Of a job whose class may have runs ended: why none is. */
export function nobodyEndsWords(why: WhyNobodyEnds, language: Language): string {
  return whys[why][language];
}

const whys: Readonly<Record<WhyNobodyEnds, Readonly<Record<Language, string>>>> = {
  "not-own": {
    en: "no run makes way for it: others work in the pool too, or only a share of it is the network's",
    zh: "没有运行为其让出位置：该资源池中也有他人的作业，或只有一部分属于本网络",
  },
  "nobody-may": {
    en: "no run makes way for it: none there is of a lower class, may be preempted, and has not made way often enough",
    zh: "没有运行为其让出位置：该处没有优先级较低、声明可被抢占且让位次数未满的运行",
  },
  "as-many-as-may": {
    en: "no run makes way for it: as many as may be asked within an hour were, in the pool, of a project or of a tenant",
    zh: "没有运行为其让出位置：一小时内该资源池、某个项目或某个租户被要求让位的运行已达上限",
  },
  "too-little": {
    en: "no run makes way for it: the end of all that may would not leave room for it",
    zh: "没有运行为其让出位置：即使所有可让位的运行都结束，空间仍不足",
  },
  "not-surely": {
    en: "no run makes way for it: the centre alone knows which nodes the runs are on, and it might not fit on those that they leave",
    zh: "没有运行为其让出位置：各运行所在的节点只有中心知道，腾出的节点未必能放下它",
  },
  "delays-another": {
    en: "no run makes way for it: there it would delay a job that has a place reserved",
    zh: "没有运行为其让出位置：这样会推迟已预留位置的作业",
  },
  "no-sooner": {
    en: "no run makes way for it: it is expected to start as soon without",
    zh: "没有运行为其让出位置：不抢占预计也能同样快启动",
  },
};
