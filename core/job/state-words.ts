import type { Language } from "#core/language.ts";
import type { RunEnd, StateKind } from "./state.ts";

/**
 * What the states and the ends of jobs, tasks and runs are called, everywhere: in lists, on pages and in sentences
 * (docs/glossary.md).
 */
export const stateWords = {
  queued: { en: "queued", zh: "排队中" },
  placed: { en: "placed", zh: "已派发" },
  starting: { en: "starting", zh: "启动中" },
  running: { en: "running", zh: "运行中" },
  ended: { en: "ended", zh: "已结束" },
  unreachable: { en: "unreachable", zh: "失联" },
} as const satisfies Record<StateKind | "unreachable", Record<Language, string>>;

export const outcomeWords = {
  succeeded: { en: "succeeded", zh: "成功" },
  failed: { en: "failed", zh: "失败" },
  cancelled: { en: "cancelled", zh: "已取消" },
  "timed-out": { en: "timed out", zh: "超时" },
  "out-of-memory": { en: "out of memory", zh: "内存不足" },
  preempted: { en: "preempted", zh: "被抢占" },
  "node-failed": { en: "node failed", zh: "节点故障" },
  "platform-fault": { en: "platform fault", zh: "平台故障" },
  refused: { en: "refused by the centre", zh: "被中心拒绝" },
  lost: { en: "lost", zh: "丢失" },
  withdrawn: { en: "withdrawn", zh: "已撤回" },
  duplicate: { en: "duplicate", zh: "重复副本" },
  requeued: { en: "requeued", zh: "重新排队" },
} as const satisfies Record<Exclude<RunEnd["kind"], "signalled">, Record<Language, string>>;
