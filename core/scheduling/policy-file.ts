import { classNamed, type JobClass } from "#core/job/job-class.ts";
import { nearestName } from "#core/nearest-name.ts";
import {
  type Backfill,
  type Compensation,
  type Fairness,
  type HomePriority,
  isLive,
  type Lookahead,
  type Moves,
  type Order,
  type Patience,
  type Placing,
  type Policy,
  type Prediction,
  type Preemption,
  policies,
} from "./policy.ts";

/** What is wrong at one place of a policy file, with what would be right; `path` as in `fairness.least`, empty: the file. */
export type PolicyIssue = { readonly path: string; readonly en: string; readonly zh: string };

export type ParsedPolicy =
  | { readonly kind: "policy"; readonly policy: Policy }
  | { readonly kind: "refused"; readonly issues: readonly PolicyIssue[] };

/**
 * A policy from the JSON of a policy file. What is left out is as in the policy it is `like`, which is `weir` where the file
 * does not say; parts that one has not are as in `weir`. All that is wrong is told at once.
 */
export function parsePolicy(value: unknown): ParsedPolicy {
  const issues: PolicyIssue[] = [];
  const file = new Part(value, "", issues);
  const like = file.choice("like", Object.keys(policies), "weir");
  const base: Policy = Object.entries(policies).find(([name]) => name === like)?.[1] ?? policies.weir;
  const classes = classesOf(file, base.classes);
  const policy: Policy = {
    name: file.name("name", base.name),
    classes,
    defaultClass: defaultClassOf(file, classes, base.defaultClass),
    order: orderOf(file.part("order"), base.order),
    head: file.choice("head", heads, base.head),
    backfill: file.choice("backfill", backfills, base.backfill),
    maxWaitS: file.numberOrNull("maxWaitS", base.maxWaitS, seconds),
    guardLeadS: file.number("guardLeadS", base.guardLeadS, { least: 0, most: seconds.most, whole: true }),
    fairness: fairnessOf(file.part("fairness"), base.fairness),
    homePriority: homePriorityOf(file.part("homePriority"), base.homePriority),
    prediction: predictionOf(file.part("prediction"), base.prediction),
    lookahead: lookaheadOf(file.part("lookahead"), base.lookahead),
    placing: placingOf(file.part("placing"), base.placing),
    preemption: preemptionOf(file.part("preemption"), base.preemption, classes),
  };
  file.end();
  if (issues.length === 0) issues.push(...contradictions(policy));
  return issues.length === 0 ? { kind: "policy", policy } : { kind: "refused", issues };
}

/** One that the live network can follow: rules of one paper's simulator it cannot. */
export function parseLivePolicy(value: unknown): ParsedPolicy {
  const parsed = parsePolicy(value);
  if (parsed.kind === "refused" || isLive(parsed.policy)) return parsed;
  const en = `${parsed.policy.name} is a policy of replays alone; the live network follows none with head kept or backfill window`;
  const zh = `${parsed.policy.name} 仅用于回放；实际网络不采用 head 为 kept 或 backfill 为 window 的策略`;
  return { kind: "refused", issues: [{ path: "head", en, zh }] };
}

/** One line for each. */
export function policyIssueWords(issues: readonly PolicyIssue[], language: "en" | "zh"): string {
  return issues
    .map(
      ({ path, en, zh }) =>
        `${path}${path === "" ? "" : language === "zh" ? "：" : ": "}${language === "zh" ? zh : en}`,
    )
    .join("\n");
}

const heads = ["chosen-again", "kept"] as const satisfies readonly Policy["head"][];
const backfills = ["none", "easy", "easy-sjbf", "conservative", "window"] as const satisfies readonly Backfill[];
const orderKinds = ["fcfs", "sjf", "saf", "f1", "score"] as const satisfies readonly Order["kind"][];
const seconds = { least: 1, most: 2_000_000_000, whole: true } as const;
const power = { least: 0, most: 8, whole: false } as const;
const slowdownWeight = { least: 0, most: 10_000_000, whole: false } as const;

