import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { taskIndices } from "#core/job/spec.ts";
import * as p from "./positions.ts";

const span = fc.tuple(fc.nat(30), fc.nat(10)).map(([from, length]) => [from, from + length] as const);

function members(set: p.Positions): number[] {
  const found: number[] = [];
  for (let at = p.nextPosition(set, 0); at !== -1; at = p.nextPosition(set, at + 1)) found.push(at);
  return found;
}

test("a set of positions behaves as a set, and keeps its pairs ascending and apart", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), span)), span, (steps, [from, to]) => {
      const set: p.Positions = [];
      const model = new Set<number>();
      for (const [adds, [start, end]] of steps) {
        const before = model.size;
        for (let i = start; i < end; i++) adds ? model.add(i) : model.delete(i);
        const changed = adds ? p.addPositions(set, start, end) : p.removePositions(set, start, end);
        assert.equal(changed, Math.abs(model.size - before));
      }
      const sorted = [...model].sort((a, b) => a - b);
      assert.deepEqual(members(set), sorted);
      assert.equal(p.countPositions(set), model.size);
      for (let i = 1; i < set.length; i++) assert.ok((set[i] ?? 0) > (set[i - 1] ?? 0), `pairs ${set}`);
      const span = Array.from({ length: to - from }, (_, i) => from + i);
      assert.deepEqual(
        members(p.gapsOf(set, from, to)),
        span.filter((i) => !model.has(i)),
      );
      assert.deepEqual(
        members(
          p.commonPositions(
            [from, to].filter(() => to > from),
            set,
          ),
        ),
        span.filter((i) => model.has(i)),
      );
    }),
  );
});

const ranges = fc
  .array(fc.record({ gap: fc.integer({ min: 1, max: 5 }), steps: fc.nat(6), step: fc.integer({ min: 1, max: 4 }) }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((parts) => {
    let next = -1;
    return parts.map(({ gap, steps, step }) => {
      const first = next + gap;
      next = first + steps * step;
      return { first, last: next, step };
    });
  });

test("an index and its position name each other", () => {
  fc.assert(
    fc.property(ranges, fc.array(fc.nat(80)), (ranges, some) => {
      const array = { ranges, throttle: null };
      const indices = p.indicesOf(array);
      const all = taskIndices(array);
      assert.equal(indices.count, all.length);
      all.forEach((index, position) => {
        assert.equal(p.indexAt(indices, position), index);
        assert.equal(p.positionOf(indices, index), position);
      });
      for (const index of some) assert.equal(p.positionOf(indices, index), all.indexOf(index));

      const set: p.Positions = [];
      for (const position of some) if (position < all.length) p.addPositions(set, position, position + 1);
      const asRanges = p.rangesOf(indices, set);
      assert.deepEqual(
        taskIndices({ ranges: asRanges, throttle: null }),
        members(set).map((position) => all[position]),
      );
      assert.deepEqual(p.positionsOf(indices, asRanges), set);
    }),
  );
});

test("indices that an array has not are left out", () => {
  const indices = p.indicesOf({ ranges: [{ first: 0, last: 10, step: 2 }], throttle: null });
  assert.deepEqual(p.positionsOf(indices, [{ first: 3, last: 7, step: 1 }]), [2, 4]);
});
