import type { Language } from "#core/language.ts";
import { durationWords } from "#core/measures.ts";

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
  for (const [en, zh] of causes) {
    const found = patternOf(en).exec(cause);
    if (found) return filled(language === "zh" ? zh : en, found.groups ?? {}, language);
  }
  return null;
}

/** Times as the server writes them (ISO 8601 with Z or an offset), as the reader does. */
export function withTimes(words: string, timeText: (isoTime: string) => string): string {
  return words.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g, (time) => timeText(time));
}

function patternOf(template: string): RegExp {
  const escaped = template.replaceAll(/[.;()]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll(/\{([a-z])\}/g, "(?<$1>.+?)")}$`, "s");
}

/** Seconds are said as a span: `{c} s`. */
function filled(template: string, facts: Readonly<Record<string, string>>, language: Language): string {
  const spans = template.replaceAll(/\{([a-z])\} (?:s\b|秒)/g, (_, name: string) =>
    durationWords(Number(facts[name]) * 1000, language),
  );
  return spans.replaceAll(/\{([a-z])\}/g, (_, name: string) => facts[name] ?? "");
}

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

/** The first that matches counts: the narrower stands before the wider. */
const causes: readonly (readonly [en: string, zh: string])[] = [
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
    "已请求结束：须待该用户重新向中心出借凭据（weir-delegate）",
  ],
  [
    "was asked back, unless it has started: it waits until its user has lent the centre a credential again (weir-delegate)",
    "已请求撤回（已开始的除外）：须待该用户重新向中心出借凭据（weir-delegate）",
  ],
  [
    "its user has lent a credential again, and the engine was asked to end it",
    "该用户已重新出借凭据，已请求引擎结束该运行",
  ],
  ["the agent has it on its disk", "代理已存盘"],
  ["the engine has it as {a}: {b}; it thinks it will start at {c}", "引擎中编号 {a}：{b}；引擎预计 {c} 启动"],
  ["the engine has it as {a}: {b}", "引擎中编号 {a}：{b}"],
  ["failed with exit code {a}", "失败，退出码 {a}"],
  ["failed by signal {a}", "失败，信号 {a}"],
  ["cancelled by {a}: {b}", "由 {a} 取消：{b}"],
  ["cancelled by {a}", "由 {a} 取消"],
  ["could no longer end by its deadline {a}", "已无法在截止时刻 {a} 前结束"],
  ["network: makes way for {a}", "算力网：为作业 {a} 让出位置"],
  ["preempted: makes way for {a}", "被抢占：为作业 {a} 让出位置"],
  ["a retry, {a} left", "重试，还剩 {a} 次"],
  ["refused: {a}", "中心拒绝：{a}"],
  ["refused by {a}, and no other centre could take it: {b}", "{a} 拒绝，且没有其他中心可接收：{b}"],
  ["lost: {a}", "丢失：{a}"],
  ["declared lost: {a}", "声明丢失：{a}"],
];
