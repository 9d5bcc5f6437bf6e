import { type ActGroup, actGroups } from "#core/act.ts";

/** What narrows the list of what was done; in the address, so that a view can be kept and sent. */
export type ActsSearch = {
  readonly group?: ActGroup;
  /** Who did it. */
  readonly person?: string;
  /** To whom or what, as the API has it: `person:ed`, `centre:jinan`. */
  readonly about?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
};

/** An address may hold anything; what is no filter is left out. */
export function readActsSearch(search: Record<string, unknown>): ActsSearch {
  const group = actGroups.find((one) => one === search.group);
  const [person, about] = [textIn(search.person), textIn(search.about)];
  const [fromMs, toMs] = [momentIn(search.fromMs), momentIn(search.toMs)];
  return {
    ...(group && { group }),
    ...(person && { person }),
    ...(about && { about }),
    ...(fromMs && { fromMs }),
    ...(toMs && { toMs }),
  };
}

/** The router reads `?person=7` as a number. */
function textIn(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value).trim() : undefined;
}

function momentIn(value: unknown): number | undefined {
  const atMs = Number(value);
  return Number.isSafeInteger(atMs) && atMs > 0 ? atMs : undefined;
}
