import { type Refused, refused } from "#server/http/handler.ts";

/** A cursor is the id of the last row that was shown; null where there is none, a refusal where it is not one of ours. */
export function readCursor(cursor: string | undefined): number | null | Refused {
  if (cursor === undefined) return null;
  const value = /^(0|[1-9]\d{0,15})$/.test(cursor) ? Number(cursor) : Number.NaN;
  return Number.isSafeInteger(value) ? value : refused({ kind: "bad-cursor" });
}

/** One row more than asked was read: it says whether there is a next page and is not shown. */
export function cutPage<Row>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (last: Row) => string | number,
): { readonly rows: readonly Row[]; readonly next: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > limit && last !== undefined ? String(cursorOf(last)) : null };
}
