export const lifeCycles = ["planned", "building", "trial", "in-service", "retired"] as const;

export type LifeCycle = (typeof lifeCycles)[number];

/** Which life-cycle may follow which: the only such table. `retired` is final; a trial that fails goes back to building. */
export const legalMoves = {
  planned: ["building", "retired"],
  building: ["trial", "retired"],
  trial: ["in-service", "building", "retired"],
  "in-service": ["retired"],
  retired: [],
} as const satisfies Record<LifeCycle, readonly LifeCycle[]>;

/** Whether users' work is placed on it. Trial capacity is for connection tests, not for users. */
export const runsJobs = {
  planned: false,
  building: false,
  trial: false,
  "in-service": true,
  retired: false,
} as const satisfies Record<LifeCycle, boolean>;

export type Moved =
  | { readonly kind: "moved"; readonly lifeCycle: LifeCycle }
  | {
      readonly kind: "illegal";
      readonly from: LifeCycle;
      readonly to: LifeCycle;
      readonly legal: readonly LifeCycle[];
    };

export function move(from: LifeCycle, to: LifeCycle): Moved {
  const legal: readonly LifeCycle[] = legalMoves[from];
  return legal.includes(to) ? { kind: "moved", lifeCycle: to } : { kind: "illegal", from, to, legal };
}
