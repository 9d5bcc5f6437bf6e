/**
 * What of a policy the form offers: the rules that somebody who runs a network changes, with the bounds within which they
 * mean something. All others are in the file beside the form.
 */
export type PolicyField =
  | { readonly kind: "choice"; readonly path: "order.kind"; readonly of: typeof orderKinds }
  | { readonly kind: "choice"; readonly path: "backfill"; readonly of: typeof backfills }
  | { readonly kind: "choice"; readonly path: "lookahead.head"; readonly of: typeof lookaheadHeads }
  | {
      readonly kind: "number";
      readonly path: string;
      readonly words: NumberWords;
      readonly unit: "d" | "h" | "min" | "s" | "times" | "fold" | "runs" | "none";
      /** The file's value of one of that unit. */
      readonly perUnit: number;
      readonly least: number;
      readonly most: number;
      /** The file holds a whole number. */
      readonly whole: boolean;
      /** It may be taken away: `null` in the file. */
      readonly nullable?: boolean;
    };

export type NumberWords =
  | "longest"
  | "lead"
  | "power"
  | "halfLife"
  | "promise"
  | "deadline"
  | "yuan"
  | "carbon"
  | "risk"
  | "gain"
  | "moves"
  | "times"
  | "grace"
  | "credit"
  | "ofPool"
  | "ofProject"
  | "ofTenant"
  | "homeAfter"
  | "allowance"
  | "perJob"
  | "alike"
  | "older"
  | "planned"
  | "tried"
  | "short"
  | "shortKnown"
  | "planFairness"
  | "holdBack"
  | "patience";
export type GroupName =
  | "order"
  | "fairness"
  | "home"
  | "prediction"
  | "lookahead"
  | "placing"
  | "patience"
  | "moves"
  | "preemption";

/** Those that the live network can follow. */
const orderKinds = ["score", "fcfs", "sjf", "saf", "f1"] as const;
const backfills = ["easy", "easy-sjbf", "conservative", "none"] as const;
const lookaheadHeads = ["planned", "reserved"] as const;

const plain = { kind: "number", unit: "none", perUnit: 1, least: 0, whole: false } as const;
const count = { kind: "number", unit: "times", perUnit: 1, least: 1, whole: true } as const;
const hours = { kind: "number", unit: "h", perUnit: 3600, least: 1, most: 8760, whole: true } as const;

/** `part`: the whole group can be taken away, and is `null` in the file then. */
export const groups: readonly {
  readonly name: GroupName;
  readonly part: string | null;
  readonly fields: readonly PolicyField[];
}[] = [
  {
    name: "order",
    part: null,
    fields: [
      { kind: "choice", path: "order.kind", of: orderKinds },
      { kind: "choice", path: "backfill", of: backfills },
      { ...hours, path: "maxWaitS", words: "longest", nullable: true },
      { ...hours, path: "guardLeadS", words: "lead", least: 0 },
    ],
  },
  {
    name: "fairness",
    part: "fairness",
    fields: [
      { ...plain, path: "fairness.power", words: "power", most: 8 },
      { ...hours, path: "fairness.halfLifeS", words: "halfLife", unit: "d", perUnit: 86_400, most: 365 },
      { ...hours, path: "fairness.promiseS", words: "promise", nullable: true },
      { ...hours, path: "fairness.deadlineLeadS", words: "deadline", nullable: true },
    ],
  },
  {
    name: "home",
    part: "homePriority",
    fields: [
      { ...hours, path: "homePriority.afterS", words: "homeAfter", least: 0 },
      { ...hours, path: "homePriority.allowanceS", words: "allowance", least: 0, nullable: true },
      { ...plain, path: "homePriority.allowancePerJobS", words: "perJob", unit: "s", most: 86_400, whole: true },
    ],
  },
  {
    name: "prediction",
    part: "prediction",
    fields: [
      { ...plain, path: "prediction.shrinkage", words: "alike", least: 0.01, most: 1000 },
      { ...plain, path: "prediction.memory", words: "older", most: 1 },
    ],
  },
  {
    name: "lookahead",
    part: "lookahead",
    fields: [
      { kind: "choice", path: "lookahead.head", of: lookaheadHeads },
      { ...count, path: "lookahead.jobs", words: "planned", unit: "none", least: 2, most: 200 },
      { ...count, path: "lookahead.moves", words: "tried", unit: "none", least: 0, most: 10_000 },
      { ...plain, path: "lookahead.slowdownWeightS", words: "short", most: 10_000_000, unit: "s" },
      { ...plain, path: "lookahead.knownSlowdownWeightS", words: "shortKnown", most: 10_000_000, unit: "s" },
      { ...plain, path: "lookahead.fairnessPower", words: "planFairness", most: 8 },
      { ...plain, path: "lookahead.holdBackCost", words: "holdBack", most: 1000 },
    ],
  },
  {
    name: "placing",
    part: "placing",
    fields: [
      { ...plain, path: "placing.secondsPerYuan", words: "yuan", unit: "s", most: 1_000_000 },
      { ...plain, path: "placing.carbonWeight", words: "carbon", most: 1000 },
      { ...plain, path: "placing.riskWeight", words: "risk", most: 1000 },
    ],
  },
  {
    name: "patience",
    part: "placing.patience",
    fields: [
      {
        ...hours,
        path: "placing.patience.leastGainS",
        words: "patience",
        unit: "min",
        perUnit: 60,
        least: 0,
        most: 1440,
      },
    ],
  },
  {
    name: "moves",
    part: "placing.moves",
    fields: [
      { ...hours, path: "placing.moves.leastGainS", words: "gain", unit: "min", perUnit: 60, least: 0, most: 1440 },
      { ...count, path: "placing.moves.most", words: "moves", least: 0, most: 100 },
    ],
  },
  {
    name: "preemption",
    part: "preemption",
    fields: [
      { ...count, path: "preemption.mostTimes", words: "times", most: 1000 },
      { ...hours, path: "preemption.mostGraceS", words: "grace", unit: "s", perUnit: 1, least: 0, most: 3600 },
      { ...plain, path: "preemption.compensation.usageCredit", words: "credit", most: 10, unit: "fold" },
      { ...count, path: "preemption.mostOfPool", words: "ofPool", unit: "runs", most: 1_000_000 },
      { ...count, path: "preemption.mostOfProject", words: "ofProject", unit: "runs", most: 1_000_000 },
      { ...count, path: "preemption.mostOfTenant", words: "ofTenant", unit: "runs", most: 1_000_000 },
    ],
  },
];
