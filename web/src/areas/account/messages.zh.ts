import type { Words } from "../../words/shape.ts";
import type { en } from "./messages.en.ts";

export const zh: Words<typeof en> = {
  tokens: {
    title: "令牌",
    note: "令牌让您的程序以您的身份操作：另一台机器上的命令行、流水线或脚本。",
    add: "新建令牌",
    thisMachine: "本机",
    name: "用途",
    nameHelp: "便于辨认的名称，例如“笔记本电脑”",
    needName: "请写明用途",
    expires: "有效期",
    never: "永久",
    days_other: "{{count}} 天",
    created: "创建",
    ends: "到期",
    lastUsed: "最近使用",
    unused: "尚未使用",
    revoke: "吊销",
    revokeTitle: "吊销“{{name}}”？",
    revokeWords: "正在使用它的程序将立即失去登录状态。",
    secretTitle: "令牌如下，仅显示这一次。",
    secretWords: "请保存在只有您能读取的地方，然后在另一台机器上登录：粘贴后按 Ctrl-D。",
    command: "weir login {{url}} --token-stdin",
    none: {
      title: "还没有令牌",
      words: "在本机上 weir 已自动登录。在其他机器上，请在此新建令牌后使用：",
    },
  },
  password: {
    title: "密码",
    note: "设置密码后可用用户名登录；一次性链接仍然可用。",
    current: "当前密码",
    fresh: "新密码",
    repeat: "再次输入新密码",
    short: "至少 10 个字符",
    differ: "两次输入不一致",
    set: "设置密码",
    done: "密码已设置。",
    doneWords: "下次可用用户名 {{name}} 与该密码登录。",
  },
};
