import type { Words } from "../../words/shape.ts";
import type { en } from "./messages.en.ts";

export const zh: Words<typeof en> = {
  title: "算力网概览",
  note_other: "{{count}} 个中心中 {{connected}} 个在线",
  version: "版本 {{version}}",
  inUse: "算力网当前占用",
  cards: "加速卡",
  simulated: "其中模拟：{{all}}。派往该处的作业并不实际执行。",
  simulatedCores_other: "{{cores}} 核",
  simulatedCards_other: "{{cards}} 张加速卡",
  ofTotal: "{{used}} / {{total}}",
  flow: "网内作业流转",
  flowOfAll: "按全网所有项目统计；点开的列表仅含您的项目",
  tasks: "任务",
  endedLastDay: "近 24 小时结束的作业：",
  nothingEnded: "近 24 小时没有作业结束",
  oldest: "等待最久的已等 {{time}}",
  nothingWaits: "无任务等待",
  centres: "中心",
  allCentres: "资源池与节点",
  recent: "最新作业",
  allJobs: "全部作业",
  noJobs: {
    title: "还没有作业",
    words: "在这里提交第一个作业，或使用命令行：",
    command: "weir submit --wait -- echo 'hello from the network'",
    action: "提交作业",
  },
  passwordTitle: "您通过一次性链接登录，尚未设置密码。",
  passwordWords: "设置密码后，下次无需新链接即可登录。",
  passwordAction: "设置密码",
};
