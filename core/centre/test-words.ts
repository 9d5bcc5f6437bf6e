import type { CheckName } from "#core/centre/connection-test.ts";
import { causeWords } from "#core/job/history-words.ts";
import { outcomeWords, stateWords } from "#core/job/state-words.ts";
import { type KeptSentences, toldIn } from "#core/kept-sentences.ts";
import type { Language } from "#core/language.ts";

/**
 * The evidence of a connection test in the reader's language. The report is signed as the agent wrote it, in English; what
 * is none of Weir's own sentences (an engine's words, what a job printed) stays as it is.
 */
export function askedWords(check: CheckName, asked: string, language: Language): string {
  return language === "zh" ? askedZh[check] : asked;
}

export function seenWords(seen: string, language: Language): string {
  if (language === "en") return seen;
  const parts = seen.split("; ").map((part) => partWords(part));
  return parts.join("；");
}

function partWords(part: string): string {
  const whole = toldIn(seenSentences, part, "zh", factWords);
  if (whole !== null) return whole;
  const each = part.split(", ").map((one) => toldIn(variableSentences, one, "zh"));
  return each.every((one) => one !== null) ? each.join("，") : part;
}

/** `failed 3`, `waiting`, `started, already-there`, `withdrawn deadline passed before the start`. */
function factWords(fact: string): string {
  const whole = causeWords(fact, "zh");
  if (whole !== null && fact.includes(" ")) return whole;
  const [, end = "", reason = ""] = /^([\w-]+) (.+)$/.exec(fact) ?? [];
  const [kind, cause] = [factZh.get(end), causeWords(reason, "zh")];
  if (kind !== undefined && cause !== null) return `${kind}（${cause}）`;
  const words = fact.split(", ").map((one) => {
    const [name = "", ...rest] = one.split(" ");
    const ended = name === "cancelled" ? causeWords(`cancelled by ${rest.join(" ")}`, "zh") : null;
    if (ended !== null && rest.length === 1) return ended;
    const known = factZh.get(name);
    if (known === undefined) return null;
    if (name === "failed" && rest.length === 1) return `失败（退出码 ${rest[0]}）`;
    if (name === "signalled" && rest.length === 1) return `因信号 ${rest[0]} 结束`;
    const said = rest.map((each) => factZh.get(each) ?? (/^\d+$/.test(each) ? each : null));
    if (said.every((each) => each !== null)) return [known, ...said].join(" ");
    const cause = causeWords(rest.join(" "), "zh");
    return cause === null ? null : `${known}（${cause}）`;
  });
  return words.every((one) => one !== null) ? words.join("、") : fact;
}

const factZh: ReadonlyMap<string, string> = new Map([
  ...Object.entries(stateWords).map(([name, { zh }]) => [name, zh] as const),
  ...Object.entries(outcomeWords).map(([name, { zh }]) => [name, zh] as const),
  ["signalled", "因信号结束"],
  ["withdrawn", "已撤回"],
  ["sampled", "定时采样"],
  ["engine", "由引擎给出"],
  ["waiting", "等待中"],
  ["nothing", "没有"],
  ["started", "已启动"],
  ["accepted", "已接收"],
  ["busy", "忙"],
  ["cancelling", "正在取消"],
  ["already-ended", "早已结束"],
  ["already-there", "已在该处"],
  ["unknown", "不知其名"],
]);

const askedZh: Readonly<Record<CheckName, string>> = {
  submit: "一个核，运行一个成功结束的脚本",
  tag: "按标记查找：一个运行在其运行中与结束后，以及一个从未存在的",
  "exit-code": "以 3 和 137 退出的脚本",
  signal: "以信号 9 结束自身的脚本",
  "cancel-running": "取消一个已启动、长一分钟的运行",
  "cancel-queued": "取消一个在引擎队列中等待的运行",
  "time-limit": "给一分钟的脚本 2 秒时限，宽限 1 秒",
  deadline: "一个在可启动之前最迟启动时刻已过的运行",
  "second-start": "同一运行同时提交两次，结束后再提交一次",
  "wrapper-record": "一个一秒钟的运行：开始、结束与用量",
  "log-streaming": "运行期间与结束之后的日志",
  "clock-skew": "按引擎时钟，运行何时开始、何时结束",
  restart: "在两个运行进行时关闭驱动，再重新打开",
  environment: "作业环境中有什么：自身变量、SLURM_* 与 WEIR_*，没有代理自己的",
  array: "一个数组的任务 2、5、8，各以自身索引退出",
  "out-of-memory": "给要用 256 MiB 的脚本 64 MiB 内存",
  accelerator: "一块加速卡",
  "multi-node": "两个节点",
  throughput: "同时 20 个运行，接收有多快",
  estimate: "等待中的运行将于何时启动",
};

