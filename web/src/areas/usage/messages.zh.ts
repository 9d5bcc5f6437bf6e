import type { Words } from "../../words/shape.ts";
import type { en } from "./messages.en.ts";

export const zh: Words<typeof en> = {
  title: "用量",
  note: "各次运行的用量与费用，于每次运行结束时记入账本。日期按算力网时区（Asia/Shanghai）。",
  by: { label: "汇总方式", project: "项目", person: "人员", centre: "中心", day: "日期" },
  project: "任意项目",
  from: "自",
  to: "至",
  csv: "CSV",
  runs: "运行数",
  coreHours: "核时",
  cardHours: "卡时",
  memory: "内存 GiB·时",
  wall: "运行时长（小时）",
  cost: "费用",
  granted: {
    title: "获批额度",
    words: "运行现已冻结的部分计入；超出余量者等待",
    project: "项目",
    tenant: "租户",
  },
  total: "合计",
  chart: "核时",
  chartBoth: "核时与卡时",
  more: "列表未全部显示；合计包含全部。",
  none: {
    title: "这段时间没有记账",
    words: "运行结束时记账。请先运行作业，再到此处或用命令行查看：",
    command: "weir usage",
  },
};
