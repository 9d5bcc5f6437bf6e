import { classTitle, type JobClass } from "#core/job/job-class.ts";
import type { Language } from "#core/language.ts";
import { durationWords } from "#core/measures.ts";
import type { Backfill, Compensation, Order, Policy, Preemption } from "./policy.ts";

/** A policy in sentences, rule by rule: what is asked of it, and what it answers. Console and command line say these. */
export function policyWords(policy: Policy, language: Language): readonly (readonly [rule: string, words: string])[] {
  const said: Readonly<Record<PolicyRule, string>> = {
    order: orderKindWords[policy.order.kind][language],
    classes: classesWords(policy, language),
    backfill: backfillWords[policy.backfill][language],
    longest: longestWords(policy, language),
    fairness: fairnessWords(policy, language),
    promise: promiseWords(policy, language),
    deadline: deadlineWords(policy, language),
    home: homeWords(policy, language),
    prediction: predictionWords(policy, language),
    lookahead: lookaheadWords(policy, language),
    placing: placingWords(policy, language),
    patience: patienceWords(policy, language),
    moves: movesWords(policy, language),
    preemption: preemptionWords(policy, language),
  };
  return policyRules.map((rule) => [policyRuleWords[rule][language], said[rule]]);
}

export const policyRules = [
  "order",
  "classes",
  "backfill",
  "longest",
  "fairness",
  "promise",
  "deadline",
  "home",
  "prediction",
  "lookahead",
  "placing",
  "patience",
  "moves",
  "preemption",
] as const;
export type PolicyRule = (typeof policyRules)[number];

export const policyRuleWords = {
  order: { en: "Order of the queue", zh: "队列次序" },
  classes: { en: "Priority classes, the first ahead of the others", zh: "优先级，从先到后" },
  backfill: { en: "What may start past the first", zh: "谁可越过队首先启动" },
  longest: { en: "The longest wait", zh: "最长等待" },
  fairness: { en: "Who used more", zh: "用量较多者" },
  promise: { en: "Who used less than their share", zh: "用量低于份额者" },
  deadline: { en: "Near a deadline", zh: "临近截止时刻" },
  home: { en: "At a tenant's home centre", zh: "在租户的所属中心" },
  prediction: { en: "How long work is expected to run", zh: "预计运行多久" },
  lookahead: { en: "Looking ahead", zh: "前瞻" },
  placing: { en: "Where work goes", zh: "作业去向" },
  patience: { en: "Waiting for a faster pool", zh: "等待更快的资源池" },
  moves: { en: "Moving what waits at a centre", zh: "迁移在中心等待的作业" },
  preemption: { en: "Making room for a higher priority", zh: "为更高优先级让位" },
} as const satisfies Record<PolicyRule, Words>;

export const orderKindWords = {
  score: { en: "small, short and long waiting work first", zh: "规模小、时间短、等待久者优先" },
  fcfs: { en: "as it came", zh: "先来先服务" },
  sjf: { en: "the shortest time asked for first", zh: "申请时间短者优先" },
  saf: { en: "the smallest time × processors first", zh: "时间 × 处理器数小者优先" },
  f1: { en: "by size and time of submission (F1)", zh: "按规模与提交时间（F1）" },
} as const satisfies Record<Order["kind"], Words>;

export const backfillWords = {
  none: { en: "nothing", zh: "不允许" },
  easy: { en: "what does not delay the first", zh: "不推迟队首者" },
  "easy-sjbf": { en: "what does not delay the first, the shortest before others", zh: "不推迟队首者，短者优先" },
  conservative: { en: "what delays nobody ahead of it", zh: "不推迟前面任何作业者" },
  window: {
    en: "what is due before the end fixed when the first began to block (replays alone)",
    zh: "在队首开始阻塞时所定时刻之前能结束者（仅用于回放）",
  },
} as const satisfies Record<Backfill, Words>;

type Words = Readonly<Record<Language, string>>;

function classesWords({ classes, defaultClass, order }: Policy, language: Language): string {
  const zh = language === "zh";
  const usual = classTitle(defaultClass, language, classes);
  const list = classes.map((one) => [classTitle(one.name, language, classes), ...classBounds(one, language)]);
  const said = list.map(([title = "", ...bounds]) => {
    if (bounds.length === 0) return title;
    return zh ? `${title}（${bounds.join("，")}）` : `${title} (${bounds.join(", ")})`;
  });
  const all = said.join(zh ? "、" : ", ");
  const rest = classes.length === 1 ? "" : zh ? `；未指明者为${spaced(usual)}` : `; who names none: ${usual}`;
  if (order.kind === "score" || classes.length === 1) return `${all}${rest}`;
  return zh ? `${all}${rest}；此次序不分先后` : `${all}${rest}; this order makes no difference between them`;
}

