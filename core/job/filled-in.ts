import type { Language } from "#core/language.ts";

/** What Weir fills in where a job does not say it (`filledIn` of admit.ts), by field: how command line and console call it. */
export const filledInNames = {
  name: ["name", "名称"],
  project: ["project", "项目"],
  nodes: ["nodes", "节点数"],
  tasks: ["tasks", "任务数"],
  coresPerTask: ["cores per task", "每任务核数"],
  memory: ["memory", "内存"],
  timeLimitS: ["time limit", "时限"],
  graceS: ["grace before the kill", "终止前宽限"],
  processes: ["most processes at a process centre", "进程型中心的进程数上限"],
} as const satisfies Record<string, readonly [en: string, zh: string]>;

/** A field of a later Weir stands by its own name. Fields that end in S are spans of seconds. */
export function filledInName(field: string, language: Language): string {
  return isKnown(field) ? filledInNames[field][language === "zh" ? 1 : 0] : field;
}

function isKnown(field: string): field is keyof typeof filledInNames {
  return Object.hasOwn(filledInNames, field);
}
