import type { Words } from "../../words/shape.ts";
import type { en } from "./messages.en.ts";

export const zh: Words<typeof en> = {
  title: "登录",
  promise: "一次提交，全网调度。",
  promiseNote: "多个算力中心，一张公共算力网：提交作业，看清在哪里运行、为何等待、用了多少。",
  name: "用户名",
  password: "密码",
  enter: "登录",
  needName: "请输入用户名",
  needPassword: "请输入密码",
  byLink: "正在用一次性链接登录…",
  newLinkHere: "在运行 Weir 的机器上，以下命令会打印新链接（npm start 仅在启动时打印）：",
  newLinkElse: "在其他机器上：请向管理员索取新链接，或用密码登录。",
  wrong: "用户名或密码有误，或链接已用过、已过期。请重试，或向管理员索取新的一次性登录链接。",
  noPassword: "还没有密码？",
  linkHint: "请打开一次性登录链接：npm start 会为管理员打印一条；其他人请向管理员索取。每条链接只能使用一次。",
};