function orderOf(part: Part | null | undefined, base: Order): Order {
  if (part === undefined || part === null) return base;
  const kind = part.choice("kind", orderKinds, base.kind);
  if (kind !== "score") {
    part.end();
    return { kind };
  }
  const from = base.kind === "score" ? base : policies.weir.order;
  const order: Order = {
    kind,
    processorsPower: part.number("processorsPower", from.processorsPower, power),
    predictedPower: part.number("predictedPower", from.predictedPower, power),
    requestedPower: part.number("requestedPower", from.requestedPower, power),
    waitPower: part.number("waitPower", from.waitPower, power),
    waitScaleS: part.number("waitScaleS", from.waitScaleS, seconds),
  };
  part.end();
  return order;
}

function fairnessOf(part: Part | null | undefined, base: Fairness | null): Fairness | null {
  if (part === undefined) return base;
  if (part === null) return null;
  const from: Fairness = base ?? policies.weir.fairness;
  const fairness = {
    halfLifeS: part.number("halfLifeS", from.halfLifeS, seconds),
    least: part.number("least", from.least, { least: 0.001, most: 1, whole: false }),
    most: part.number("most", from.most, { least: 1, most: 1000, whole: false }),
    power: part.number("power", from.power, power),
    promiseS: part.numberOrNull("promiseS", from.promiseS, seconds),
    promises: part.promises("promises", from.promises),
    deadlineLeadS: part.numberOrNull("deadlineLeadS", from.deadlineLeadS, seconds),
    weights: part.weights("weights", from.weights),
  };
  part.end();
  return fairness;
}

function homePriorityOf(part: Part | null | undefined, base: HomePriority | null): HomePriority | null {
  if (part === undefined) return base;
  if (part === null) return null;
  const from: HomePriority = base ?? policies.weir.homePriority;
  const orNone = { least: 0, most: seconds.most, whole: true } as const;
  const homePriority = {
    afterS: part.number("afterS", from.afterS, orNone),
    allowanceS: part.numberOrNull("allowanceS", from.allowanceS, orNone),
    allowancePerJobS: part.number("allowancePerJobS", from.allowancePerJobS, orNone),
  };
  part.end();
  return homePriority;
}

function predictionOf(part: Part | null | undefined, base: Prediction | null): Prediction | null {
  if (part === undefined) return base;
  if (part === null) return null;
  const from: Prediction = base ?? policies.weir.prediction;
  const prediction = {
    shrinkage: part.number("shrinkage", from.shrinkage, { least: 0.01, most: 1000, whole: false }),
    memory: part.number("memory", from.memory, { least: 0, most: 1, whole: false }),
  };
  part.end();
  return prediction;
}

function lookaheadOf(part: Part | null | undefined, base: Lookahead | null): Lookahead | null {
  if (part === undefined) return base;
  if (part === null) return null;
  const from: Lookahead = base ?? policies.weir.lookahead;
  const lookahead: Lookahead = {
    jobs: part.number("jobs", from.jobs, { least: 2, most: 200, whole: true }),
    moves: part.number("moves", from.moves, { least: 0, most: 10_000, whole: true }),
    slowdownWeightS: part.number("slowdownWeightS", from.slowdownWeightS, slowdownWeight),
    knownSlowdownWeightS: part.number("knownSlowdownWeightS", from.knownSlowdownWeightS, slowdownWeight),
    fairnessPower: part.number("fairnessPower", from.fairnessPower, power),
    holdBackCost: part.number("holdBackCost", from.holdBackCost, { least: 0, most: 1000, whole: false }),
    head: part.choice("head", ["planned", "reserved"], from.head),
  };
  part.end();
  return lookahead;
}

function placingOf(part: Part | null | undefined, base: Placing | null): Placing | null {
  if (part === undefined) return base;
  if (part === null) return null;
  const from: Placing = base ?? policies.weir.placing;
  const weight = { least: 0, most: 1000, whole: false } as const;
  const placing = {
    secondsPerYuan: part.number("secondsPerYuan", from.secondsPerYuan, { least: 0, most: 1_000_000, whole: false }),
    carbonWeight: part.number("carbonWeight", from.carbonWeight, weight),
    riskWeight: part.number("riskWeight", from.riskWeight, weight),
    alikeS: part.number("alikeS", from.alikeS, { least: 1, most: 86_400, whole: true }),
    moves: movesOf(part.part("moves"), from.moves),
    patience: patienceOf(part.part("patience"), from.patience),
  };
  part.end();
  return placing;
}

