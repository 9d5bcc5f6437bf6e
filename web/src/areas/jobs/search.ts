import type { WireOutcome } from "#api/job.ts";
import { type StateKind, stateKinds } from "#core/job/state.ts";

/** The filters of the list of jobs; they live in the address, so that a view can be kept and sent. */
export type JobsSearch = {
  readonly state?: StateKind;
  readonly outcome?: WireOutcome["kind"];
  readonly project?: string;
  readonly person?: string;
  readonly centre?: string;
  readonly name?: string;
  readonly label?: string;
  readonly sinceMs?: number;
  /** Only jobs submitted up to that moment: the way to jump far back in a long list. */
  readonly beforeMs?: number;
};

/** In the order in which people look for them; the compiler checks that each is an outcome of the API. */
export const outcomeChoices = [
  "succeeded",
  "failed",
  "timed-out",
  "out-of-memory",
  "cancelled",
  "preempted",
  "node-failed",
  "platform-fault",
  "refused",
  "lost",
] as const satisfies readonly WireOutcome["kind"][];

/** An address may hold anything; what is no filter is left out. */
export function readJobsSearch(search: Record<string, unknown>): JobsSearch {
  const state = stateKinds.find((kind) => kind === search.state);
  const outcome = outcomeChoices.find((kind) => kind === search.outcome);
  return {
    ...(state && { state }),
    ...(outcome && { outcome }),
    ...text("project", search.project),
    ...text("person", search.person),
    ...text("centre", search.centre),
    ...text("name", search.name),
    ...text("label", search.label),
    ...moment("sinceMs", search.sinceMs),
    ...moment("beforeMs", search.beforeMs),
  };
}

function moment<Key extends string>(key: Key, value: unknown): { readonly [K in Key]?: number } {
  const atMs = Number(value);
  return Number.isSafeInteger(atMs) && atMs > 0 ? ({ [key]: atMs } as { readonly [K in Key]?: number }) : {};
}

/** The router reads `?name=7` as a number. */
function text<Key extends string>(key: Key, value: unknown): { readonly [K in Key]?: string } {
  if (typeof value !== "string" && typeof value !== "number") return {};
  const trimmed = String(value).trim();
  return trimmed === "" ? {} : ({ [key]: trimmed } as { readonly [K in Key]?: string });
}
