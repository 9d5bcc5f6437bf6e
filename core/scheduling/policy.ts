import { type JobClass, shippedClasses, shippedDefaultClass } from "#core/job/job-class.ts";

/**
 * How work is ordered and placed, as data: what a policy file holds after it was read. All times are whole seconds. The
 * scheduler of the live network and the simulator take the same value (docs/guides/policies.md explains each field).
 */
export type Policy = {
  readonly name: string;
  readonly order: Order;
  /** The first goes first, where the order has classes (`score`). A job of a class that is not here is as one of the default. */
  readonly classes: readonly JobClass[];
  readonly defaultClass: string;
  /** `kept`: the job that was chosen while it does not fit blocks until it starts, whatever comes (RLScheduler, SC'20). */
  readonly head: "chosen-again" | "kept";
  readonly backfill: Backfill;
  /** A job near so long a wait is served first, in order of submission, with a reservation nothing delays. null: none is. */
  readonly maxWaitS: number | null;
  /** How long before `maxWaitS` a job counts as near it. */
  readonly guardLeadS: number;
  /** null: nobody's usage moves the order. */
  readonly fairness: Fairness | null;
  /** A job past its start in the virtual schedule of its home alone goes ahead of visitors there. null: homes are alike. */
  readonly homePriority: HomePriority | null;
  /** null: the time asked for stands for the run time. */
  readonly prediction: Prediction | null;
  /** null: the order is taken as it is. */
  readonly lookahead: Lookahead | null;
  /** Where work goes, in the live network. null: where most is free, and what waits in a centre's own queue stays there. */
  readonly placing: Placing | null;
  /** null: nothing that runs is ended for another. The live network alone: a replay preempts nothing. */
  readonly preemption: Preemption | null;
};

/** Smallest first; ties by submission. Predicted times stand for those asked for where the policy has a prediction. */
export type Order =
  | { readonly kind: "fcfs" }
  /** The time asked for. */
  | { readonly kind: "sjf" }
  /** The time asked for × processors. */
  | { readonly kind: "saf" }
  /** log10(time asked for) × processors + 870 × log10(submission) (Carastan-Santos and de Camargo, SC'17). */
  | { readonly kind: "f1" }
  /** processors^α · predicted^β · asked^δ ÷ (1 + wait ÷ τ)^γ. */
  | {
      readonly kind: "score";
      readonly processorsPower: number;
      readonly predictedPower: number;
      readonly requestedPower: number;
      readonly waitPower: number;
      readonly waitScaleS: number;
    };

export type Backfill =
  | "none"
  /** The head alone has a reservation; others in the order of the queue. */
  | "easy"
  /** As easy; others by the time they ask for. */
  | "easy-sjbf"
  /** Every job has a reservation. */
  | "conservative"
  /** Others that are due before the end fixed when the head began to block (RLScheduler). */
  | "window";

/** Hierarchical, weighted, dominant resource: tenant, then project, then person. */
export type Fairness = {
  /** What usage weighs: decayed by half each `halfLifeS`. */
  readonly halfLifeS: number;
  /** The factor on the score of whoever has used least, and most, of what is theirs. 1 and 1: none. */
  readonly least: number;
  readonly most: number;
  /** How fast the factor moves with the share used; 0: not at all. */
  readonly power: number;
  /**
   * So soon starts work of a tenant that uses less than its share, its plan's promise: from half of it on it is served
   * first. null: none.
   */
  readonly promiseS: number | null;
  /** The same of tenants by name, each its plan's own; null: none. To those not named `promiseS` is promised. */
  readonly promises: Readonly<Record<string, number | null>>;
  /**
   * A job with a deadline goes ahead of its class so long before its latest start at most, as long as its submitter has used
   * no more than is theirs. null: deadlines move nobody. The live network alone: jobs of traces have none.
   */
  readonly deadlineLeadS: number | null;
  /** By the name of a tenant; of those not named 1. In a replay the tenants are the homes, weighing their processors. */
  readonly weights: Readonly<Record<string, number>>;
};