const seenSentences: KeptSentences = [
  ["ended {a}, not {b} ({c})", "结束：{a}，而非{b}（{c}）"],
  ["ended {a} ({c})", "结束：{a}（{c}）"],
  ["ended {a}, not {b}", "结束：{a}，而非{b}"],
  ["ended {a}", "结束：{a}"],
  ["it had started", "它已启动过"],
  ["it never started", "它从未启动"],
  [
    "started at a known time, ran {a} ms ({b} to {c} expected), CPU {d} ms, {e} MiB by {f}",
    "启动时刻已知，运行 {a} ms（应为 {b} 至 {c}），CPU {d} ms，{e} MiB（{f}）",
  ],
  [
    "started at an unknown time, ran {a} ms ({b} to {c} expected), CPU {d} ms, {e} MiB by {f}",
    "启动时刻未知，运行 {a} ms（应为 {b} 至 {c}），CPU {d} ms，{e} MiB（{f}）",
  ],
  ["its time lies between the request and the report", "其时刻介于请求与上报之间"],
  ["its time is off by at least {a} ms", "其时刻至少偏差 {a} ms"],
  ["{a} variables, all as they should be", "{a} 个变量，全部符合要求"],
  ["nothing could be read while it ran", "运行期间读不到内容"],
  ["nothing could be read after its end", "结束之后读不到内容"],
  [
    "{a} bytes while it ran, {b} after its end, which do not go on from the first, not said to be final",
    "运行期间 {a} 字节，结束之后 {b} 字节，与先前内容不相接，且未注明为最终内容",
  ],
  [
    "{a} bytes while it ran, {b} after its end, which do not go on from the first",
    "运行期间 {a} 字节，结束之后 {b} 字节，与先前内容不相接",
  ],
  [
    "{a} bytes while it ran, {b} after its end, not said to be final",
    "运行期间 {a} 字节，结束之后 {b} 字节，未注明为最终内容",
  ],
  ["{a} bytes while it ran, {b} after its end", "运行期间 {a} 字节，结束之后 {b} 字节"],
  ["{a} runs taken in {b} ms: {c} a second", "{b} ms 内接收 {a} 个运行：每秒 {c} 个"],
  ["the engine gave no estimate in {a} s of waiting", "等待 {a} 秒，引擎未给出预计"],
  ["the engine gave no estimate", "引擎未给出预计"],
  ["{a} estimate", "预计 {a} 次"],
  ["{a} estimates", "预计 {a} 次"],
  ["it started {a} ms later than the last one said", "实际启动比最后一次预计晚 {a} ms"],
  ["it started {a} ms earlier than the last one said", "实际启动比最后一次预计早 {a} ms"],
  ["its start was told", "已上报启动"],
  ["while it ran: {a}", "运行期间：{a}"],
  ["after its end: {a}", "结束之后：{a}"],
  ["of one that never was: {a}", "从未存在的：{a}"],
  ["the engine said {a}", "引擎答：{a}"],
  ["a second time: {a}", "第二次：{a}"],
  ["{a} start was told", "上报了 {a} 次启动"],
  ["{a} starts were told", "上报了 {a} 次启动"],
  ["its output is there once", "其输出只有一份"],
  ["from start to end {a} ms", "从开始到结束 {a} ms"],
  ["its last 7 bytes: {a}", "其最后 7 字节：{a}"],
  ["nothing is executed here", "此处不真正执行"],
  ["no pool that is up has any", "可用的资源池都没有"],
  ["no pool has two nodes that are up", "没有资源池有两个可用的节点"],
  ["{a}: no variable", "{a}：无变量"],
  ["{a}: no variable names it, so how many a job has cannot be seen", "{a}：没有变量指明它，无从看出作业有几块"],
  ["tasks ran on {a} nodes: {b}", "任务在 {a} 个节点上运行：{b}"],
  ["tasks ran on {a} nodes:", "任务在 {a} 个节点上运行"],
  ["its tag in the engine's queue: there", "其标记在引擎队列中：有"],
  ["its tag in the engine's queue: not there", "其标记在引擎队列中：没有"],
  ["its tag in the engine's accounting: there", "其标记在引擎记账中：有"],
  ["its tag in the engine's accounting: not there", "其标记在引擎记账中：没有"],
  ["the engine let its deadline pass, and the agent took it out", "引擎任其最迟启动时刻过去，由代理将其取出"],
  ["{n} of 20 succeeded", "20 个中 {n} 个成功"],
  ["the pool {a} is too large to be filled for a test", "资源池 {a} 过大，无法为测试占满"],
  ["the whole pool: {a}", "占满资源池：{a}"],
  ["the engine starts at once or says busy: it has no queue of its own", "引擎或立即启动，或答“忙”：没有自己的队列"],
  ["it started though the pool was full", "资源池已满，它却启动了"],
  ["busy: {a}", "忙：{a}"],
  ["later it has {a} of it", "此后其状态：{a}"],
  ["later the engine has {a} of it", "此后引擎中其状态：{a}"],
  ["refused: {a}", "被拒绝：{a}"],
  ["the whole pool did not come free within {a} s", "资源池未能在 {a} 秒内全部空出"],
  ["found again: {a}, then {b}", "重新找到：{a}，随后{b}"],
  ["started again: {a}", "再次启动：{a}"],
  ["its log has {a} bytes", "其日志有 {a} 字节"],
  ["the driver did not answer within {a} s", "驱动在 {a} 秒内没有应答"],
  ["no pool is up: there is nothing to test", "没有可用的资源池，无可测试"],
  ["{a}, then {b}", "{a}，随后{b}"],
];

/** Of a variable that is not as it should be. */
const variableSentences: KeptSentences = [
  ["{a} is not there", "缺少 {a}"],
  ["{a} does not belong there", "{a} 不应在此"],
  ["{a} is {b}", "{a} 为 {b}"],
];
