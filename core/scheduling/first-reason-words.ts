import type { Language } from "#core/language.ts";
import type { FirstReason } from "#core/scheduling/first-reason.ts";
import type { Facts, Rule, rules } from "#core/scheduling/reasons.ts";

/** In a few words, for a line of a list; `reasonWords` says the same as a sentence with all its facts. */
export function firstReasonWords(reason: FirstReason, language: Language): string {
  switch (reason.kind) {
    case "turn":
      return turn[language];
    case "nowhere":
      return nowhere[language];
    case "made-way-for":
      return filled(madeWayFor[language], { centre: reason.centre });
    case "own":
      return filled(short[reason.rule][language], reason.facts);
    case "centre":
      return isShort(reason.rule)
        ? filled(short[reason.rule][language], { ...reason.facts, centre: reason.centre })
        : reason.rule;
  }
}

const turn = { en: "its turn", zh: "轮到它" } as const;
const nowhere = { en: "no centre can run it now", zh: "目前没有中心能运行" } as const;
const madeWayFor = { en: "runs making way at {centre}", zh: "{centre} 的运行正在让位" } as const;

const accountLimit = { en: "account limit at {centre}", zh: "{centre} 账号上限" } as const;
const away = { en: "{centre} unreachable", zh: "{centre} 失联" } as const;
const poolShut = { en: "pool {pool} of {centre} shut", zh: "{centre} 资源池 {pool} 停用" } as const;
const reserved = { en: "reservation of {centre}", zh: "{centre} 的预留时段" } as const;
const hours = { en: "hours of {centre}", zh: "{centre} 的时段" } as const;
const share = { en: "share of {centre} used", zh: "{centre} 份额已用完" } as const;
const nodes = { en: "free nodes", zh: "空闲节点" } as const;
const cards = { en: "free accelerators", zh: "空闲加速卡" } as const;
const behind = { en: "behind job {ahead}", zh: "排在作业 {ahead} 之后" } as const;

/** Rules that time may lift, and all of a job's own; where no centre ever could, that alone is said. */
type ShortRule = { [R in Rule]: (typeof rules)[R]["holds"] extends "later" ? R : never }[Rule] | OwnForEver;
type OwnForEver =
  | "dependency-never-satisfied"
  | "deadline-cannot-be-met"
  | "tenant-cores-too-few"
  | "project-cores-too-few"
  | "class-cores-too-few"
  | "tenant-grant-too-small"
  | "project-grant-too-small";

const short: Readonly<Record<ShortRule, Readonly<Record<Language, string>>>> = {
  "dependency-waits": { en: "dependency: {awaited}", zh: "依赖：{awaited}" },
  "dependency-never-satisfied": { en: "dependency never met: {on}", zh: "依赖无法满足：{on}" },
  "singleton-waits": { en: "singleton: {on}", zh: "singleton：{on}" },
  "array-throttle": { en: "array limit %{limit}", zh: "数组并发上限 %{limit}" },
  "waits-for-data": { en: "its data, from {ready}", zh: "等待数据，{ready} 起" },
  "deadline-cannot-be-met": { en: "deadline cannot be met", zh: "已赶不上截止时刻" },
  "tenant-holds-its-cores": { en: "core limit of its tenant", zh: "租户的核数上限" },
  "project-holds-its-cores": { en: "core limit of its project", zh: "项目的核数上限" },
  "tenant-cores-too-few": { en: "above the core limit of its tenant", zh: "超出租户的核数上限" },
  "project-cores-too-few": { en: "above the core limit of its project", zh: "超出项目的核数上限" },
  "class-holds-its-cores": { en: "core limit of class {class}", zh: "优先级 {class} 的核数上限" },
  "class-cores-too-few": { en: "above the core limit of class {class}", zh: "超出优先级 {class} 的核数上限" },
  "tenant-grant-too-small": { en: "grant of its tenant too small", zh: "租户额度不足" },
  "tenant-grant-used": { en: "grant of its tenant used up", zh: "租户额度已用完" },
  "project-grant-too-small": { en: "grant of its project too small", zh: "项目额度不足" },
  "project-grant-used": { en: "grant of its project used up", zh: "项目额度已用完" },
  "no-centre": { en: "no centre yet", zh: "尚无中心" },
  "no-account-here": { en: "local account at {centre}", zh: "{centre} 的本地账号" },
  "time-limit-above-account": accountLimit,
  "above-account": accountLimit,
  "above-account-minutes": accountLimit,
  "at-submit-limit": accountLimit,
  "account-limit-used": accountLimit,
  "takes-nothing-new": { en: "{centre} takes nothing new", zh: "{centre} 不接收新任务" },
  "never-connected": { en: "{centre} not connected yet", zh: "{centre} 尚未接入" },
  unreachable: away,
  "maintenance-ahead": { en: "maintenance at {centre}", zh: "{centre} 即将维护" },
  "reservation-ends": reserved,
  "reservation-ahead": reserved,
  "pool-without-reservation": poolShut,
  "pool-of-parts": poolShut,
  "pool-without-partition": poolShut,
  "pool-not-allowed": poolShut,
  "pool-drained": poolShut,
  "pool-down": poolShut,
  "nodes-out": { en: "nodes of {centre} out", zh: "{centre} 节点停机或维护" },
  "data-not-there-yet": { en: "its data at {centre}, from {ready}", zh: "{centre} 的数据，{ready} 起" },
  "outside-hours": hours,
  "agreement-hours": hours,
  "share-used": share,
  "agreement-used": share,
  "whole-nodes-busy": { en: "free whole nodes", zh: "空闲整节点" },
  "nodes-in-a-row-busy": { en: "free nodes in a row", zh: "相邻的空闲节点" },
  "nodes-together-busy": { en: "free nodes close together", zh: "同组的空闲节点" },
  "nodes-busy": nodes,
  "cores-busy": { en: "free cores", zh: "空闲核" },
  "memory-busy": { en: "free memory", zh: "空闲内存" },
  "accelerators-busy": cards,
  "shares-busy": cards,
  "licences-busy": { en: "free licences {licence}", zh: "空闲许可证 {licence}" },
  "pool-queue-full": { en: "a place in the queue of {centre}", zh: "{centre} 本地队列的位置" },
  "behind-in-queue": behind,
  "reserved-for-earlier": behind,
  "kept-for-home": behind,
  "another-order": behind,
  "would-delay-planned": behind,
};

function isShort(rule: Rule): rule is ShortRule {
  return Object.hasOwn(short, rule);
}

function filled(template: string, facts: Facts): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => `${facts[name] ?? "?"}`);
}