/** Who may be of it, and what they may ask for. */
export function classBounds(one: JobClass, language: Language): readonly string[] {
  const zh = language === "zh";
  const separator = zh ? "、" : " ";
  const who = [
    ...(one.tenants === null
      ? []
      : [{ en: `tenants ${one.tenants.join(" ")}`, zh: `租户 ${one.tenants.join(separator)}` }]),
    ...(one.projects === null
      ? []
      : [{ en: `projects ${one.projects.join(" ")}`, zh: `项目 ${one.projects.join(separator)}` }]),
  ].map((words) => words[language]);
  const cores = [
    [one.mostCoresOfTenant, { en: "of a tenant", zh: "每租户" }],
    [one.mostCoresOfProject, { en: "of a project", zh: "每项目" }],
    [one.mostCoresOfPerson, { en: "of a person", zh: "每人" }],
  ] as const;
  return [
    ...(who.length === 0 ? [] : [zh ? `仅限${who.join(" 与")}` : `for ${who.join(" and ")} alone`]),
    ...(one.longestS === null
      ? []
      : [zh ? `时限至多 ${span(one.longestS, "zh")}` : `at most ${span(one.longestS, "en")} each`]),
    ...cores.flatMap(([most, whose]) =>
      most === null ? [] : [zh ? `${whose.zh}同时至多 ${most} 核` : `at most ${most} cores at once ${whose.en}`],
    ),
  ];
}

/** A Latin name among Chinese words. */
function spaced(name: string): string {
  return /^[\x20-\x7e]/.test(name) ? ` ${name}` : name;
}

function longestWords({ maxWaitS, guardLeadS }: Policy, language: Language): string {
  if (maxWaitS === null) return { en: "no bound", zh: "不设上限" }[language];
  const [longest, from] = [span(maxWaitS, language), span(Math.max(0, maxWaitS - guardLeadS), language)];
  return { en: `${longest}: from ${from} on it is served first`, zh: `${longest}：等待满 ${from}后优先服务` }[language];
}

function fairnessWords({ fairness }: Policy, language: Language): string {
  if (fairness === null || fairness.power === 0) return { en: "makes no difference", zh: "不影响次序" }[language];
  const half = span(fairness.halfLifeS, language);
  return {
    en: `goes behind others; what was used ${half} ago counts half`,
    zh: `排在他人之后；${half}前的用量减半计算`,
  }[language];
}

function promiseWords({ fairness }: Policy, language: Language): string {
  if (fairness === null) return noPromise[language];
  const own = Object.entries(fairness.promises).map(([tenant, promiseS]) => [tenant, promiseS] as const);
  const others = startsWithin(fairness.promiseS, language);
  if (own.length === 0) return others;
  if (language === "zh")
    return [
      ...own.map(([tenant, promiseS]) => `${tenant}：${startsWithin(promiseS, "zh")}`),
      `其他租户：${others}`,
    ].join("；");
  return [...own.map(([tenant, promiseS]) => `${tenant}: ${startsWithin(promiseS, "en")}`), `others: ${others}`].join(
    "; ",
  );
}

const noPromise = { en: "no promise", zh: "不作承诺" } as const satisfies Words;

function startsWithin(promiseS: number | null, language: Language): string {
  if (promiseS === null) return noPromise[language];
  const promise = span(promiseS, language);
  return { en: `starts within ${promise}`, zh: `${promise}内启动` }[language];
}

function deadlineWords({ fairness }: Policy, language: Language): string {
  const leadS = fairness?.deadlineLeadS ?? null;
  if (leadS === null) return { en: "goes ahead of nobody", zh: "不因此优先" }[language];
  const lead = span(leadS, language);
  return {
    en: `goes ahead of its class from ${lead} before its latest start at most, unless its submitter used more than is theirs`,
    zh: `最迟启动前至多 ${lead}起先于同级作业，提交者用量超过份额者除外`,
  }[language];
}

function homeWords({ homePriority }: Policy, language: Language): string {
  if (homePriority === null) return { en: "its work is as any other", zh: "与其他作业相同" }[language];
  const after = span(homePriority.afterS, language);
  const ahead = {
    en: `${after} later than with that centre alone, its work goes ahead of visitors there`,
    zh: `比独用该中心晚 ${after}以上时，先于外来作业`,
  }[language];
  if (homePriority.allowanceS === null)
    return `${ahead}${{ en: "; these come in whatever they cost it", zh: "；外来作业不论对其有何影响均可进入" }[language]}`;
  const allowance = span(homePriority.allowanceS, language);
  const perJob = span(homePriority.allowancePerJobS, language);
  const kept = {
    en: `; these are kept away where its jobs would wait longer than alone by more than ${allowance} in sum and ${perJob} each`,
    zh: `；若其作业因此比独用时等得更久，合计超过 ${allowance}另加每个作业 ${perJob}，则不接纳外来作业`,
  }[language];
  return ahead + kept;
}

