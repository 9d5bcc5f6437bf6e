import type { Language } from "#core/language.ts";

/**
 * Whether a centre takes new work, and how that changes: the only such table. It is apart from its life-cycle
 * (core/centre/centre.ts), which says how far it is built. What runs there always goes on to its end.
 */
export const intakes = ["open", "draining", "suspended", "leaving", "left"] as const;
export type Intake = (typeof intakes)[number];

/**
 * `drain`: nothing new; what waits there and what runs goes on. `suspend`: nothing new, and what waits there is
 * withdrawn and placed elsewhere. `leave`: as suspend, and once nothing is left there the centre is out (`part`, by the
 * network itself): retired, and its agent refused once the agreed retention is over, in which users fetch their output.
 */
export const intakeSteps = ["drain", "suspend", "resume", "leave"] as const;
export type IntakeStep = (typeof intakeSteps)[number];

export const resultOf = {
  drain: "draining",
  suspend: "suspended",
  resume: "open",
  leave: "leaving",
  part: "left",
} as const satisfies Record<IntakeStep | "part", Intake>;

const legal = {
  open: ["drain", "suspend", "leave"],
  draining: ["suspend", "resume", "leave"],
  suspended: ["drain", "resume", "leave"],
  leaving: ["resume", "part"],
  left: [],
} as const satisfies Record<Intake, readonly (IntakeStep | "part")[]>;

export type IntakeMoved =
  | { readonly kind: "moved"; readonly intake: Intake }
  | { readonly kind: "illegal"; readonly from: Intake; readonly legal: readonly IntakeStep[] };

export function moveIntake(from: Intake, step: IntakeStep | "part"): IntakeMoved {
  const steps: readonly (IntakeStep | "part")[] = legal[from];
  return steps.includes(step)
    ? { kind: "moved", intake: resultOf[step] }
    : { kind: "illegal", from, legal: legalIntakeSteps(from) };
}

/** What an administrator may do with it now; the console's buttons and the CLI's refusals read this. */
export function legalIntakeSteps(from: Intake): readonly IntakeStep[] {
  const steps: readonly (IntakeStep | "part")[] = legal[from];
  return intakeSteps.filter((step) => steps.includes(step));
}

/** Whether what waits there is withdrawn, to be placed elsewhere. */
export const withdrawsWaiting = {
  open: false,
  draining: false,
  suspended: true,
  leaving: true,
  left: true,
} as const satisfies Record<Intake, boolean>;

/** What a step does to work that is there now, with counts: said before it is taken. */
export type Consequences = {
  /** Sent there and not started: in the centre's own queue, or on the way. */
  readonly waiting: number;
  readonly running: number;
  /** Tasks in the network's queue that no other centre could ever run. */
  readonly onlyHere: number;
  /** The tenants whose home it is. */
  readonly homeOf: readonly string[];
  /** By its terms. */
  readonly retentionDays: number;
};

export function consequenceWords(step: IntakeStep, count: Consequences, language: Language): readonly string[] {
  const { waiting, running, onlyHere, homeOf, retentionDays } = count;
  const sentences: Record<IntakeStep, readonly Said[]> = {
    drain: [nothingNew, ...waitingSaid("goes on", count), ...runningSaid(running)],
    suspend: [nothingNew, ...waitingSaid("is withdrawn", count), ...runningSaid(running)],
    resume: [["New work is sent there again.", "恢复派发新任务。"]],
    leave: [
      nothingNew,
      ...waitingSaid("is withdrawn", count),
      ...runningSaid(running),
      waiting + running === 0
        ? [
            "Nothing of the network is there, so the centre is out within some seconds: retired for good. Until then it can be resumed.",
            "该处没有算力网的作业，中心将在数秒内退出：永久退役。在此之前仍可恢复。",
          ]
        : [
            "Once nothing is left there the centre is out: retired for good. Until then it can be resumed.",
            "该处再无作业后，中心即退出：永久退役。在此之前仍可恢复。",
          ],
      logsSaid(retentionDays),
      ...homeSaid(homeOf),
    ],
  };
  const only: readonly (readonly [string, string])[] =
    onlyHere > 0 && step !== "resume"
      ? [
          [
            `Queued tasks that can run nowhere else (${onlyHere}) wait${step === "leave" ? " for ever, unless they are cancelled" : " until it resumes"}.`,
            `${onlyHere} 个排队任务只能在此运行：将${step === "leave" ? "一直等待，除非取消" : "等到恢复"}。`,
          ],
        ]
      : [];
  return [...sentences[step], ...only].map(([en, zh]) => (language === "zh" ? zh : en));
}

type Said = readonly [en: string, zh: string];

const nothingNew: Said = ["Nothing new is sent there.", "不再派发新任务。"];

function waitingSaid(fate: "goes on" | "is withdrawn", { waiting }: Consequences): readonly Said[] {
  if (waiting === 0)
    return fate === "goes on"
      ? [["What is on its way there by then still starts.", "届时已派往该处的仍会启动。"]]
      : [["What has not started there by then is placed elsewhere.", "届时尚未启动的改派他处。"]];
  const who = waiting === 1 ? "The run that waits there" : `The ${waiting} runs that wait there`;
  const zh = `在该处等待的 ${waiting} 个`;
  if (fate === "goes on") return [[`${who} ${waiting === 1 ? "stays" : "stay"} in its queue.`, `${zh}继续等待。`]];
  return [[`${who} ${waiting === 1 ? "is" : "are"} withdrawn and placed elsewhere.`, `${zh}将撤回并改派他处。`]];
}

function runningSaid(running: number): readonly Said[] {
  if (running === 0) return [];
  const who = running === 1 ? "The run that has started there goes" : `The ${running} runs that have started there go`;
  return [[`${who} on to ${running === 1 ? "its" : "their"} end.`, `运行中的 ${running} 个继续至结束。`]];
}

function logsSaid(days: number): Said {
  if (days === 0)
    return [
      "Its history, usage and books stay. The logs of its jobs lie at the centre, and can be read no more once it is out: its agent is refused.",
      "历史、用量与账目保留；作业日志存于该中心，退出后其代理不再被接受，日志不能再读取。",
    ];
  return [
    `Its history, usage and books stay. The logs of its jobs lie at the centre: they can be read for ${days === 1 ? "1 day" : `${days} days`} after it is out, as long as its agent runs, which is refused then.`,
    `历史、用量与账目保留；作业日志存于该中心：退出后 ${days} 天内，其代理仍在运行时可以读取，之后代理不再被接受。`,
  ];
}

function homeSaid(tenants: readonly string[]): readonly Said[] {
  if (tenants.length === 0) return [];
  const [one = ""] = tenants;
  return [
    tenants.length === 1
      ? [
          `It is the home of tenant ${one}, which has none from then on.`,
          `它是租户 ${one} 的所属中心，此后该租户没有所属中心。`,
        ]
      : [
          `It is the home of the tenants ${tenants.join(", ")}, which have none from then on.`,
          `它是租户 ${tenants.join("、")} 的所属中心，此后这些租户没有所属中心。`,
        ],
  ];
}
