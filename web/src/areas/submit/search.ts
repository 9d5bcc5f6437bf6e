/** `from`: begin with what that job asked for. */
export type SubmitSearch = { readonly from?: number };

export function readSubmitSearch(search: Record<string, unknown>): SubmitSearch {
  const from = Number(search.from);
  return Number.isSafeInteger(from) && from > 0 ? { from } : {};
}
