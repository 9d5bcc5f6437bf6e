import { engineCauses } from "#core/job/engine-causes.ts";
import { outcomeWords, stateWords } from "#core/job/state-words.ts";
import { type KeptSentences, toldIn } from "#core/kept-sentences.ts";
import type { Language } from "#core/language.ts";

/**
 * The steps of a job's history in the reader's language. The store and the API keep the step's name and its cause in
 * English; a cause that is not one of Weir's own sentences (what a centre or a person wrote) stays as it is.
 */
export function stepWords(kind: string, language: Language): string {
  const known = steps.find(([name]) => name === kind);
  return known === undefined ? kind : known[language === "zh" ? 2 : 1];
}

/** null: no sentence of Weir's own. Times in it are as the server wrote them (`withTimes`). */
export function causeWords(cause: string, language: Language): string | null {
  const [, kind, evidence] = /^(ended|withdrawn|lost|node-failed|platform-fault): (.+)$/s.exec(cause) ?? [];
  if (language === "zh" && kind !== undefined && evidence !== undefined)
    return `${endsZh.get(kind)}：${causeWords(evidence, language) ?? evidence}`;
  return toldIn(causes, cause, language);
}

/** Times as the server writes them (ISO 8601 with Z or an offset), as the reader does. */
export function withTimes(words: string, timeText: (isoTime: string) => string): string {
  return words.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g, (time) => timeText(time));
}

/** Before what showed it. */
const endsZh: ReadonlyMap<string, string> = new Map([
  ["ended", stateWords.ended.zh],
  ...(["withdrawn", "lost", "node-failed", "platform-fault"] as const).map(
    (kind) => [kind, outcomeWords[kind].zh] as const,
  ),
]);

const steps: readonly (readonly [kind: string, en: string, zh: string])[] = [
  ["submitted", "submitted", "提交"],
  ["placed", "placed", "派发"],
  ["accepted", "accepted", "已接收"],
  ["waiting", "waiting", "本地排队"],
  ["started", "started", "开始"],
  ["run-ended", "run ended", "运行结束"],
  ["queued", "queued again", "重新排队"],
  ["ended", "ended", "结束"],
  ["cancel-requested", "cancel requested", "请求取消"],
  ["estimated", "estimated", "预计"],
  ["withdraw-requested", "withdrawal requested", "请求撤回"],
  ["unreachable", "unreachable", "失联"],
  ["reachable", "reachable", "恢复联系"],
  ["lease-passed", "lease passed", "租约到期"],
  ["declared-lost", "declared lost", "声明丢失"],
  ["later-evidence", "later evidence", "后到的证据"],
  ["remark", "remark", "说明"],
  ["centre-changed", "centre changed", "中心变更"],
];