function movesOf(part: Part | null | undefined, base: Moves | null): Moves | null {
  if (part === undefined) return base;
  if (part === null) return null;
  const from: Moves = base ?? policies.weir.placing.moves;
  const moves = {
    leastGainS: part.number("leastGainS", from.leastGainS, { least: 0, most: seconds.most, whole: true }),
    leastGainShare: part.number("leastGainShare", from.leastGainShare, { least: 0, most: 1, whole: false }),
    most: part.number("most", from.most, { least: 0, most: 100, whole: true }),
  };
  part.end();
  return moves;
}

function patienceOf(part: Part | null | undefined, base: Patience | null): Patience | null {
  if (part === undefined) return base;
  if (part === null) return null;
  const from: Patience = base ?? policies.weir.placing.patience;
  const patience = {
    leastGainS: part.number("leastGainS", from.leastGainS, { least: 0, most: seconds.most, whole: true }),
    leastGainShare: part.number("leastGainShare", from.leastGainShare, { least: 0, most: 1, whole: false }),
  };
  part.end();
  return patience;
}

function preemptionOf(
  part: Part | null | undefined,
  base: Preemption | null,
  classes: readonly JobClass[],
): Preemption | null {
  if (part === null || (part === undefined && base === null)) return null;
  const from: Preemption = base ?? policies.weir.preemption;
  if (part === undefined) return { ...from, of: endedFor(undefined, from.of, classes) };
  const preemption: Preemption = {
    of: endedFor(part.part("of") ?? undefined, from.of, classes),
    mostTimes: part.number("mostTimes", from.mostTimes, { least: 1, most: 1000, whole: true }),
    mostOfPool: part.number("mostOfPool", from.mostOfPool, perHour),
    mostOfProject: part.number("mostOfProject", from.mostOfProject, perHour),
    mostOfTenant: part.number("mostOfTenant", from.mostOfTenant, perHour),
    mostGraceS: part.number("mostGraceS", from.mostGraceS, { least: 0, most: 3600, whole: true }),
    compensation: compensationOf(part.part("compensation"), from.compensation),
  };
  part.end();
  return preemption;
}

function compensationOf(part: Part | null | undefined, base: Compensation | null): Compensation | null {
  if (part === undefined) return base;
  if (part === null) return null;
  const from: Compensation = base ?? policies.weir.preemption.compensation;
  const compensation = {
    usageCredit: part.number("usageCredit", from.usageCredit, { least: 0, most: 10, whole: false }),
  };
  part.end();
  return compensation;
}

const perHour = { least: 1, most: 1_000_000, whole: true } as const;

/** By class those that may be ended for it: never of one's own class or of one ahead of it. */
function endedFor(part: Part | undefined, from: Preemption["of"], classes: readonly JobClass[]): Preemption["of"] {
  const names = classes.map(({ name }) => name);
  const of = names.slice(0, -1).map((name, at) => {
    const behind = names.slice(at + 1).reverse();
    const otherwise = behind.filter((one) => from[name]?.includes(one));
    return [name, part?.list(name, behind, otherwise) ?? otherwise] as const;
  });
  part?.end();
  return Object.fromEntries(of);
}

function classesOf(file: Part, base: readonly JobClass[]): readonly JobClass[] {
  const classes = file.parts("classes", 1, mostClasses)?.map((part, at): JobClass => {
    const name = part.slug("name", `class ${at + 1}`);
    const from = classNamed(name);
    const one = {
      name,
      en: part.textOrNull("en", from.en),
      zh: part.textOrNull("zh", from.zh),
      tenants: part.namesOrNull("tenants", from.tenants),
      projects: part.namesOrNull("projects", from.projects),
      longestS: part.numberOrNull("longestS", from.longestS, seconds),
      mostCoresOfTenant: part.numberOrNull("mostCoresOfTenant", from.mostCoresOfTenant, cores),
      mostCoresOfProject: part.numberOrNull("mostCoresOfProject", from.mostCoresOfProject, cores),
      mostCoresOfPerson: part.numberOrNull("mostCoresOfPerson", from.mostCoresOfPerson, cores),
    };
    part.end();
    return one;
  });
  return classes === undefined || classes.length === 0 ? base : classes;
}