function predictionWords({ prediction }: Policy, language: Language): string {
  if (prediction === null) return { en: "as long as it asks for", zh: "按申请的时间" }[language];
  return {
    en: "as its submitter's work before it ran, for the order and looking ahead alone: no place is kept by a prediction",
    zh: "依据提交者以往的作业预测，仅用于排序与前瞻；预留不依据预测",
  }[language];
}

function lookaheadWords({ lookahead }: Policy, language: Language): string {
  if (lookahead === null) return { en: "never: the order is taken as it is", zh: "从不：按次序进行" }[language];
  const { jobs, moves } = lookahead;
  return {
    en: `the first ${jobs} jobs are planned under several orders and ${moves} random changes of these; the best plan decides what starts`,
    zh: `对队列前 ${jobs} 个作业按多种次序及 ${moves} 次随机调整试排，由最佳方案决定谁先启动`,
  }[language];
}

function placingWords({ placing }: Policy, language: Language): string {
  if (placing === null) return { en: "where most is free", zh: "空闲最多处" }[language];
  const { secondsPerYuan, carbonWeight, riskWeight } = placing;
  const yuan = span(secondsPerYuan, language);
  return {
    en: `where start, run time and costs are least: a yuan counts as ${yuan}, carbon × ${carbonWeight}, risk of loss × ${riskWeight}`,
    zh: `开始、运行与代价之和最小处：一元相当于 ${yuan}，碳排放 × ${carbonWeight}，损失风险 × ${riskWeight}`,
  }[language];
}

function patienceWords({ placing }: Policy, language: Language): string {
  const patience = placing?.patience ?? null;
  if (patience === null) return { en: "never: what can start does", zh: "从不：能启动即启动" }[language];
  const [gain, share] = [span(patience.leastGainS, language), percent(patience.leastGainShare)];
  return {
    en: `where it is to be done more than ${gain} earlier there, and by more than ${share} of the wait`,
    zh: `预计在该处可早 ${gain}以上完成，且超过所等时间的 ${share}`,
  }[language];
}

function movesWords({ placing }: Policy, language: Language): string {
  const moves = placing?.moves ?? null;
  if (moves === null || moves.most === 0) return { en: "never", zh: "从不" }[language];
  const gain = span(moves.leastGainS, language);
  return {
    en: `where it is done more than ${gain} earlier elsewhere, at most ${times(moves.most)} a task`,
    zh: `在别处可早 ${gain}以上完成则迁移，每个任务至多 ${moves.most} 次`,
  }[language];
}

function preemptionWords({ preemption, classes }: Policy, language: Language): string {
  if (preemption === null || Object.values(preemption.of).every((ended) => ended.length === 0))
    return { en: "never", zh: "从不" }[language];
  const { mostTimes, mostGraceS, mostOfPool, mostOfProject, mostOfTenant } = preemption;
  const grace = span(mostGraceS, language);
  const rest = {
    en: `of those who allow it; a task at most ${times(mostTimes)}, with up to ${grace} of warning and grace; within an hour at most ${mostOfPool} runs of one pool, ${mostOfProject} of one project, ${mostOfTenant} of one tenant`,
    zh: `仅限允许让位者；每个任务至多 ${mostTimes} 次，通知与宽限合计至多 ${grace}；每小时至多：同一资源池 ${mostOfPool} 个运行、同一项目 ${mostOfProject} 个、同一租户 ${mostOfTenant} 个`,
  }[language];
  return [...overWords(preemption.of, classes, language), rest, creditWords(preemption.compensation, language)].join(
    language === "zh" ? "；" : "; ",
  );
}

/** What a run that made way lost, in its submitter's usage. */
function creditWords(compensation: Compensation | null, language: Language): string {
  const credit = compensation?.usageCredit ?? 0;
  if (credit === 0)
    return { en: "what is lost is not billed and counts as used", zh: "丢失部分不计费，但计入用量" }[language];
  if (credit === 1)
    return { en: "what is lost is neither billed nor counted as used", zh: "丢失部分不计费，也不计入用量" }[language];
  return {
    en: `what is lost is not billed, and ${credit} times as much is taken off usage`,
    zh: `丢失部分不计费，并从用量中减去其 ${credit} 倍`,
  }[language];
}

/** `high over low and normal`. */
function overWords(of: Preemption["of"], classes: readonly JobClass[], language: Language): readonly string[] {
  const title = (name: string) => classTitle(name, language, classes);
  return classes.flatMap(({ name }) => {
    const ended = of[name] ?? [];
    if (ended.length === 0) return [];
    const names = ended.map(title);
    return [
      language === "zh"
        ? `优先级${spaced(title(name))}先于${spaced(names.join("、"))}`
        : `${title(name)} over ${names.join(" and ")}`,
    ];
  });
}

function span(seconds: number, language: Language): string {
  return durationWords(seconds * 1000, language);
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`;
}
