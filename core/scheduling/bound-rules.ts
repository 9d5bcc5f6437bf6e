/** Why rules about places keep work away, for `rules` (core/scheduling/reasons.ts), where they stand in the order they are asked. */

/** Of a centre as a whole: where data may be, and whose work may come. */
export const placeRules = {
  "outside-residency": {
    holds: "never",
    en: "lies in {region}, and {by} allows its data in {allowed} only",
    zh: "位于 {region}，而{by}只允许数据存放于 {allowed}",
  },
  "region-not-stated": {
    holds: "never",
    en: "does not state in which region it lies (an administrator does, in its terms), and {by} allows its data in {allowed} only",
    zh: "未声明所在区域（由管理员在条款中声明），而{by}只允许数据存放于 {allowed}",
  },
  "no-agreement": {
    holds: "never",
    en: "no agreement lets work of tenants of {from} run in {to} (weir agreements shows those in force; an administrator states the regions of tenants and, in their terms, of centres)",
    zh: "没有协议允许 {from} 的租户作业在 {to} 运行（weir agreements 列出现行协议；租户的区域由管理员声明，中心的区域由管理员在其条款中声明）",
  },
} as const;

/** Of a pool, whatever is free there. */
export const poolRules = {
  "not-domestic": {
    holds: "never",
    en: "{by} asks for domestic equipment only, and nothing of pool {pool} that would do is marked so (it has {offered}; an operator marks it in the terms)",
    zh: "{by}只允许国产设备，而资源池 {pool} 中可用者均未标记为国产（现有 {offered}；可由运营者在条款中标记）",
  },
  "above-agreement": {
    holds: "never",
    en: "asks for more than the {percent} % of pool {pool} that work from {from} may hold by the agreement with {to}",
    zh: "超过与 {to} 的协议允许 {from} 作业在资源池 {pool} 占用的 {percent} %",
  },
} as const;

/** Of a pool at this moment. */
export const visitRules = {
  "agreement-hours": {
    holds: "later",
    en: "by the agreement with {to}, work from {from} may start there again on {day} at {time}",
    zh: "按与 {to} 的协议，{from} 的作业须到{day} {time} 才可再在该处启动",
  },
  "agreement-used": {
    holds: "later",
    en: "work from {from} may hold {percent} % of pool {pool} by the agreement with {to}, and what of it runs or waits there already ({cores} cores, {memoryMib} MiB, {cards} accelerators) leaves too little",
    zh: "按与 {to} 的协议，{from} 的作业至多占用资源池 {pool} 的 {percent} %，已在该处运行或等待的（{cores} 核、{memoryMib} MiB 内存、{cards} 张加速卡）使余下不足",
  },
} as const;

/** In facts, in place of a region that nobody has stated. */
export const notStated = "not-stated";

/** Who binds, as the facts name them. */
export const binders = {
  en: new Map([
    ["job", "the job"],
    ["project", "its project"],
    ["tenant", "its tenant"],
    ["person", "its submitter"],
  ]),
  zh: new Map([
    ["job", "作业"],
    ["project", "其项目"],
    ["tenant", "其租户"],
    ["person", "其提交者"],
  ]),
} as const;