/** Where the file lists classes and says nothing of it: the same as ever if it is there, else the only one, or what the file has to say. */
function defaultClassOf(file: Part, classes: readonly JobClass[], base: string): string {
  const names = classes.map(({ name }) => name);
  const [only = base] = names;
  return file.choice("defaultClass", names, names.length === 1 ? only : base);
}

const mostClasses = 20;
const cores = { least: 1, most: 1_000_000_000, whole: true } as const;
/** What `weir why` and the API say in place of a class. */
const notClasses: readonly string[] = ["waited", "promised", "plain"];

/** What each field alone allows and all together do not. */
function contradictions(policy: Policy): readonly PolicyIssue[] {
  const { head, backfill, order, maxWaitS, guardLeadS, fairness, homePriority, prediction, lookahead } = policy;
  const found: PolicyIssue[] = [...classContradictions(policy)];
  const isPlain = [maxWaitS, fairness, homePriority, prediction, lookahead].every((one) => one === null);
  if (maxWaitS !== null && guardLeadS > maxWaitS)
    found.push({
      path: "guardLeadS",
      en: `${guardLeadS} is more than the longest wait, maxWaitS (${maxWaitS}). Make it smaller: a job is near its longest wait so long before it.`,
      zh: `${guardLeadS} 大于最长等待 maxWaitS（${maxWaitS}）。请减小：它表示距最长等待还有多久时算作临近。`,
    });
  if ((backfill === "window" || head === "kept") && (head !== "kept" || !isPlain || order.kind === "score"))
    found.push({
      path: backfill === "window" ? "backfill" : "head",
      en: "a kept head and the window backfill are RLScheduler's rules and go with nothing else. Write head kept, and null for maxWaitS, fairness, homePriority, prediction and lookahead; or backfill easy.",
      zh: "head 取 kept 与 backfill 取 window 属于 RLScheduler 的规则，不与其他部分并用。请写 head 为 kept，并令 maxWaitS、fairness、homePriority、prediction、lookahead 为 null；或令 backfill 为 easy。",
    });
  if ((backfill === "conservative" || backfill === "easy-sjbf") && (!isPlain || order.kind === "score"))
    found.push({
      path: "backfill",
      en: `${backfill} goes with a plain order only. Write null for maxWaitS, fairness, homePriority, prediction and lookahead; or backfill easy.`,
      zh: `${backfill} 只与朴素次序并用。请令 maxWaitS、fairness、homePriority、prediction、lookahead 为 null；或令 backfill 为 easy。`,
    });
  if (backfill === "conservative" && order.kind !== "fcfs")
    found.push({
      path: "order.kind",
      en: "conservative backfill plans first come, first served. Write fcfs.",
      zh: "conservative 回填按先来先服务规划。请写 fcfs。",
    });
  if (backfill === "none" && lookahead !== null)
    found.push({
      path: "lookahead",
      en: "looking ahead chooses what is backfilled, and there is no backfill. Write backfill easy, or lookahead null.",
      zh: "前瞻用于选择回填作业，而此处没有回填。请令 backfill 为 easy，或 lookahead 为 null。",
    });
  return found;
}

function classContradictions({ classes, defaultClass }: Policy): readonly PolicyIssue[] {
  const names = classes.map(({ name }) => name);
  const found: PolicyIssue[] = [];
  for (const [at, name] of names.entries()) {
    const path = `classes[${at}].name`;
    if (names.indexOf(name) !== at)
      found.push({
        path,
        en: `there are two classes ${name}. Give each a name of its own.`,
        zh: `有两个名为 ${name} 的等级。请使各等级名称不同。`,
      });
    if (notClasses.includes(name))
      found.push({
        path,
        en: `${name} says how a job waits, and is no name of a class. Choose another.`,
        zh: `${name} 用于说明作业为何等待，不能作等级名称。请另选名称。`,
      });
  }
  const usual = classes.find(({ name }) => name === defaultClass);
  if (!usual)
    found.push({
      path: "defaultClass",
      en: `there is no class ${defaultClass} in classes. Write one of ${names.join(", ")}: jobs that name none are of it.`,
      zh: `classes 中没有等级 ${defaultClass}。请写 ${names.join("、")} 之一：未指明等级的作业归入其中。`,
    });
  else if (usual.tenants !== null || usual.projects !== null)
    found.push({
      path: "defaultClass",
      en: `class ${defaultClass} is not for everybody, and jobs that name no class are of it. Take tenants and projects out of it, or choose another.`,
      zh: `等级 ${defaultClass} 并非人人可用，而未指明等级的作业归入其中。请从中删去 tenants 与 projects，或另选其一。`,
    });
  return found;
}

