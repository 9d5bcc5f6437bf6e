import { speaker } from "#core/language.ts";
import { type Routing, routings } from "#core/scheduling/kernel/routings.ts";

export type Language = "en" | "zh";

/** A span of time to read: two or three figures and the unit that suits it. */
export function duration(seconds: number, language: Language): string {
  const units = language === "zh" ? [" 秒", " 分钟", " 小时", " 天"] : [" s", " min", " h", " d"];
  const [value, unit] =
    seconds < 120
      ? [seconds, units[0]]
      : seconds < 7200
        ? [seconds / 60, units[1]]
        : seconds < 172_800
          ? [seconds / 3600, units[2]]
          : [seconds / 86_400, units[3]];
  return `${figures(value)}${unit}`;
}

/** Three figures at most, thousands apart. */
export function figures(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** Of an index from 0 to 1; a dash where there is none. */
export function index(value: number | null): string {
  return value === null ? "–" : value.toFixed(2);
}

/** Of an axis: no more figures than the value has. */
export function plain(value: number): string {
  return Number(value.toPrecision(4)).toLocaleString("en-US", { maximumFractionDigits: 6 });
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(share !== 0 && Math.abs(share) < 0.0995 ? 1 : 0)}\u00a0%`;
}

/** `home (each job where it was submitted)`; one that is not known here stays as it is. */
export function routingText(routing: string, language: Language): string {
  const say = sayIn(language);
  const known = routings.find((one) => one === routing);
  return known === undefined ? routing : say("routed", { routing, means: say(routed[known]) });
}

/** Every sentence of the report, in both languages. */
export function sayIn(language: Language): (key: WordKey, facts?: Readonly<Record<string, string | number>>) => string {
  return speaker(words, language);
}

const routed = {
  home: "routedHome",
  random: "routedRandom",
  "least-load": "routedLeastLoad",
  "earliest-start": "routedEarliestStart",
  merged: "routedMerged",
  central: "routedCentral",
  weir: "routedWeir",
} as const satisfies Record<Routing, WordKey>;

export type Say = ReturnType<typeof sayIn>;
export type WordKey = keyof typeof words;

const words = {
  title: ["What if: {policy} over {homes}", "推演：{policy} 用于 {homes}"],
  subtitle: [
    "{jobs} {jobs|job|jobs} on {processors} {processors|processor|processors}, {days} {days|day|days}. Routing {routing}, run times as {estimates}.",
    "{jobs} 个作业，{processors} 个处理器，{days} 天。路由 {routing}，运行时间按{estimates}。",
  ],
  // With one centre every routing is the same.
  subtitleOfOne: [
    "{jobs} {jobs|job|jobs} on {processors} {processors|processor|processors}, {days} {days|day|days}. Run times as {estimates}.",
    "{jobs} 个作业，{processors} 个处理器，{days} 天。运行时间按{estimates}。",
  ],
  routed: ["{routing} ({means})", "{routing}（{means}）"],
  routedHome: ["each job where it was submitted", "各作业在其提交处运行"],
  routedRandom: ["each job to a centre at random", "随机派往某中心"],
  routedLeastLoad: ["each job to the centre with least work", "派往负载最轻的中心"],
  routedEarliestStart: ["each job to the centre that promises the earliest start", "派往承诺最早开始的中心"],
  routedMerged: ["all centres as one machine", "所有中心视为一台机器"],
  routedCentral: ["one queue over all centres", "所有中心共用一个队列"],
  routedWeir: ["one queue over all centres", "所有中心共用一个队列"],
  requested: ["requested", "申请值"],
  actual: ["they were", "实际值"],
  synthetic: [
    "Synthetic: these jobs were made by a model. No such centre exists.",
    "合成数据：作业由模型生成，并无这样的中心。",
  ],
  overNetwork: [
    "Between the network and its centres lies what --network says. The yardsticks, each centre alone and one machine, know nothing of it; policies that cannot be run so are left out.",
    "网络与各中心之间的指令和报告按 --network 所述耗时。两条基准（各中心独用、合并为一台）不计此耗时；无法如此运行的策略未列出。",
  ],
  again: ["To do it again:", "重做："],
  made: [
    "Made by weir simulate. Times are those of the replay, not of this day.",
    "由 weir simulate 生成。时间为回放时间。",
  ],
  meanWait: ["Mean wait", "平均等待"],
  medianWait: ["Median wait", "等待中位数"],
  p95Wait: ["95th percentile of waits", "等待 95 分位"],
  p95Short: ["95 %", "95 分位"],
  maxWait: ["Longest wait", "最长等待"],
  slowdown: ["Mean bounded slowdown", "平均有界减速比"],
  slowdownShort: ["Slowdown", "减速比"],
  utilisation: ["Utilisation", "利用率"],
  fairness: ["Fairness of people", "人员公平度"],
  fairnessShort: ["Fairness", "公平度"],
  jobs: ["Jobs", "作业"],
  home: ["Home", "所属中心"],
  all: ["All", "全部"],
  size: ["Processors", "处理器数"],
  policy: ["Policy", "策略"],
  routing: ["Routing", "路由"],
  mean: ["Mean", "平均"],
  median: ["Median", "中位数"],
  max: ["Longest", "最长"],
  chosen: ["This one", "本方案"],
  homeOnly: ["Home only", "各自独立"],
  merged: ["One merged machine, EASY", "合为一台机器，EASY"],
  random: ["Centre at random, EASY", "随机选中心，EASY"],
  others: ["Other policies", "其他策略"],
  mergedShort: ["Merged EASY", "合并 EASY"],
  against: ["{share} of merged EASY", "为合并 EASY 的 {share}"],
  againstHome: ["{share} of home only", "为各自独立的 {share}"],
  sizeTitle: ["Waiting by size", "按规模的等待"],
  sizeSays: [
    "Mean wait of jobs by the processors they ask for. The longest bar is {class} {class|processor|processors} with {wait}.",
    "按申请的处理器数统计的平均等待。最长的是 {class} 个处理器，{wait}。",
  ],
  homeTitle: ["Waiting by home", "按所属中心的等待"],
  homeSays: [
    "Mean wait of the jobs that each centre's users submitted, wherever they ran, beside the two yardsticks. Later than alone: the share of jobs that start later than they would with their centre alone, and by how much at the 99th percentile.",
    "各中心用户提交的作业（无论在何处运行）的平均等待，与两个参照并列。晚于独立：比中心各自独立时更晚开始的作业占比，及其 99 分位。",
  ],
  laterShare: ["Later than alone", "晚于独立"],
  laterBy: ["by, 99 %", "晚，99 分位"],
  meanWaitAxis: ["mean wait, {unit}", "平均等待，{unit}"],
  days: ["days", "天"],
  hours: ["hours", "小时"],
  minutes: ["minutes", "分钟"],
  seconds: ["seconds", "秒"],
  usageTitle: ["Utilisation over time", "利用率随时间"],
  usageSays: [
    "Processors in use as a share of all, and work that waits as a multiple of all processors, each a mean over {span}.",
    "使用中的处理器占比，以及等待中的处理器相对总数的倍数；每点为 {span}的平均。",
  ],
  used: ["in use", "使用中"],
  waiting: ["waiting", "等待中"],
  usedAxis: ["in use, % of all processors", "使用中，占全部处理器 %"],
  waitingAxis: ["waiting, × all processors", "等待中，× 全部处理器"],
  dayAxis: ["days since the first submission", "首次提交后的天数"],
  period: ["Period", "时段"],
  quarterInDays: ["Days {from}–{to}", "第 {from}–{to} 天"],
  quarterInHours: ["Hours {from}–{to}", "第 {from}–{to} 小时"],
  slowdownTitle: ["Slowdown", "减速比"],
  slowdownSays: [
    "Share of jobs whose bounded slowdown, (wait + run) ÷ run with at least 10 s of run time, is at most so large. Higher is better.",
    "有界减速比（(等待 + 运行) ÷ 运行，运行至少按 10 秒计）不超过某值的作业占比。越高越好。",
  ],
  slowdownAxis: ["bounded slowdown, at most", "有界减速比不超过"],
  shareAxis: ["jobs, %", "作业 %"],
  atMost: ["At most", "不超过"],
  gapTitle: ["The gap to the yardsticks", "与参照的差距"],
  gapSays: [
    "Mean wait between every centre alone (0 % of the gap closed) and all centres merged into one machine under EASY (100 %). This one closes {share}.",
    "平均等待处于「各中心独立」（差距缩小 0 %）与「全部合为一台 EASY 机器」（100 %）之间的位置。本方案缩小 {share}。",
  ],
  gapAxis: ["gap closed, %", "差距缩小 %"],
  gapClosed: ["Gap closed", "差距缩小"],
  frontierTitle: ["The frontier of all policies", "全部策略的前沿"],
  frontierSays: [
    "Mean wait against the longest wait of every policy; left and below is better. The line joins those that no other beats in both.",
    "各策略的平均等待与最长等待；越靠左下越好。连线为没有其他策略能同时胜过的策略。",
  ],
  measuresTitle: ["Four measures of every policy", "每个策略的四项指标"],
  measuresSays: [
    "Mean, 95th percentile and longest wait on logarithmic scales (left is better), and how alike people are served (right is better).",
    "平均、95 分位与最长等待（对数刻度，越靠左越好），以及人员之间的公平程度（越靠右越好）。",
  ],
  fairnessSays: [
    "Fairness is Jain's index of the mean bounded slowdown of people with at least 5 jobs: 1 where all are served alike.",
    "公平度为作业数不少于 5 的人员平均有界减速比的 Jain 指数：人人相同则为 1。",
  ],
  meanAxis: ["mean wait", "平均等待"],
  maxAxis: ["longest wait", "最长等待"],
  costTitle: ["The cost of fairness", "公平的代价"],
  costSays: [
    "The same policy with its fairness on and off. On, the mean wait changes by {change}.",
    "同一策略开启与关闭公平性的比较。开启时平均等待变化 {change}。",
  ],
  on: ["Fairness on", "开启公平"],
  off: ["Fairness off", "关闭公平"],
  table: ["Table of: {title}", "表：{title}"],
} as const satisfies Record<string, readonly [en: string, zh: string]>;
