import { limits } from "#api/limits.ts";

/** What whoever runs a server may set in its environment, beside the address of its database. */
export type Settings = {
  /** For so long a centre may be silent before it counts as unreachable (R2). */
  readonly unreachableAfterMs: number;
  /** So many tasks an array may have. */
  readonly arrayTasks: number;
};

/** Throws an `Error` with words for the operator where a setting is no whole number within its bounds. */
export function readSettings(environment: Environment): Settings {
  return {
    unreachableAfterMs: wholeNumber(environment, "WEIR_UNREACHABLE_AFTER_S", 30, 6, 86_400) * 1000,
    arrayTasks: wholeNumber(environment, "WEIR_ARRAY_TASKS", limits.arrayTasks, 1, 1_000_000),
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

function wholeNumber(environment: Environment, name: string, otherwise: number, least: number, most: number): number {
  const text = environment[name] || `${otherwise}`;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new Error(`${name}=${text}: give a whole number from ${least} to ${most}.`);
}
