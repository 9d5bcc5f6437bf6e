import type { CentreId } from "#core/ids.ts";

/** One centre and the first rule a task fails there; `rule` null: it could start there now. */
export type Candidate = {
  readonly centre: CentreId;
  readonly rule: CentreRule | null;
  readonly holds: Holds;
  readonly facts: Facts;
};

/** `never`: no waiting helps there, as the centre is now. */
export type Holds = "now" | "later" | "never";
export type Facts = Readonly<Record<string, string | number | boolean | null>>;
export type Language = "en" | "zh";

/** A rule of the job itself, before any centre is asked. */
export type JobRule =
  | "dependency-waits"
  | "dependency-never-satisfied"
  | "singleton-waits"
  | "array-throttle"
  | "no-centre";

/** The rules a centre is asked, in this order; the first that fails is the reason. */
export const centreRules = [
  "not-among-wished",
  "excluded-by-job",
  "not-in-service",
  "never-connected",
  "unreachable",
  "several-nodes",
  "too-few-nodes",
  "too-few-cores",
  "too-little-memory",
  "no-such-accelerator",
  "too-few-accelerators",
  "cores-busy",
  "memory-busy",
  "accelerators-busy",
  "behind-in-queue",
] as const;
export type CentreRule = (typeof centreRules)[number];