type Bounds = { readonly least: number; readonly most: number; readonly whole: boolean };

/** One object of the file: fields are asked for by name, and `end` refuses those nobody asked for. */
class Part {
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #path: string;
  readonly #issues: PolicyIssue[];
  readonly #known: string[] = [];

  constructor(value: unknown, path: string, issues: PolicyIssue[]) {
    this.#path = path;
    this.#issues = issues;
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    this.#fields = new Map(isObject ? Object.entries(value) : []);
    if (!isObject)
      issues.push({
        path,
        en: `${shown(value)} is not an object of fields. Write one in braces, as in docs/guides/policies.md.`,
        zh: `${shown(value)} 不是由字段组成的对象。请用花括号书写，见 docs/guides/policies.md。`,
      });
  }

  /** undefined: left out; null: said to be none. */
  part(field: string): Part | null | undefined {
    const value = this.#value(field);
    if (value === undefined) return undefined;
    return value === null && field !== "order" ? null : new Part(value, this.#pathOf(field), this.#issues);
  }

  /** Several objects in a list. */
  parts(field: string, least: number, most: number): readonly Part[] | undefined {
    const value = this.#value(field);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.length >= least && value.length <= most)
      return value.map((one, at) => new Part(one, `${this.#pathOf(field)}[${at}]`, this.#issues));
    const [en, zh] = [`a list of ${least} to ${most} objects`, `由 ${least} 至 ${most} 个对象组成的列表`];
    return this.#refuse(field, value, [], en, zh);
  }

  slug(field: string, otherwise: string): string {
    const value = this.#value(field);
    if (typeof value === "string" && slugPattern.test(value)) return value;
    const en =
      "1 to 63 small letters, digits, dots, hyphens and underscores, beginning and ending with a letter or digit";
    const zh = "1 至 63 个小写字母、数字、点、连字符或下划线，首尾为字母或数字";
    return this.#refuse(field, value, otherwise, en, zh);
  }

  /** A line of words. */
  textOrNull(field: string, otherwise: string | null): string | null {
    const value = this.#value(field);
    if (value === undefined) return otherwise;
    if (value === null || (typeof value === "string" && value.length <= 40 && isTitle.test(value))) return value;
    return this.#refuse(
      field,
      value,
      otherwise,
      "1 to 40 characters on one line, or null",
      "一行 1 至 40 个字符，或 null",
    );
  }

  namesOrNull(field: string, otherwise: readonly string[] | null): readonly string[] | null {
    const value = this.#value(field);
    if (value === undefined) return otherwise;
    if (value === null) return null;
    const names = Array.isArray(value) ? value.filter((one) => typeof one === "string" && slugPattern.test(one)) : [];
    const isList = Array.isArray(value) && value.length > 0 && value.length <= 1000 && names.length === value.length;
    if (isList) return [...new Set<string>(names)];
    return this.#refuse(
      field,
      value,
      otherwise,
      'a list of names like ["physics"], or null',
      '形如 ["physics"] 的名称列表，或 null',
    );
  }

  name(field: string, otherwise: string): string {
    const value = this.#value(field);
    if (value === undefined) return otherwise;
    if (typeof value === "string" && /^[\p{L}\p{N}][\p{L}\p{N}._ -]{0,63}$/u.test(value)) return value;
    return this.#refuse(
      field,
      value,
      otherwise,
      "1 to 64 letters, digits, dots, hyphens, underscores and blanks, beginning with a letter or digit",
      "1 至 64 个字母、数字、点、连字符、下划线或空格，以字母或数字开头",
    );
  }

  choice<One extends string>(field: string, of: readonly One[], otherwise: One): One {
    const value = this.#value(field);
    if (value === undefined) return otherwise;
    const chosen = of.find((one) => one === value);
    if (chosen !== undefined) return chosen;
    const nearest = typeof value === "string" ? nearestName(value, of) : null;
    const [hint, hintZh] = nearest === null ? ["", ""] : [` (${nearest}?)`, `（是否想写 ${nearest}？）`];
    return this.#refuse(field, value, otherwise, `one of ${of.join(", ")}${hint}`, `${of.join("、")} 之一${hintZh}`);
  }

