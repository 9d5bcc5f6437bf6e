import type { Words } from "../../words/shape.ts";
import type { en } from "./messages.en.ts";

export const zh: Words<typeof en> = {
  title: "作业",
  list: "作业列表",
  submit: "提交作业",
  filters: "筛选",
  anyState: "任意状态",
  states: "状态",
  outcomes: "已结束",
  anyProject: "任意项目",
  name: "名称",
  nameBegins: "名称开头",
  label: "标签=值",
  labelName: "标签",
  mine: "仅我的",
  centre: "中心 {{centre}}",
  since: "提交自",
  until: "至",
  before: "提交不晚于",
  clear: "清除筛选",
  newer: "上方有新作业",
  shown: "已加载 {{count}} 个，向下滚动查看更早的",
  whole: "共 {{count}} 个",
  tasksOf: "{{total}} 个中已结束 {{done}} 个",
  keys: "↑ ↓ 移动，Enter 打开，Home 与 End 跳转",
  none: {
    title: "还没有作业",
    words: "在这里提交第一个作业，或直接交出您已有的脚本：",
    command: "weir submit job.sh",
  },
  noMatch: { title: "没有符合筛选条件的作业", words: "请去掉某个条件，或用命令行查看：", command: "weir jobs --help" },
};
