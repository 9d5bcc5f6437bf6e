import type { Words } from "../words/shape.ts";
import type { en } from "./messages.en.ts";

export const zh: Words<typeof en> = {
  product: "Weir 堰",
  tagline: "公共算力网",
  nav: {
    work: "使用",
    resources: "资源",
    account: "账户",
    manage: "管理",
    network: "算力网概览",
    submit: "提交作业",
    jobs: "作业",
    usage: "用量",
    centres: "中心",
    policy: "调度策略",
    tokens: "令牌",
    people: "人员与项目",
    acts: "操作记录",
    menu: "菜单",
    main: "主导航",
  },
  skip: "跳到页面内容",
  jump: { label: "按编号或名称查找作业", placeholder: "查找作业" },
  language: "语言",
  theme: { label: "外观", light: "浅色", dark: "深色", system: "跟随系统" },
  person: { menu: "{{name}} 的账户", administrator: "管理员", member: "成员", password: "密码", out: "退出登录" },
  live: { live: "实时", connecting: "连接中", cut: "连接已断，正在重试" },
  lost: { title: "没有这个页面", detail: "地址可能已变更。", home: "前往算力网概览" },
  docs: "接口文档",
  clock: { network: "时区：{{zone}} {{offset}}", browser: "浏览器时区：{{zone}}" },
};