  list<One extends string>(field: string, of: readonly One[], otherwise: readonly One[]): readonly One[] {
    const value = this.#value(field);
    if (value === undefined) return otherwise;
    const chosen = Array.isArray(value) ? of.filter((one) => value.includes(one)) : [];
    if (Array.isArray(value) && chosen.length === value.length) return chosen;
    const known = of.map((one) => JSON.stringify(one)).join(", ");
    return this.#refuse(field, value, otherwise, `a list of any of ${known}`, `由 ${known} 中若干项组成的列表`);
  }

  number(field: string, otherwise: number, bounds: Bounds): number {
    const value = this.#value(field);
    return value === undefined ? otherwise : this.#number(field, value, otherwise, bounds, "");
  }

  numberOrNull(field: string, otherwise: number | null, bounds: Bounds): number | null {
    const value = this.#value(field);
    if (value === undefined) return otherwise;
    return value === null ? null : this.#number(field, value, 0, bounds, ", or null");
  }

  /** Of tenants by name. */
  weights(field: string, otherwise: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
    const bounds = { least: 0.001, most: 1_000_000, whole: false };
    return this.#byName(field, otherwise, '{"physics": 3}', (part, name) => part.number(name, 1, bounds));
  }

  /** Of tenants by name. */
  promises(field: string, otherwise: Fairness["promises"]): Fairness["promises"] {
    return this.#byName(field, otherwise, '{"physics": 3600}', (part, name) => part.numberOrNull(name, null, seconds));
  }

  #byName<One>(
    field: string,
    otherwise: Readonly<Record<string, One>>,
    example: string,
    one: (part: Part, name: string) => One,
  ): Readonly<Record<string, One>> {
    const value = this.#value(field);
    if (value === undefined) return otherwise;
    if (value === null || typeof value !== "object" || Array.isArray(value))
      return this.#refuse(field, value, otherwise, `an object like ${example}`, `形如 ${example} 的对象`);
    const part = new Part(value, this.#pathOf(field), this.#issues);
    return Object.fromEntries(Object.keys(value).map((name) => [name, one(part, name)]));
  }

  end(): void {
    for (const field of this.#fields.keys()) {
      if (this.#known.includes(field)) continue;
      const nearest = nearestName(field, this.#known);
      this.#issues.push({
        path: this.#pathOf(field),
        en: `there is no such field. ${nearest === null ? `Known: ${this.#known.join(", ")}` : `Did you mean ${nearest}?`}`,
        zh: `没有这个字段。${nearest === null ? `可用：${this.#known.join("、")}` : `是否想写 ${nearest}？`}`,
      });
    }
  }

  #number(field: string, value: unknown, otherwise: number, { least, most, whole }: Bounds, also: string): number {
    const isNumber = typeof value === "number" && value >= least && value <= most;
    if (isNumber && (!whole || Number.isInteger(value))) return value;
    const [kind, kindZh] = whole ? ["a whole number", "整数"] : ["a number", "数"];
    const alsoZh = also === "" ? "" : "，或 null";
    const en = `${kind} from ${least} to ${most}${also}`;
    return this.#refuse(field, value, otherwise, en, `${least} 至 ${most} 的${kindZh}${alsoZh}`);
  }

  #value(field: string): unknown {
    this.#known.push(field);
    return this.#fields.get(field);
  }

  #refuse<T>(field: string, value: unknown, otherwise: T, en: string, zh: string): T {
    this.#issues.push({
      path: this.#pathOf(field),
      en: `${shown(value)} cannot be it. Expected: ${en}.`,
      zh: `不能为 ${shown(value)}。应为：${zh}。`,
    });
    return otherwise;
  }

  #pathOf(field: string): string {
    return this.#path === "" ? field : `${this.#path}.${field}`;
  }
}

/** As names of tenants and projects are (api/values.ts `slug`). */
const slugPattern = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;
const isTitle = /^[^\p{C}\s](?:[^\p{C}]*[^\p{C}\s])?$/u;

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 60);
}
