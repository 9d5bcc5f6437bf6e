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
 * network itself): retired, its agent refused.
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
};

export function consequenceWords(step: IntakeStep, count: Consequences, language: Language): readonly string[] {
  const { waiting, running, onlyHere } = count;
  const sentences: Record<IntakeStep, readonly (readonly [en: string, zh: string])[]> = {
    drain: [
      [
        `Nothing new is sent there. What waits there (runs: ${waiting}) and what runs there (${running}) goes on.`,
        `不再派发新任务；在该处等待的 ${waiting} 个与运行中的 ${running} 个继续。`,
      ],
    ],
    suspend: [
      [
        `Nothing new is sent there. What waits there (runs: ${waiting}) is withdrawn and placed elsewhere; what runs there (${running}) goes on.`,
        `不再派发新任务；在该处等待的 ${waiting} 个将撤回并改派他处，运行中的 ${running} 个继续。`,
      ],
    ],
    resume: [["New work is sent there again.", "恢复派发新任务。"]],
    leave: [
      [
        `Nothing new is sent there. What waits there (runs: ${waiting}) is withdrawn and placed elsewhere; what runs there (${running}) goes on to its end.`,
        `不再派发新任务；在该处等待的 ${waiting} 个将撤回并改派他处，运行中的 ${running} 个继续至结束。`,
      ],
      [
        "Once nothing is left there the centre is out: it is retired for good and its agent is refused. Its history, usage and books stay.",
        "该处再无作业后，中心即退出：永久退役，其代理不再被接受；历史、用量与账目保留。",
      ],
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