export type HomePriority = {
  /** So long past its virtual start a job goes ahead of visitors. */
  readonly afterS: number;
  /**
   * Visitors are kept away where a home's own jobs would have waited longer in sum than alone by more than this and
   * `allowancePerJobS` for each (docs/decisions/0087). null: they come in whatever they cost.
   */
  readonly allowanceS: number | null;
  readonly allowancePerJobS: number;
};

/** Run times from the submitter's own history of completed jobs; for order and lookahead alone. */
export type Prediction = {
  /** How many jobs of the wider class a job of the narrower one must outweigh. */
  readonly shrinkage: number;
  /** The weight of all before falls by this factor with each job completed. */
  readonly memory: number;
};

/** Plans the first jobs of the queue by predicted times under several orders and random moves, and keeps the best. */
export type Lookahead = {
  readonly jobs: number;
  readonly moves: number;
  /** Each second a job waits costs 1 + this ÷ its predicted run time: 0 minds waits alone, much minds the short ones. */
  readonly slowdownWeightS: number;
  /** The same while run times come as they were predicted; between the two by how far off they are (order/doubt.ts). */
  readonly knownSlowdownWeightS: number;
  /** How far fairness weighs in a plan's waits: each is divided by the factor to this power. */
  readonly fairnessPower: number;
  /**
   * The wait of a job that could start at once counts 1 + this times, less the nearer run times come to what was predicted.
   * 0: keeping back costs no more than waiting.
   */
  readonly holdBackCost: number;
  /** `reserved`: the first that cannot start holds a reservation by the times asked for, beside the plan. `planned`: the plan alone. */
  readonly head: "planned" | "reserved";
};

/**
 * Work goes where this sum is least, in seconds: the start (as far as it can be estimated, and not before its data is
 * there) + run time ÷ speed + the weighted price, carbon and risk (docs/decisions/0034).
 */
export type Placing = {
  /** So many seconds later weigh as much as one yuan more. */
  readonly secondsPerYuan: number;
  /** × kilograms of CO2 a kWh × the run time. */
  readonly carbonWeight: number;
  /** × the share of runs that are lost to failing nodes × the run time; 1: the time such a loss is expected to cost. */
  readonly riskWeight: number;
  /** Places whose sums differ by less are alike: then the free room decides. */
  readonly alikeS: number;
  /** null: what waits in a centre's own queue stays there. */
  readonly moves: Moves | null;
  /** null: what can start now does. */
  readonly patience: Patience | null;
};

/** When work waits for a faster pool of the network's own rather than start in a slower one (docs/decisions/0043). */
export type Patience = {
  /** Only where it is estimated to be done earlier by more than this, and by more than this share of the wait. */
  readonly leastGainS: number;
  readonly leastGainShare: number;
};

/** When a run that waits in a centre's own queue is taken back, to be placed elsewhere (B2 of docs/decisions/0034). */
export type Moves = {
  /** Only where the sum becomes less by more than this, and by more than this share of what it still has to wait. */
  readonly leastGainS: number;
  readonly leastGainShare: number;
  /** So many times a task at most. */
  readonly most: number;
};

/**
 * Which runs may be ended to make room for a waiting job that cannot start otherwise (docs/decisions/0035). Only those that
 * said so (`preemptible`), and of a lower priority class.
 */
export type Preemption = {
  /** By the class of who waits, the classes behind it of those whose runs may have to make room. */
  readonly of: Readonly<Record<string, readonly string[]>>;
  /** So many times a task makes room; then it is left alone. */
  readonly mostTimes: number;
  /** Runs that were asked to make room within an hour, in one pool, of one project and of one tenant. */
  readonly mostOfPool: number;
  readonly mostOfProject: number;
  readonly mostOfTenant: number;
  /** Each is given the warning and the grace that it asked for itself; one that asked for more in all is left alone. */
  readonly mostGraceS: number;
  /** What a run that was ended so has beside not being billed for what it lost. null: nothing. */
  readonly compensation: Compensation | null;
};

