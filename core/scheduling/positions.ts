import type { ArraySpec, IndexRange } from "#core/job/spec.ts";

/**
 * A set of positions (0-based places in a job's array) as ascending pairs [from, to), so that an array of 100 000
 * queued tasks is two numbers. Changed in place.
 */
export type Positions = number[];

export function positionsUpTo(count: number): Positions {
  return count > 0 ? [0, count] : [];
}

/** The first member ≥ from, or -1. */
export function nextPosition(set: Positions, from: number): number {
  const pair = pairEndingAfter(set, from);
  const start = set[pair];
  if (start === undefined) return -1;
  return start > from ? start : from;
}

export function hasPosition(set: Positions, position: number): boolean {
  return nextPosition(set, position) === position;
}

export function countPositions(set: Positions): number {
  let count = 0;
  for (let pair = 0; pair < set.length; pair += 2) count += at(set, pair + 1) - at(set, pair);
  return count;
}

/** Adds [from, to); answers how many of them were not there. */
export function addPositions(set: Positions, from: number, to: number): number {
  if (from >= to) return 0;
  let begin = pairEndingAfter(set, from - 1);
  let start = from;
  let end = to;
  let known = 0;
  const first = begin;
  for (; begin < set.length && at(set, begin) <= to; begin += 2) {
    known += Math.max(0, Math.min(at(set, begin + 1), to) - Math.max(at(set, begin), from));
    start = Math.min(start, at(set, begin));
    end = Math.max(end, at(set, begin + 1));
  }
  set.splice(first, begin - first, start, end);
  return to - from - known;
}

/** Removes [from, to); answers how many of them were there. */
export function removePositions(set: Positions, from: number, to: number): number {
  const first = pairEndingAfter(set, from);
  let pair = first;
  let removed = 0;
  const kept: number[] = [];
  for (; pair < set.length && at(set, pair) < to; pair += 2) {
    const start = at(set, pair);
    const end = at(set, pair + 1);
    removed += Math.min(end, to) - Math.max(start, from);
    if (start < from) kept.push(start, from);
    if (end > to) kept.push(to, end);
  }
  if (removed > 0) set.splice(first, pair - first, ...kept);
  return removed;
}

/** The parts of [from, to) that are not in the set, as pairs. */
export function gapsOf(set: Positions, from: number, to: number): Positions {
  const gaps: Positions = from < to ? [from, to] : [];
  for (let pair = pairEndingAfter(set, from); pair < set.length && at(set, pair) < to; pair += 2)
    removePositions(gaps, at(set, pair), at(set, pair + 1));
  return gaps;
}

/** The members that are in both. */
export function commonPositions(one: Positions, other: Positions): Positions {
  const common: Positions = [];
  for (let pair = 0; pair < one.length; pair += 2) {
    const gaps = gapsOf(other, at(one, pair), at(one, pair + 1));
    common.push(...gapsOf(gaps, at(one, pair), at(one, pair + 1)));
  }
  return common;
}

/** Which index of the user's array stands at which position. */
export type Indices = {
  readonly ranges: readonly IndexRange[];
  /** The position of each range's first index. */
  readonly starts: readonly number[];
  readonly count: number;
};

const plain: Indices = { ranges: [{ first: 0, last: 0, step: 1 }], starts: [0], count: 1 };

export function indicesOf(array: ArraySpec | null): Indices {
  if (!array) return plain;
  const starts: number[] = [];
  let count = 0;
  for (const range of array.ranges) {
    starts.push(count);
    count += sizeOf(range);
  }
  return { ranges: array.ranges, starts, count };
}

export function indexAt(indices: Indices, position: number): number {
  const range = lastNotAbove(indices.starts.length, (i) => at(indices.starts, i) <= position);
  const { first, step } = rangeAt(indices.ranges, range);
  return first + (position - at(indices.starts, range)) * step;
}

/** The position of an index, or -1 where the array has none such. */
export function positionOf(indices: Indices, index: number): number {
  const range = lastNotAbove(indices.ranges.length, (i) => rangeAt(indices.ranges, i).first <= index);
  if (range < 0) return -1;
  const { first, last, step } = rangeAt(indices.ranges, range);
  if (index > last || (index - first) % step !== 0) return -1;
  return at(indices.starts, range) + (index - first) / step;
}

/** Positions of ranges of indices, as pairs; indices that the array has not are left out. */
export function positionsOf(indices: Indices, ranges: readonly IndexRange[]): Positions {
  const positions: Positions = [];
  for (const range of ranges) {
    const size = sizeOf(range);
    const from = positionOf(indices, range.first);
    const to = positionOf(indices, range.first + (size - 1) * range.step);
    if (from >= 0 && to - from === size - 1) addPositions(positions, from, to + 1);
    else
      for (let index = range.first; index <= range.last; index += range.step) {
        const position = positionOf(indices, index);
        if (position >= 0) addPositions(positions, position, position + 1);
      }
  }
  return positions;
}

/** The indices at a set of positions, as ranges. */
export function rangesOf(indices: Indices, set: Positions): IndexRange[] {
  const ranges: IndexRange[] = [];
  for (let pair = 0; pair < set.length; pair += 2) {
    let from = at(set, pair);
    const to = at(set, pair + 1);
    while (from < to) {
      const range = lastNotAbove(indices.starts.length, (i) => at(indices.starts, i) <= from);
      const { step } = rangeAt(indices.ranges, range);
      const end = Math.min(to, indices.starts[range + 1] ?? indices.count);
      ranges.push({ first: indexAt(indices, from), last: indexAt(indices, end - 1), step });
      from = end;
    }
  }
  return ranges;
}

function sizeOf(range: IndexRange): number {
  return range.last < range.first ? 0 : Math.floor((range.last - range.first) / range.step) + 1;
}

/** The first pair whose end lies beyond the position. */
function pairEndingAfter(set: Positions, position: number): number {
  return 2 * (lastNotAbove(set.length / 2, (i) => at(set, 2 * i + 1) <= position) + 1);
}

/** The last i < length that holds, where all that hold come first; -1 for none. */
function lastNotAbove(length: number, holds: (i: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function at(numbers: readonly number[], i: number): number {
  const value = numbers[i];
  if (value === undefined) throw new Error(`broken invariant: no number at ${i}`);
  return value;
}

function rangeAt(ranges: readonly IndexRange[], i: number): IndexRange {
  const range = ranges[i];
  if (!range) throw new Error(`broken invariant: no range at ${i}`);
  return range;
}
