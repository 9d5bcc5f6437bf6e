import type { Language } from "#core/language.ts";

/** What is known of a run that waits in a centre's own queue, as its agent told it last. Times in ms of the server's clock. */
export type RunWait = {
  readonly engineId: string;
  /** The engine's own word; null where it gives none. */
  readonly reason: string | null;
  /** What the agent takes it to mean: one of `waitKinds`, or a kind of a later agent; null where it does not know. */
  readonly reasonKind: string | null;
  /** When the engine thinks it will start; null: it does not say. */
  readonly startsMs: number | null;
  /** Since when it waits there, and since when for a reason of this kind. */
  readonly sinceMs: number;
  readonly reasonSinceMs: number;
  /** What the engine thought of its start first, and what of it the history told last; absent: nothing yet. */
  readonly firstTold?: ToldInQueue | undefined;
  readonly lastTold?: ToldInQueue | undefined;
};

export type ToldInQueue = { readonly madeMs: number; readonly startsMs: number };

/** Why an engine keeps a run waiting, by what can be done about it. Each engine's driver knows which of its words is which. */
export const waitKinds = {
  resources: { en: "waits for nodes to become free", zh: "等待节点空闲" },
  priority: { en: "other work comes first in the centre's own queue", zh: "本地队列中有更优先的作业" },
  "held-by-user": { en: "is held at the centre by its user", zh: "在中心被其用户挂起" },
  "held-by-centre": { en: "is held by the centre", zh: "被中心挂起" },
  dependency: { en: "waits for other work at the centre", zh: "等待中心的其他作业" },
  "not-yet": { en: "its begin time has not come", zh: "未到开始时间" },
  throttled: { en: "as many of its array run there as may", zh: "该数组在中心的并发已达上限" },
  "account-limit": { en: "a limit of the local account or user is reached", zh: "本地账号或用户已达上限" },
  "qos-limit": { en: "a limit of the local QoS is reached", zh: "本地 QoS 已达上限" },
  "above-limit": {
    en: "asks for more than a local limit allows one job: it will not start there as it is",
    zh: "超出本地对单个作业的上限，按现状不会在该处启动",
  },
  "partition-limit": { en: "is above a limit of the pool at the centre", zh: "超出中心该资源池的上限" },
  "partition-closed": { en: "the pool starts nothing now", zh: "该资源池暂不开始作业" },
  "nodes-down": {
    en: "nodes it needs are down, drained or kept for other work",
    zh: "所需节点停机、排空，或已为其他作业保留",
  },
  maintenance: {
    en: "its time limit runs into a maintenance window of the centre",
    zh: "其时限与中心的维护时段重叠",
  },
  reservation: { en: "waits for a reservation, or for one of others to end", zh: "等待预留时段，或等待他人的预留结束" },
  licences: { en: "waits for licences", zh: "等待许可证" },
  "cannot-run-as-asked": { en: "cannot run there as it was asked for", zh: "按所申请的条件无法在该处运行" },
  power: { en: "the centre's limit of power leaves no room for it now", zh: "中心的功率上限暂无余量" },
  ended: { en: "has ended at the centre, and its end is being looked up", zh: "已在中心结束，正在查明结果" },
  "engine-busy": { en: "the centre's scheduler has not come to it yet", zh: "中心调度器尚未处理到" },
  requeued: { en: "was put back into the centre's queue", zh: "已退回中心的队列" },
} as const satisfies Record<string, { readonly en: string; readonly zh: string }>;

export type WaitKind = keyof typeof waitKinds;

/** What may keep a centre from ending a run that it was asked to end, or to give back. */
const cancelWaits = {
  credential: {
    en: "it waits until its user has lent the centre a credential again (weir-delegate)",
    zh: "须待该用户重新向中心委托凭据（weir-delegate）",
  },
  "let-in": {
    en: "the centre does not let the network act as its local user; it waits until it does, or an administrator declares it lost",
    zh: "中心不许算力网以其本地用户行事；须待中心重新准许，或由管理员声明丢失",
  },
} as const satisfies Record<string, { readonly en: string; readonly zh: string }>;

/** For an agent that tells it. */
export type CancelWait = keyof typeof cancelWaits;

/** Of a run that was asked to end, or back, and is there still; `waitsFor`: one of the above, or what a later agent says. */
export function cancelWords(waitsFor: string | null, language: Language, which: "end" | "back" = "end"): string {
  const asked = askedFor[which][language];
  if (waitsFor === null) return asked;
  const waits = isCancelWait(waitsFor) ? cancelWaits[waitsFor][language] : waitsFor;
  return { en: `${asked}: ${waits}`, zh: `${asked}：${waits}` }[language];
}

const askedFor = {
  end: { en: "was asked to end", zh: "已请求结束" },
  back: { en: "was asked back, unless it has started", zh: "已请求撤回（已开始的除外）" },
} as const;

type Reason = Pick<RunWait, "reason" | "reasonKind">;

/** The kind's words and the engine's own word beside them; a word that nobody knows is shown as it came. */
export function waitWords({ reason, reasonKind }: Reason, language: Language): string {
  const known = reasonKind !== null && isKind(reasonKind) ? waitKinds[reasonKind][language] : null;
  if (reason === null) return known ?? { en: "the centre gives no reason", zh: "中心未说明原因" }[language];
  if (known === null) return reason;
  return language === "zh" ? `${known}（${reason}）` : `${known} (${reason})`;
}

/** Whether a report says what a reader of the history should see: a first one, or a reason of another kind. */
export function isNewReason(before: Reason | null, now: Reason): boolean {
  return !before || (before.reasonKind ?? before.reason) !== (now.reasonKind ?? now.reason);
}

/** Whether an engine's estimate is far enough from what was told last to be told again: by five minutes and by a fifth. */
export function isNewEstimate(last: ToldInQueue | undefined, { madeMs, startsMs }: ToldInQueue): boolean {
  if (!last) return true;
  return Math.abs(startsMs - last.startsMs) > Math.max(300_000, 0.2 * (startsMs - madeMs));
}

/** Whoever holds his own work at a centre wants it there: it is not moved. */
export function isHeldByUser(reasonKind: string | null): boolean {
  return reasonKind === "held-by-user";
}

function isCancelWait(text: string): text is CancelWait {
  return Object.hasOwn(cancelWaits, text);
}

function isKind(text: string): text is WaitKind {
  return Object.hasOwn(waitKinds, text);
}