export type Compensation = {
  /** So many times what it lost is taken off its submitter's usage. 0: it counts as used. 1: it does not. */
  readonly usageCredit: number;
};

const usualClasses = { classes: shippedClasses, defaultClass: shippedDefaultClass } as const;

const plain = {
  ...usualClasses,
  head: "chosen-again",
  maxWaitS: null,
  guardLeadS: 0,
  fairness: null,
  homePriority: null,
  prediction: null,
  lookahead: null,
  placing: null,
  preemption: null,
} as const;
const keptHead = { ...plain, head: "kept" } as const;

/** Those that ship. `weir` is the default of the live network. */
export const policies = {
  fcfs: { name: "fcfs", ...plain, order: { kind: "fcfs" }, backfill: "none" },
  sjf: { name: "sjf", ...plain, order: { kind: "sjf" }, backfill: "none" },
  easy: { name: "easy", ...plain, order: { kind: "fcfs" }, backfill: "easy" },
  "easy-sjbf": { name: "easy-sjbf", ...plain, order: { kind: "fcfs" }, backfill: "easy-sjbf" },
  "sjf-easy": { name: "sjf-easy", ...plain, order: { kind: "sjf" }, backfill: "easy" },
  "saf-easy": { name: "saf-easy", ...plain, order: { kind: "saf" }, backfill: "easy" },
  conservative: { name: "conservative", ...plain, order: { kind: "fcfs" }, backfill: "conservative" },
  "rl-fcfs": { name: "rl-fcfs", ...keptHead, order: { kind: "fcfs" }, backfill: "none" },
  "rl-sjf": { name: "rl-sjf", ...keptHead, order: { kind: "sjf" }, backfill: "none" },
  "rl-f1": { name: "rl-f1", ...keptHead, order: { kind: "f1" }, backfill: "none" },
  "rl-fcfs-backfill": { name: "rl-fcfs-backfill", ...keptHead, order: { kind: "fcfs" }, backfill: "window" },
  "rl-sjf-backfill": { name: "rl-sjf-backfill", ...keptHead, order: { kind: "sjf" }, backfill: "window" },
  "rl-f1-backfill": { name: "rl-f1-backfill", ...keptHead, order: { kind: "f1" }, backfill: "window" },
  weir: {
    name: "weir",
    ...usualClasses,
    head: "chosen-again",
    order: {
      kind: "score",
      processorsPower: 1,
      predictedPower: 0.9,
      requestedPower: 0,
      waitPower: 1,
      waitScaleS: 20_000,
    },
    backfill: "easy",
    maxWaitS: 302_400,
    guardLeadS: 67_400,
    fairness: {
      halfLifeS: 604_800,
      least: 0.25,
      most: 4,
      power: 0.35,
      promiseS: null,
      promises: {},
      deadlineLeadS: 14_400,
      weights: {},
    },
    homePriority: { afterS: 172_800, allowanceS: 72_000, allowancePerJobS: 30 },
    prediction: { shrinkage: 2, memory: 0.5 },
    lookahead: {
      jobs: 32,
      moves: 50,
      slowdownWeightS: 600,
      knownSlowdownWeightS: 1500,
      fairnessPower: 0.25,
      holdBackCost: 1,
      head: "planned",
    },
    placing: {
      secondsPerYuan: 60,
      carbonWeight: 0.1,
      riskWeight: 1,
      alikeS: 60,
      moves: { leastGainS: 300, leastGainShare: 0.2, most: 3 },
      patience: { leastGainS: 300, leastGainShare: 0.2 },
    },
    preemption: {
      of: { normal: [], high: ["low", "normal"] },
      mostTimes: 2,
      mostOfPool: 60,
      mostOfProject: 20,
      mostOfTenant: 40,
      mostGraceS: 300,
      compensation: { usageCredit: 1 },
    },
  },
} as const satisfies Record<string, Policy>;

export type PolicyName = keyof typeof policies;

/** Whether the live network can follow it: rules of one paper's simulator it cannot. */
export function isLive({ head, backfill }: Policy): boolean {
  return head === "chosen-again" && backfill !== "window";
}