const causes: KeptSentences = [
  ...engineCauses,
  ["the first centre in order that can start it: {a}", "按顺序首个能启动的中心：{a}"],
  [
    "no centre can start it now; it joins the own queue of {a}, pool {b}",
    "当前没有中心能启动；进入 {a} 资源池 {b} 的本地队列",
  ],
  ["of the centres that can start it now the best: {a}", "现可启动的中心中最佳：{a}"],
  ["it joins the own queue of {a}, pool {b}, as the best place now", "进入 {a} 资源池 {b} 的本地队列，为当前最佳去处"],
  [
    "{a} can start it now, and {b} in about {c} s: done {d} s earlier, by the score; move {e} of at most {f}",
    "{a} 现可启动，而 {b} 约需再等 {c} 秒：按评分早 {d} 秒完成；第 {e} 次迁移，至多 {f} 次",
  ],
  [
    "{a} would start it in about {g} s, and {b} in about {c} s: done {d} s earlier, by the score; move {e} of at most {f}",
    "{a} 约 {g} 秒后启动，而 {b} 约需再等 {c} 秒：按评分早 {d} 秒完成；第 {e} 次迁移，至多 {f} 次",
  ],
  ["by the time limits of what runs, {a} may start it at {b}", "据运行中作业的时限，{a} 可于 {b} 启动"],
  [
    "by its terms work may be started in pool {a} of {b} until {c}, and its lease is longer",
    "按约定，{b} 的资源池 {a} 可启动作业至 {c}，而其租约更长",
  ],
  [
    "was asked to end: it waits until its user has lent the centre a credential again (weir-delegate)",
    "已请求结束：须待该用户重新向中心委托凭据（weir-delegate）",
  ],
  [
    "was asked to end: the centre does not let the network act as its local user; it waits until it does, or an administrator declares it lost",
    "已请求结束：中心不许算力网以其本地用户行事；须待中心重新准许，或由管理员声明丢失",
  ],
  [
    "was asked back, unless it has started: the centre does not let the network act as its local user; it waits until it does, or an administrator declares it lost",
    "已请求撤回（已开始的除外）：中心不许算力网以其本地用户行事；须待中心重新准许，或由管理员声明丢失",
  ],
  [
    "was asked back, unless it has started: it waits until its user has lent the centre a credential again (weir-delegate)",
    "已请求撤回（已开始的除外）：须待该用户重新向中心委托凭据（weir-delegate）",
  ],
  [
    "its user has lent a credential again, and the engine was asked to end it",
    "该用户已重新委托凭据，已请求引擎结束该运行",
  ],
  ["the agent has it on its disk", "代理已存盘"],
  [
    "not taken yet, and asked again: the site takes no new work now (weir-agent stop-new)",
    "尚未接收，将再次提交：站点现在不接收新任务（weir-agent stop-new）",
  ],
  [
    "not taken yet, and asked again: a fault at the site, named in its agent's log",
    "尚未接收，将再次提交：站点出现故障，详见其代理的日志",
  ],
  ["not taken yet, and asked again: {a}", "尚未接收，将再次提交：{a}"],
  [
    "the engine gave no certain answer to its submission: it is looked for there, and sent again only if it never arrived",
    "引擎对其提交没有给出确定的答复：先在引擎中查找，确认未曾到达才再次提交",
  ],
  ["wrapper {a} (start {b}, boot {c})", "包装进程 {a}（启动 {b}，开机 {c}）"],
  ["wrapper on {a}, job {b}", "包装程序在 {a} 上，作业 {b}"],
  ["{a} runs on {b} (simulated)", "{a} 在 {b} 上运行（模拟）"],
  ["found after the driver was opened again", "驱动重新打开后找到"],
  ["the engine has it as {a}: {b}; it thinks it will start at {c}", "引擎中编号 {a}：{b}；引擎预计 {c} 启动"],
  ["the engine has it as {a}: {b}", "引擎中编号 {a}：{b}"],
  ["failed with exit code {a}", "失败，退出码 {a}"],
  ["failed by signal {a}", "失败，信号 {a}"],
  ["cancelled by user: scancel at the centre", "由用户在中心用 scancel 取消"],
  ["cancelled by centre: scancel by root", "由中心取消：root 执行了 scancel"],
  ["cancelled by centre: scancel by another local user", "由中心取消：另一本地用户执行了 scancel"],
  ["cancelled by user: {b}", "由用户取消：{b}"],
  ["cancelled by user", "由用户取消"],
  ["cancelled by centre: {b}", "由中心取消：{b}"],
  ["cancelled by centre", "由中心取消"],
  ["cancelled by operator: {b} was disabled", "由管理员取消：{b} 已停用"],
  ["cancelled by operator: {b}", "由管理员取消：{b}"],
  ["cancelled by operator", "由管理员取消"],
  ["cancelled by network: {b}", "由算力网取消：{b}"],
  ["cancelled by network", "由算力网取消"],
  ["cancelled at the centre, its engine does not say by whom", "在中心被取消，其引擎未说明由谁取消"],
  ["cancelled by {a}: {b}", "由 {a} 取消：{b}"],
  ["cancelled by {a}", "由 {a} 取消"],
  ["could no longer end by its deadline {a}", "已无法在截止时刻 {a} 前结束"],
  ["network: makes way for {a}", "算力网：为作业 {a} 让出位置"],
  ["preempted: makes way for {a}", "被抢占：为作业 {a} 让出位置"],
  ["a retry, {a} left", "重试，还剩 {a} 次"],
  ["refused: {a}", "中心拒绝：{a}"],
  ["refused by {a}, and no other centre could take it: {b}", "{a} 拒绝，且没有其他中心可接收：{b}"],
  ["lost: {a}", "丢失：{a}"],
  ["requeued by the centre", "被中心重新排队"],
  ["requeued by {a}", "由 {a} 重新排队"],
  ["deadline passed before the start", "启动之前最迟启动时刻已过"],
  ["its deadline passed in the engine's queue", "在引擎队列中最迟启动时刻已过"],
  ["taken out of the queue before it had a node (simulated)", "尚未分到节点即从队列取出（模拟）"],
  ["the network took it back before it started", "算力网在其启动前撤回"],
  ["this centre withdrew it before", "该中心此前已撤回"],
  ["the centre answers and has no folder, no process and no end of it", "中心有应答，但没有其目录、进程或结束记录"],
  [
    "the engine answers and has no job, no process and no end of it (simulated loss)",
    "引擎有应答，但没有其作业、进程或结束记录（模拟丢失）",
  ],
  [
    "the agent ended before its submission was certain; queue and accounting have nothing of it",
    "代理在提交得到确认之前终止；队列与记账中均没有它",
  ],
  ["declared lost: {a}", "声明丢失：{a}"],
];
