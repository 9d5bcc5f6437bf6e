import { type Amounts, fits, take } from "./amounts.ts";

/** What both schedules of a home's own work alone are made of: one that goes on at each moment (home.ts), one by true run times (alone.ts). */

/** So many that are not over are known; of those that wait the first so many are looked at in one pass. */
export const mostQueued = 20_000;
const mostScanned = 2_000;

type Waiting = { readonly needs: Amounts; readonly limitS: number };

/** When enough is free for whoever is reserved for, and what is free beside it then. */
export type Shadow = { readonly atS: number; readonly extra: number[] };

/**
 * Whoever comes first and does not fit holds the one reservation; others start where they do not delay it. Looks at the queue
 * from `first` to before `end`; answers where it begins from then on. `start` takes what one needs of `free`.
 */
export function startOwn<Entry extends Waiting>(
  queue: Entry[],
  { first, end }: { readonly first: number; readonly end: number },
  { free, nowS }: { readonly free: Amounts; readonly nowS: number },
  isGone: (entry: Entry) => boolean,
  reserve: (needs: Amounts) => Shadow,
  start: (entry: Entry) => void,
): number {
  const last = Math.min(end, first + mostScanned);
  let head: Shadow | null = null;
  let left = first;
  let at = first;
  for (; at < last && (free[0] ?? 0) > 0; at += 1) {
    const entry = queue[at];
    if (!entry || isGone(entry)) continue;
    const { needs, limitS } = entry;
    const isDue = head === null || nowS + limitS <= head.atS;
    if (fits(needs, free) && (isDue || fits(needs, head?.extra ?? []))) {
      if (head && !isDue) take(head.extra, needs, -1);
      start(entry);
      continue;
    }
    queue[left++] = entry;
    head ??= reserve(needs);
  }
  if (left === at) return first;
  // Those that stay close up to those that were not looked at, which may be many.
  let to = at;
  for (let from = left - 1; from >= first; from -= 1) {
    const entry = queue[from];
    if (entry) queue[--to] = entry;
  }
  return to;
}

/** Drops what is before the first of a queue now and then; answers how much. */
export function dropBefore(queue: unknown[], first: number): number {
  if (first <= 1024 || 2 * first <= queue.length) return 0;
  queue.splice(0, first);
  return first;
}

/** For one that does not fit now; `running` by `of`, when each is over at the latest. */
export function reserveOwn<Entry extends Waiting>(
  needs: Amounts,
  freeNow: Amounts,
  running: readonly Entry[],
  of: (entry: Entry) => number,
): Shadow {
  const free = [...freeNow];
  let atS = Number.POSITIVE_INFINITY;
  for (const entry of running) {
    const overS = of(entry);
    if (overS > atS) break;
    take(free, entry.needs, 1);
    if (atS === Number.POSITIVE_INFINITY && fits(needs, free)) atS = overS;
  }
  take(free, needs, -1);
  return { atS, extra: free };
}

/** Behind those of that time. */
export function placeAfter<Entry>(entries: readonly Entry[], atS: number, of: (entry: Entry) => number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = entries[middle];
    if (entry && of(entry) <= atS) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function placeOf<Entry>(entries: readonly Entry[], entry: Entry, of: (entry: Entry) => number): number {
  let at = placeAfter(entries, of(entry), of) - 1;
  while (at > 0 && entries[at] !== entry) at -= 1;
  return at;
}
