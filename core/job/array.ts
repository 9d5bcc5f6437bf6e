import { type Phrase, phrase } from "#core/job/phrase.ts";
import type { ArraySpec, IndexRange } from "#core/job/spec.ts";
import { taskCount } from "#core/job/spec.ts";
import type { Refusal } from "#core/refusal.ts";

/**
 * Reads `--array` as sbatch does: `1-1000%50`, `0-9:2`, `1,3,7` and mixtures; what overlaps is merged. The answer is
 * canonical: two texts that mean the same indices give equal ranges, ascending and disjoint in order of index.
 *
 * @param maxTasks the network's limit of tasks in one array; larger ones are refused before anything is counted out.
 */
export function parseArray(text: string, maxTasks: number): ParsedArray {
  const match = /^([^%]+)(?:%(\d{1,9}))?$/.exec(text);
  if (!match) return bad(text, phrase("not-an-array"));
  const throttle = match[2] === undefined ? null : Number(match[2]);
  if (throttle === 0) return bad(text, phrase("throttle-of-0"));
  const ranges: IndexRange[] = [];
  for (const word of (match[1] ?? "").split(",")) {
    const range = parseRange(word);
    if ("kind" in range) return bad(text, range);
    ranges.push(range);
  }
  const counted = taskCount({ ranges, throttle: null });
  const [only] = ranges;
  if (ranges.length === 1 && only && isCanonical(only)) {
    return counted > maxTasks ? tooLarge(counted, maxTasks) : ok(ranges, throttle);
  }
  // Overlaps are merged by writing the indices out, which is bounded: repeats beyond this say nothing a user means.
  if (counted > 4 * maxTasks) return tooLarge(counted, maxTasks);
  const indices = distinct(ranges, counted);
  return indices.length > maxTasks ? tooLarge(indices.length, maxTasks) : ok(compressed(indices), throttle);
}

export type ParsedArray =
  | { readonly kind: "ok"; readonly array: ArraySpec }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** The shortest usual writing; `parseArray` of it gives the same array back. */
export function arrayText(array: ArraySpec): string {
  const words = array.ranges.map(({ first, last, step }) => {
    if (first === last) return `${first}`;
    return step === 1 ? `${first}-${last}` : `${first}-${last}:${step}`;
  });
  return words.join(",") + (array.throttle === null ? "" : `%${array.throttle}`);
}

/** Whether both have the same indices, whatever their throttles: what `aftercorr` asks. */
export function sameIndices(a: ArraySpec | null, b: ArraySpec | null): boolean {
  if (!a || !b) return a === b;
  return arrayText({ ranges: a.ranges, throttle: null }) === arrayText({ ranges: b.ranges, throttle: null });
}

/** Whether the array (or, for null, a plain job with its only index 0) has this index; writes nothing out. */
export function hasIndex(array: ArraySpec | null, index: number): boolean {
  if (!array) return index === 0;
  return array.ranges.some(({ first, last, step }) => index >= first && index <= last && (index - first) % step === 0);
}

/** What is wrong with it, or the range with `last` brought down to an index that is reached. */
function parseRange(word: string): IndexRange | Phrase {
  const match = /^(\d{1,9})(?:-(\d{1,9})(?::(\d{1,9}))?)?$/.exec(word);
  if (!match) {
    return /^[\d:-]+$/.test(word) && /\d{10}/.test(word)
      ? phrase("index-too-long", { word })
      : phrase("not-an-index", { word });
  }
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : Number(match[2]);
  const step = match[3] === undefined ? 1 : Number(match[3]);
  if (step === 0) return phrase("step-of-0", { word });
  if (last < first) return phrase("range-backwards", { word });
  const reached = last - ((last - first) % step);
  return { first, last: reached, step: reached === first ? 1 : step };
}

/** Whether `compressed` would write these indices as this one range. */
function isCanonical({ first, last, step }: IndexRange): boolean {
  return step === 1 || (last - first) / step >= 2;
}

function distinct(ranges: readonly IndexRange[], counted: number): Uint32Array {
  const all = new Uint32Array(counted);
  let at = 0;
  for (const { first, last, step } of ranges) for (let index = first; index <= last; index += step) all[at++] = index;
  all.sort();
  return all.filter((index, position) => position === 0 || index !== all[position - 1]);
}

/** Greedy from the left: three or more at an even distance, or two neighbours, are a range; the rest stand alone. */
function compressed(indices: Uint32Array): IndexRange[] {
  const ranges: IndexRange[] = [];
  let at = 0;
  while (at < indices.length) {
    const first = indices[at] ?? 0;
    const step = (indices[at + 1] ?? first) - first;
    let end = at;
    while (step > 0 && indices[end + 1] === (indices[end] ?? 0) + step) end += 1;
    const last = indices[end] ?? first;
    if (end > at && isCanonical({ first, last, step })) {
      ranges.push({ first, last, step });
      at = end + 1;
    } else {
      ranges.push({ first, last: first, step: 1 });
      at += 1;
    }
  }
  return ranges;
}

function ok(ranges: readonly IndexRange[], throttle: number | null): ParsedArray {
  return { kind: "ok", array: { ranges, throttle } };
}

function bad(text: string, because: Phrase): ParsedArray {
  const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return { kind: "refused", refusal: { kind: "bad-array", text: shown, because } };
}

function tooLarge(actual: number, limit: number): ParsedArray {
  return { kind: "refused", refusal: { kind: "too-large", what: "the array", actual, limit, unit: "tasks" } };
}
