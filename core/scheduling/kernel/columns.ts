import type { Workload } from "../replay/workload.ts";

/** The columns a replay reads by job, and the two it writes: `startS` is -1 until the job has started. */
export type Columns = Pick<Workload, "submitS" | "runS" | "estimateS" | "processors" | "home"> & {
  readonly startS: Int32Array;
  readonly centre: Uint16Array;
};

/** The greatest second that a schedule can hold. */
export const lastSecondS = 2_147_483_647;

/** Thrown by a machine whose queue outlives the clock; `replay` returns it as a refusal. */
export class BeyondClock extends Error {
  override readonly name = "BeyondClock";
}

export function grown<T extends Int32Array | Float64Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
