import { actGroupWords } from "#core/act.ts";
import { chinese } from "../../words/of-core.ts";
import type { Words } from "../../words/shape.ts";
import type { en } from "./messages.en.ts";

export const zh: Words<typeof en> = {
  title: "操作记录",
  note: "何人何时更改了人员、额度、规则与中心。记录随更改一并写入，不可修改。",
  forAdministratorsWords: "作业的经过见该作业自己的历史。",
  group: chinese(actGroupWords),
  filters: "筛选",
  anyGroup: "任意类别",
  anybody: "任意操作人",
  about: "对象：{{kind}} {{name}}",
  from: "自",
  until: "至",
  before: "早于",
  clear: "清除筛选",
  when: "时间",
  who: "操作人",
  what: "操作",
  whom: "对象",
  kind: { person: "人员", tenant: "租户", project: "项目", centre: "中心", job: "作业" },
  network: "全网",
  itself: "算力网自身",
  none: { title: "还没有操作记录", words: "管理员此后所作的更改都会列在这里。" },
  noMatch: { title: "没有符合筛选条件的记录", words: "请去掉某个条件。" },
};
